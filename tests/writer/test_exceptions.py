"""Exceptions that a unit states while it is written."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import runcheck
from runcheck.errors import InvalidArgumentError, RuncheckError
from runcheck.writer.run import Run
from tests.checking import check

StartRun = Callable[..., Run]


def stated(unit: str) -> list[dict[str, str]]:
    exceptions: list[dict[str, str]] = json.loads(Path(unit, "metadata.json").read_text())["governance"]["exceptions"]
    return exceptions


def test_what_a_run_is_excepted_from_is_counted_and_is_no_finding(start: StartRun) -> None:
    with pytest.warns(RuntimeWarning, match="is kept, and is a finding"), start() as run:  # noqa: PT031 - the warning comes within a second
        run.log(1, {"loss": 0.5})
        run.log(0, {"loss": 0.25})
        run.except_from("RC404", "The loop counts down.", path="metrics.jsonl", until="9999-12-31")
        assert [each["clause"] for each in stated(run.path)] == ["RC404"]  # a run that is killed has it too
    report = check(run.path)
    assert "RC404" not in {finding.code for finding in report.findings}
    assert {each.finding.code for each in report.waived.excepted} == {"RC404"}
    with pytest.raises(RuncheckError):
        run.except_from("RC404", "Too late.")


def test_a_dataset_states_one_too_and_no_secret_with_it(tmp_path: Path) -> None:
    script = tmp_path / "make.py"
    script.write_text('"""Numbers."""\n')
    root = tmp_path / "artefacts"
    about = {"kind": "synthetic", "seed": 0}
    with runcheck.new_dataset(
        root, "numbers", provenance=about, generator=script, description="Numbers, drawn."
    ) as dataset:
        dataset.write_parquet("train", {"x": [1.0]})
        dataset.except_from("RC808", "Asked for with ghp_9f3Kq0ZxV7tR2mWb8LsY4nCd6HpJ1uGe5aTi.")
    (exception,) = stated(dataset.path)
    assert (exception["clause"], "ghp_" in exception["reason"]) == ("RC808", False)
    assert {finding.code for finding in check(root).findings} <= {"RC208"}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"clause": "RC304"}, "from which no unit can be"),
        ({"clause": "RC899"}, "no clause"),
        ({"clause": "metrics-order"}, "give its code"),
        ({"reason": " "}, "no reason"),
        ({"reason": "x" * 1001}, "at most 1,000 characters"),
        ({"reason": 5}, "reason"),
        ({"path": "/etc"}, "relative to the unit"),
        ({"path": "a/../b"}, "relative to the unit"),
        ({"until": "tomorrow"}, "YYYY-MM-DD"),
        ({"until": "2026-02-30"}, "no day"),
        ({"until": "2001-01-01"}, "before it was made"),
    ],
)
def test_what_can_be_no_exception_is_refused_and_not_stated(
    start: StartRun, given: dict[str, object], words: str
) -> None:
    with start() as run:
        run.log(0, {"loss": 0.5})
        with pytest.raises(InvalidArgumentError, match=words):
            run.except_from(**{"clause": "RC404", "reason": "On purpose.", **given})  # type: ignore[arg-type]
    assert "exceptions" not in json.loads(Path(run.path, "metadata.json").read_text())["governance"]
