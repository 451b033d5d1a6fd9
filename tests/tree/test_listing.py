"""From keys to entries: sound ones become paths, all others are entries with an error, and none leads out."""

import posixpath
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runcheck.tree.entry import Entry, EntryType
from runcheck.tree.listing import BOTH, NO_PATH, NO_SIZE, entries_of, entry_of

ROOT = "bucket/artefacts"
UNIT = "model/m/v1"


def listed(*keys: str, sizes: int = 1) -> list[Entry]:
    """Return the entries of objects with these keys below a unit; those that end with a slash are empty."""
    infos = [
        {"name": f"{ROOT}/{UNIT}/{key}", "type": "file", "size": 0 if key.endswith("/") or not key else sizes}
        for key in keys
    ]
    return entries_of(infos, f"{ROOT}/{UNIT}", UNIT)


def paths(entries: list[Entry]) -> list[str]:
    """Return the paths of entries within the unit; a folder's ends with a slash."""
    return [each.path.removeprefix(f"{UNIT}/") + ("/" if each.is_folder else "") for each in entries]


def test_keys_imply_the_folders_that_they_are_in() -> None:
    assert paths(listed("a/b/c", "a/d", "e")) == ["a/", "a/b/", "a/b/c", "a/d", "e"]


def test_names_come_in_the_order_of_their_bytes_and_a_folder_before_what_it_holds() -> None:
    assert paths(listed("a.txt", "a/z", "a/é", "B", "😀", "z")) == ["B", "a/", "a/z", "a/é", "a.txt", "z", "😀"]


def test_an_empty_object_with_a_slash_marks_a_folder_and_is_no_file() -> None:
    assert paths(listed("", "empty/", "full/", "full/x")) == ["empty/", "full/", "full/x"]


@pytest.mark.parametrize("key", ["../x", "a/../../x", "a//b", "/x", "./x", "a/.", "a\0b", "x?versionId=1", "//"])
def test_a_key_that_no_path_can_be_is_an_error_and_not_a_file(key: str) -> None:
    [unsound] = [each for each in listed("good", key) if not each.is_folder and each.path != f"{UNIT}/good"]
    assert (unsound.error, unsound.is_file) == (NO_PATH, False)


def test_an_object_with_a_slash_at_its_end_that_holds_something_is_an_error() -> None:
    infos = [{"name": f"{ROOT}/{UNIT}/{key}", "type": "file", "size": 3} for key in ("a/", "")]
    found = entries_of(infos, f"{ROOT}/{UNIT}", UNIT)
    assert [each.error for each in found if not each.is_folder] == [NO_PATH, NO_PATH]


def test_a_folder_without_a_name_in_a_listing_by_folders_is_an_error() -> None:
    """s3fs tells the prefix ``model//`` as ``model/``."""
    [found] = entries_of([{"name": f"{ROOT}/", "type": "directory", "size": 0}], ROOT, "")
    assert (found.error, found.path) == (NO_PATH, "/")


def test_a_key_that_is_both_file_and_folder_is_an_error_however_it_is_listed() -> None:
    for keys in (("a", "a/b"), ("a/b", "a"), ("a", "a/"), ("a", "a/b", "a/c")):
        assert [each.error for each in listed(*keys) if each.path == f"{UNIT}/a"] == [BOTH]


def test_git_is_passed_over() -> None:
    assert paths(listed(".git/config", "a/.git/x", "a/.gitignore")) == ["a/", "a/.gitignore"]


def test_what_lies_elsewhere_and_the_folder_itself_are_no_entries() -> None:
    names = [f"{ROOT}/{UNIT}", f"{ROOT}/model/m/v10/x", "other/x", f"{ROOT}/{UNIT}"]
    assert entries_of([{"name": name, "type": "file", "size": 1} for name in names], f"{ROOT}/{UNIT}", UNIT) == []


def test_an_entry_has_size_time_and_version() -> None:
    time = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    info = {"name": "b/x", "type": "file", "size": 7, "LastModified": time, "ETag": '"abc"'}
    assert entry_of("x", info) == Entry("x", EntryType.FILE, 7, int(time.timestamp()) * 10**9, version='"abc"')
    assert entry_of("x", {"name": "b/x", "type": "file", "size": 7, "mtime": time.isoformat()}).mtime_ns > 0
    assert entry_of("x", {"name": "b/x", "type": "file", "size": 7, "mtime": "lately"}).mtime_ns == 0


def test_a_file_of_unknown_size_is_an_error_and_what_is_neither_file_nor_folder_is_special() -> None:
    assert entry_of("x", {"name": "b/x", "type": "file", "size": None}).error == NO_SIZE
    assert entry_of("x", {"name": "b/x", "type": "link", "size": 3}) == Entry("x", EntryType.SPECIAL)


SEGMENT = st.sampled_from(["a", "b", "", ".", "..", ".git", "x\0", "é", "a.b", "C:\\x"]) | st.text(max_size=4)
KEY = st.lists(SEGMENT, max_size=5).map("/".join)


@given(st.lists(st.tuples(KEY, st.integers(0, 3)), max_size=12))
def test_any_keys_become_each_path_once_in_order_with_its_folders_and_no_file_leads_out(
    keys: list[tuple[str, int]],
) -> None:
    infos = [{"name": f"{ROOT}/{key}", "type": "file", "size": size} for key, size in keys]
    found = entries_of(infos, ROOT, "")
    names = [each.path for each in found]
    assert len(set(names)) == len(names)
    assert names == sorted(names, key=lambda name: [part.encode("utf-8", "surrogatepass") for part in name.split("/")])
    folders = {each.path for each in found if each.is_folder}
    for each in found:
        if each.error is None:
            assert each.path == posixpath.normpath(each.path)
            assert not each.path.startswith("/")
            assert ".." not in each.path.split("/")
        above = each.path.rpartition("/")[0]
        assert each.error is not None or not above or above in folders
    for key, _ in keys:
        parts = key.split("/")
        if all(
            part not in ("", ".", "..", ".git") and "\0" not in part and "?versionId=" not in part for part in parts
        ):
            assert key in names


@given(st.lists(KEY, max_size=12))
def test_the_order_of_a_listing_does_not_matter(keys: list[str]) -> None:
    assert listed(*keys) == listed(*reversed(keys))
