"""``runcheck ls``: the units that are asked for, in their order, safe to print."""

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from runcheck.cli import main
from runcheck.listing.columns import Listed, ListError, as_text
from runcheck.listing.conditions import condition
from runcheck.reading.opened import open_tree

Ls = Callable[..., list[str]]


def change(path: Path, **changed: object) -> None:
    """Change fields of a JSON document."""
    path.write_text(json.dumps(json.loads(path.read_text()) | changed))


@pytest.fixture
def three(tree: Path, run_folder: Path) -> Path:
    """A tree of a dataset and three runs, which differ in metrics, configuration, status and age."""
    for number, (version, loss) in enumerate({"v2": 0.05, "v3": None}.items(), start=2):
        copy = Path(shutil.copytree(run_folder, run_folder.with_name(version)))
        change(
            copy / "metadata.json",
            version=version,
            status="completed" if loss else "failed",
            created_at=f"2026-01-0{number}T00:00:00.5Z",
            metrics={"train/loss": loss, "train/accuracy": 0.5},
        )
        change(copy / "config.json", learning_rate=number, optimizer={"name": "adam"}, flag=True)
    change(run_folder / "metadata.json", created_at="2026-01-01T00:00:00Z")
    return tree


@pytest.fixture
def ls(three: Path, capsys: pytest.CaptureFixture[str]) -> Ls:
    """List units of the tree, and return the versions in the order of the lines."""

    def ask(*words: str) -> list[str]:
        assert main(["ls", str(three), "--json", "--columns", "version", *words]) == 0
        return [json.loads(line)["version"] for line in capsys.readouterr().out.splitlines()]

    return ask


@pytest.fixture
def first(run_folder: Path) -> str:
    return run_folder.name


def test_the_newest_comes_first(ls: Ls, first: str) -> None:
    assert ls() == ["v1", "v3", "v2", first]
    assert ls("--kind", "model", "--limit", "2") == ["v3", "v2"]
    assert ls("--kind", "dataset") == ["v1"]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["status=failed"], ["v3"]),
        (["status!=failed"], ["v2", ""]),
        (["metrics.train/loss<0.1"], ["v2"]),
        (["metrics.train/loss>=0.05"], ["v2", ""]),
        (["metrics.train/loss=null"], ["v3"]),
        (["config.learning_rate=2.0"], ["v2"]),
        (["config.learning_rate=2", "status=failed"], []),
        (["config.learning_rate>1", "status=failed"], ["v3"]),
        (["config.optimizer.name=adam"], ["v3", "v2"]),
        (['config.optimizer.name="adam"'], ["v3", "v2"]),
        (["config.optimizer.name!=adam"], [""]),
        (["config.optimizer.name~a*"], ["v3", "v2"]),
        (["config.layers=[64, 10]"], ["v3", "v2", ""]),
        (["config.flag=true"], ["v3", "v2"]),
        (["config.flag=1"], []),
        (["tags.experiment = digits"], ["v3", "v2", ""]),
        (["created_at>2026-01-02"], ["v3", "v2"]),
        (["created_at>2026-01-02T00:00:00Z"], ["v3", "v2"]),
        (["created_at=2026-01-01T00:00:00Z"], [""]),
        (["last_step>4"], ["v3", "v2", ""]),
        (["error=null"], ["v3", "v2", ""]),
        (["age<1s"], []),
        (["age>1d"], ["v3", "v2", ""]),
    ],
)
def test_conditions(ls: Ls, first: str, words: list[str], found: list[str]) -> None:
    options = [word for each in words for word in ("--where", each)]
    assert ls("--kind", "model", *options) == [version or first for version in found]


def test_a_sort_puts_what_has_no_value_at_the_end_either_way(ls: Ls, first: str) -> None:
    assert ls("--kind", "model", "--sort", "metrics.train/loss") == ["v2", first, "v3"]
    assert ls("--kind", "model", "--sort", "metrics.train/loss", "--reverse") == [first, "v2", "v3"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--where", "status"], "is no condition"),
        (["--where", "stats=completed"], "did you mean status"),
        (["--where", "config.learning_rte<1"], "did you mean config.learning_rate"),
        (["--where", "metrics.train/loss<small"], "asks for a number"),
        (["--where", "age<soon"], "a span such as 7d"),
        (["--columns", "unit,nothing.of.it"], "is no column"),
        (["--sort", "tags.nothing"], "is no column of any unit here"),
        (["--limit", "-3"], "is no number of units"),
    ],
)
def test_what_cannot_be_asked_is_told_in_one_line(
    three: Path, capsys: pytest.CaptureFixture[str], words: list[str], told: str
) -> None:
    assert main(["ls", str(three), *words]) == 2
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert told in said.err


