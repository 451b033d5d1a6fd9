"""Metric rows as a table: every value exactly, in order, and nothing that the linter would not take for a row."""

import json
import math
import tempfile
from pathlib import Path
from typing import Any, cast

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runcheck.errors import CannotReadError
from runcheck.probes import Probe, make_probe
from runcheck.probes.contents import MetricsContent
from runcheck.probes.metrics import JsonlMetricsProbe
from runcheck.reading.files import UnitFiles
from runcheck.reading.metrics import iterate_rows, read_metrics
from tests.reading.test_load import load_run

ROW = '{"step": 1, "split": "train", "metric": "loss", "value": 0.5}\n'


def table_of(folder: Path, content: bytes | str, name: str = "metrics.jsonl") -> pa.Table:
    """Return the table of a file with this content."""
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    files = UnitFiles(str(folder))
    table = read_metrics(files, name)
    rows = list(iterate_rows(files, name))  # the same, one by one
    assert [row[:3] for row in rows] == [tuple(row.values())[:3] for row in table.to_pylist()]
    assert same([row.value for row in rows], table["value"].to_pylist())
    return table


def same(left: list[float], right: list[float]) -> bool:
    """Say whether two lists hold the same doubles, the sign of zero and NaN included."""
    return [each.hex() for each in left] == [each.hex() for each in right]


VALUES = [0.1, -0.0, 5e-324, 1.7976931348623157e308, 7.0, math.nan, math.inf, -math.inf, 123456789.123456789]


def jsonl(rows: list[tuple[int, str, str, float]]) -> str:
    """Return rows as the writer writes them."""
    lines = []
    for step, split, metric, value in rows:
        row: dict[str, Any] = {"step": step, "split": split, "metric": metric, "value": value}
        if not math.isfinite(value):
            row |= {"value": None, "nonfinite": str(value)}
        lines.append(json.dumps(row))
    return "".join(f"{line}\n" for line in lines)


def csv(rows: list[tuple[int, str, str, float]]) -> str:
    """Return rows as CSV."""
    lines = [
        f"{step},{split},{metric},{value!r}," if math.isfinite(value) else f"{step},{split},{metric},,{value}"
        for step, split, metric, value in rows
    ]
    return "".join(f"{line}\n" for line in ["step,split,metric,value,nonfinite", *lines])


@pytest.mark.parametrize(("write", "name"), [(jsonl, "metrics.jsonl"), (csv, "metrics.csv")])
def test_every_value_comes_back_exactly_and_in_order(tmp_path: Path, write: Any, name: str) -> None:  # noqa: ANN401
    rows = [(step, "train" if step % 2 else "test", f"m/{step % 3}", value) for step, value in enumerate(VALUES)]
    table = table_of(tmp_path, write(rows), name)
    assert table.schema == pa.schema(
        [("step", pa.int64()), ("split", pa.string()), ("metric", pa.string()), ("value", pa.float64())]
    )
    assert table.select(["step", "split", "metric"]).to_pylist() == [
        {"step": step, "split": split, "metric": metric} for step, split, metric, _ in rows
    ]
    assert same(table["value"].to_pylist(), VALUES)


ROWS = st.lists(
    st.tuples(
        st.integers(0, 2**53 - 1),
        st.sampled_from(["train", "test"]),
        st.sampled_from(["loss", "a/b", "x@5"]),
        st.floats(allow_nan=False).map(lambda value: value + 0.0),
    ),
    min_size=1,
    max_size=20,
)


@given(rows=ROWS, form=st.sampled_from([(jsonl, "metrics.jsonl"), (csv, "metrics.csv")]))
def test_whatever_was_logged_comes_back(rows: Any, form: Any) -> None:  # noqa: ANN401
    with tempfile.TemporaryDirectory() as folder:
        table = table_of(Path(folder), form[0](rows), form[1])
    assert [tuple(row.values())[:3] for row in table.to_pylist()] == [row[:3] for row in rows]
    assert same(table["value"].to_pylist(), [row[3] for row in rows])


CHANGES = {
    "1": ["2", "1.0", "-1"],
    "0.5": ["null", "1e999", "NaN", 'null, "nonfinite": "inf"', "1" * 400, "true", '"0.5"', "1" + "0" * 22, "5E-1"],
    "}": [', "nonfinite": "nan"}', ', "x": 1}'],
    "loss": ["lo ss", "lo\\u0073s"],
    "step": ["st\\u0065p", 'x": 1, "step'],
    " ": ["", "  "],
    "\n": ["\r\n", ""],
}
PIECES = st.sampled_from(
    [
        *(ROW, "\n", "{}\n", "[1]\n", ROW[:20], f"\ufeff{ROW}", f"{ROW}\u2028\n"),
        *(ROW.replace(old, new) for old, several in CHANGES.items() for new in several),
    ]
)


