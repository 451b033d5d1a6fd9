"""The conformance suite: as committed, as built, and complete."""

import importlib.util
import json
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from fixtures.builder.expected import DEPTHS, as_expected

from runcheck.convention.clauses import clauses
from runcheck.judgement import Judgement
from runcheck.pipeline import check, check_in
from runcheck.rules.rule import rules
from runcheck.rules.selection import select
from runcheck.tree.quarantine import Quarantine

SUITE = Path(__file__).parents[2] / "fixtures"
FIXTURES = sorted(path.parent for path in SUITE.glob("*/*/expected.json"))

_spec = importlib.util.spec_from_file_location("fixtures_build", SUITE / "build.py")
assert _spec is not None
assert _spec.loader is not None
build = importlib.util.module_from_spec(_spec)
sys.modules["fixtures_build"] = build
_spec.loader.exec_module(build)

# Their trees cannot be stored: another user's files, a pipe; or the trees are good, and a configuration asks for more.
ELSEWHERE = {
    "RC118": "tests/test_check.py",
    "RC120": "tests/configuration/test_settings.py",
    "RC312": "tests/configuration/test_signers.py",
    "RC811": "tests/configuration/test_settings.py",
}


def places(findings: Sequence[Mapping[str, object]]) -> list[tuple[object, ...]]:
    """Return what of findings the suite compares."""
    return [tuple(each.get(name) for name in ("code", "path", "line", "pointer")) for each in findings]


@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_fixture_is_judged_as_it_expects_at_every_depth(
    fixture: Path, tmp_path: Path, quarantine: Quarantine
) -> None:
    expected = json.loads((fixture / "expected.json").read_text())["findings"]
    # The last time where it lies, in a repository, of which Git is asked; else where none is.
    elsewhere = shutil.copytree(fixture / "tree", tmp_path / "tree", symlinks=True)
    for at, depth in enumerate(DEPTHS):
        tree = fixture / "tree" if depth == DEPTHS[-1] else elsewhere
        report = check_in(quarantine, tree, Judgement(depth=depth))
        found = [
            {"code": each.code, "path": each.path, "line": each.line, "pointer": each.pointer or None}
            for each in report.findings
        ]
        assert places(found) == places([each for each in expected if DEPTHS.index(each["depth"]) <= at])
    code = fixture.parent.name[:5]
    assert fixture.name.startswith("fail-") == (code in {each["code"] for each in expected})


@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_clause_selected_alone_finds_what_it_finds_among_all(fixture: Path, quarantine: Quarantine) -> None:
    expected = json.loads((fixture / "expected.json").read_text())["findings"]
    codes = {each["code"] for each in expected} or {fixture.parent.name[:5]} & set(rules())
    for code in codes:
        report = check_in(quarantine, fixture / "tree", Judgement(depth="deep", selection=select([code])))
        found = [
            {"code": each.code, "path": each.path, "line": each.line, "pointer": each.pointer or None}
            for each in report.findings
        ]
        assert places(found) == places([each for each in expected if each["code"] == code])


@pytest.mark.parametrize("case", [case for case in build.CASES if not case.storable], ids=lambda case: case.name)
def test_what_git_cannot_store_is_judged_as_its_case_says(case: object, tmp_path: Path, quarantine: Quarantine) -> None:
    build.build(case, tmp_path / "tree", quarantine)


STORABLE = [case for case in build.CASES if case.storable]


def test_the_committed_suite_has_a_folder_for_each_case_and_no_other() -> None:
    kept = {path.relative_to(SUITE).as_posix() for path in SUITE.glob("RC*/*")}
    assert kept == {build.folder_of(case) for case in STORABLE}


def contents_of(folder: Path) -> dict[str, Path]:
    """Return the files and links below a folder."""
    return {str(each.relative_to(folder)): each for each in folder.rglob("*") if each.is_symlink() or each.is_file()}


# What is found in it, test_a_fixture_is_judged_as_it_expects_at_every_depth says.
@pytest.mark.parametrize("case", STORABLE, ids=build.folder_of)
def test_a_committed_tree_is_what_its_builder_writes_and_what_is_expected_what_its_case_says(
    case: Any,  # noqa: ANN401 - of a module that is loaded from its path
    tmp_path: Path,
) -> None:
    folder = SUITE / build.folder_of(case)
    assert {each.name for each in folder.iterdir()} == {"tree", "expected.json"}
    trees = build.write_tree(case, tmp_path / "tree")
    same(tmp_path / "tree", folder / "tree")
    text = (folder / "expected.json").read_text()
    expected = json.loads(text)["findings"]
    assert text == as_expected(expected)
    build.hold(case, trees, [(each["code"], each["path"]) for each in expected])


def test_the_committed_good_tree_is_what_its_builder_writes(tmp_path: Path) -> None:
    build.build_good_tree(tmp_path / "tree")
    shutil.rmtree(tmp_path / "tree/.runcheck", ignore_errors=True)
    same(tmp_path / "tree", SUITE / "good/dataset-and-run/tree")
    kept = {path.relative_to(SUITE / "good").as_posix() for path in (SUITE / "good").glob("*/*")}
    assert kept == {"dataset-and-run/tree", "dataset-and-run/expected.json"}
    assert (SUITE / "good/dataset-and-run/expected.json").read_text() == as_expected([])


def same(one: Path, other: Path) -> None:
    """Compare the files and links of two trees."""
    built, kept = contents_of(one), contents_of(other)
    assert built.keys() == kept.keys()
    for name, path in built.items():
        if path.is_symlink():
            assert os.readlink(path) == os.readlink(kept[name]), name
        elif (is_alike := path.read_bytes() == kept[name].read_bytes()) or name != "runs.parquet":
            assert is_alike, name
        elif "RC701" not in str(other):  # the bytes depend on the version of the library, the rows do not
            assert pq.read_table(path).equals(pq.read_table(kept[name])), name


def test_every_rule_has_a_damage_that_it_must_find() -> None:
    damaged = {case.code for case in build.CASES if case.path is not None}
    assert damaged | set(ELSEWHERE) == set(rules())


def test_every_folder_bears_the_code_and_the_name_of_its_clause() -> None:
    names = {f"{code}-{clause.name}" for code, clause in clauses().items()}
    assert {path.name for path in SUITE.glob("RC*")} <= names
    assert {path.name[:5] for path in SUITE.glob("RC*")} == {case.code for case in build.CASES if case.storable}


def test_the_good_tree_has_no_finding_at_all() -> None:
    assert check(SUITE / "good/dataset-and-run/tree", depth="deep").findings == ()
