"""The tree as Git's index has it: as the folder, where the two are the same; what is staged, where they are not."""

import hashlib
import os
import pickle
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from runcheck.errors import CannotCheckError
from runcheck.findings import Report
from runcheck.focus import Focus
from runcheck.pipeline import check_focus, check_in
from runcheck.tree.entry import Entry, EntryType
from runcheck.tree.index import Index, IndexStore, repository_of
from runcheck.tree.quarantine import Quarantine
from runcheck.tree.store import LocalStore
from tests.conformance.test_fixtures import SUITE
from tests.repositories import commit, git, repository, run

FIXTURES = [
    path for family in ("RC1", "RC3", "RC4", "RC5", "RC6", "RC9") for path in sorted(SUITE.glob(f"{family}*/*/tree"))
][::4] + sorted(SUITE.glob("good/*/tree"))


@pytest.fixture
def top(tmp_path: Path) -> Path:
    return repository(tmp_path)


@pytest.fixture
def staged(tree: Path, top: Path) -> Iterator[Callable[[], IndexStore]]:
    """Stage the good tree, and return what returns its store."""
    git(top, "add", "--all")
    stores: list[IndexStore] = []

    def store() -> IndexStore:
        stores.append(IndexStore(Index(repository_of(str(top))), "artefacts"))
        return stores[-1]

    yield store
    for each in stores:
        each.close()


