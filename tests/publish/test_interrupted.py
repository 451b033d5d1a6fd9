"""Killed at any point, a transfer leaves nothing that looks whole and is not, and the next one finishes it."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

import runcheck
from runcheck.errors import CannotWriteError
from runcheck.findings import Report
from runcheck.pipeline import check_in
from runcheck.publish.publish import publish
from runcheck.tree.quarantine import Quarantine
from runcheck.tree.writable import WritableStore
from tests.object_store import object_store
from tests.publish.carried import files_at, files_of, notes_at, run_in, url

__all__ = ["url"]
SOURCE = str(Path(runcheck.__file__).parents[1])
REPOSITORY = str(Path(__file__).parents[2])

# Starts once and forks for each death.
_DEATHS = """
import sys, shutil
from pathlib import Path
sys.modules["pyarrow"] = None  # no registry, whose reader is a process of its own
from runcheck.publish.folder import FolderDestination
from runcheck.publish.pull import pull
from tests.deaths import KILLED, forked
from tests.fixes.test_fixes import everything
from tests.publish.carried import files_of
unit, root = sys.argv[1:]
FolderDestination.workers = 1
place = Path(root, *Path(unit).parts[-3:])

def bring():
    pull(unit, None, root)

whole = files_of(Path(unit))
assert forked(bring, root) == 0
new = everything(Path(root))
assert files_of(place) == whole

deaths = 0
for number in range(1, 1000):
    shutil.rmtree(root)
    status = forked(bring, root, number)
    if status == 0:
        break
    assert status == KILLED, (number, status)
    deaths += 1
    assert not place.exists() or files_of(place) == whole, number
    if deaths % 3 == 0:
        forked(bring, root, 4)  # and the one that finishes it is killed too
    assert forked(bring, root) == 0, f"after death {number}"
    assert everything(Path(root)) == new, number
    assert not list(Path(root, ".runcheck/incoming").iterdir()), number
