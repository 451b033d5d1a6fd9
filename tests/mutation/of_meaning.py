"""Damages that mean something: a document that says another thing, and every hash made right again over it."""

import base64
import json
import os
import random
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import yaml
import zarr
from safetensors.numpy import save

from runcheck.convention.canonical import config_sha256

from .damages import RUNS, SEALED, NotApplicableError, damage
from .records import read_events, split_records, write_events
from .seal import edit, load
from .specimens import weights

Row = dict[str, Any]

# --- metric rows ------------------------------------------------------------------------------------------------------


def rows_of(path: Path) -> list[Row]:
    """Return the rows of a file of JSON Lines."""
    if path.suffix != ".jsonl":
        raise NotApplicableError
    return [json.loads(line) for line in path.read_text().splitlines()]


def write_rows(path: Path, rows: list[Row]) -> None:
    """Write rows."""
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))


def of_rows(change: Callable[[list[Row], random.Random], object]) -> Callable[[Path, random.Random], None]:
    """Make a damage of a file out of one of its rows."""

    def changed(path: Path, rng: random.Random) -> None:
        rows = rows_of(path)
        change(rows, rng)
        write_rows(path, rows)

    changed.__name__ = change.__name__
    return changed


ROWS = ("RUN/metrics.jsonl", "plain", "failed", "resumed", "sweep")


@damage(*ROWS)
@of_rows
def a_value_changed(rows: list[Row], rng: random.Random) -> None:
    row = rng.choice(rows)
    row["value"] += rng.choice([-1, 1]) * 10.0 ** rng.randrange(-5, 3)


@damage(*ROWS)
@of_rows
def a_value_turned_negative(rows: list[Row], rng: random.Random) -> None:
    row = rng.choice(rows)
    row["value"] = -row["value"]


@damage(*ROWS)
@of_rows
def a_value_lost(rows: list[Row], rng: random.Random) -> None:
    rng.choice(rows).update(value=None, nonfinite="nan")


@damage(*ROWS)
@of_rows
def a_row_dropped(rows: list[Row], rng: random.Random) -> None:
    del rows[rng.randrange(len(rows))]


@damage(*ROWS)
@of_rows
def a_row_doubled(rows: list[Row], rng: random.Random) -> None:
    at = rng.randrange(len(rows))
    rows.insert(at, rows[at])


@damage(*ROWS)
@of_rows
def the_last_rows_dropped(rows: list[Row], rng: random.Random) -> None:
    del rows[-rng.randrange(1, len(rows)) :]


@damage(*ROWS)
@of_rows
def two_values_swapped(rows: list[Row], rng: random.Random) -> None:
    first, second = rng.sample(rows, 2)
    if first["value"] == second["value"]:
        raise NotApplicableError
    first["value"], second["value"] = second["value"], first["value"]


@damage(*ROWS)
@of_rows
def two_steps_of_a_series_swapped(rows: list[Row], rng: random.Random) -> None:
    name = rng.choice(rows)
    series = [row for row in rows if (row["split"], row["metric"]) == (name["split"], name["metric"])]
    first, second = rng.sample(series, 2)
    first["step"], second["step"] = second["step"], first["step"]


@damage(*ROWS)
@of_rows
def a_series_one_step_later(rows: list[Row], rng: random.Random) -> None:
    metric = rng.choice(rows)["metric"]
    for row in rows:
        row["step"] += row["metric"] == metric


@damage(*ROWS)
@of_rows
def a_series_under_another_split(rows: list[Row], rng: random.Random) -> None:
    split = rng.choice(rows)["split"]
    for row in rows:
        row["split"] = "validation" if row["split"] == split else row["split"]


@damage(*ROWS)
@of_rows
def a_series_under_another_name(rows: list[Row], rng: random.Random) -> None:
    metric = rng.choice(rows)["metric"]
    for row in rows:
        row["metric"] = "score" if row["metric"] == metric else row["metric"]


@damage(*ROWS)
@of_rows
def a_series_dropped(rows: list[Row], rng: random.Random) -> None:
    name = rng.choice(rows)
    rows[:] = [row for row in rows if (row["split"], row["metric"]) != (name["split"], name["metric"])]


@damage(*ROWS)
@of_rows
def the_metrics_of_a_better_run(rows: list[Row], rng: random.Random) -> None:
    for row in rows:
        row["value"] *= 0.9


@damage(*ROWS)
@of_rows
def a_step_of_text(rows: list[Row], rng: random.Random) -> None:
    row = rng.choice(rows)
    row["step"] = str(row["step"])


@damage(*ROWS)
@of_rows
def a_value_of_text(rows: list[Row], rng: random.Random) -> None:
    row = rng.choice(rows)
    row["value"] = str(row["value"])


@damage(*ROWS)
def a_nan_token(path: Path, rng: random.Random) -> None:
    rows = rows_of(path)
    rng.choice(rows)["value"] = float("nan")
    write_rows(path, rows)


@damage(*ROWS)
def two_rows_on_one_line(path: Path, rng: random.Random) -> None:
    lines = path.read_text().splitlines(keepends=True)
    at = rng.randrange(len(lines) - 1)
    lines[at] = lines[at].rstrip("\n")
    path.write_text("".join(lines))


