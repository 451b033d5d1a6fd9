"""Event files: read by TensorBoard's own reader, they hold the rows as float32."""

import itertools
import json
import math
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import runcheck
from runcheck.writer.log.tensorboard import EventFile
from tests.drawing import examples


def series_in(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """Return every series as TensorBoard reads it."""
    accumulator = EventAccumulator(str(folder), size_guidance={"scalars": 0})
    accumulator.Reload()
    tags = accumulator.Tags()["scalars"]
    return {tag: [(each.step, each.value) for each in accumulator.Scalars(tag)] for tag in tags}


ROWS = st.lists(
    st.tuples(st.sampled_from(["train", "test"]), st.sampled_from(["loss", "a/b", "x@1"]), st.floats(width=64)),
    max_size=20,
)


@settings(max_examples=examples(40), deadline=None)
@given(ROWS, st.integers(0, 2**53 - 100))
def test_tensorboard_reads_the_rows_as_float32(rows: list[tuple[str, str, float]], first: int) -> None:
    expected: dict[str, list[tuple[int, float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        events = EventFile(folder, 1_700_000_000.0)
        for step, (split, metric, value) in enumerate(rows, start=first):
            events.write(step, split, [(metric, value)], 1_700_000_000.5)
            with np.errstate(over="ignore"):
                expected.setdefault(f"{split}/{metric}", []).append((step, float(np.float32(value))))
        events.close()
        found = series_in(Path(folder))
    assert repr(sorted(found.items())) == repr(sorted(expected.items()))


@pytest.mark.parametrize("value", [3.4028235e38, -3.4028235e38, 3.4028234663852886e38, 3.4028236e38, 1e-46, 1e300])
def test_at_the_bounds_of_float32_the_nearest_float32_is_written(tmp_path: Path, value: float) -> None:
    events = EventFile(str(tmp_path), 0.0)
    events.write(0, "train", [("loss", value)], 0.0)
    events.close()
    with np.errstate(over="ignore", under="ignore"):
        assert series_in(tmp_path) == {"train/loss": [(0, float(np.float32(value)))]}


def test_the_events_of_a_run_are_its_metrics(root: Path) -> None:
    about = {"config": {}, "seeds": {"a": 1}, "tags": {"experiment": "e", "run_type": "train"}}
    provenance = {"kind": "synthetic", "seed": 1}
    with runcheck.start_run(root, dataset="a", model="b", variant="c", data=provenance, **about) as run:  # type: ignore[arg-type]
        for step in range(5):
            run.log(step, {"loss": 1 / (step + 1), "big": math.inf if step == 2 else step})
            run.log(step, {"loss": 0.1 * step}, split="test")
    rows = [json.loads(line) for line in Path(run.path, "metrics.jsonl").read_text().splitlines()]
    expected = {
        tag: [(row["step"], float(np.float32(float(row.get("nonfinite", row["value"]))))) for row in group]
        for tag, group in itertools.groupby(
            sorted(rows, key=lambda row: (row["split"], row["metric"], row["step"])),
            key=lambda row: f"{row['split']}/{row['metric']}",
        )
    }
    (event_file,) = Path(run.path, "tensorboard").iterdir()
    assert event_file.name.startswith("events.out.tfevents.")
    assert series_in(Path(run.path, "tensorboard")) == expected
