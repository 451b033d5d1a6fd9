"""A part of a tree is judged as it is among all, and no more is walked for it than it needs."""

import os
import shutil
from pathlib import Path

import pytest

from runcheck.errors import CannotCheckError
from runcheck.focus import Focus
from runcheck.pipeline import check_focus, check_in
from runcheck.rules.rule import rules_of
from runcheck.tree.quarantine import Quarantine
from runcheck.tree.store import LocalStore
from tests.conformance.test_fixtures import FIXTURES

OF_TREES = {rule.clause.code for rule in rules_of("tree")}


@pytest.mark.parametrize(
    "fixture",
    [each for each in FIXTURES if each.parent.name[:5] in OF_TREES],
    ids=lambda path: f"{path.parent.name}/{path.name}",
)
def test_a_unit_is_judged_alone_as_it_is_among_all(fixture: Path, quarantine: Quarantine) -> None:
    root = fixture / "tree"
    among = check_in(quarantine, root).findings
    for unit in [unit.path for unit in Focus(LocalStore(str(root))).tree().units]:
        focus = Focus(LocalStore(str(root)), [unit])
        alone = check_in(quarantine, root / unit).findings
        assert alone == tuple(finding for finding in among if focus.is_about(finding))


def test_of_the_slugs_only_that_of_the_focus_is_listed_and_those_it_refers_to(
    tree: Path, run_folder: Path, quarantine: Quarantine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b"):
        (tree / f"dataset/other-{name}/v1").mkdir(parents=True)
    (tree / "notes/deep").mkdir(parents=True)
    listed: list[str] = []
    scan = os.scandir

    def noting(path: str) -> object:
        listed.append(os.path.relpath(path, tree))
        return scan(path)

    monkeypatch.setattr("runcheck.tree.walk.os.scandir", noting)
    Focus(LocalStore(str(tree)), [run_folder.relative_to(tree).as_posix()]).tree()
    assert listed == [".", "dataset", "model", "model/digits_logreg_baseline"]
    listed.clear()
    report = check_in(quarantine, run_folder)
    assert report.is_clean
    assert "dataset/digits" in listed
    assert not {"dataset/other-a", "dataset/other-b", "notes"} & set(listed)


@pytest.mark.parametrize(
    ("focus", "path", "touches"),
    [
        ("", "model/a/v1", True),
        ("model/a", "model/a/v1", True),
        ("model/a/v1", "model/a", True),
        ("model/a/v1/README.md", "model/a/v1", True),
        ("model/a/v1", "model/a/v10", False),
        ("model/a", "model/ab", False),
    ],
)
def test_a_path_touches_what_it_holds_and_what_holds_it(focus: str, path: str, touches: bool) -> None:
    assert Focus(LocalStore("/nowhere"), [focus]).touches(path) is touches


def test_of_several_parts_is_found_what_is_found_of_each(tree: Path, run_folder: Path, quarantine: Quarantine) -> None:
    (run_folder / "summary.yaml").unlink()
    (tree / "dataset/digits/v1/README.md").unlink()
    parts = [run_folder.relative_to(tree).as_posix(), "dataset/digits/v1"]
    together = check_focus(quarantine, Focus(LocalStore(str(tree)), parts)).findings
    each = [check_focus(quarantine, Focus(LocalStore(str(tree)), [part])).findings for part in parts]
    assert all(each)
    assert sorted(together) == sorted(finding for findings in each for finding in findings)


def test_a_unit_beside_is_not_read_and_what_others_say_of_it_is_found(
    tree: Path, run_folder: Path, quarantine: Quarantine
) -> None:
    (run_folder / "summary.yaml").unlink()
    shutil.rmtree(tree / "dataset/digits/v1")
    run = run_folder.relative_to(tree).as_posix()
    focus = Focus(LocalStore(str(tree)), ["dataset/digits/v1"], [run])
    codes = {each.code for each in check_focus(quarantine, focus).findings if each.path.startswith(run)}
    assert codes == {"RC706"}


def test_parts_without_a_unit_are_clean_or_an_error_in_the_words_that_are_given(
    tree: Path, quarantine: Quarantine
) -> None:
    assert check_focus(quarantine, Focus(LocalStore(str(tree)), ["model/none/v1"])).is_clean
    with pytest.raises(CannotCheckError, match="nothing"):
        check_focus(quarantine, Focus(LocalStore(str(tree)), ["model/none/v1"]), empty="nothing")
