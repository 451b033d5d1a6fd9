"""What changed, as the real Git tells it; and that nothing of the repository runs to find out."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from runcheck.changes.change import Change, between, change_of, since, staged
from runcheck.errors import CannotCheckError, InvalidArgumentError
from runcheck.tree.index import repository_of
from tests.repositories import commit, git, repository


@pytest.fixture
def top(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of three files, committed, in which the working folder is."""
    for name in ("kept", "changed", "deleted"):
        (tmp_path / name).write_text(f"the text of {name}, which is long enough to be known again\n")
    repository(tmp_path)
    commit(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def change(top: Path) -> None:
    """Change one file, delete one, move one, make one."""
    (top / "changed").write_text("other")
    (top / "deleted").unlink()
    (top / "kept").rename(top / "moved")
    (top / "new").write_text("new")


def paths(change: Change) -> tuple[set[str], set[str], set[str]]:
    return set(change.paths), set(change.before), set(change.gone)


CHANGED = {"changed", "deleted", "kept", "moved", "new"}, {"changed", "deleted", "kept"}, {"deleted", "kept"}


def test_staged_is_what_differs_from_the_last_commit(top: Path) -> None:
    change(top)
    here = repository_of(".")
    assert paths(staged(here)) == (set(), set(), set())
    git(top, "add", "--all")
    assert paths(staged(here)) == CHANGED


def test_before_the_first_commit_all_that_is_staged_is_new(tmp_path: Path) -> None:
    repository(tmp_path)
    (tmp_path / "first").write_text("first")
    git(tmp_path, "add", "--all")
    assert paths(staged(repository_of(str(tmp_path)))) == ({"first"}, set(), set())


@pytest.mark.parametrize("how", ["not staged", "staged", "committed"])
def test_since_counts_what_is_committed_staged_or_only_written(top: Path, how: str) -> None:
    change(top)
    if how == "staged":
        git(top, "add", "--all")
    if how == "committed":
        commit(top)
    assert paths(since(repository_of("."), "HEAD~1" if how == "committed" else "HEAD")) == CHANGED


def test_since_a_branch_is_since_where_it_was_left(top: Path) -> None:
    git(top, "checkout", "--quiet", "-b", "work")
    (top / "ours").write_text("ours")
    commit(top)
    git(top, "checkout", "--quiet", "main")
    (top / "theirs").write_text("theirs")
    commit(top)
    git(top, "checkout", "--quiet", "work")
    assert since(repository_of("."), "main").paths == {"ours"}
    assert between(repository_of("."), "main", "work").paths == {"ours"}


def test_what_git_ignores_is_no_change(top: Path) -> None:
    (top / ".gitignore").write_text("*.tmp\n")
    (top / "a.tmp").write_text("x")
    assert since(repository_of("."), "HEAD").paths == {".gitignore"}


@pytest.mark.parametrize("revision", ["nowhere", "-x", "--output=x", "HEAD:kept", ""])
def test_what_is_no_commit_is_named(top: Path, revision: str) -> None:
    with pytest.raises(CannotCheckError, match="is no commit that is here"):
        since(repository_of("."), revision)
    assert not (top / "x").exists()


def test_histories_with_nothing_in_common_are_said_to_have_none(top: Path) -> None:
    git(top, "checkout", "--quiet", "--orphan", "other")
    commit(top, "Another first one")
    with pytest.raises(CannotCheckError, match="have no commit in common"):
        since(repository_of("."), "main")


def test_places_narrow_it_down(top: Path) -> None:
    for name in ("a/x", "ab/x"):
        (top / name).parent.mkdir()
        (top / name).write_text(name)
    git(top, "add", "--all")
    found = change_of(["a"], since_=None, is_hook=False, exclude=None)
    assert found.paths == {"a/x"}
    assert change_of([], since_=None, is_hook=False, exclude="^a/").paths == {"ab/x"}
    with pytest.raises(InvalidArgumentError, match="no regular expression"):
        change_of([], since_=None, is_hook=False, exclude="(")


@pytest.mark.parametrize("since_", [None, "HEAD"])
def test_a_place_where_no_change_can_be_is_refused(
    top: Path, since_: str | None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    for place, why in (("chnaged", "no such file or folder"), (str(elsewhere), "lies outside of")):
        with pytest.raises(CannotCheckError, match=why):
            change_of(["changed", place], since_=since_, is_hook=False, exclude=None)
    git(top, "rm", "--quiet", "deleted")
    assert change_of(["deleted"], since_=since_, is_hook=False, exclude=None).paths == {"deleted"}
    assert change_of([str(top.parent)], since_=since_, is_hook=False, exclude=None).paths == {"deleted"}


def test_a_hook_is_for_the_files_that_it_is_given_and_for_those_that_are_gone(
    top: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(top)
    git(top, "add", "--all")
    assert change_of(["new"], since_=None, is_hook=True, exclude=None).paths == {"new", "deleted", "kept"}
    git(top, "commit", "--quiet", "--message", "x")
    (top / "folder").mkdir()
    monkeypatch.chdir(top / "folder")
    outside = change_of(["../new", "../../elsewhere"], since_=None, is_hook=True, exclude=None)
    assert outside.paths == {"new"}


def test_a_hook_between_two_commits_counts_what_is_gone_there(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = git(top, "rev-parse", "HEAD").strip()
    change(top)
    monkeypatch.setenv("PRE_COMMIT_FROM_REF", old)
    monkeypatch.setenv("PRE_COMMIT_TO_REF", commit(top))
    assert change_of(["new"], since_=None, is_hook=True, exclude=None).paths == {"new", "deleted", "kept"}
    monkeypatch.setenv("PRE_COMMIT_FROM_REF", "0" * 40)  # as of a branch that is pushed for the first time
    assert change_of(["new"], since_=None, is_hook=True, exclude=None).paths == {"new"}


def test_the_files_that_hold_a_word_are_found_where_the_change_is(top: Path) -> None:
    for name, text in (("a/metadata.json", '{"x": "digits"}'), ("metadata.json", "digits"), ("a/other.json", "digits")):
        (top / name).parent.mkdir(exist_ok=True)
        (top / name).write_text(text)
    here = repository_of(".")
    assert set(since(here, "HEAD").naming(["digits"], "metadata.json")) == {"a/metadata.json", "metadata.json"}
    assert staged(here).naming(["digits"], "metadata.json") == []
    git(top, "add", "a")
    assert staged(here).naming(["digits", "none"], "metadata.json") == ["a/metadata.json"]
    assert staged(here).naming(["none"], "metadata.json") == []
    assert staged(here).naming([], "metadata.json") == []
    git(top, "config", "color.ui", "always")
    assert staged(here).naming(["digits"], "metadata.json") == ["a/metadata.json"]
    old = git(top, "rev-parse", "HEAD").strip()
    pushed = between(here, old, commit(top))
    git(top, "rm", "--quiet", "-r", "a")
    assert set(pushed.naming(["digits"], "metadata.json")) == {"a/metadata.json", "metadata.json"}


PROGRAM = "#!/bin/sh\ntouch {mark}\ncat\n"


@pytest.fixture
def armed(top: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The repository with programs wherever its configuration may name one; they leave a mark."""
    mark = tmp_path_factory.mktemp("mark") / "ran"
    program = mark.parent / "program"
    program.write_text(PROGRAM.format(mark=mark))
    program.chmod(0o755)
    (top / ".gitattributes").write_text("* filter=evil diff=evil\n")
    (top / "changed").write_text("one")
    commit(top)
    for key in ("filter.evil.clean", "filter.evil.smudge", "filter.evil.process", "diff.evil.command"):
        git(top, "config", key, str(program))
    for key in ("diff.evil.textconv", "diff.external", "core.fsmonitor", "core.pager", "alias.diff"):
        git(top, "config", key, str(program))
    git(top, "config", "filter.evil.required", "true")
    for hook in ("post-index-change", "pre-commit"):
        (top / ".git/hooks").mkdir(exist_ok=True)
        (top / f".git/hooks/{hook}").write_text(PROGRAM.format(mark=mark))
        (top / f".git/hooks/{hook}").chmod(0o755)
    (top / "changed").write_text("two")  # of the same size
    yield mark
    assert not mark.exists()


@pytest.mark.usefixtures("armed")
def test_nothing_that_the_configuration_names_is_run(top: Path) -> None:
    here = repository_of(".")
    assert "changed" in since(here, "HEAD").paths
    assert staged(here).paths == set()
    assert since(here, "HEAD").naming(["two"], "changed") == ["changed"]


def test_a_filter_that_cannot_be_turned_off_by_its_name_is_refused(top: Path, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    (top / ".gitattributes").write_text("* filter=a=b\n")
    commit(top)
    git(top, "config", "filter.a=b.clean", f"touch {mark}; cat")
    (top / "changed").write_text("x")
    with pytest.raises(CannotCheckError, match="the filter 'a=b', which is a program"):
        since(repository_of("."), "HEAD")
    assert not mark.exists()
