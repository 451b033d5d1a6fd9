"""The page of a session, and the targets in it."""

import platform
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from benchmarks.measure import Sample
from benchmarks.page import page, table, targets, writers
from benchmarks.paired import Series
from benchmarks.results import Outcome, Results, WriterFigures, load, of_size, save
from benchmarks.targets import TARGETS, Target

from benchmarks import cases, inside, plot

DOCS = Path(__file__).parents[2] / "docs"


def sample_results(factor: float = 0.5) -> Results:
    limit = Series([Sample(1.0, 2.0), Sample(3.0, 2.0)], 10 << 20)
    ours = Series([Sample(factor, 1.0, 50 << 20), Sample(3 * factor, 1.0, 60 << 20)], 20 << 20, 8)
    outcome = Outcome("T1", cases.SHA256_LIMIT, 0.3, {cases.SHA256_LIMIT: limit, "runcheck": ours})
    return Results({"cores": "2 cores"}, {"git": "2.39"}, {"runcheck": "runcheck check"}, {"large": outcome})


def target(of: str = "T1, to SHA-256 on two cores") -> Target:
    return next(each for each in TARGETS if each.words == of)


@pytest.mark.parametrize(
    ("factor", "verdict"), [(1.0, "met, stretch too"), (1.08, "met, stretch too"), (1.1, "met"), (1.2, "**not met**")]
)
def test_a_target_is_met_up_to_its_limit(factor: float, verdict: str) -> None:
    figure = target().measured(sample_results(factor))
    assert figure is not None
    assert figure == pytest.approx(factor)
    assert target().verdict(round(figure, 9)) == verdict


def test_a_target_of_speed_is_met_from_its_limit_on() -> None:
    rows = target("metrics, rows a second a core")
    assert [rows.verdict(figure) for figure in (3.9, 4.0)] == ["**not met**", "met"]


def test_what_was_not_measured_is_neither_met_nor_missed() -> None:
    assert "| T1, to bagit with two processes | at most 1 x |  |  | not measured |  |" in targets(sample_results())


def test_the_cost_of_a_file_is_compared_between_sizes() -> None:
    cost = target("cost a file at 50,000, to 10,000")
    series = {cost.of: Series([Sample(12.0, 1)], count=50_000), cost.to: Series([Sample(2.0, 1)], count=10_000)}
    results = Results(outcomes={"growth": Outcome("growth", cost.to, 0.0, series)})
    assert cost.measured(results) == pytest.approx(1.2)


def test_targets_name_cases_and_variants_that_there_are() -> None:
    for each in TARGETS:
        assert each.case in cases.CASES
        if each.of not in {cases.ALONE, cases.VERSION, inside.LOOP, inside.TO_THE_END}:
            assert re.sub(r", [\d,]+ files$", "", each.of) in cases.VARIANTS


def test_a_table_has_ratios_to_the_reference_and_the_memory_that_was_counted() -> None:
    lines = table(sample_results().outcomes["large"]).splitlines()
    assert lines[2].startswith(f"| {cases.SHA256_LIMIT} | 2.00 s | 2.00 s | 10 MiB | 1.00 | 1.00 | 2 |")
    assert lines[3].startswith("| runcheck | 1.00 s | 1.00 s | 60 MiB | 0.500 | 0.500 | 2 | 125,000.00 us |")


def test_a_contender_of_a_size_is_compared_on_that_size() -> None:
    walls = {"a, 25 files": (1.0, 25), "b, 25 files": (3.0, 25), "a, 50 files": (2.0, 50), "b, 50 files": (10.0, 50)}
    series = {name: Series([Sample(wall, 1)], count=count) for name, (wall, count) in walls.items()}
    lines = table(Outcome("growth", "a", 0.0, series)).splitlines()[2:]
    assert [line.split(" | ")[4] for line in lines] == ["1.00", "3.00", "1.00", "5.00"]


def test_results_are_the_same_after_they_were_saved(tmp_path: Path) -> None:
    save(sample_results(), tmp_path / "a.json")
    assert load(tmp_path / "a.json") == sample_results()


def test_a_plot_has_a_line_a_contender_on_whole_decades() -> None:
    series = {
        of_size(name, files): Series([Sample(files * cost, 1)], count=files)
        for name, cost in (("runcheck", 1e-4), ("sha256sum -c", 1e-5))
        for files in (1_000, 10_000, 100_000)
    }
    drawn = ElementTree.fromstring(plot.growth(series))  # our own text
    lines = [each.get("points", "").split() for each in drawn.iter("{http://www.w3.org/2000/svg}polyline")]
    assert [len(points) for points in lines] == [3, 3]
    (x1, y1), (x2, y2), (x3, y3) = (map(float, point.split(",")) for point in lines[0])
    assert (x3 - x2, y3 - y2) == pytest.approx((x2 - x1, y2 - y1), abs=0.2)


def test_writers_are_compared_with_the_first_round_by_round(tmp_path: Path) -> None:
    ours = WriterFigures(100, [1.0, 2.0, 4.0], [5.0] * 3, [4.0] * 3, 61.5, 100)
    other = WriterFigures(100, [40.0, 60.0, 120.0], [50.0] * 3, [2.0] * 3, 30.2, 94)
    save(Results(writers={"ours": ours, "other": other}, writer_versions={"other": "1.2"}), tmp_path / "results.json")
    text = writers(load(tmp_path / "results.json"))
    assert "other 1.2" in text
    assert "| ours | 2.00 us | 5.00 us | 4.00 us | 1.0 | 1.0 | 1.0 | 62 | 0 of 100 |\n" in text
    assert "| other | 60.00 us | 50.00 us | 2.00 us | 30.0 | 10.0 | 0.5 | 30 | 6 of 100 |\n" in text


def test_the_committed_page_is_what_its_numbers_give() -> None:
    results = load(DOCS / "performance.json")
    assert (DOCS / "performance.md").read_text() == page(results)
    growth = results.outcomes.get("growth")
    assert (DOCS / "performance.svg").exists() == (growth is not None)
    assert growth is None or (DOCS / "performance.svg").read_text() == plot.growth(growth.series)


@pytest.mark.parametrize("name", ["performance.md", "performance.json"])
def test_the_committed_page_names_no_machine_and_no_folder(name: str) -> None:
    text = (DOCS / name).read_text()
    assert not re.search(r"/(home|root|tmp|work|Users)\b", text)
    assert not platform.node() or platform.node() not in text
