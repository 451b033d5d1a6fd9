"""The checksum list as coreutils read it, the fingerprint, and pointers of Git LFS."""

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runcheck.convention.checksums import (
    CHECKSUM_LINE,
    LFS_POINTER_BYTES,
    LfsPointer,
    fingerprint,
    format_checksums,
    parse_lfs_pointer,
)

OID = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393"
# The example of git-lfs, docs/spec.md.
POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{OID}\nsize 12345\n".encode()
EXTENSION = b"ext-0-foo sha256:" + b"a" * 64 + b"\n"
NAMES = ["a.txt", "b c.txt", "sub/d.txt", "z\u00e9.txt", " lead", "tail ", "-dash", "*star", "#hash", "$(x)", "'q'"]
SUMS = st.dictionaries(st.text(alphabet="ab/.\u00e9", min_size=1, max_size=6), st.sampled_from(["0" * 64, "1" * 64]))


def written(folder: Path) -> dict[str, str]:
    """Write a file for each name and return their digests."""
    sums = {}
    for name in NAMES:
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(name.encode() * 3)
        sums[name] = hashlib.sha256(name.encode() * 3).hexdigest()
    return sums


def verify(folder: Path) -> subprocess.CompletedProcess[str]:
    """Let coreutils check the list."""
    return subprocess.run(
        ["sha256sum", "--strict", "-c", "SHA256SUMS"], cwd=folder, capture_output=True, text=True, env={"LC_ALL": "C"}
    )


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="needs coreutils")
def test_coreutils_accept_the_list_and_notice_a_change(tmp_path: Path) -> None:
    sums = written(tmp_path)
    (tmp_path / "SHA256SUMS").write_text(format_checksums(sums), encoding="utf-8")
    done = verify(tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(": OK\n") == len(NAMES)
    (tmp_path / "a.txt").write_bytes(b"other")
    assert verify(tmp_path).returncode == 1


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="needs coreutils")
def test_the_list_is_byte_for_byte_that_of_coreutils_sorted_in_the_c_locale(tmp_path: Path) -> None:
    sums = written(tmp_path)
    command = "find . -type f -printf '%P\\0' | sort -z | xargs -0 sha256sum --"
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, check=True, env={"LC_ALL": "C"})
    assert format_checksums(sums).encode() == done.stdout


@settings(max_examples=100, deadline=None)
@given(SUMS)
def test_every_line_of_a_list_reads_back_and_paths_are_in_the_order_of_their_bytes(sums: dict[str, str]) -> None:
    lines = format_checksums(sums).split("\n")
    assert lines.pop() == ""
    matches = [CHECKSUM_LINE.fullmatch(line) for line in lines]
    found = [(match["path"], match["sha256"]) for match in matches if match]
    assert dict(found) == sums
    assert [path.encode() for path, _ in found] == sorted(path.encode() for path in sums)


def test_a_line_in_binary_mode_reads_alike() -> None:
    match = CHECKSUM_LINE.fullmatch(f"{OID} *a b")
    assert match is not None
    assert match["path"] == "a b"


@pytest.mark.parametrize(
    "line", ["", OID, f"{OID} a", f"{OID}   ", f"{OID[:-1]}  a", f"{OID.upper()}  a", f"\\{OID}  a", f" {OID}  a"]
)
def test_what_is_no_line_of_the_list_does_not_read(line: str) -> None:
    match = CHECKSUM_LINE.fullmatch(line)
    assert match is None or match["path"].strip() == ""


# --- fingerprint ----------------------------------------------------------------------------------------------------


@settings(max_examples=150, deadline=None)
@given(SUMS, SUMS)
def test_the_fingerprint_changes_exactly_when_a_file_other_than_the_metadata_does(
    left: dict[str, str], right: dict[str, str]
) -> None:
    assert (fingerprint(left) == fingerprint(right)) == (left == right)
    assert fingerprint({**left, "metadata.json": "2" * 64}) == fingerprint(left)


def test_the_metadata_of_another_folder_count() -> None:
    assert fingerprint({"a/metadata.json": "0" * 64}) != fingerprint({})


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="needs coreutils")
def test_the_fingerprint_is_what_coreutils_and_grep_compute(tmp_path: Path) -> None:
    sums = {**written(tmp_path), "metadata.json": OID}
    (tmp_path / "SHA256SUMS").write_text(format_checksums(sums), encoding="utf-8")
    command = "grep -v '  metadata.json$' SHA256SUMS | sha256sum"
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert fingerprint(sums) == done.stdout[:64]


# --- Git LFS --------------------------------------------------------------------------------------------------------


def test_a_pointer_says_what_it_stands_for() -> None:
    assert parse_lfs_pointer(POINTER) == LfsPointer(OID, 12345)


def test_a_pointer_with_extensions_says_what_it_stands_for() -> None:
    start, rest = POINTER.split(b"oid", 1)
    assert parse_lfs_pointer(start + EXTENSION + EXTENSION.replace(b"-0-", b"-1-") + b"oid" + rest) == LfsPointer(
        OID, 12345
    )


@pytest.mark.parametrize("content", [b"", b"version 1\n", b"{}", POINTER[1:], b" " + POINTER, b"PK\x03\x04" * 9])
def test_what_does_not_start_as_a_pointer_is_none(content: bytes) -> None:
    assert parse_lfs_pointer(content) is None


def test_a_text_too_long_for_a_pointer_is_none() -> None:
    assert parse_lfs_pointer(POINTER + b"x" * (LFS_POINTER_BYTES - len(POINTER))) == LfsPointer(None, None)
    assert parse_lfs_pointer(POINTER + b"x" * (LFS_POINTER_BYTES - len(POINTER) + 1)) is None


@pytest.mark.parametrize(
    "content",
    [
        POINTER[:-1],
        POINTER + b"\n",
        POINTER.replace(b"\n", b"\r\n"),
        POINTER.replace(b"sha256", b"sha1"),
        POINTER.replace(OID.encode(), OID.upper().encode()),
        POINTER.replace(OID.encode(), OID[:-1].encode()),
        POINTER.replace(b"12345", b"-1"),
        POINTER.replace(b"12345", b""),
        POINTER.replace(b"v1", b"v2"),
        POINTER.replace(b"oid", b"<<<<<<< HEAD\noid"),
        b"\n".join(sorted(POINTER.strip().split(b"\n"))) + b"\n",
        POINTER.split(b"size")[0],
    ],
)
def test_a_damaged_pointer_stands_for_nothing(content: bytes) -> None:
    if content.startswith(b"version https://git-lfs"):
        assert parse_lfs_pointer(content) == LfsPointer(None, None)
    else:
        assert parse_lfs_pointer(content) is None


@settings(max_examples=100, deadline=None)
@given(st.integers(0, len(POINTER) - 1), st.integers(1, 255))
def test_a_pointer_with_one_byte_changed_is_damaged_or_says_something_else(at: int, mask: int) -> None:
    changed = bytearray(POINTER)
    changed[at] ^= mask
    assert parse_lfs_pointer(bytes(changed)) != LfsPointer(OID, 12345)