def test_the_table_has_a_line_a_unit_below_the_names_of_its_columns(
    three: Path, first: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ls", str(three), "--kind", "model", "--columns", "version,status,best,metrics.train/loss,files"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    files = sum(1 for path in (three / "model/digits_logreg_baseline" / first).rglob("*") if path.is_file())
    assert lines == [
        ["version", "status", "best", "metrics.train/loss", "files"],
        ["v3", "failed", "train/accuracy", "0.5", "-", str(files)],
        ["v2", "completed", "train/accuracy", "0.5", "0.05", str(files)],
        [first, "completed", "test/accuracy", "0.4", "0.2", str(files)],
    ]


def test_json_has_the_columns_of_the_registry(three: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ls", str(three), "--json", "--where", "version=v2"]) == 0
    row: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert row["unit"] == "model/digits_logreg_baseline/v2"
    assert "path" not in row
    assert row["config"] == {"flag": True, "layers": [64, 10], "learning_rate": 2, "optimizer.name": "adam"}
    assert row["metrics"] == {"train/accuracy": 0.5, "train/loss": 0.05}


def test_bytes_are_those_on_the_disk(three: Path, first: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ls", str(three), "--json", "--columns", "bytes", "--where", f"version={first}"]) == 0
    unit = three / "model/digits_logreg_baseline" / first
    files = (path for path in unit.rglob("*") if path.is_file())
    assert json.loads(capsys.readouterr().out) == {"bytes": sum(path.stat().st_size for path in files)}


def test_what_a_tree_says_moves_no_cursor_and_shows_no_secret(
    three: Path, run_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    token, password = "ghp_" + "a8Kd02mfLq91xZs7Tbn34VcWeRyUi6Op0GhJ", "hunter2secretXY9"
    change(run_folder / "config.json", note="\x1b[2Jgone", remark=f"it is {token}", service={"api_key": password})
    columns = "config.note,config.remark,config.service.api_key"
    assert main(["ls", str(three), "--kind", "model", "--columns", columns]) == 0
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "\\x1b[2Jgone" in shown
    assert main(["ls", str(three), "--kind", "model", "--json"]) == 0
    shown += capsys.readouterr().out
    assert "it is [secret]" in shown
    assert token not in shown
    assert password not in shown


def test_units_that_are_passed_over_are_told_beside_the_list(
    three: Path, run_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (run_folder / "metadata.json").write_text("{")
    assert main(["ls", str(three), "--kind", "model"]) == 0
    said = capsys.readouterr()
    assert len(said.out.splitlines()) == 3
    assert f"passed over: {run_folder}: metadata.json is not JSON" in said.err


def test_there_must_be_a_tree(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ls", str(tmp_path)]) == 2
    assert "holds no dataset and no run" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.25, "0.25s"), (59, "59s"), (60, "1m"), (7199, "120m"), (7200, "2h"), (3 * 86_400, "3d"), (-5.0, "-5s")],
)
def test_spans_are_told_in_one_unit(seconds: float, text: str) -> None:
    assert as_text("age", seconds) == text


def test_age_is_counted_from_the_creation(three: Path) -> None:
    now = datetime(2026, 1, 3, 0, 0, 0, tzinfo=UTC)
    ages = [Listed(each, now, lambda _: (0, 0)).value("age") for each in open_tree(three).units("model")]
    assert ages == [2 * 86_400, 86_400 - 0.5, -0.5]


def test_a_condition_of_a_number_is_not_asked_of_a_truth(three: Path) -> None:
    (unit,) = (
        Listed(each, datetime.now(UTC), lambda _: (0, 0))
        for each in open_tree(three).units()
        if each.path.endswith("v2")
    )
    assert not condition("config.flag<2").holds(unit)
    with pytest.raises(ListError):
        condition("config.learning_rate<x").holds(unit)
