"""The trees of the shipped conventions: as committed, as built, and complete."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest

from runcheck.conventions.check import check_by
from runcheck.conventions.load import load, shipped
from runcheck.judgement import Judgement
from runcheck.rules.selection import Selection
from runcheck.tree.quarantine import Quarantine

SUITE = Path(__file__).parents[2] / "fixtures/conventions"
FIXTURES = sorted(path.parent for path in SUITE.glob("*/*/expected.json"))

_spec = importlib.util.spec_from_file_location("build_conventions", SUITE.parent / "build_conventions.py")
assert _spec is not None
assert _spec.loader is not None
build = importlib.util.module_from_spec(_spec)
sys.modules["build_conventions"] = build
_spec.loader.exec_module(build)


def expected_in(fixture: Path) -> list[dict[str, object]]:
    """Return what must be found in a tree."""
    found: list[dict[str, object]] = json.loads((fixture / "expected.json").read_text())["findings"]
    return found


def found_in(
    fixture: Path,
    quarantine: Quarantine,
    depth: str,
    selection: Selection = Selection(),  # noqa: B008
) -> list[dict[str, object]]:
    """Return what is found in a tree, as the suite has it."""
    report = check_by(quarantine, fixture / "tree", fixture.parent.name, Judgement(depth=depth, selection=selection))  # type: ignore[arg-type]
    places = [(each, {"line": each.line, "pointer": each.pointer or None}) for each in report.findings]
    return [
        {"code": each.code, "path": each.path} | {name: value for name, value in place.items() if value}
        for each, place in places
    ]


@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_tree_is_judged_as_it_expects_at_every_depth(fixture: Path, quarantine: Quarantine) -> None:
    for at, depth in enumerate(build.DEPTHS):
        due = [each for each in expected_in(fixture) if build.DEPTHS.index(each["depth"]) <= at]
        plain = [{name: value for name, value in each.items() if name != "depth"} for each in due]
        assert found_in(fixture, quarantine, depth) == plain
    kind, _, rest = fixture.name.partition("-")
    assert (kind == "fail") == (rest.partition("-")[0] in {each["code"] for each in expected_in(fixture)})


def test_a_check_that_is_selected_alone_finds_what_it_finds_among_all(quarantine: Quarantine) -> None:
    for fixture in (each for each in FIXTURES if each.name.startswith("fail-")):
        code = fixture.name.split("-")[1]
        due = [each for each in expected_in(fixture) if each["code"] == code]
        plain = [{name: value for name, value in each.items() if name != "depth"} for each in due]
        assert found_in(fixture, quarantine, "deep", Selection((code,))) == plain, fixture.name


def test_the_committed_trees_are_what_their_builder_writes(tmp_path: Path, quarantine: Quarantine) -> None:
    build.write_suite(tmp_path, quarantine)
    built = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    kept = {path.relative_to(SUITE): path.read_bytes() for path in SUITE.rglob("*") if path.is_file()}
    assert built == kept


@pytest.mark.parametrize("convention", shipped())
def test_every_code_that_is_declared_has_a_tree_that_breaks_it(convention: str) -> None:
    broken = {path.name.split("-")[1] for path in (SUITE / convention).glob("fail-*")}
    assert set(load(convention).own_clauses) <= broken


@pytest.mark.parametrize("convention", shipped())
def test_every_convention_has_good_trees(convention: str) -> None:
    assert len(list((SUITE / convention).glob("pass-*"))) > 2
