"""Sealing: the list holds every file, coreutils accept it, and it is there whole or not at all."""

import hashlib
import subprocess
from pathlib import Path

import pytest

from runcheck.writer.atomic import write_whole
from runcheck.writer.seal import fingerprint_of_unit, hash_file, hash_files, write_checksums

FILES = {
    "README.md": b"# x\n",
    "metadata.json": b"{}",
    "sub/data.bin": bytes(range(256)) * 5000,
    "sub/ lead": b"",
    "caf\u00e9 au lait": b"x",
    "empty": b"",
}


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """A folder with files, placeholders and a folder of Git."""
    for name, content in {**FILES, ".gitkeep": b"", "sub/.gitattributes": b"* text", ".git/config": b"x"}.items():
        path = tmp_path / "unit" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path / "unit"


def test_every_file_is_hashed_but_placeholders_the_one_left_out_and_the_list(unit: Path) -> None:
    (unit / "SHA256SUMS").write_text("old")
    sums = hash_files(str(unit), without={"metadata.json"})
    expected = {name: hashlib.sha256(content).hexdigest() for name, content in FILES.items()}
    del expected["metadata.json"]
    assert sums == expected


def test_links_are_not_followed(unit: Path) -> None:
    (unit / "link").symlink_to("README.md")
    (unit / "folder").symlink_to("sub")
    assert {"link", "folder"} & {path.split("/")[0] for path in hash_files(str(unit), without=())} == set()


def test_coreutils_accept_the_seal(unit: Path) -> None:
    write_checksums(str(unit), hash_files(str(unit), without=()))
    done = subprocess.run(["sha256sum", "--strict", "-c", "SHA256SUMS"], cwd=unit, capture_output=True, check=True)
    assert done.stdout.count(b": OK\n") == len(FILES)


def test_sealing_leaves_nothing_but_the_list(unit: Path) -> None:
    before = set(unit.rglob("*"))
    write_checksums(str(unit), {"a": "0" * 64})
    assert set(unit.rglob("*")) - before == {unit / "SHA256SUMS"}


def test_the_fingerprint_of_a_sealed_unit_forgets_the_metadata(unit: Path) -> None:
    assert fingerprint_of_unit(str(unit)) is None
    write_checksums(str(unit), hash_files(str(unit), without=()))
    lines = (unit / "SHA256SUMS").read_bytes().splitlines(keepends=True)
    expected = hashlib.sha256(b"".join(line for line in lines if b"metadata.json" not in line)).hexdigest()
    assert fingerprint_of_unit(str(unit)) == expected


@pytest.mark.parametrize("content", [b"<<<<<<< HEAD\n", b"\xff", b"0" * 64 + b" a\n", b"x\n" * 3])
def test_a_damaged_list_has_no_fingerprint(unit: Path, content: bytes) -> None:
    (unit / "SHA256SUMS").write_bytes(b"0" * 64 + b"  a\n" + content)
    assert fingerprint_of_unit(str(unit)) is None


def test_a_list_in_binary_mode_has_the_same_fingerprint(unit: Path) -> None:
    write_checksums(str(unit), hash_files(str(unit), without=()))
    before, text = fingerprint_of_unit(str(unit)), (unit / "SHA256SUMS").read_text(encoding="utf-8")
    binary = "".join(f"{line[:64]} *{line[66:]}\n" for line in text.splitlines())
    (unit / "SHA256SUMS").write_text(binary, encoding="utf-8")
    assert fingerprint_of_unit(str(unit)) == before


def test_a_file_is_hashed_as_hashlib_does(unit: Path) -> None:
    assert hash_file(str(unit / "sub/data.bin")) == hashlib.sha256(FILES["sub/data.bin"]).hexdigest()


def test_a_whole_write_replaces_and_keeps_line_feeds(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    for text in ("one\r\ntwo\n", "\u00e4"):
        write_whole(str(path), text)
        assert path.read_bytes() == text.encode()
    assert list(tmp_path.iterdir()) == [path]


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(UnicodeEncodeError):
        write_whole(str(path), "new \ud800")
    assert path.read_text() == "old"