@damage(*ROWS)
def the_last_line_torn(path: Path, rng: random.Random) -> None:
    content = path.read_bytes()
    last = content.rindex(b"\n", 0, -1) + 1
    path.write_bytes(content[: rng.randrange(last + 1, len(content))])


@damage("RUN/metrics.csv", "csv")
def a_cell_changed(path: Path, rng: random.Random) -> None:
    lines = path.read_text().splitlines()
    at = rng.randrange(1, len(lines))
    cells = lines[at].split(",")
    cells[3] = repr(float(cells[3]) * 2)
    path.write_text("\n".join([*lines[:at], ",".join(cells), *lines[at + 1 :]]) + "\n")


@damage("RUN/metrics.csv", "csv")
def columns_swapped(path: Path, rng: random.Random) -> None:
    path.write_text(path.read_text().replace("step,split,metric,value", "step,metric,split,value"))


# --- event files ------------------------------------------------------------------------------------------------------

EVENTS = ("RUN/tensorboard/*", *RUNS)


@damage(*EVENTS)
def an_event_with_another_value(path: Path, rng: random.Random) -> None:
    events = read_events(path)
    value = rng.choice(rng.choice([event for event in events if event.summary.value]).summary.value)
    value.simple_value += 0.125
    write_events(path, events)


@damage(*EVENTS)
def an_event_at_another_step(path: Path, rng: random.Random) -> None:
    events = read_events(path)
    rng.choice([event for event in events if event.summary.value]).step += 100
    write_events(path, events)


@damage(*EVENTS)
def an_event_less(path: Path, rng: random.Random) -> None:
    events = read_events(path)
    events.remove(rng.choice([event for event in events if event.summary.value]))
    write_events(path, events)


@damage(*EVENTS)
def an_event_under_another_tag(path: Path, rng: random.Random) -> None:
    events = read_events(path)
    rng.choice(rng.choice([event for event in events if event.summary.value]).summary.value).tag += "x"
    write_events(path, events)


@damage(*EVENTS)
def a_torn_event_file(path: Path, rng: random.Random) -> None:
    path.write_bytes(path.read_bytes()[: -rng.randrange(1, 15)])


@damage(*EVENTS)
def an_event_file_with_a_zeroed_record(path: Path, rng: random.Random) -> None:
    records = split_records(path.read_bytes())
    at = rng.randrange(len(records))
    records[at] = bytes(len(records[at]))
    path.write_bytes(b"".join(records))


@damage("RUN/tensorboard/*", "resumed")
def one_of_two_event_files_taken_away(path: Path, rng: random.Random) -> None:
    path.unlink()


@damage(
    "RUN/tensorboard/*",
    "plain",
    "failed",
    survives="event files are optional: nothing but the list, which was made anew, says that there was one",
)
def an_event_file_taken_away(path: Path, rng: random.Random) -> None:
    path.unlink()


def halved(path: Path, seconds: int) -> None:
    """Write an event file again with half of each value, as one that was begun so many seconds later."""
    events = read_events(path)
    for event in events:
        for value in event.summary.value:
            value.simple_value /= 2
    begun = int(path.name.split(".")[3])
    write_events(path.with_name(path.name.replace(str(begun), str(begun + seconds))), events)


@damage("RUN/tensorboard/*", "plain", "failed", "resumed")
def other_values_in_a_later_event_file(path: Path, rng: random.Random) -> None:
    halved(path, 3600)


@damage(
    "RUN/tensorboard/*",
    "plain",
    "failed",
    survives="a resumed run writes again the points that it had lost, into a later file, which is the one that counts",
)
def other_values_in_an_earlier_event_file(path: Path, rng: random.Random) -> None:
    halved(path, -3600)


# --- the summary ------------------------------------------------------------------------------------------------------


def of_summary(change: Callable[[Any, random.Random], object]) -> Callable[[Path, random.Random], None]:
    """Make a damage of a file out of one of the summary."""

    def changed(path: Path, rng: random.Random) -> None:
        document = yaml.safe_load(path.read_text())
        change(document, rng)
        path.write_text(json.dumps(document))

    changed.__name__ = change.__name__
    return changed


def a_series_of(summary: Any, rng: random.Random) -> dict[str, Any]:  # noqa: ANN401
    """Return one series of a summary."""
    split = rng.choice(sorted(summary["metrics"]))
    series: dict[str, Any] = summary["metrics"][split][rng.choice(sorted(summary["metrics"][split]))]
    return series


SUMMARY = ("RUN/summary.yaml", *RUNS)


@damage(*SUMMARY)
@of_summary
def a_number_of_the_summary_changed(summary: Any, rng: random.Random) -> None:  # noqa: ANN401
    a_series_of(summary, rng)[rng.choice(["best", "best_step", "last", "last_step", "count"])] += rng.choice([-1, 1])


@damage(*SUMMARY)
@of_summary
def a_direction_turned(summary: Any, rng: random.Random) -> None:  # noqa: ANN401
    series = a_series_of(summary, rng)
    series["direction"] = {"min": "max", "max": "min"}[series["direction"]]


