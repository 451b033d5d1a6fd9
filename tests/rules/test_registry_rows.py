"""Rows of the registry against the documents of their units: told by key, and not where nobody can tell."""

import json
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from runcheck.pipeline import check_in
from runcheck.tree.quarantine import Quarantine
from runcheck.writer.registry import rebuild_registry

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "a" * 64 + "\nsize 12345\n"


def stale(quarantine: Quarantine, tree: Path) -> list[str]:
    """Return what RC704 says of the tree."""
    return [each.message for each in check_in(quarantine, tree).findings if each.code == "RC704"]


def rewrite(tree: Path, **changed: object) -> None:
    """Change columns of the row of the run."""
    table = pq.read_table(tree / "runs.parquet")
    rows = table.to_pylist()
    rows[-1] |= changed
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), tree / "runs.parquet")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"config": '{"layers":[64,10],"learning_rate":0.2}'}, "config[learning_rate]"),
        ({"config": '{"layers":[64,10],"learning_rate":"0.1"}'}, "config[learning_rate]"),
        ({"config": '{"layers":[64,10]}'}, "config[learning_rate]"),
        ({"config": '{"learning_rate":0.1,"layers":[64,10]}'}, "config"),  # the same in another order
        ({"config": "{"}, "config"),
        ({"config": None}, "config"),
        ({"last_step": 6}, "last_step"),
        ({"last": [("train/loss", 0.2), ("train/accuracy", 0.5)]}, "last[test/accuracy]"),
        ({"trackers": [("wandb.id", "x")]}, "trackers[wandb.id]"),
        ({"created_at": None}, "created_at"),
    ],
)
def test_a_difference_is_told_by_its_key(
    tree: Path, quarantine: Quarantine, changed: dict[str, object], said: str
) -> None:
    rewrite(tree, **changed)
    (message,) = stale(quarantine, tree)
    assert message.startswith(f"says {said} of model/digits_logreg_baseline/")


def test_a_moment_of_another_precision_is_the_same_moment(tree: Path, quarantine: Quarantine) -> None:
    table = pq.read_table(tree / "runs.parquet")
    at = table.column_names.index("created_at")
    finer = table.set_column(at, "created_at", table["created_at"].cast(pa.timestamp("ns", tz="Europe/Berlin")))
    pq.write_table(finer, tree / "runs.parquet")
    assert stale(quarantine, tree) == []


@pytest.mark.parametrize("content", [POINTER, "{", None], ids=["a pointer", "broken", "missed"])
@pytest.mark.parametrize("name", ["config.json", "summary.yaml"])
def test_of_a_document_that_nobody_can_tell_no_column_is_compared(
    tree: Path, run_folder: Path, quarantine: Quarantine, name: str, content: str | None
) -> None:
    if content is None:
        os.unlink(run_folder / name)
    else:
        (run_folder / name).write_text(content)
    assert stale(quarantine, tree) == []
    rebuild_registry(str(tree))
    assert stale(quarantine, tree) == []


def test_of_a_run_that_is_running_no_summary_counts(tree: Path, run_folder: Path, quarantine: Quarantine) -> None:
    path = run_folder / "metadata.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"status": "running", "finished_at": None}))
    rebuild_registry(str(tree))
    assert pq.read_table(tree / "runs.parquet")["last"].to_pylist()[-1] == []
    assert stale(quarantine, tree) == []
