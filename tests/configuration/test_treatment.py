"""What becomes of findings: ignored by their paths, known, of another level; and that none of it is kept silent."""

import json
from pathlib import Path

import pytest

from runcheck.configuration.baseline import text_of_baseline
from runcheck.configuration.treatment import Treatment
from runcheck.convention.clauses import Level, clause
from runcheck.errors import ConfigurationError
from runcheck.findings import Finding, Report
from runcheck.report.setting import Setting
from runcheck.report.text import closing
from tests.configuration.conftest import Check, codes


def said(report: Report) -> str:
    """Return the last line of a report as text."""
    return closing(report, Setting("/", "/"))


@pytest.fixture
def broken(run_folder: Path) -> Path:
    """The run, without its README and with a metric row more than its list knows."""
    (run_folder / "README.md").unlink()
    with (run_folder / "metrics.jsonl").open("a") as stream:
        stream.write('{"step": 6, "split": "train", "metric": "loss", "value": 0.1}\n')
    return run_folder


@pytest.mark.parametrize(
    ("pattern", "left"),
    [
        ("artefacts/model/*/", []),
        ("/artefacts", []),
        ("metrics.jsonl", ["RC105", "RC305"]),
        ("README.md", ["RC304"]),
        ("model/", []),
        ("/model", ["RC105", "RC304", "RC305"]),
        ("artefacts/**/*.jsonl", ["RC105", "RC305"]),
    ],
)
def test_a_path_is_that_below_the_folder_of_the_file(
    configured: Check, broken: Path, pattern: str, left: list[str]
) -> None:
    report = configured(f'select = ["RC105", "RC304", "RC305"]\n[per-path-ignores]\n"{pattern}" = ["RC"]')
    assert sorted(codes(report)) == left
    assert report.waived.by_path == 3 - len(left)
    assert ("ignored by path" in said(report)) == bool(report.waived.by_path)


def test_by_a_path_only_those_codes_are_ignored_that_stand_beside_it(configured: Check, broken: Path) -> None:
    text = 'select = ["RC105", "RC304", "RC305"]\n[per-path-ignores]\n"artefacts" = ["RC305"]\n"*.jsonl" = ["RC1"]'
    assert sorted(codes(configured(text))) == ["RC105", "RC304"]


def test_a_tree_elsewhere_is_matched_from_its_own_name_on(tree: Path, configured: Check, broken: Path) -> None:
    other = tree.parent / "elsewhere/conf.toml"
    other.parent.mkdir()
    other.write_text('select = ["RC105"]\n[per-path-ignores]\n"/artefacts/model" = ["RC105"]')
    assert codes(configured("", config=str(other))) == []


@pytest.mark.parametrize(
    ("pattern", "is_idle"),
    [
        ("artefacts/modle/*/", True),
        ("artefact/model/", True),
        ("/artefacts/model/*/*/notes.txt", True),
        ("notes.txt", True),
        ("artefacts/datasets", True),
        ("artefacts/**/plots/", True),
        ("artefacts/model/*/*/metrics.jsonl", False),
        ("**/tensorboard/*", False),
        ("metadata.json", False),
        ("artefacts", False),
        ("**", False),
        ("elsewhere/model/**", False),
        ("README.md", False),
    ],
)
def test_a_pattern_that_fits_nothing_is_told(
    tree: Path, configured: Check, broken: Path, pattern: str, *, is_idle: bool
) -> None:
    (tree.parent / "elsewhere").mkdir()
    report = configured(f'[per-path-ignores]\n"{pattern}" = ["RC105"]')
    assert report.waived.idle == ((pattern,) if is_idle else ())
    assert (f'per-path-ignores "{pattern}" fits no path' in said(report)) == is_idle


def test_of_a_part_and_of_clauses_that_are_not_judged_no_pattern_is_told(configured: Check, run_folder: Path) -> None:
    text = '[per-path-ignores]\n"modle" = ["RC1"]'
    assert configured(text).waived.idle == ("modle",)
    assert configured(text, run_folder).waived.idle == ()
    assert configured(text, select=("RC105",)).waived.idle == ()


def test_a_pattern_that_fits_what_is_clean_is_none_to_tell_of(configured: Check, run_folder: Path) -> None:
    report = configured('[per-path-ignores]\n"artefacts/model/*/*/" = ["RC8"]')
    assert (report.waived.idle, report.errors) == ((), 0)


def test_a_level_is_that_of_the_longest_code(configured: Check, broken: Path) -> None:
    levels = 'RC3 = "warning"\nRC304 = "error"\nRC208 = "error"\nRC1 = "warning"'
    text = f'select = ["RC105", "RC208", "RC3"]\n[levels]\n{levels}'
    report = configured(text)
    assert {each.code: each.level for each in report.findings} == {
        "RC105": Level.SHOULD,
        "RC208": Level.MUST,
        "RC304": Level.MUST,
        "RC305": Level.SHOULD,
    }
    assert (report.errors, report.warnings) == (3, 2)


def test_a_finding_that_is_not_certain_is_no_error_at_any_level() -> None:
    finding = Finding(clause("RC901"), "x", "m", "h", is_certain=False)
    ((levelled,), _) = Treatment("/", levels={"RC9": "error"}).applied("/t", [finding], lambda _: True)
    assert levelled.level is Level.MUST
    assert not levelled.is_error


