"""Rows of a file that grows."""

import json
from pathlib import Path

from runcheck.reading.metrics import Row
from runcheck.trackers.rows import GrowingRows


def line(step: int, value: float = 1.0) -> str:
    return json.dumps({"step": step, "split": "train", "metric": "loss", "value": value}) + "\n"


def test_a_file_is_read_as_far_as_it_is_whole_and_on_as_it_grows(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    rows = GrowingRows(str(path))
    assert rows.next(10) == []
    path.write_text(line(0) + line(1)[:20])
    assert rows.next(10) == [Row(0, "train", "loss", 1.0)]
    with path.open("a") as stream:
        stream.write(line(1)[20:] + line(2) + line(3))
    assert [row.step for row in rows.next(2)] == [1, 2]
    assert [row.step for row in rows.next(2)] == [3]
    assert rows.next(2) == []
    assert rows.rows == 4
    rows.close()


def test_a_line_that_is_no_row_is_counted_and_its_place_told(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text(line(0) + "\n" + '{"step": "x"}\n' + "x" * (1 << 21) + "\n" + line(1))
    rows = GrowingRows(str(path))
    assert [row.step for row in rows.next(10)] == [0, 1]
    assert (rows.passed_over, rows.fault) == (3, "line 2 is blank")
    rows.close()


def test_metrics_may_be_a_table_of_texts(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    path.write_text("step,split,metric,value,nonfinite\n0,train,loss,1.5,\n1,train,loss,,inf\n")
    rows = GrowingRows(str(path))
    assert rows.next(10) == [Row(0, "train", "loss", 1.5), Row(1, "train", "loss", float("inf"))]
    rows.close()
