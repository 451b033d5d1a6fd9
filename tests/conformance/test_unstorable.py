"""Trees that Git cannot keep on every system, made from the good tree of the suite as the tests run."""

import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from runcheck.convention.layout import layout
from tests.checking import check

GOOD = Path(__file__).parents[2] / "fixtures/good/dataset-and-run/tree"
RUN = "model/digits_logreg_baseline/2026-05-27T12-34-56Z_0123456"
FAILED = "model/digits_logreg_baseline/2026-05-28T00-00-00Z_0123456"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the good tree with an unsealed folder in it, where files may come and go."""
    root = Path(shutil.copytree(GOOD, tmp_path / "tree", symlinks=True))
    (root / RUN / "SHA256SUMS").unlink()
    return root


def found(root: Path) -> set[tuple[str, str]]:
    """Return code and path of each finding but the missing list."""
    return {(each.code, each.path) for each in check(root).findings} - {("RC105", f"{RUN}/SHA256SUMS")}


def write(root: Path, name: str | bytes) -> None:
    """Write a file under ``extra/`` of the run; skip where the system refuses its name."""
    folder = os.fsencode(root / RUN / "extra")
    os.makedirs(folder, exist_ok=True)
    before = len(os.listdir(folder))
    try:
        with open(os.path.join(folder, os.fsencode(name)), "wb") as stream:
            stream.write(b"x")
    except OSError as error:
        pytest.skip(f"this file system refuses the name: {error.strerror}")
    if len(os.listdir(folder)) == before:
        pytest.skip("this file system takes the two names for one")


def a_socket(path: Path) -> None:
    """Leave a socket behind; its path is relative, since the system bounds it to about 100 bytes."""
    with socket.socket(socket.AF_UNIX) as left, pytest.MonkeyPatch.context() as patch:
        patch.chdir(path.parent)
        left.bind(path.name)


@pytest.mark.parametrize("make", [os.mkfifo, a_socket], ids=["pipe", "socket"])
def test_a_special_file_is_found(tree: Path, make: Callable[[Path], None]) -> None:
    (tree / RUN / "extra").mkdir()
    make(tree / RUN / "extra/special")
    assert found(tree) == {("RC107", f"{RUN}/extra/special")}


@pytest.mark.parametrize(
    "name", ["a:b", "a\\b", "a|b", 'a"b', "a<b", "a>b", "a?", "a*", "a.", "a ", "a\tb", "a\nb", "a\x7fb", "a\x85b"]
)
def test_a_name_that_some_systems_refuse_is_found(tree: Path, name: str) -> None:
    write(tree, name)
    assert found(tree) == {("RC109", f"{RUN}/extra/{name}")}


def test_a_name_that_is_not_utf_8_is_found(tree: Path) -> None:
    write(tree, b"caf\xe9")
    assert found(tree) == {("RC109", f"{RUN}/extra/{os.fsdecode(b'caf' + bytes([0xE9]))}")}


@pytest.mark.parametrize("name", ["a b", " a", ".a", "a..b", "\u00e9", "\u65e5\u672c", "x" * 255, "~a", "a'b&c;$(d)"])
def test_an_odd_name_that_every_system_takes_is_none(tree: Path, name: str) -> None:
    write(tree, name)
    assert found(tree) == set()


@pytest.mark.parametrize(("first", "second"), [("Loss", "loss"), ("\u00e9", "e\u0301"), ("\u00c9", "e\u0301")])
def test_names_that_only_some_systems_tell_apart_are_found(tree: Path, first: str, second: str) -> None:
    write(tree, first)
    write(tree, second)
    later = max(first, second, key=os.fsencode)
    assert found(tree) == {("RC110", f"{RUN}/extra/{later}")}


def test_the_same_name_in_two_folders_is_none(tree: Path) -> None:
    write(tree, "loss")
    (tree / RUN / "plots").mkdir()
    (tree / RUN / "plots/Loss").write_text("x")
    assert found(tree) == set()


def test_an_empty_folder_of_a_version_is_a_unit_without_files(tree: Path) -> None:
    (tree / FAILED).mkdir()
    assert found(tree) == {("RC105", f"{FAILED}/{name}") for name in ("config.json", "metadata.json")}


def test_an_empty_leftover_folder_is_found(tree: Path) -> None:
    (tree / RUN / "checkpoints/400.orbax-checkpoint-tmp-1").mkdir(parents=True)
    assert found(tree) == {("RC115", f"{RUN}/checkpoints/400.orbax-checkpoint-tmp-1")}


def test_what_lies_in_a_repository_of_git_is_not_looked_at(tree: Path) -> None:
    (tree / RUN / ".git").mkdir()
    (tree / RUN / ".git/a:b").write_text("x")
    assert found(tree) == set()


@pytest.mark.parametrize("name", ["config.json", "README.md", "summary.yaml"])
def test_a_document_beyond_the_limit_is_found_and_one_at_it_is_not(tree: Path, name: str) -> None:
    path = tree / RUN / name
    limit = layout().limits.document_bytes
    content = path.read_bytes()
    path.write_bytes(content + b"\n" * (limit - len(content)))
    assert ("RC119", f"{RUN}/{name}") not in found(tree)
    path.write_bytes(content + b"\n" * (limit - len(content) + 1))
    assert found(tree) == {("RC119", f"{RUN}/{name}")}