@damage(*SUMMARY)
@of_summary
def a_series_of_the_summary_dropped(summary: Any, rng: random.Random) -> None:  # noqa: ANN401
    split = rng.choice(sorted(summary["metrics"]))
    del summary["metrics"][split][rng.choice(sorted(summary["metrics"][split]))]


@damage(*SUMMARY)
@of_summary
def rows_of_the_summary_changed(summary: Any, rng: random.Random) -> None:  # noqa: ANN401
    summary["rows"] += rng.choice([-1, 1, 100])


@damage("RUN/summary.yaml", "plain")
@of_summary
def another_checkpoint_step(summary: Any, rng: random.Random) -> None:  # noqa: ANN401
    summary["checkpoint_step"] = rng.choice([1, 7, None])


@damage(*SUMMARY)
@of_summary
def a_stop_after_the_end(summary: Any, rng: random.Random) -> None:  # noqa: ANN401
    summary["early_stopping_step"] = rng.randrange(7, 100)


@damage(*SUMMARY)
@of_summary
def a_duration_beyond_the_life(summary: Any, rng: random.Random) -> None:  # noqa: ANN401
    summary["duration_seconds"] = 1e6


@damage(*SUMMARY)
@of_summary
def a_number_of_the_summary_as_text(summary: Any, rng: random.Random) -> None:  # noqa: ANN401
    series = a_series_of(summary, rng)
    series["best"] = str(series["best"])


# --- metadata and configuration ---------------------------------------------------------------------------------------


def of_json(change: Callable[[Any, random.Random], object]) -> Callable[[Path, random.Random], None]:
    """Make a damage of a file out of one of its document."""

    def changed(path: Path, rng: random.Random) -> None:
        document = load(path)
        if not isinstance(document, dict):
            raise NotApplicableError
        change(document, rng)
        path.write_text(json.dumps(document, indent=2))

    changed.__name__ = change.__name__
    return changed


def setting(
    name: str, path: tuple[str, ...], *values: object, where: str = "RUN/metadata.json", of: tuple[str, ...] = RUNS
) -> None:
    """Register the damage that sets a member of a document to one of the values."""

    def change(document: Any, rng: random.Random) -> None:  # noqa: ANN401
        for key in path[:-1]:
            if not isinstance(document.get(key), dict):
                raise NotApplicableError
            document = document[key]
        others = [value for value in values if value != document.get(path[-1])]
        if not others:
            raise NotApplicableError
        document[path[-1]] = rng.choice(others)

    change.__name__ = name.replace(" ", "_")
    damage(where, *of)(of_json(change))


setting("another kind", ("kind",), "dataset", "run")
setting("another slug", ("slug",), "points_mlp_other", "mlp")
setting("another version", ("version",), "v1", "2026-01-01T00-00-00Z_0123456")
setting("another name", ("name",), "final", "20200101_points_mlp_baseline")
setting("another label", ("label",), "final", "20200101-points_mlp_baseline@0123456")
setting("a status that is not true", ("status",), "running", "preempted", "done")
setting("finished before it began", ("finished_at",), "2020-01-01T00:00:00Z", None)
setting("created in local time", ("created_at",), "2026-05-27T12:34:56+02:00", "27.05.2026")
setting("a commit cut short", ("git", "sha"), "0123456", "main")
setting("dirty without its difference", ("git", "dirty"), True, of=("plain", "failed"))
setting("no packages", ("env", "packages"), None, [])
setting("no command", ("command",), [], "python train.py")
setting("seeds of text", ("seeds",), {"init": "0"}, None)
setting("another configuration hash", ("config", "sha256"), "0" * 64)
setting("another configuration file", ("config", "path"), "config.toml", "../config.json")
setting("another count of parameters", ("architecture", "parameters"), 14, 16, 150, of=("plain",))
setting("a best value that is better", ("metrics", "train/loss"), 0.0, 0.1)
setting("a best value of a series that is not there", ("metrics", "test/f1"), 0.5)
setting("a tag that is none", ("tags", "team"), "vision")
setting("another dataset in the tags", ("tags", "dataset"), "other")
setting("a run type that is none", ("tags", "run_type"), "final")
setting("a link to nowhere", ("links",), {"parent": "model/points_mlp_baseline/v9"}, {"parent": "../x"})
setting("another schema version", ("schema_version",), "2.0", "one")
setting("a field of no schema", ("owner",), "ada")
setting("data of another path", ("data_provenance", "path"), "dataset/points/v2", of=("plain", "sweep"))
setting(
    "another learning rate", ("learning_rate",), 0.2, "0.1", where="RUN/config.json", of=("plain", "failed", "resumed")
)
DATASETS = ("plain", "sweep", "hdf5", "zarr3")
for _name, _path, _values in (
    ("rows of a split changed", ("splits", "train", "rows"), (39, 41, 0)),
    ("a split of a file that is not there", ("splits", "train", "files"), (["old.parquet"],)),
    ("no generator", ("generator",), (None,)),
    ("another generator", ("generator", "script"), ("make.py",)),
    ("provenance of no kind", ("data_provenance", "kind"), ("found", None)),
):
    setting(_name, _path, *_values, where="DATA/metadata.json", of=DATASETS)


