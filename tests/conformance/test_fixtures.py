"""The conformance suite: as committed, as built, and complete."""

import importlib.util
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow.parquet as pq
import pytest

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
def test_a_fixture_is_judged_as_it_expects_at_every_depth(fixture: Path, quarantine: Quarantine) -> None:
    expected = json.loads((fixture / "expected.json").read_text())["findings"]
    for at, depth in enumerate(build.DEPTHS):
        report = check_in(quarantine, fixture / "tree", Judgement(depth=depth))
        found = [
            {"code": each.code, "path": each.path, "line": each.line, "pointer": each.pointer or None}
            for each in report.findings
        ]
        assert places(found) == places([each for each in expected if build.DEPTHS.index(each["depth"]) <= at])
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


def test_the_committed_suite_is_what_its_builder_writes(tmp_path: Path, quarantine: Quarantine) -> None:
    build.write_suite(tmp_path, quarantine)
    built = {path.relative_to(tmp_path) for path in tmp_path.rglob("*") if not path.is_dir() or path.is_symlink()}
    kept = {
        path.relative_to(SUITE)
        for folder in (*SUITE.glob("RC*"), SUITE / "good")
        for path in folder.rglob("*")
        if not path.is_dir() or path.is_symlink()
    }
    assert built == kept
    for path in sorted(built):
        if path.name == "runs.parquet" and (SUITE / path).read_bytes()[-4:] == b"PAR1":
            if "RC701" not in str(path):  # the bytes depend on the version of the library, the rows do not
                assert pq.read_table(tmp_path / path).equals(pq.read_table(SUITE / path)), path
        elif (tmp_path / path).is_symlink():
            assert os.readlink(tmp_path / path) == os.readlink(SUITE / path)
        else:
            assert (tmp_path / path).read_bytes() == (SUITE / path).read_bytes(), path


def test_every_rule_has_a_damage_that_it_must_find() -> None:
    damaged = {case.code for case in build.CASES if case.path is not None}
    assert damaged | set(ELSEWHERE) == set(rules())


def test_every_folder_bears_the_code_and_the_name_of_its_clause() -> None:
    names = {f"{code}-{clause.name}" for code, clause in clauses().items()}
    assert {path.name for path in SUITE.glob("RC*")} <= names
    assert {path.name[:5] for path in SUITE.glob("RC*")} == {case.code for case in build.CASES if case.storable}


def test_the_good_tree_has_no_finding_at_all() -> None:
    assert check(SUITE / "good/dataset-and-run/tree", depth="deep").findings == ()