def assert_table_and_linter_agree(content: str, name: str) -> None:
    """The table has the rows that the linter counts, or the linter has a finding and there is no table."""
    probe = cast("Probe", make_probe("metrics", name))
    probe.feed(content.encode())
    seen = cast("MetricsContent", probe.content())
    sound = all(defect.kind in ("order", "duplicate", "torn") for defect in seen.defects)
    with tempfile.TemporaryDirectory() as folder:
        try:
            table = table_of(Path(folder), content, name)
        except CannotReadError:
            assert not sound
        else:
            assert sound
            assert table.num_rows == seen.rows
            assert table["value"].null_count == 0


@given(pieces=st.lists(PIECES, max_size=6))
def test_a_table_has_the_rows_that_the_linter_counts_or_there_is_none(pieces: list[str]) -> None:
    content = "".join(pieces)
    assert_table_and_linter_agree(content, "metrics.jsonl")


@given(content=st.text("0123456789.,eE+-\"\r\n nainf'", max_size=40))
def test_a_csv_has_the_rows_that_the_linter_counts_or_there_is_none(content: str) -> None:
    content = f"step,split,metric,value\n1,train,loss,0.5\n2,train,loss,{content}\n"
    assert_table_and_linter_agree(content, "metrics.csv")


def test_a_defect_after_a_hundred_harmless_ones_is_seen(tmp_path: Path) -> None:
    with pytest.raises(CannotReadError, match="301 of its 302 lines are rows"):
        table_of(tmp_path, ROW * 300 + ROW.replace("loss", "lo ss") + ROW)
    with pytest.raises(CannotReadError, match="not all of its 301 lines are rows"):
        list(iterate_rows(UnitFiles(str(tmp_path)), "metrics.jsonl"))


@pytest.mark.parametrize("rest", [ROW[:-1], ROW[:30], "{", "\0"])
def test_a_last_line_that_was_cut_off_is_left_out(tmp_path: Path, rest: str) -> None:
    assert table_of(tmp_path, ROW + rest).num_rows == 1
    assert table_of(tmp_path, rest).num_rows == 0


@pytest.mark.parametrize(("name", "content"), [("metrics.jsonl", ""), ("metrics.csv", "step,split,metric,value\n")])
def test_a_log_without_a_row_is_a_table_without_a_row(tmp_path: Path, name: str, content: str) -> None:
    table = table_of(tmp_path, content, name)
    assert (table.num_rows, table.column_names) == (0, ["step", "split", "metric", "value"])


def test_rows_that_repeat_a_step_are_kept(tmp_path: Path) -> None:
    assert table_of(tmp_path, ROW * 3)["step"].to_pylist() == [1, 1, 1]


def test_a_line_that_is_no_row_is_told_with_its_number(tmp_path: Path) -> None:
    with pytest.raises(CannotReadError, match=r"metrics\.jsonl: line 2 has the unknown field 'x'"):
        table_of(tmp_path, ROW + ROW.replace("}", ', "x": 1}'))


def test_a_log_of_many_blocks_is_read_whole(tmp_path: Path) -> None:
    rows = [(step, "train", "loss", step / 7) for step in range(60_000)]  # 4 MiB
    table = table_of(tmp_path, jsonl(rows))
    assert same(table["value"].to_pylist(), [row[3] for row in rows])


def test_rows_that_come_while_the_table_is_made_are_not_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text(ROW)
    finish = JsonlMetricsProbe.content

    def content(probe: JsonlMetricsProbe) -> Any:  # noqa: ANN401 - a run writes after the first of two reads
        with path.open("a") as stream:
            stream.write(ROW[:40])
        return finish(probe)

    monkeypatch.setattr(JsonlMetricsProbe, "content", content)
    assert read_metrics(UnitFiles(str(tmp_path)), "metrics.jsonl").num_rows == 1


def test_a_frame_of_pandas_has_the_columns_and_values_of_the_table(run_folder: Path) -> None:
    run = load_run(run_folder)
    frame = run.frame()
    pd.testing.assert_frame_equal(frame, run.metrics().to_pandas())
    assert list(frame.columns) == ["step", "split", "metric", "value"]
    assert frame[(frame["split"] == "train") & (frame["metric"] == "loss")]["value"].tolist() == [
        1 / step for step in range(1, 6)
    ]


def test_two_files_of_metrics_are_not_chosen_between(run_folder: Path) -> None:
    (run_folder / "metrics.csv").write_text("step,split,metric,value\n")
    with pytest.raises(CannotReadError, match="are both there"):
        load_run(run_folder).metrics()