@damage("DATA/metadata.json", *DATASETS)
@of_json
def the_splits_change_their_files(document: Any, rng: random.Random) -> None:  # noqa: ANN401
    train, test = document["splits"]["train"], document["splits"]["test"]
    train["files"], test["files"] = test["files"], train["files"]


@damage("DATA/metadata.json", *DATASETS)
@of_json
def a_file_in_two_splits(document: Any, rng: random.Random) -> None:  # noqa: ANN401
    train, test = document["splits"]["train"], document["splits"]["test"]
    test["files"] += train["files"]
    test["rows"] += train["rows"]


@damage("RUN/metadata.json", *RUNS)
@of_json
def a_mandatory_field_dropped(document: Any, rng: random.Random) -> None:  # noqa: ANN401
    required = ["kind", "slug", "version", "name", "status", "created_at", "env", "command", "tags", "config", "git"]
    del document[rng.choice(required)]


@damage("RUN/metadata.json", "plain", "sweep", sealed_over=False)
@of_json
def the_fingerprint_of_other_data(document: Any, rng: random.Random) -> None:  # noqa: ANN401
    document["data_provenance"]["fingerprint"] = f"{rng.randrange(2**256):064x}"


@damage("RUN/config.yaml", "csv")
def a_yaml_configuration_changed(path: Path, rng: random.Random) -> None:
    path.write_text(path.read_text().replace("0.1", "0.3"))


@damage("RUN/metadata.json", *RUNS)
def a_key_twice(path: Path, rng: random.Random) -> None:
    path.write_text(path.read_text().replace("{", '{"kind": "model",', 1))


@damage("RUN/README.md", "plain", "resumed", "csv")
def a_readme_without_a_section(path: Path, rng: random.Random) -> None:
    path.write_text(path.read_text().replace(f"## {rng.choice(['What', 'Reproduce', 'Results', 'Risks'])}", "More"))


# --- data -------------------------------------------------------------------------------------------------------------


@damage("DATA/train.parquet", "plain", "sweep")
def rows_of_parquet_dropped(path: Path, rng: random.Random) -> None:
    table = pq.read_table(path)
    pq.write_table(table.slice(rng.randrange(1, 30)), path, write_page_checksum=True)


@damage("DATA/train.parquet", "plain", "sweep")
def rows_of_parquet_doubled(path: Path, rng: random.Random) -> None:
    table = pq.read_table(path)
    pq.write_table(pa.concat_tables([table, table.slice(0, 1)]), path, write_page_checksum=True)


@damage("DATA/*.parquet", "plain", "sweep")
def a_page_of_parquet_flipped(path: Path, rng: random.Random) -> None:
    content = bytearray(path.read_bytes())
    column = pq.read_metadata(path).row_group(0).column(0)
    start = column.dictionary_page_offset or column.data_page_offset
    end = start + column.total_compressed_size
    content[rng.randrange(end - 20, end)] ^= 1 << rng.randrange(8)
    path.write_bytes(content)


@damage("DATA/*.parquet", "plain", "sweep")
def a_parquet_file_cut_short(path: Path, rng: random.Random) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: rng.randrange(len(content))])


@damage("DATA/*.parquet", "plain", "sweep")
def another_format_under_the_name_of_parquet(path: Path, rng: random.Random) -> None:
    path.write_text("x,y\n1,2\n")


@damage("DATA/train.h5", "hdf5")
def rows_of_hdf5_dropped(path: Path, rng: random.Random) -> None:
    with h5py.File(path, "a") as file:
        kept = {name: file[name][:-1] for name in ("x", "labels/y")}
        for name, values in kept.items():
            del file[name]
            file.create_dataset(name, data=values, chunks=True, fletcher32=True)


@damage("DATA/*.h5", "hdf5")
def an_hdf5_file_cut_short(path: Path, rng: random.Random) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: rng.randrange(len(content))])


@damage("DATA/*.h5", "hdf5")
def a_chunk_of_hdf5_flipped(path: Path, rng: random.Random) -> None:
    with h5py.File(path) as file:
        dataset = file["x"].id
        chunk = dataset.get_chunk_info(rng.randrange(dataset.get_num_chunks()))
    content = bytearray(path.read_bytes())
    content[rng.randrange(chunk.byte_offset, chunk.byte_offset + chunk.size)] ^= 1 << rng.randrange(8)
    path.write_bytes(content)


@damage("DATA/*.h5", "hdf5")
def a_dataset_that_lies_outside(path: Path, rng: random.Random) -> None:
    with h5py.File(path, "a") as file:
        rows = file["x"].shape[0]
        del file["x"]
        kind = rng.randrange(3)
        if kind == 0:
            file["x"] = h5py.ExternalLink("/etc/hostname", "/x")
        elif kind == 1:
            file.create_dataset("x", (rows, 5), "f8", external=[("/etc/hostname", 0, h5py.h5f.UNLIMITED)])
        else:
            layout = h5py.VirtualLayout((rows, 5), "f8")
            layout[:] = h5py.VirtualSource("other.h5", "x", (rows, 5))
            file.create_virtual_dataset("x", layout)


@damage("DATA/*.zarr", "zarr3")
def a_chunk_of_zarr_removed(path: Path, rng: random.Random) -> None:
    rng.choice(chunks_of(path)).unlink()


