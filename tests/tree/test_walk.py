"""The walk: every entry once, in order, without leaving the root."""

import os
import socket
from pathlib import Path

import pytest

from runcheck.tree.entry import Entry, EntryType
from runcheck.tree.walk import walk

MAX_PATH = 4096


def make(root: Path, *paths: str) -> None:
    """Write files, and folders where a path ends with a slash."""
    for path in paths:
        target = root / path
        if path.endswith("/"):
            target.mkdir(parents=True, exist_ok=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(path)


def entries(root: Path) -> dict[str, Entry]:
    """Return what the walk yields by path, each once."""
    found = list(walk(str(root)))
    assert len({entry.path for entry in found}) == len(found)
    return {entry.path: entry for entry in found}


def test_an_entry_has_type_size_times_and_inode(tmp_path: Path) -> None:
    make(tmp_path, "a/b.txt")
    found = entries(tmp_path)
    status = (tmp_path / "a/b.txt").stat()
    assert found["a"].type is EntryType.FOLDER
    assert found["a/b.txt"] == Entry(
        "a/b.txt", EntryType.FILE, 7, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, None, None
    )
    assert found["a/b.txt"].name == "b.txt"


def test_folders_come_before_what_they_hold_and_names_in_the_order_of_their_bytes(tmp_path: Path) -> None:
    make(tmp_path, "b", "B", "a/z", "a/\u00e9", "a/b/c", "a.txt", "\U0001f600", "\uff5a")
    assert [entry.path for entry in walk(str(tmp_path))] == [
        "B",
        "a",
        "a/b",
        "a/b/c",
        "a/z",
        "a/\u00e9",
        "a.txt",
        "b",
        "\uff5a",
        "\U0001f600",
    ]


def test_an_empty_root_has_no_entries(tmp_path: Path) -> None:
    assert entries(tmp_path) == {}


def test_links_are_named_with_their_target_and_not_followed(tmp_path: Path) -> None:
    make(tmp_path, "root/folder/file", "outside/secret")
    root = tmp_path / "root"
    links = {"to_folder": "folder", "out": "../outside", "dangling": "nowhere", "up": "..", "loop": "loop", "self": "."}
    for name, target in links.items():
        (root / name).symlink_to(target)
    found = entries(root)
    assert set(found) == {"folder", "folder/file", *links}
    for name, target in links.items():
        assert (found[name].type, found[name].target) == (EntryType.LINK, target)


def test_a_link_to_the_root_from_deep_inside_ends(tmp_path: Path) -> None:
    make(tmp_path, "a/b/c/")
    (tmp_path / "a/b/c/top").symlink_to(tmp_path)
    assert set(entries(tmp_path)) == {"a", "a/b", "a/b/c", "a/b/c/top"}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_pipes_and_sockets_are_special(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.chdir(tmp_path)  # the path of a socket is short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        assert {path: entry.type for path, entry in entries(tmp_path).items()} == {
            "pipe": EntryType.SPECIAL,
            "socket": EntryType.SPECIAL,
        }


def test_git_is_passed_over_everywhere_and_the_state_folder_in_the_root(tmp_path: Path) -> None:
    make(tmp_path, ".git/config", "a/.git/config", ".runcheck/x.lock", "a/.runcheck/y", ".gitignore", "a/b/.git")
    assert set(entries(tmp_path)) == {".gitignore", "a", "a/.runcheck", "a/.runcheck/y", "a/b"}


def test_a_missing_root_is_an_entry_with_an_error(tmp_path: Path) -> None:
    found = entries(tmp_path / "nothing")
    assert list(found) == [""]
    assert found[""].error


def deep_folders(root: Path) -> int:
    """Make folders one in the other until their path is longer than the system opens; return how many."""
    count = MAX_PATH // 200 + 2
    at = os.open(root, os.O_RDONLY)
    for _ in range(count):
        os.mkdir("x" * 199, dir_fd=at)
        below = os.open("x" * 199, os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = below
    os.close(at)
    return count


def remove_deep(root: Path) -> None:
    """Remove what :func:`deep_folders` made, which no path reaches."""
    descriptors = [os.open(root, os.O_RDONLY)]
    while names := os.listdir(descriptors[-1]):
        descriptors.append(os.open(names[0], os.O_RDONLY, dir_fd=descriptors[-1]))
    for above, below in zip(reversed(descriptors[:-1]), reversed(descriptors[1:]), strict=True):
        os.close(below)
        os.rmdir("x" * 199, dir_fd=above)
    os.close(descriptors[0])


@pytest.mark.skipif(os.mkdir not in os.supports_dir_fd, reason="needs folders by descriptor")
def test_a_path_too_long_to_open_is_an_entry_with_an_error_and_the_rest_is_walked(tmp_path: Path) -> None:
    make(tmp_path, "z.txt", "deep/")
    count = deep_folders(tmp_path / "deep")
    try:
        found = list(walk(str(tmp_path)))
    finally:
        remove_deep(tmp_path / "deep")
    assert found[-1].path == "z.txt"
    errors = [entry for entry in found if entry.error]
    assert errors
    assert all(entry.path.startswith("deep/xxx") for entry in errors)
    assert len({entry.path for entry in found}) <= count + 2


def test_a_folder_that_may_not_be_read_is_an_entry_with_an_error(tmp_path: Path) -> None:
    make(tmp_path, "closed/file", "open")
    (tmp_path / "closed").chmod(0)
    try:
        if os.access(tmp_path / "closed", os.R_OK):
            pytest.skip("this user reads every folder")
        found = list(walk(str(tmp_path)))
    finally:
        (tmp_path / "closed").chmod(0o755)
    assert [(entry.path, bool(entry.error)) for entry in found] == [
        ("closed", False),
        ("closed", True),
        ("open", False),
    ]


def test_a_name_that_is_not_utf_8_is_walked(tmp_path: Path) -> None:
    (Path(os.fsdecode(os.fsencode(tmp_path) + b"/a\xff"))).write_text("x")
    (found,) = walk(str(tmp_path))
    assert os.fsencode(found.path) == b"a\xff"


def test_three_hundred_folders_in_one_another_are_walked(tmp_path: Path) -> None:
    path = "/".join("d" for _ in range(300))
    make(tmp_path, f"{path}/end")
    assert len(entries(tmp_path)) == 301


def test_what_vanishes_during_the_walk_does_not_end_it(tmp_path: Path) -> None:
    make(tmp_path, "a/", "b/", "c")
    steps = walk(str(tmp_path))
    first = next(steps)
    for path in ("a", "b"):
        (tmp_path / path).rmdir()
    rest = list(steps)
    assert first.path == "a"
    assert [entry.path for entry in rest if not entry.error] == ["b", "c"]