def test_what_is_left_out_is_said_behind_the_last_line(configured: Check, run_folder: Path) -> None:
    (run_folder / "README.md").unlink()
    report = configured('ignore = ["RC105", "RC3"]\nlevels = { RC208 = "off" }\n')
    assert report.findings == ()
    assert said(report).startswith("Clean: 2 units")
    assert said(report).endswith("; without RC105, RC208, RC3.")


# --- the baseline -----------------------------------------------------------------------------------------------------


def known(configured: Check, folder: Path, text: str = "") -> Path:
    """Write what is found as a baseline."""
    path = folder / "known.json"
    path.write_text(text_of_baseline(str(path), [configured(text)], "content"))
    return path


def test_what_is_known_is_counted_and_what_is_new_is_shown(configured: Check, broken: Path, tree: Path) -> None:
    before = configured("")
    assert not before.is_clean
    baseline = known(configured, tree.parent)
    report = configured("", baseline=str(baseline))
    assert report.findings == ()
    assert report.waived.known == len(before.findings)
    assert report.waived.gone == ()
    assert said(report).endswith(f"; {report.waived.known} findings in the baseline.")
    (broken / "summary.yaml").unlink()
    assert {each.path.rpartition("/")[2] for each in configured("", baseline=str(baseline)).findings} == {
        "summary.yaml"
    }


def test_what_is_damaged_anew_is_not_what_was_known(configured: Check, broken: Path, tree: Path) -> None:
    baseline = known(configured, tree.parent)
    with (broken / "metrics.jsonl").open("a") as stream:
        stream.write('{"step": 7, "split": "train", "metric": "loss", "value": 0.1}\n')
    assert "RC304" in codes(configured("", baseline=str(baseline)))


def test_a_finding_is_known_so_often_as_it_was_there(configured: Check, broken: Path, tree: Path) -> None:
    def torn(count: int) -> None:
        (broken / "metrics.jsonl").write_text("x\n" * count)

    text = 'select = ["RC401"]'
    torn(2)
    baseline = known(configured, tree.parent, text)
    assert json.loads(baseline.read_text())["trees"]["artefacts"][0]["count"] == 2
    assert codes(configured(text, baseline=str(baseline))) == []
    torn(3)
    assert codes(configured(text, baseline=str(baseline))) == ["RC401"]


def test_what_is_there_no_more_is_told_where_all_was_looked_for(configured: Check, broken: Path, tree: Path) -> None:
    baseline = str(known(configured, tree.parent))
    (broken / "README.md").write_text("## What\nx\n## Reproduce\nx\n## Results\nx\n## Risks\nx\n")
    gone = configured("", baseline=baseline).waived.gone
    path = f"{broken.relative_to(tree)}/README.md"
    assert gone == (f"{path}: RC105", f"{path}: RC305")
    assert configured('ignore = ["RC1"]', baseline=baseline).waived.gone == (f"{path}: RC305",)
    assert configured("", path=broken, baseline=baseline).waived.gone == ()


def test_a_baseline_of_a_deeper_check_is_not_stale_to_one_that_sees_less(
    configured: Check, broken: Path, tree: Path
) -> None:
    baseline = known(configured, tree.parent)
    baseline.write_text(baseline.read_text().replace('"content"', '"deep"'))
    (broken / "README.md").touch()
    assert configured("", baseline=str(baseline)).waived.gone == ()


def test_a_baseline_is_the_same_wherever_it_is_used_from(
    configured: Check, broken: Path, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    baseline = known(configured, tree.parent)
    monkeypatch.chdir(broken)
    assert configured('baseline = "known.json"').findings == ()
    assert "artefacts" in json.loads(baseline.read_text())["trees"]


def test_the_file_is_sorted_with_a_finding_a_line(configured: Check, broken: Path, tree: Path) -> None:
    report = configured("")
    backwards = report._replace(findings=report.findings[::-1])
    other = Report("s3://bucket/a", ())
    path = str(tree.parent / "known.json")
    text = text_of_baseline(path, [report, other], "deep")
    assert text == text_of_baseline(path, [other, backwards], "deep")
    assert sum(line.startswith('      {"path"') for line in text.splitlines()) == len(report.findings)
    assert list(json.loads(text)["trees"]) == ["artefacts", "s3://bucket/a"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "is no baseline: Expecting"),
        ("[" * 100_000, "is no baseline: "),
        ("[]", "it has version, depth and trees"),
        ('{"version": 2}', "is a baseline of version 2; 1 is known here"),
        ('{"version": 1, "depth": "abyss", "trees": {}}', "it has version, depth and trees"),
        ('{"version": 1, "depth": "deep", "trees": {"a": {}}}', "a tree has a list of findings"),
        ('{"version": 1, "depth": "deep", "trees": {"a": [{"path": "x"}]}}', "a finding has a path and a code"),
        (
            '{"version": 1, "depth": "deep", "trees": {"a": [{"path": "x", "code": "RC1", "count": true}]}}',
            "a count is",
        ),
        ("\xff", "is no baseline"),
    ],
)
def test_what_is_no_baseline_is_told(configured: Check, tree: Path, content: str, words: str) -> None:
    path = tree.parent / "known.json"
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(ConfigurationError, match=f"known.json: .*{words}"):
        configured('baseline = "known.json"')


def test_a_baseline_that_is_not_there_is_told_with_who_writes_one(configured: Check) -> None:
    with pytest.raises(ConfigurationError, match="No such file or directory; 'runcheck check --write-baseline' writes"):
        configured('baseline = "known.json"')
