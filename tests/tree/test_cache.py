"""What is remembered of earlier checks: for the very same question only, and never from a broken database."""

import ast
import os
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

import runcheck
from runcheck.tree.cache import _READERS, FILE_NAME, DiskCache, NoCache, open_cache
from runcheck.tree.entry import Entry, EntryType
from runcheck.tree.program import LIBRARIES
from runcheck.tree.walk import walk

EVER = 1 << 63  # later than any file


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """Close what the caches of a test read with."""
    yield
    while _READERS:
        _READERS.popitem()[1].close()


@pytest.fixture
def cache(tmp_path: Path) -> DiskCache:
    """A cache for which no file is too young."""
    opened = open_cache(str(tmp_path), is_blind=False)
    assert isinstance(opened, DiskCache)
    return DiskCache(opened.folder, EVER)


def key_of(cache: DiskCache, folder: Path) -> bytes:
    """Return the key of all that lies in a folder."""
    key = cache.key("content", walk(str(folder)))
    assert key is not None
    return key


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a file and a link."""
    path = tmp_path / "unit"
    path.mkdir()
    (path / "a.txt").write_text("1")
    (path / "link").symlink_to("a.txt")
    return path


def test_a_text_is_returned_for_the_key_that_it_was_kept_with(cache: DiskCache) -> None:
    cache.keep({"model/a/v1": (b"key", "text")})
    assert cache.get("model/a/v1", b"key") == "text"
    assert cache.get("model/a/v1", b"another") is None
    assert cache.get("model/a/v2", b"key") is None


def test_the_last_text_of_a_path_counts(cache: DiskCache) -> None:
    cache.keep({"a": (b"1", "old")})
    cache.keep({"a": (b"2", "new")})
    assert (cache.get("a", b"1"), cache.get("a", b"2")) == (None, "new")


def test_names_that_are_not_utf_8_are_kept_too(cache: DiskCache) -> None:
    cache.keep({"a\udcff": (b"key", "{}")})
    assert cache.get("a\udcff", b"key") == "{}"
    assert cache.key("content", [Entry("a\udcff", EntryType.FILE)]) is not None


def same_size(folder: Path) -> None:
    (folder / "a.txt").write_text("2")


def same_size_and_time(folder: Path) -> None:
    status = (folder / "a.txt").stat()
    (folder / "a.txt").write_text("2")
    os.utime(folder / "a.txt", ns=(status.st_atime_ns, status.st_mtime_ns))


def another_file_with_its_times(folder: Path) -> None:
    status = (folder / "a.txt").stat()
    (folder / "b").write_text("2")
    (folder / "b").replace(folder / "a.txt")
    os.utime(folder / "a.txt", ns=(status.st_atime_ns, status.st_mtime_ns))


def another_target(folder: Path) -> None:
    (folder / "link").unlink()
    (folder / "link").symlink_to("b.txt")


@pytest.mark.parametrize(
    "change",
    [
        same_size,
        same_size_and_time,
        another_file_with_its_times,
        another_target,
        lambda folder: (folder / "a.txt").rename(folder / "b.txt"),
        lambda folder: (folder / "empty").mkdir(),
        lambda folder: (folder / "a.txt").unlink(),
    ],
)
def test_every_change_that_a_file_system_shows_gives_another_key(
    cache: DiskCache, folder: Path, change: Callable[[Path], object]
) -> None:
    before = key_of(cache, folder)
    assert key_of(cache, folder) == before
    change(folder)
    assert key_of(cache, folder) != before


def test_another_question_has_another_key(cache: DiskCache) -> None:
    assert cache.key("content", []) != cache.key("deep", [])


def test_what_changed_shortly_before_has_no_key(tmp_path: Path, folder: Path) -> None:
    opened = open_cache(str(tmp_path), is_blind=False)
    assert opened.key("content", walk(str(folder))) is None


def test_what_could_not_be_looked_at_has_no_key(cache: DiskCache) -> None:
    assert cache.key("content", [Entry("a", EntryType.FOLDER, error="Permission denied")]) is None


def test_a_blind_cache_keeps_and_tells_nothing(cache: DiskCache) -> None:
    DiskCache(cache.folder, EVER, is_blind=True).keep({"a": (b"key", "text")})
    assert DiskCache(cache.folder, EVER, is_blind=True).get("a", b"key") is None
    assert cache.get("a", b"key") == "text"


@pytest.mark.parametrize("broken", [b"", b"no database at all", b"SQLite format 3\0" + bytes(200)])
def test_a_broken_database_is_dropped_and_made_anew(cache: DiskCache, broken: bytes) -> None:
    path = Path(cache.folder) / FILE_NAME
    path.write_bytes(broken)
    assert cache.get("a", b"key") is None
    cache.keep({"a": (b"key", "text")})
    assert cache.get("a", b"key") == "text"


def test_a_bit_that_flipped_in_the_database_is_never_told(cache: DiskCache) -> None:
    text = "clean " * 200
    cache.keep({"model/a/v1": (b"key", text)})
    path = Path(cache.folder) / FILE_NAME
    whole = path.read_bytes()
    for at in range(0, len(whole), 11):
        damaged = bytearray(whole)
        damaged[at] ^= 1 << at % 8
        path.write_bytes(bytes(damaged))
        assert DiskCache(cache.folder, EVER).get("model/a/v1", b"key") in (None, text)


def test_a_row_of_another_form_is_passed_over(cache: DiskCache) -> None:
    with closing(sqlite3.connect(Path(cache.folder) / FILE_NAME)) as connection, connection:
        connection.execute("CREATE TABLE kept (path, key, text, digest)")
        connection.execute("INSERT INTO kept VALUES (?, ?, ?, ?)", (b"a", "key", 7, None))
    assert cache.get("a", b"key") is None


def test_many_may_keep_at_once(cache: DiskCache) -> None:
    def keep(number: int) -> None:
        cache.keep({f"{number}/{each}": (b"key", "text") for each in range(50)})

    threads = [threading.Thread(target=keep, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(cache.get(f"{number}/{each}", b"key") == "text" for number in range(4) for each in range(50))


def test_every_library_that_a_probe_may_load_is_part_of_the_key() -> None:
    probes = Path(runcheck.__file__).parent / "probes"
    trees = [ast.parse(path.read_text()) for path in probes.rglob("*.py")]
    loaded = {
        name.partition(".")[0]
        for node in (each for tree in trees for each in ast.walk(tree))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert loaded - set(sys.stdlib_module_names) - {"runcheck"} <= set(LIBRARIES)


def test_git_ignores_the_state_folder_by_itself(cache: DiskCache) -> None:
    assert (Path(cache.folder) / ".gitignore").read_text() == "*\n"


def test_where_nothing_can_be_written_nothing_is_remembered(tmp_path: Path) -> None:
    (tmp_path / ".runcheck").write_text("a file, where the folder should be")
    opened = open_cache(str(tmp_path), is_blind=False)
    opened.keep({"a": (b"key", "text")})
    assert opened.key("content", []) is None
    assert opened.get("a", b"key") is None
    assert (tmp_path / ".runcheck").is_file()


def test_of_a_tree_at_a_url_only_what_has_a_version_is_kept_and_by_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    cache = open_cache("s3://bucket/artefacts", is_blind=False)
    one = Entry("a/x", EntryType.FILE, 3, 1, version='"1"')
    folder = Entry("a", EntryType.FOLDER)
    keys = {cache.key("q", [folder, each]) for each in (one, one._replace(version='"2"'), one._replace(size=4))}
    assert len(keys) == 3
    assert None not in keys
    assert cache.key("q", [folder, one, one._replace(path="a/y", version=None)]) is None
    assert open_cache("s3://bucket/other", is_blind=False) != cache
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")  # which the specification says to ignore
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    open_cache("s3://bucket/artefacts", is_blind=False)
    assert list((tmp_path / "home/.cache/runcheck").iterdir())


def test_a_cache_is_blank_until_something_was_kept_and_where_it_is_blind(cache: DiskCache) -> None:
    before = cache.is_blank
    cache.keep({"path": (b"key", "text")})
    assert (NoCache().is_blank, before, cache.is_blank) == (True, True, False)
    assert cache._replace(is_blind=True).is_blank