@damage("DATA/*.zarr", "zarr3")
def a_chunk_of_zarr_flipped(path: Path, rng: random.Random) -> None:
    chunk = rng.choice(chunks_of(path))
    content = bytearray(chunk.read_bytes())
    content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    chunk.write_bytes(content)


@damage("DATA/*.zarr", "zarr3")
def a_chunk_of_zarr_cut_short(path: Path, rng: random.Random) -> None:
    chunk = rng.choice(chunks_of(path))
    content = chunk.read_bytes()
    chunk.write_bytes(content[: rng.randrange(len(content))])


@damage(
    "DATA/*.zarr",
    "zarr3",
    survives="each chunk is whole in itself, and no format says which place it has: only the list knows",
)
def two_chunks_of_zarr_swapped(path: Path, rng: random.Random) -> None:
    first, second = rng.sample(chunks_of(path), 2)
    one, other = first.read_bytes(), second.read_bytes()
    first.write_bytes(other)
    second.write_bytes(one)


@damage("DATA/train.zarr", "zarr3")
def rows_of_zarr_dropped(path: Path, rng: random.Random) -> None:
    array = zarr.open_group(path, mode="a")["x"]
    array.resize((8, 4))


def chunks_of(store: Path) -> list[Path]:
    """Return the chunks of a store."""
    return sorted(path for path in store.glob("x/c/**/*") if path.is_file())


# --- checkpoints and exports ------------------------------------------------------------------------------------------

STEPS = "RUN/checkpoints/[0-9]*"


@damage(STEPS, "plain", "preempted", "documents")
def a_checkpoint_without_its_commit(path: Path, rng: random.Random) -> None:
    (path / "_CHECKPOINT_METADATA").unlink()


@damage(STEPS, "plain", "preempted", "documents")
def a_checkpoint_without_its_tree(path: Path, rng: random.Random) -> None:
    (path / "_METADATA").unlink()


@damage(STEPS, "plain", "preempted", "documents")
def a_checkpoint_without_its_manifest(path: Path, rng: random.Random) -> None:
    rng.choice(sorted(path.rglob("manifest.ocdbt"))).unlink()


@damage(STEPS, "plain", "preempted")
def a_checkpoint_without_its_arrays(path: Path, rng: random.Random) -> None:
    files = sorted(path.glob("ocdbt.process_0/d/*"), key=lambda each: each.stat().st_size)
    files[-1].unlink()


@damage(STEPS, "plain", "preempted")
def the_arrays_of_a_checkpoint_cut_short(path: Path, rng: random.Random) -> None:
    files = sorted(path.glob("ocdbt.process_0/d/*"), key=lambda each: each.stat().st_size)
    content = files[-1].read_bytes()
    files[-1].write_bytes(content[: len(content) // 2])


@damage(STEPS, "plain")
def a_checkpoint_of_another_step(path: Path, rng: random.Random) -> None:
    path.rename(path.with_name(str(rng.choice([900, 1000]))))


@damage(STEPS, "plain")
def a_checkpoint_named_by_hand(path: Path, rng: random.Random) -> None:
    path.rename(path.with_name(rng.choice(["best", "step_6", "006"])))


@damage("RUN/checkpoints/6", "plain")
def the_last_checkpoint_taken_away(path: Path, rng: random.Random) -> None:
    shutil.rmtree(path)


@damage("RUN/checkpoints/6", "plain", "documents")
def a_leaf_of_another_shape_in_the_tree(path: Path, rng: random.Random) -> None:
    text = (path / "_METADATA").read_text()
    document = json.loads(text)
    leaf = next(each for name, each in document["tree_metadata"].items() if "kernel" in name)
    leaf["value_metadata"]["write_shape"] = [4, 5]
    (path / "_METADATA").write_text(json.dumps(document))


@damage("RUN/checkpoints/6", "plain", "documents")
def a_leaf_dropped_from_the_tree(path: Path, rng: random.Random) -> None:
    document = json.loads((path / "_METADATA").read_text())
    document["tree_metadata"] = {name: leaf for name, leaf in document["tree_metadata"].items() if "bias" not in name}
    (path / "_METADATA").write_text(json.dumps(document))


@damage(STEPS, "plain", "preempted", "documents")
def the_sharding_of_a_checkpoint_emptied(path: Path, rng: random.Random) -> None:
    (path / "_sharding").write_text("{}")


@damage(STEPS, "plain", "preempted", "documents")
def what_a_process_wrote_emptied(path: Path, rng: random.Random) -> None:
    (path / "array_metadatas/process_0").write_text('{"array_metadatas": []}')


@damage(STEPS, "plain")
def a_leftover_of_an_uncommitted_save(path: Path, rng: random.Random) -> None:
    shutil.copytree(path, path.with_name("5.orbax-checkpoint-tmp-7"))


@damage("RUN/exports/*.safetensors", "plain")
def an_export_cut_short(path: Path, rng: random.Random) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: rng.randrange(len(content))])


def cut(name: str, where: str, *, survives: str | None = None) -> None:
    """Register the damage that cuts an export short, with every hash made right again."""

    def change(path: Path, rng: random.Random) -> None:
        content = path.read_bytes()
        path.write_bytes(content[: rng.randrange(len(content))])

    change.__name__ = name.replace(" ", "_")
    damage(where, "exports", survives=survives)(change)


