"""What a unit is excepted from does not count, is counted and shown, and hides nothing else."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from runcheck.cli import main
from runcheck.convention.clauses import clause, clauses
from runcheck.convention.exceptions import faults_of
from runcheck.convention.layout import layout
from runcheck.excepting import without_excepted
from runcheck.findings import Finding
from runcheck.judgement import Judgement
from runcheck.pipeline import check_in
from runcheck.report.waived import notes, waived_lines
from runcheck.rules.selection import select
from runcheck.tree.cache import DiskCache, open_cache
from runcheck.tree.quarantine import Quarantine
from tests.configuration.conftest import Check, codes, edit

EXCEPTION = {"clause": "RC808", "reason": "Nobody knew the risks yet.", "date": "2026-05-28"}


def state(folder: Path, *exceptions: dict[str, str]) -> None:
    """Let a unit state exceptions, and leave it unsealed."""
    edit(folder / "metadata.json", lambda metadata: metadata.update(governance={"exceptions": list(exceptions)}))


@pytest.fixture
def unfilled(run_folder: Path) -> Path:
    """The run with a README that says TODO."""
    (run_folder / "README.md").write_text("## What\nx\n## Reproduce\nx\n## Results\nx\n## Risks\nTODO\n")
    return run_folder


SELECT = 'select = ["RC808", "RC810", "RC202", "RC221"]'


def test_what_is_excepted_does_not_count_and_is_counted(configured: Check, unfilled: Path, tree: Path) -> None:
    state(unfilled)
    assert codes(configured(SELECT)) == ["RC808"]
    state(unfilled, EXCEPTION | {"path": "README.md", "until": "2999-12-31"})
    report = configured(SELECT)
    assert report.findings == ()
    ((finding, exception),) = report.waived.excepted
    assert (finding.code, exception["reason"]) == ("RC808", "Nobody knew the risks yet.")
    assert notes(report) == ["1 finding excepted"]
    path = unfilled.relative_to(tree) / "README.md"
    assert [*waived_lines(report)] == [
        f"excepted: {path}: RC808 readme-unfilled: {finding.message}",
        "    since 2026-05-28 until 2999-12-31: Nobody knew the risks yet.",
    ]


@pytest.mark.parametrize(
    ("fields", "left"),
    [
        ({"clause": "RC810"}, ["RC808"]),
        ({"path": "metadata.json"}, ["RC808"]),
        ({"path": "READ"}, ["RC808"]),
        ({"until": "2026-05-29"}, ["RC808"]),
        ({"date": "2026-02-30"}, ["RC808", "RC221"]),
        ({"reason": ""}, ["RC808", "RC202"]),
        ({"clause": "RC8"}, ["RC808", "RC202"]),
    ],
)
def test_an_exception_holds_for_its_clause_its_path_and_its_time(
    configured: Check, unfilled: Path, fields: dict[str, str], left: list[str]
) -> None:
    state(unfilled, EXCEPTION | fields)
    assert sorted(codes(configured(SELECT))) == sorted(left)


def test_a_unit_speaks_for_itself_alone(configured: Check, unfilled: Path, tree: Path) -> None:
    state(tree / "dataset/digits/v1", EXCEPTION)
    assert codes(configured(SELECT)) == ["RC808"]


@pytest.mark.parametrize("code", [code for code in clauses() if code.startswith(layout().never_excepted)])
def test_no_unit_is_excepted_from_damage_or_from_what_harms_others(code: str) -> None:
    exception = {"clause": code, "reason": "x", "date": "2026-05-28"}
    assert [field for field, _ in faults_of(exception)] == ["clause"]  # type: ignore[arg-type]


def test_what_is_about_checksums_or_safety_can_never_be_excepted() -> None:
    for family in ("RC3", "RC9"):
        assert family in layout().never_excepted
    assert all(any(code.startswith(each) for code in clauses()) for each in layout().never_excepted)


def test_damage_is_found_whatever_the_unit_says_of_it(configured: Check, run_folder: Path) -> None:
    sums = (run_folder / "SHA256SUMS").read_text()
    state(run_folder, EXCEPTION | {"clause": "RC304"})
    (run_folder / "SHA256SUMS").write_text(sums)
    with (run_folder / "README.md").open("a") as stream:
        stream.write("more\n")
    assert {"RC221", "RC304"} <= {*codes(configured(""))}


def test_metadata_that_nothing_else_needs_are_read_for_their_exceptions(
    unfilled: Path, tree: Path, quarantine: Quarantine
) -> None:
    state(unfilled, EXCEPTION)
    report = check_in(quarantine, tree, Judgement(selection=select(["RC808"])))
    assert report.findings == ()
    assert len(report.waived.excepted) == 1


def test_what_is_recalled_is_excepted_too(unfilled: Path, tree: Path, quarantine: Quarantine) -> None:
    state(unfilled, EXCEPTION)

    def opened(root: str) -> DiskCache:
        cache = open_cache(root, is_blind=False)
        assert isinstance(cache, DiskCache)
        return DiskCache(cache.folder, 1 << 63)

    reports = [check_in(quarantine, tree, open_cache=opened) for _ in range(2)]
    assert [each.recalled for each in reports] == [0, 2]
    assert reports[0].waived == reports[1].waived
    assert len(reports[1].waived.excepted) == 1


def test_an_exception_that_is_over_holds_on_its_last_day_and_no_longer() -> None:
    finding = Finding(clause("RC808"), "model/a/v1/README.md", "m", "h")
    stated = {"model/a/v1": (EXCEPTION | {"until": "2026-06-01"},)}
    for day, count in ((1, 0), (2, 1)):
        left, excepted = without_excepted([finding], stated, datetime(2026, 6, day, 23, tzinfo=UTC))  # type: ignore[arg-type]
        assert (len(left), len(excepted)) == (count, 1 - count)


def test_what_lies_above_the_units_is_excepted_by_none() -> None:
    findings = [Finding(clause("RC705"), path, "m", "h", concerns="model/a/v1") for path in (".", "runs.parquet")]
    stated = {"model/a/v1": (EXCEPTION | {"clause": "RC705"},)}
    assert without_excepted(findings, stated, datetime.now(UTC))[0] == findings  # type: ignore[arg-type]


def test_the_command_shows_them_where_it_is_asked(
    unfilled: Path, tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state(unfilled, EXCEPTION)
    assert main([str(tree), "--select", "RC808"]) == 0
    assert "Nobody knew" not in capsys.readouterr().out
    assert main([str(tree), "--select", "RC808", "--show-exceptions"]) == 0
    assert "\n    since 2026-05-28: Nobody knew the risks yet.\n" in capsys.readouterr().out
