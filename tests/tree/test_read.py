"""One read of a file: its hash, its pointer, its content, or why there is none."""

import hashlib
import io
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runcheck.convention.checksums import LfsPointer
from runcheck.probes import GONE, Facts
from runcheck.probes.contents import DocumentContent, MetricsContent
from runcheck.tree.entry import Entry, EntryType
from runcheck.tree.quarantine import Quarantine
from runcheck.tree.read import CHUNK, Reader
from runcheck.tree.store import LocalStore
from runcheck.tree.walk import walk

OID = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393"
POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{OID}\nsize 12345\n".encode()


def read_facts(root: str, entry: Entry, format_: str | None, *, hashed: bool) -> Facts:
    """Read a file at the default depth."""
    with Quarantine() as quarantine:
        return Reader(LocalStore(root), "content", quarantine).file(entry, format_, hashed=hashed)


def write(root: Path, name: str, content: bytes) -> Entry:
    """Write a file and return its entry."""
    (root / name).write_bytes(content)
    return next(entry for entry in walk(str(root)) if entry.path == name)


@pytest.mark.parametrize("size", [0, 1, 1023, 1025, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 17])
def test_the_hash_is_that_of_hashlib_at_every_size(tmp_path: Path, size: int) -> None:
    content = bytes(at % 251 for at in range(min(size, 4096))) * (size // 4096 + 1)
    content = content[:size]
    facts = read_facts(str(tmp_path), write(tmp_path, "x.raw", content), None, hashed=True)
    assert facts == Facts(sha256=hashlib.sha256(content).hexdigest())


def test_hash_and_content_come_from_one_read(tmp_path: Path) -> None:
    entry = write(tmp_path, "metadata.json", b'{"a": 1}')
    assert read_facts(str(tmp_path), entry, "json", hashed=True) == Facts(
        sha256=hashlib.sha256(b'{"a": 1}').hexdigest(), content=DocumentContent({"a": 1})
    )
    assert read_facts(str(tmp_path), entry, "json", hashed=False).sha256 is None


def test_rows_across_the_border_of_two_chunks_are_whole(tmp_path: Path) -> None:
    line = '{{"step": {}, "split": "train", "metric": "loss", "value": 0.5}}\n'
    content = "".join(line.format(step) for step in range(20_000))
    assert len(content) > CHUNK
    facts = read_facts(str(tmp_path), write(tmp_path, "metrics.jsonl", content.encode()), "metrics", hashed=True)
    assert isinstance(facts.content, MetricsContent)
    assert (facts.content.rows, facts.content.defect_count) == (20_000, 0)


def test_a_file_that_nobody_asks_about_is_not_looked_into(tmp_path: Path) -> None:
    assert read_facts(str(tmp_path), write(tmp_path, "x.raw", b"x" * 2000), None, hashed=False) == Facts()


@pytest.mark.parametrize(
    ("name", "format_"), [("x.parquet", None), ("metadata.json", "json"), ("metrics.jsonl", "metrics")]
)
@pytest.mark.parametrize("hashed", [True, False])
def test_a_pointer_of_git_lfs_is_seen_as_one_and_its_text_as_no_content(
    tmp_path: Path, name: str, format_: str | None, hashed: bool
) -> None:
    facts = read_facts(str(tmp_path), write(tmp_path, name, POINTER), format_, hashed=hashed)
    assert facts.pointer == LfsPointer(OID, 12345)
    assert facts.content is None
    assert facts.sha256 == (hashlib.sha256(POINTER).hexdigest() if hashed else None)


def test_a_damaged_pointer_is_seen_as_one(tmp_path: Path) -> None:
    entry = write(tmp_path, "x.parquet", POINTER[:-3])
    assert read_facts(str(tmp_path), entry, None, hashed=True).pointer == LfsPointer(None, None)


def test_a_file_that_vanished_is_an_error(tmp_path: Path) -> None:
    assert read_facts(str(tmp_path), Entry("gone", EntryType.FILE), "json", hashed=True).error == GONE


@pytest.mark.skipif(not hasattr(os, "O_NOFOLLOW"), reason="needs O_NOFOLLOW")
def test_a_link_that_took_the_place_of_a_file_is_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret.json"
    secret.write_text('{"password": 1}')
    root = tmp_path / "root"
    root.mkdir()
    entry = write(root, "metadata.json", b"{}")
    (root / "metadata.json").unlink()
    (root / "metadata.json").symlink_to(secret)
    facts = read_facts(str(root), entry, "json", hashed=True)
    assert facts.error
    assert facts == Facts(error=facts.error)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_that_took_the_place_of_a_file_is_not_waited_for(tmp_path: Path) -> None:
    entry = write(tmp_path, "metadata.json", b"{}")
    (tmp_path / "metadata.json").unlink()
    os.mkfifo(tmp_path / "metadata.json")
    assert read_facts(str(tmp_path), entry, "json", hashed=True) == Facts(error="is no longer a regular file")


def test_a_folder_that_took_the_place_of_a_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "metadata.json").mkdir()
    assert read_facts(str(tmp_path), Entry("metadata.json", EntryType.FILE), "json", hashed=True).error


def test_a_file_that_may_not_be_read_is_an_error(tmp_path: Path) -> None:
    entry = write(tmp_path, "metadata.json", b"{}")
    (tmp_path / "metadata.json").chmod(0)
    if os.access(tmp_path / "metadata.json", os.R_OK):
        pytest.skip("this user reads every file")
    assert read_facts(str(tmp_path), entry, "json", hashed=True).error == "Permission denied"


@given(
    st.sampled_from(
        [
            b"",
            b'{"a": [1, 2.5], "path": "/home/ada/x"}',
            b'{"step": 1, "split": "train", "metric": "loss", "value": 0.5}\n',
            b"a: 1\nb: [x, y]\n",
            f"{'0' * 64}  x.txt\n".encode(),
            b"v1\n",
            POINTER,
            b"\n".join(b"%d.25 %d.5 -1.125" % (each, each) for each in range(40)),
        ]
    )
    | st.binary(max_size=3000)
    | st.text(max_size=1000).map(str.encode),
    st.sampled_from(
        [
            ("x.json", "json"),
            ("x.yaml", "document"),
            ("SHA256SUMS", "checksums"),
            ("x.md", "text"),
            ("latest", "latest"),
            ("x.bin", None),  # what is aggregated, of metrics and of events, cannot be compared
        ]
    ),
    st.booleans(),
    st.booleans(),
)
def test_what_is_read_at_once_is_what_is_read_as_a_stream(
    content: bytes, named: tuple[str, str | None], hashed: bool, scanned: bool
) -> None:
    path, format_ = named
    reader = Reader(LocalStore("/nowhere"), "content", Quarantine())
    entry = Entry(path, EntryType.FILE, len(content))
    at_once = reader._at_once(content, entry, format_, hashed=hashed, scanned=scanned)
    assert at_once == reader._stream(io.BytesIO(content), entry, format_, hashed=hashed, scanned=scanned)
