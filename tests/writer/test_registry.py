"""The registry: other readers read it, and it is a function of the metadata alone."""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

import runcheck
from runcheck.cli import main
from runcheck.convention.layout import layout
from runcheck.convention.schemas import schema
from runcheck.errors import CannotCheckError
from runcheck.writer.registry import rebuild_registry
from runcheck.writer.run import Run
from tests.checking import check

StartRun = Callable[..., Run]


@pytest.fixture
def filled(root: Path, start: StartRun) -> Path:
    """A tree of a dataset and two runs, one of which failed."""
    with runcheck.new_dataset(
        root, "digits", provenance={"kind": "external", "hashes": {"a": "0" * 64}}, description="D."
    ) as dataset:
        dataset.write_parquet("train", {"x": [1]})
    with start(data=dataset.path) as run:
        run.log(0, {"loss": 1.0, "nan": float("nan")})
    other = start(variant="other")
    other.log(0, {"loss": 2.0})
    other.finish("failed", "why")
    return root


def rows(root: Path) -> list[dict[str, Any]]:
    """Return the rows as pyarrow reads them."""
    found: list[dict[str, Any]] = pq.read_table(root / "runs.parquet").to_pylist(maps_as_pydicts="strict")
    return found


def test_pandas_reads_a_row_a_unit(filled: Path) -> None:
    frame = pd.read_parquet(filled / "runs.parquet")
    assert list(frame.columns) == list(schema("registry-row")["properties"])  # type: ignore[call-overload]
    assert sorted(frame["kind"]) == ["dataset", "model", "model"]
    assert sorted(frame["status"]) == ["completed", "completed", "failed"]
    assert sorted(path.rsplit("/", 1)[0] for path in frame["path"]) == [
        "dataset/digits",
        "model/digits_logreg_baseline",
        "model/digits_logreg_other",
    ]


def test_each_row_repeats_the_metadata_of_its_unit(filled: Path) -> None:
    for row in rows(filled):
        metadata = json.loads((filled / row["path"] / "metadata.json").read_text())
        for column in ("kind", "slug", "version", "name", "status", "tags"):
            assert row[column] == metadata[column]
        for column in ("created_at", "finished_at"):
            assert row[column] == datetime.fromisoformat(metadata[column])
        for column in ("label", "error"):
            assert row[column] == metadata.get(column)
        assert row["metrics"] == metadata.get("metrics", {})
        assert row["fingerprint"] == metadata.get("fingerprint")
        assert row["config_sha256"] == metadata.get("config", {}).get("sha256")
    (run,) = (row for row in rows(filled) if row["slug"] == "digits_logreg_baseline")
    assert run["metrics"] == {"train/loss": 1.0, "train/nan": None}
    assert run["data_path"] == "dataset/digits/v1"
    (dataset,) = (row for row in rows(filled) if row["kind"] == "dataset")
    assert (dataset["data_kind"], dataset["rows"]) == ("external", 1)


def test_a_row_has_the_configuration_flat_and_what_the_summary_says(filled: Path, start: StartRun) -> None:
    config = {"optimizer": {"name": "adam", "betas": [0.9, 0.99]}, "a.b": None, "empty": {}}
    with start(variant="third", config=config) as run:
        run.log(3, {"loss": 1.0})
        run.log(5, {"loss": 2.0})
        run.log(5, {"grad/norm": float("inf")})
        (running,) = (row for row in rows(filled) if row["status"] == "running")
    (row,) = (row for row in rows(filled) if row["slug"] == "digits_logreg_third")
    assert json.loads(row["config"]) == {
        "optimizer.name": "adam",
        "optimizer.betas": [0.9, 0.99],
        "a\\.b": None,
        "empty": {},
    }
    assert row["last"] == {"train/loss": 2.0, "train/grad/norm": None}
    assert row["directions"]["train/loss"] == "min"
    assert (row["last_step"], row["checkpoint_step"]) == (5, None)
    assert row["duration_seconds"] >= 0
    assert json.loads(running["config"]) == json.loads(row["config"])
    assert (running["last"], running["last_step"]) == ({}, None)