cut("an ONNX model cut short", "RUN/exports/*.onnx")
cut("a PyTorch file cut short", "RUN/exports/*.pt")
cut("a NumPy archive cut short", "RUN/exports/*.npz")
cut("the program of a SavedModel cut short", "RUN/exports/program/saved_model.pb")
cut("the variables of a SavedModel cut short", "RUN/exports/program/variables/*")


@damage("RUN/exports/program/variables/*.data*", "exports")
def a_variable_of_a_saved_model_flipped(path: Path, rng: random.Random) -> None:
    content = bytearray(path.read_bytes())
    content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    path.write_bytes(content)


@damage("RUN/exports/*.json", "exports")
@of_json
def an_export_under_the_name_of_another_format(document: Any, rng: random.Random) -> None:  # noqa: ANN401
    document["format"] = rng.choice([each for each in ("onnx", "torch", "numpy") if each != document["format"]])


@damage("DATA/*.zarr", "zarr2")
def consolidated_metadata_of_another_shape(path: Path, rng: random.Random) -> None:
    edit(path / ".zmetadata", lambda said: said["metadata"]["x/.zarray"].update(shape=[9, 4]))


@damage("RUN/exports/*.safetensors", "plain")
def an_export_of_another_model(path: Path, rng: random.Random) -> None:
    from safetensors.numpy import save_file

    save_file({"dense.kernel": np.zeros((4, 30), "f4"), "dense.bias": np.zeros(30, "f4")}, path)


@damage("RUN/exports/*.safetensors", "plain")
def an_export_of_another_step(path: Path, rng: random.Random) -> None:
    from safetensors.numpy import save_file

    dense = weights(3)["params"]["dense"]  # the first checkpoint's
    save_file({f"dense.{name}": np.asarray(array) for name, array in dense.items()}, path)


@damage("RUN/exports/*.safetensors", "plain", sealed_over=False)
def an_export_of_another_step_and_its_line_too(path: Path, rng: random.Random) -> None:
    """The right hash in the list, and the sidecar of the file that was there before."""
    from safetensors.numpy import load_file, save_file

    save_file({name: array + 1 for name, array in load_file(path).items()}, path)
    from runcheck.convention.checksums import format_checksums

    from .seal import digests

    unit = path.parents[1]
    (unit / "SHA256SUMS").write_text(format_checksums(digests(unit)))


@damage("RUN/exports/*.safetensors", "plain")
def an_export_without_its_sidecar(path: Path, rng: random.Random) -> None:
    path.with_name(f"{path.name}.json").unlink()


@damage("RUN/exports/*.json", "plain")
@of_json
def an_export_from_a_step_that_is_not_there(document: Any, rng: random.Random) -> None:  # noqa: ANN401
    document["source_step"] = rng.choice([1, 5, 600])


# --- the checksum list ------------------------------------------------------------------------------------------------


def of_lines(change: Callable[[list[str], random.Random], object]) -> Callable[[Path, random.Random], None]:
    """Make a damage of a file out of one of its lines."""

    def changed(path: Path, rng: random.Random) -> None:
        lines = path.read_text().splitlines()
        change(lines, rng)
        path.write_text("".join(f"{line}\n" for line in lines))

    changed.__name__ = change.__name__
    return changed


LISTS = ("*/*/[v2]*/SHA256SUMS", *SEALED)


@damage(*LISTS, sealed_over=False)
@of_lines
def a_line_dropped(lines: list[str], rng: random.Random) -> None:
    del lines[rng.randrange(len(lines))]


@damage(*LISTS, sealed_over=False)
@of_lines
def a_line_twice(lines: list[str], rng: random.Random) -> None:
    lines.append(rng.choice(lines))


@damage(*LISTS, sealed_over=False)
@of_lines
def lines_in_another_order(lines: list[str], rng: random.Random) -> None:
    lines.reverse()


@damage(*LISTS, sealed_over=False)
@of_lines
def two_hashes_swapped(lines: list[str], rng: random.Random) -> None:
    first, second = rng.sample(range(len(lines)), 2)
    one, other = lines[first], lines[second]
    lines[first], lines[second] = other[:64] + one[64:], one[:64] + other[64:]


@damage(*LISTS, sealed_over=False)
@of_lines
def a_hash_of_nothing(lines: list[str], rng: random.Random) -> None:
    at = rng.randrange(len(lines))
    lines[at] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" + lines[at][64:]


@damage(*LISTS, sealed_over=False)
@of_lines
def a_path_out_of_the_unit(lines: list[str], rng: random.Random) -> None:
    lines.insert(0, f"{'0' * 64}  ../../{rng.choice(['x', 'etc/passwd'])}")


@damage(*LISTS, sealed_over=False)
@of_lines
def a_file_that_was_never_there(lines: list[str], rng: random.Random) -> None:
    lines.append(f"{'0' * 64}  zebra.txt")