@pytest.fixture(scope="session")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with the trees of the conformance suite."""
    top = repository(tmp_path_factory.mktemp("suite"))
    for path in FIXTURES:
        shutil.copytree(path, top / path.relative_to(SUITE), symlinks=True)
    git(top, "add", "--all", "--force")
    return top


def what(report: Report) -> list[tuple[str, str, str]]:
    return [(each.code, each.path, each.message) for each in report.findings]


def is_whole_in_git(tree: Path) -> bool:
    """Say whether Git can hold all of a tree: it has no empty folders, and no tree within a repository."""
    return all(any(path.iterdir()) for path in tree.rglob("*") if path.is_dir() and not path.is_symlink())


@pytest.mark.parametrize("path", [*filter(is_whole_in_git, FIXTURES)], ids=lambda path: "/".join(path.parts[-3:-1]))
def test_a_tree_is_judged_in_the_index_as_in_its_folder(path: Path, suite: Path, quarantine: Quarantine) -> None:
    within = path.relative_to(SUITE).as_posix()
    store = IndexStore(Index(repository_of(str(suite))), within)
    assert what(check_focus(quarantine, Focus(store))) == what(check_in(quarantine, suite / within))


def test_the_entries_are_those_of_the_folder(tree: Path, staged: Callable[[], IndexStore]) -> None:
    def told(entry: Entry) -> tuple[object, ...]:
        return entry.path, entry.type, entry.is_file and entry.size, entry.target

    store, local = staged(), LocalStore(str(tree))
    assert [told(each) for each in store.walk()] == [told(each) for each in local.walk()]
    run_path = next(each.path for each in local.walk("model") if each.path.count("/") == 2)
    assert [told(each) for each in store.walk(run_path)] == [told(each) for each in local.walk(run_path)]
    assert store.folders("model") == local.folders("model")
    assert store.folders("nowhere") == []
    for path in ("model", run_path, f"{run_path}/metrics.jsonl", "dataset/digits/latest"):
        found, expected = store.entry(path), local.entry(path)
        assert found
        assert expected
        assert (found.path, found.type) == (expected.path, expected.type)
    assert store.entry("model/nothing") is None


def test_names_that_sort_beside_a_folder_do_not_hide_it(top: Path) -> None:
    for name in ("a/x", "a-b", "a.txt", "a0", "ä/y", "a/b/c"):
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(name)
    git(top, "add", "--all")
    store = IndexStore(Index(repository_of(str(top))), "")
    assert [each.path for each in store.walk()] == [each.path for each in LocalStore(str(top)).walk()]
    store.close()


def test_what_was_changed_or_made_after_it_was_staged_is_not_seen(
    run_folder: Path, staged: Callable[[], IndexStore], quarantine: Quarantine
) -> None:
    (run_folder / "README.md").write_text("changed")
    (run_folder / "summary.yaml").unlink()
    (run_folder / "left.tmp").write_text("new")
    assert check_focus(quarantine, Focus(staged())).is_clean


def test_what_was_never_staged_is_missing(
    top: Path, run_folder: Path, staged: Callable[[], IndexStore], quarantine: Quarantine
) -> None:
    git(top, "rm", "--quiet", "--cached", str(run_folder / "summary.yaml"))
    found = what(check_focus(quarantine, Focus(staged())))
    assert {code for code, path, _ in found if path.endswith("summary.yaml")} == {"RC105", "RC305"}


def test_the_index_of_a_commit_in_the_making_is_the_one_that_counts(
    top: Path,
    run_folder: Path,
    staged: Callable[[], IndexStore],
    quarantine: Quarantine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    commit(top)
    (run_folder / "summary.yaml").unlink()
    other = top / ".git/next-index"
    git(top, "add", "--all", GIT_INDEX_FILE=str(other))
    assert check_focus(quarantine, Focus(staged())).is_clean
    monkeypatch.setenv("GIT_INDEX_FILE", str(other))
    assert not check_focus(quarantine, Focus(staged())).is_clean


def test_a_file_that_is_not_merged_stops_the_check(top: Path, staged: Callable[[], IndexStore]) -> None:
    readme = top / "README.md"
    for branch in ("one", "two"):
        git(top, "checkout", "--quiet", "--orphan", branch)
        readme.write_text(branch)
        commit(top)
    run(top, "git", "merge", "--allow-unrelated-histories", "one", is_fine=False)
    with pytest.raises(CannotCheckError, match=r"README.md: is not merged yet"):
        staged()


def test_a_folder_without_a_repository_cannot_be_asked(tmp_path: Path) -> None:
    with pytest.raises(CannotCheckError, match="not a git repository"):
        repository_of(str(tmp_path))


def as_pointer(content: bytes) -> str:
    oid = hashlib.sha256(content).hexdigest()
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {len(content)}\n"


@pytest.mark.parametrize("has_object", [True, False])
def test_the_object_of_a_pointer_is_read_where_it_is_here(
    tree: Path, top: Path, staged: Callable[[], IndexStore], quarantine: Quarantine, has_object: bool
) -> None:
    data = tree / "dataset/digits/v1/train.parquet"
    content = data.read_bytes()
    data.write_text(as_pointer(content))
    git(top, "add", "--all")
    oid = hashlib.sha256(content).hexdigest()
    kept = top / f".git/lfs/objects/{oid[:2]}/{oid[2:4]}/{oid}"
    if has_object:
        kept.parent.mkdir(parents=True)
        kept.write_bytes(content)
    report = check_focus(quarantine, Focus(staged()))
    assert report.is_clean
    assert any("Git LFS" in each.reason for each in report.unverified) is not has_object
    if has_object:  # what is there is read, and not only known by its name
        kept.write_bytes(content[:-1] + b"?")
        assert not check_focus(quarantine, Focus(staged())).is_clean


def test_a_large_object_is_read_from_the_disk_and_leaves_nothing_there(
    top: Path, staged: Callable[[], IndexStore], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = os.urandom(3 << 20)
    (top / "artefacts/large.bin").write_bytes(content)
    (top / "artefacts/small.bin").write_bytes(b"small")
    git(top, "add", "--all")
    here = tmp_path / "temporary"
    here.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(here))
    store = staged()
    entry, after = store.entry("large.bin"), store.entry("small.bin")
    assert entry
    assert after
    with store.open(entry) as stream:
        stream.seek(-5, 2)
        assert stream.read() == content[-5:]
        with store.apart(entry, stream) as opening, opening() as other:
            assert hashlib.sha256(other.read()).digest() == hashlib.sha256(content).digest()
    assert list(here.iterdir()) == []
    assert store.content(after) == b"small"


def test_an_object_that_is_not_in_the_repository_is_an_entry_that_cannot_be_read(
    top: Path, staged: Callable[[], IndexStore], run_folder: Path
) -> None:
    name = git(top, "hash-object", str(run_folder / "README.md")).strip()
    (top / ".git/objects" / name[:2] / name[2:]).unlink()
    entry = staged().entry(run_folder.relative_to(top / "artefacts").as_posix() + "/README.md")
    assert entry == Entry(entry.path if entry else "", EntryType.SPECIAL, error="its object is not in the repository")


def test_a_submodule_is_a_folder_and_the_folder_of_a_link_is_no_folder(
    top: Path, staged: Callable[[], IndexStore]
) -> None:
    head = commit(top)
    git(top, "update-index", "--add", "--cacheinfo", f"160000,{head},artefacts/other")
    store = staged()
    assert store.entry("other") == Entry("other", EntryType.FOLDER)
    latest = store.entry("dataset/digits/latest")
    assert latest
    assert (latest.type, latest.target) == (EntryType.LINK, "v1")
    with pytest.raises(OSError, match="no regular file"):
        store.open(latest)


def test_another_process_lists_the_index_for_itself(staged: Callable[[], IndexStore], quarantine: Quarantine) -> None:
    store = pickle.loads(pickle.dumps(staged()))
    assert store.name == staged().name
    assert check_focus(quarantine, Focus(store)).is_clean


def test_a_file_that_was_only_announced_is_not_there(top: Path, tree: Path, staged: Callable[[], IndexStore]) -> None:
    readme = tree / "dataset/digits/v1/README.md"
    (tree / "dataset/digits/v1/empty").touch()
    commit(top)
    (tree / "dataset/digits/v1/note.txt").write_text("x")
    (tree / "dataset/digits/v1/another").touch()
    git(top, "rm", "--quiet", "--cached", str(readme))
    git(top, "add", "--intent-to-add", "artefacts/dataset/digits/v1/note.txt", str(readme))
    git(top, "add", "artefacts/dataset/digits/v1/another")
    names = {entry.name for entry in staged().walk("dataset/digits/v1")}
    assert names.isdisjoint({"note.txt", "README.md"})
    assert {"empty", "another", "metadata.json"} <= names


def test_a_commit_is_read_as_its_index_would_be(tree: Path, top: Path, staged: Callable[[], IndexStore]) -> None:
    for name in ("a/x", "a-b", "a.txt", "a0", "ä/y"):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(name)
    made = commit(top)
    of_index = list(staged().walk())
    shutil.rmtree(tree / "dataset")
    git(top, "add", "--all")
    store = IndexStore(Index(repository_of(str(top)), made), "artefacts")
    assert list(store.walk()) == of_index != list(staged().walk())
    assert list(pickle.loads(pickle.dumps(store)).walk()) == of_index
    store.close()


@pytest.mark.parametrize("is_small", [True, False])
def test_a_damaged_object_is_one_file_that_cannot_be_read(top: Path, is_small: bool) -> None:
    for name in ("a", "b", "c"):
        (top / name).write_bytes(os.urandom(50 if is_small else 100_000))
    git(top, "add", "--all")
    name = git(top, "rev-parse", ":b").strip()
    place = top / ".git/objects" / name[:2] / name[2:]
    place.chmod(0o644)
    place.write_bytes(place.read_bytes()[:-20])
    store = IndexStore(Index(repository_of(str(top))), "")
    entries = {entry.path: entry for entry in store.walk()}
    assert entries["b"].error if is_small else not entries["b"].error
    if not is_small:
        with pytest.raises(OSError, match="damaged"):
            store.open(entries["b"])
    for path in ("a", "c"):
        assert store.content(entries[path]) == (top / path).read_bytes()
    store.close()