print(deaths)
"""


def test_killed_before_any_change_a_unit_is_there_whole_or_not_at_all(tree: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _DEATHS, str(run_in(tree)), str(tmp_path / "again/artefacts")],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{SOURCE}:{REPOSITORY}"},
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > len(files_of(run_in(tree)))


class Death(BaseException):
    """The process is gone: nothing catches it, and nothing is cleaned up."""


class Mortal:
    """Counts what is changed in memory, and dies at one of the changes: before it, after it, or in its midst."""

    def __init__(self, at: int, how: str) -> None:
        self.count, self.at, self.how = 0, at, how

    def meet(self, change: Callable[[], Any], half: Callable[[], Any]) -> Any:  # noqa: ANN401
        self.count += 1
        if self.count != self.at:
            return change()
        if self.how != "before":
            (half if self.how == "in its midst" else change)()
        raise Death


@pytest.fixture
def in_memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Mortal]]:
    """The one in the list, if any, watches what is changed in memory."""
    watching: list[Mortal] = []
    fsspec.filesystem("memory").store.clear()
    pipe, remove = MemoryFileSystem.pipe_file, MemoryFileSystem.rm_file

    def piped(self: MemoryFileSystem, path: str, value: bytes, **more: Any) -> Any:  # noqa: ANN401
        def put(content: bytes) -> Any:  # noqa: ANN401
            return pipe(self, path, content, **more)

        half = value[: len(value) // 2]
        return watching[0].meet(lambda: put(value), lambda: put(half)) if watching else put(value)

    def removed(self: MemoryFileSystem, path: str) -> Any:  # noqa: ANN401
        return watching[0].meet(lambda: remove(self, path), lambda: None) if watching else remove(self, path)

    monkeypatch.setattr(MemoryFileSystem, "pipe_file", piped)
    monkeypatch.setattr(MemoryFileSystem, "rm_file", removed)
    yield watching
    fsspec.filesystem("memory").store.clear()


@pytest.mark.parametrize("how", ["before", "after", "in its midst"])
def test_killed_at_any_change_of_a_store_nothing_looks_whole_that_is_not(
    tree: Path, quarantine: Quarantine, in_memory: list[Mortal], how: str
) -> None:
    report = check_in(quarantine, run_in(tree))

    def check(path: str) -> Report:
        return report

    url = "memory://kept/artefacts"
    memory = fsspec.filesystem("memory")
    memory.store.clear()
    (run_in(tree) / "SHA256SUMS.sig").write_text("a signature, which nobody looks at here\n")
    place = run_in(tree).relative_to(tree).as_posix()
    unit, sums = files_of(run_in(tree)), (run_in(tree) / "SHA256SUMS").read_bytes()
    publish(str(run_in(tree)), url, check)
    whole = files_at(url)
    for number in range(1, 1000):
        memory.store.clear()
        in_memory[:] = [Mortal(number, how)]
        try:
            publish(str(run_in(tree)), url, check)
        except Death:
            pass
        else:
            break
        finally:
            in_memory.clear()
        there = files_at(url)
        if there.get(f"{place}/SHA256SUMS") == sums:
            assert {path: there.get(f"{place}/{path}") for path in unit} == unit, number
        publish(str(run_in(tree)), url, check)
        after = files_at(url)
        assert {each: after[each] for each in after if each != "runs.parquet"} == {
            each: whole[each] for each in whole if each != "runs.parquet"
        }, number
        assert "runs.parquet" in after
        assert notes_at(url) == []
    assert number > len(unit) + 4  # the note, the files, latest, the registry, and the note again


@pytest.mark.parametrize("writes", [1, 6])
def test_a_server_that_says_no_from_there_on_leaves_what_the_next_one_goes_on_with(
    tree: Path, quarantine: Quarantine, monkeypatch: pytest.MonkeyPatch, writes: int
) -> None:
    object_store().clear()
    url, report = "s3://bucket/kept", check_in(quarantine, run_in(tree))
    write, count = WritableStore.write, iter(range(1000))

    def refused_later(self: WritableStore, *arguments: Any, **more: Any) -> None:  # noqa: ANN401
        object_store().is_down = next(count) >= writes
        write(self, *arguments, **more)

    with monkeypatch.context() as patch:
        patch.setattr(WritableStore, "write", refused_later)
        with pytest.raises(CannotWriteError, match="run it again to go on"):
            publish(str(run_in(tree)), url, lambda _: report)
    object_store().is_down = False
    place = run_in(tree).relative_to(tree).as_posix()
    assert f"{place}/SHA256SUMS" not in files_at(url)
    published = publish(str(run_in(tree)), url, lambda _: report)
    assert published.transferred is not None
    assert not published.transferred.was_whole
    there = files_at(url)
    assert {path: there[f"{place}/{path}"] for path in files_of(run_in(tree))} == files_of(run_in(tree))


def test_what_another_version_began_is_not_gone_on_with(tree: Path, quarantine: Quarantine, url: str) -> None:
    report, place = check_in(quarantine, run_in(tree)), run_in(tree).relative_to(tree).as_posix()
    files, base = fsspec.url_to_fs(url)
    note = f"{base}/.runcheck/incoming/{place.replace('/', '.')}.json"
    files.pipe_file(note, b'{"SHA256SUMS": "' + b"0" * 64 + b'", "begun_at": "2026-05-27T12:34:56Z"}\n')
    files.pipe_file(f"{base}/{place}/config.json", b"{}")
    with pytest.raises(CannotWriteError, match="another version is being brought there"):
        publish(str(run_in(tree)), url, lambda _: report)
    assert files_at(url) == {f"{place}/config.json": b"{}"}


@pytest.mark.parametrize("note", [b"", b"{", b"[]", b"[" * 3000, b'{"SHA256SUMS": 1}', b"\xff"])
def test_a_note_that_was_not_written_whole_holds_nobody_up(
    tree: Path, quarantine: Quarantine, in_memory: list[Mortal], note: bytes
) -> None:
    url = "memory://kept/artefacts"
    report, place = check_in(quarantine, run_in(tree)), run_in(tree).relative_to(tree).as_posix()
    files, base = fsspec.url_to_fs(url)
    files.pipe_file(f"{base}/.runcheck/incoming/{place.replace('/', '.')}.json", note)
    published = publish(str(run_in(tree)), url, lambda _: report)
    assert published.transferred is not None
    assert notes_at(url) == []
