"""Units are told to the file that the environment names."""

from pathlib import Path

import pytest

import runcheck
from runcheck.writer.made import MADE, read_made
from tests.writer.conftest import StartRun


def test_a_unit_is_told_once_it_is_begun_and_named_once(
    start: StartRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "made"
    monkeypatch.setenv(MADE, str(file))
    with start() as run:
        assert read_made(str(file)) == [run.path]
        run.log(1, {"loss": 1.0})
    assert read_made(str(file)) == [run.path]


def test_a_dataset_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MADE, str(tmp_path / "made"))
    with runcheck.new_dataset(
        tmp_path / "artefacts", "numbers", provenance={"kind": "synthetic", "seed": 7}, generator=__file__
    ) as data:
        data.write_parquet("train", {"x": [1.0]})
    assert read_made(str(tmp_path / "made")) == [data.path]


def test_a_file_that_cannot_be_written_hinders_no_run(
    start: StartRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(MADE, str(tmp_path / "none" / "made"))
    with start() as run:
        run.log(1, {"loss": 1.0})
    assert run.metadata["status"] == "completed"


def test_a_torn_line_is_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "made"
    file.write_text('"/a"\n"/b')
    assert read_made(str(file)) == ["/a"]