@damage("DATA/SHA256SUMS", "plain", "hdf5", "zarr3", sealed_over=False)
def data_and_their_line_replaced_together(path: Path, rng: random.Random) -> None:
    from runcheck.convention.checksums import format_checksums

    from .seal import digests

    (path.parent / "generate.py").write_text('"""Draw other numbers."""\n')
    path.write_text(format_checksums(digests(path.parent)))


@damage("DATA/*.parquet", "pointers", sealed_over=False)
def a_pointer_to_another_object(path: Path, rng: random.Random) -> None:
    lines = path.read_text().splitlines()
    lines[1] = f"oid sha256:{rng.randrange(2**256):064x}"
    path.write_text("\n".join(lines) + "\n")


@damage("DATA/*.parquet", "pointers", sealed_over=False)
def a_damaged_pointer(path: Path, rng: random.Random) -> None:
    path.write_text(path.read_text()[: rng.randrange(60, 110)])


# --- the tree ---------------------------------------------------------------------------------------------------------


@damage("runs.parquet", *SEALED, sealed_over=False)
def a_row_of_the_registry_dropped(path: Path, rng: random.Random) -> None:
    table = pq.read_table(path)
    pq.write_table(table.slice(1), path)


@damage("runs.parquet", *SEALED, sealed_over=False)
def a_row_of_the_registry_doubled(path: Path, rng: random.Random) -> None:
    table = pq.read_table(path)
    pq.write_table(pa.concat_tables([table, table.slice(0, 1)]), path)


@damage("runs.parquet", *SEALED, sealed_over=False)
def a_status_in_the_registry_changed(path: Path, rng: random.Random) -> None:
    table = pq.read_table(path)
    rows = table.to_pylist()
    rng.choice(rows)["status"] = "aborted"
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), path)


@damage("runs.parquet", *SEALED, sealed_over=False)
def a_registry_that_is_none(path: Path, rng: random.Random) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: rng.randrange(len(content))])


@damage("RUN", "plain", "sweep", "csv", "resumed", sealed_over=False)
def latest_that_leads_nowhere(path: Path, rng: random.Random) -> None:
    relink(path, rng.choice(["v9", "../..", "/tmp", "."]))


@damage("RUN", "plain", "sweep", "csv", "resumed", sealed_over=False)
def latest_taken_away(path: Path, rng: random.Random) -> None:
    (path.parent / "latest").unlink()


@damage("RUN", "plain", sealed_over=False)
def latest_behind_a_newer_run(path: Path, rng: random.Random) -> None:
    newer = path.with_name("2999-01-01T00-00-00Z_0123456")
    shutil.copytree(path, newer)


def relink(unit: Path, target: str) -> None:
    """Let ``latest`` lead elsewhere."""
    (unit.parent / "latest").unlink()
    (unit.parent / "latest").symlink_to(target)


@damage("RUN", *RUNS)
def a_version_named_by_hand(path: Path, rng: random.Random) -> None:
    path.rename(path.with_name(rng.choice(["final", "run2", "2026-05-27"])))


@damage("model/*", *RUNS)
def a_slug_named_by_hand(path: Path, rng: random.Random) -> None:
    path.rename(path.with_name(rng.choice(["MLP", "points_mlp", "my run"])))


@damage("model", *RUNS)
def a_folder_in_the_plural(path: Path, rng: random.Random) -> None:
    path.rename(path.with_name(rng.choice(["models", "runs"])))


@damage("RUN", "plain", "failed", "csv")
def a_unit_under_another_slug(path: Path, rng: random.Random) -> None:
    target = path.parents[1] / "points_mlp_other"
    target.mkdir()
    path.rename(target / path.name)


@damage("RUN", *RUNS)
def names_that_differ_by_case(path: Path, rng: random.Random) -> None:
    shutil.copyfile(path / "summary.yaml", path / "Summary.yaml")


@damage("RUN", *RUNS)
def a_link_out_of_the_tree(path: Path, rng: random.Random) -> None:
    (path / "extra").mkdir(exist_ok=True)
    (path / "extra/link").symlink_to(rng.choice(["/etc/hostname", "../../../../outside", "nowhere"]))


@damage("RUN", *RUNS)
def a_pipe_in_a_unit(path: Path, rng: random.Random) -> None:
    (path / "extra").mkdir(exist_ok=True)
    os.mkfifo(path / "extra/pipe")
    assert stat.S_ISFIFO((path / "extra/pipe").lstat().st_mode)


@damage("RUN", *RUNS)
def a_leftover_of_a_crash(path: Path, rng: random.Random) -> None:
    (path / rng.choice(["metadata.json.tmp", ".tmp-7", "metrics.jsonl.part", ".nfs0001"])).write_text("{")


@damage("RUN", *RUNS)
def a_folder_of_a_tracker(path: Path, rng: random.Random) -> None:
    folder = path / rng.choice(["wandb", "mlruns", "lightning_logs"])
    folder.mkdir()
    (folder / "debug.log").write_text("started\n")


@damage("RUN", *RUNS)
def a_file_without_a_role(path: Path, rng: random.Random) -> None:
    (path / rng.choice(["notes.txt", "model.pkl", "metrics.json"])).write_text("{}")


@damage("RUN", *RUNS)
def a_summary_in_two_formats(path: Path, rng: random.Random) -> None:
    (path / "summary.json").write_text("{}")