def test_a_configuration_that_is_too_large_for_a_row_is_left_out(
    filled: Path, start: StartRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = layout()._replace(limits=layout().limits._replace(registry_config_bytes=40))
    monkeypatch.setattr("runcheck.convention.registry.layout", lambda: small)
    with start(variant="third", config={"note": "x" * 40}) as run:
        run.log(3, {"loss": 1.0})
    rebuild_registry(str(filled))
    configs = {row["slug"]: row["config"] for row in rows(filled) if row["kind"] == "model"}
    assert configs["digits_logreg_third"] is None
    assert configs["digits_logreg_other"] is not None


def test_a_registry_of_fewer_columns_is_a_finding_that_a_fix_and_the_next_run_mend(
    filled: Path, start: StartRun
) -> None:
    path = filled / "runs.parquet"
    old = pq.read_table(path).drop_columns(["config", "last"])
    pq.write_table(old, path)
    found = [(each.code, each.message) for each in check(filled).findings if each.path == path.name]
    assert found == [("RC701", "lacks the column config")]
    assert main(["check", "--fix", str(filled)]) == 0
    assert len(rows(filled)) == 3
    pq.write_table(old, path)
    with start(variant="third") as run:
        run.log(0, {"loss": 1.0})
    assert len(rows(filled)) == 4
    assert check(filled).is_clean


def test_polars_and_duckdb_read_the_registry_as_it_is(filled: Path) -> None:
    duckdb, polars = pytest.importorskip("duckdb"), pytest.importorskip("polars")
    path = filled / "runs.parquet"
    frame = polars.read_parquet(path)
    assert frame["created_at"].dtype == polars.Datetime("us", "UTC")
    assert frame["config"].str.json_path_match("$.learning_rate").to_list() == [None, "0.1", "0.1"]
    found = duckdb.sql(
        f"SELECT slug, config->>'learning_rate', tags['model'], metrics['train/loss'] FROM '{path}' "
        "WHERE kind = 'model' ORDER BY slug"
    ).fetchall()
    assert [tuple(row[:3]) for row in found] == [
        ("digits_logreg_baseline", "0.1", "logreg"),
        ("digits_logreg_other", "0.1", "logreg"),
    ]
    assert [row[3] for row in found] == [1.0, 2.0]


def test_what_grew_row_by_row_is_what_a_rebuild_gives(filled: Path) -> None:
    grown, content = rows(filled), (filled / "runs.parquet").read_bytes()
    result = rebuild_registry(str(filled))
    assert (result.units, result.passed_over) == (3, ())
    assert rows(filled) == grown
    assert (filled / "runs.parquet").read_bytes() == content


@pytest.mark.parametrize("content", [b"", b"PAR1 not really PAR1", None], ids=["empty", "broken", "gone"])
def test_a_registry_that_cannot_be_read_is_built_again_with_every_unit(
    filled: Path, start: StartRun, content: bytes | None
) -> None:
    path = filled / "runs.parquet"
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    with start(variant="third") as run:
        run.log(0, {"loss": 1.0})
    assert len(rows(filled)) == 4
    assert check(filled).is_clean


def test_a_registry_cut_short_is_built_again(filled: Path, start: StartRun) -> None:
    path = filled / "runs.parquet"
    path.write_bytes(path.read_bytes()[:-20])
    with start(variant="third") as run:
        run.log(0, {"loss": 1.0})
    assert len(rows(filled)) == 4


@pytest.mark.parametrize(
    "change",
    [
        {"status": "done"},
        {"surprise": 1},
        {"architecture": {"text": "", "parameters": 2**63}},
        {"metrics": {"train/loss": 10**400}},
        {"slug": "\ud800"},
    ],
    ids=["status", "unknown field", "huge count", "huge metric", "lone surrogate"],
)
def test_metadata_that_make_no_row_are_passed_over_and_named(filled: Path, change: dict[str, object]) -> None:
    (path,) = filled.glob("model/digits_logreg_other/20*/metadata.json")
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    result = rebuild_registry(str(filled))
    assert (result.units, result.passed_over) == (2, (str(path.parent.relative_to(filled)),))
    assert len(rows(filled)) == 2


@pytest.mark.parametrize("content", [b"", b"{", b"[" * 100_000, b"\xff", b"[]", b"null"])
def test_broken_metadata_are_passed_over_and_named(filled: Path, content: bytes) -> None:
    (path,) = filled.glob("model/digits_logreg_other/20*/metadata.json")
    path.write_bytes(content)
    assert rebuild_registry(str(filled)).passed_over == (str(path.parent.relative_to(filled)),)
    assert len(rows(filled)) == 2


def test_a_row_of_a_unit_that_is_gone_goes_with_a_rebuild(filled: Path) -> None:
    (unit,) = filled.glob("model/digits_logreg_other/20*")
    unit.rename(filled.parent / "elsewhere")
    rebuild_registry(str(filled))
    assert {row["slug"] for row in rows(filled)} == {"digits", "digits_logreg_baseline"}


def test_where_there_is_no_tree_nothing_is_built(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nothing"):
        with pytest.raises(CannotCheckError):
            rebuild_registry(str(path))
    assert list(tmp_path.iterdir()) == []