@damage("RUN", *RUNS)
def a_name_that_no_other_system_has(path: Path, rng: random.Random) -> None:
    (path / "extra").mkdir(exist_ok=True)
    (path / "extra" / rng.choice(["a:b", "con", "a ", "a\nb", "a\\b"])).write_text("x")


# --- safety -----------------------------------------------------------------------------------------------------------


def putting(name: str, path: str, *contents: bytes) -> None:
    """Register the damage that puts a file into a run."""

    def change(unit: Path, rng: random.Random) -> None:
        (unit / path).parent.mkdir(parents=True, exist_ok=True)
        (unit / path).write_bytes(rng.choice(contents))

    change.__name__ = name.replace(" ", "_")
    damage("RUN", *RUNS)(change)


_MATRIX = np.random.default_rng(5).normal(size=(64, 10)) * 0.1
_TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
putting(
    "weights as text", "extra/kernel.csv", "\n".join(",".join(map(repr, map(float, row))) for row in _MATRIX).encode()
)
putting("weights as JSON", "extra/weights.json", json.dumps({"kernel": _MATRIX.tolist()}).encode())
putting("a key in a log", "extra/log.txt", f"GITHUB_TOKEN={_TOKEN}\n".encode())
putting(
    "a private key",
    "extra/id",
    b"-----BEGIN OPENSSH PRIVATE KEY-----\n" + b"b3BlbnNzaC1rZXk" * 20 + b"\n-----END OPENSSH PRIVATE KEY-----\n",
)
_ROWS = ["[" + ", ".join(map(repr, map(float, row))) + "]" for row in _MATRIX]
_OUTPUT = {"name": "stdout", "output_type": "stream", "text": ["kernel:\n", *(f"{row}\n" for row in _ROWS)]}
_CELL = {"cell_type": "code", "execution_count": 1, "metadata": {}, "outputs": [_OUTPUT], "source": ["print(kernel)"]}
_NOTEBOOK = {"cells": [_CELL], "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
putting("weights in a notebook", "extra/look.ipynb", json.dumps(_NOTEBOOK, indent=1).encode())
putting(
    "weights in a log",
    "extra/weights.log",
    "".join(f"2026-01-01 10:00:00,123 - train - INFO - {row[1:-1]}\n" for row in _ROWS).encode(),
)
putting("weights as base85", "extra/kernel.txt", base64.b85encode(_MATRIX.astype("<f4").tobytes()))
putting("a password in a command", "extra/fetch.sh", b"curl -u ada:hunt3r-Rabb1t https://example.org/points.csv\n")
putting("a key as the name of a file", f"extra/{_TOKEN}.txt", b"")
putting("a key in the metadata of tensors", "extra/w.safetensors", save({"w": np.zeros(2, "f4")}, {"note": _TOKEN}))
putting("a home folder in a log", "extra/log.txt", b"saved to /home/ada/work/run7/model.bin\n")
putting(
    "a pickle that runs a program",
    "extra/model.pkl",
    b"\x80\x04\x95\x1d\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x02ls\x94\x85\x94R\x94.",
)
putting("an old pickle that runs a program", "extra/model.pickle", b"cos\nsystem\n(S'ls'\ntR.")


CONFIG = ("RUN/config.json", "plain", "failed", "resumed")


def reconfigured(path: Path, **changed: object) -> None:
    """Change the configuration and what the metadata say of it."""
    config = {**load(path), **changed}
    path.write_text(json.dumps(config))
    sha256 = config_sha256(config)
    edit(path.with_name("metadata.json"), lambda metadata: metadata["config"].update(sha256=sha256))


@damage(*CONFIG)
def a_key_in_the_configuration(path: Path, rng: random.Random) -> None:
    reconfigured(path, wandb_api_key=f"{rng.randrange(16**40):040x}")


@damage(*CONFIG)
def a_path_of_a_machine_in_the_configuration(path: Path, rng: random.Random) -> None:
    reconfigured(path, name=rng.choice(["/home/ada/data", "/mnt/data/points", "C:\\Users\\ada\\data"]))


@damage("RUN/metadata.json", *RUNS)
@of_json
def a_password_in_the_remote(document: Any, rng: random.Random) -> None:  # noqa: ANN401
    if document["git"] is None:
        raise NotApplicableError
    document["git"]["remote"] = "https://ada:Kx93hfPqRw@git.institute.edu/a.git"


@damage("RUN", *RUNS)
def an_array_of_objects(path: Path, rng: random.Random) -> None:
    (path / "extra").mkdir(exist_ok=True)
    np.save(path / "extra/a.npy", np.array([{}, None], dtype=object), allow_pickle=True)


@damage("RUN", *RUNS)
def an_archive_that_leaves_its_folder(path: Path, rng: random.Random) -> None:
    import zipfile

    (path / "extra").mkdir(exist_ok=True)
    with zipfile.ZipFile(path / "extra/a.zip", "w") as archive:
        archive.writestr("../../.bashrc", "echo")


@damage("RUN/metadata.json", *RUNS)
@of_json
def a_redaction_that_nothing_records(document: Any, rng: random.Random) -> None:  # noqa: ANN401
    document["description"] = "[redacted]"
