"""Good trees of every shape, drawn by hypothesis and written by the writer, with what people put beside it."""

import io
import json
import math
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyarrow as pa
import zarr
from hypothesis import strategies as st
from zarr.codecs import Crc32cCodec

import runcheck

from .seal import seal_over
from .specimens import POINTER, start_run

# --- what people put under extra/ and plots/ --------------------------------------------------------------------------


def _curve(rng: np.random.Generator, rows: int = 60) -> list[float]:
    return [float(value) for value in np.exp(-np.arange(rows) / 15) + rng.normal(size=rows) * 0.01]


def results_table(rng: np.random.Generator) -> bytes:
    """The losses of each epoch, as pandas writes them."""
    rows = zip(_curve(rng), _curve(rng), strict=True)
    return ("epoch,train_loss,val_loss\n" + "".join(f"{at},{a},{b}\n" for at, (a, b) in enumerate(rows))).encode()


def confusion_matrix(rng: np.random.Generator) -> bytes:
    """Counts of classes."""
    matrix = rng.integers(0, 90, (10, 10)) + np.eye(10, dtype=int) * 400
    return json.dumps({"labels": list("0123456789"), "matrix": matrix.tolist()}).encode()


def roc_curve(rng: np.random.Generator) -> bytes:
    """A curve of three columns."""
    columns = np.sort(rng.random((50, 3)), axis=0)
    return ("fpr,tpr,threshold\n" + "".join(f"{a!r},{b!r},{1 - c!r}\n" for a, b, c in columns.tolist())).encode()


def log(rng: np.random.Generator) -> bytes:
    """What a script prints."""
    lines = [
        f"2026-05-27 12:00:{at:02} INFO step {at}: loss {value:.6f}, 103.2 examples/s"
        for at, value in enumerate(_curve(rng))
    ]
    return ("\n".join(lines) + "\nsaved checkpoints/3, see https://example.org/docs/a/b\n").encode()


def vocabulary(rng: np.random.Generator) -> bytes:
    """Tokens and their scores, as SentencePiece has them."""
    scores = np.sort(rng.normal(size=200))[::-1]
    return json.dumps({"pad_token": "<pad>", "vocab": [[f"▁t{at}", float(s)] for at, s in enumerate(scores)]}).encode()


def picture(rng: np.random.Generator) -> bytes:
    """A curve as SVG."""
    points = " ".join(f"{at * 4}.5,{value * 90:.3f}" for at, value in enumerate(_curve(rng)))
    return f'<svg xmlns="http://www.w3.org/2000/svg"><polyline points="{points}"/></svg>\n'.encode()


def notes(rng: np.random.Generator) -> bytes:
    """Prose."""
    return "Lowered the rate to 1e-3 and/or warm-up of 10 %; ask ada@example.org. Müller: „besser“.\n".encode()


def notebook(rng: np.random.Generator) -> bytes:
    """A notebook with a picture in it."""
    import base64

    image = base64.b64encode(b"\x89PNG\r\n\x1a\n" + rng.bytes(600)).decode()
    cell = {"cell_type": "code", "source": ["plot(loss)"], "outputs": [{"data": {"image/png": image}}]}
    return json.dumps({"nbformat": 4, "cells": [cell]}).encode()


def numbers(rng: np.random.Generator) -> bytes:
    """An array of NumPy."""
    stream = io.BytesIO()
    np.save(stream, rng.normal(size=(5, 2)), allow_pickle=False)
    return stream.getvalue()


def archive(rng: np.random.Generator) -> bytes:
    """A zip of two texts."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        file.writestr("a/notes.txt", "as above\n")
        file.writestr("b.csv", "x,y\n1,2\n")
    return stream.getvalue()


def plain_pickle(rng: np.random.Generator) -> bytes:
    """A pickle of nothing but Python's own containers."""
    return pickle.dumps({"best": 0.5, "steps": [1, 2, 3], "names": ("a", "b")})


def binary(rng: np.random.Generator) -> bytes:
    """Bytes of some other program."""
    return bytes(rng.bytes(500))


EXTRAS: dict[str, Callable[[np.random.Generator], bytes]] = {
    "extra/results.csv": results_table,
    "extra/confusion.json": confusion_matrix,
    "extra/roc.csv": roc_curve,
    "extra/train.log": log,
    "extra/vocab.json": vocabulary,
    "plots/loss.svg": picture,
    "extra/notes.md": notes,
    "extra/look.ipynb": notebook,
    "extra/mean.npy": numbers,
    "extra/more.zip": archive,
    "extra/state.pkl": plain_pickle,
    "extra/blob.bin": binary,
}

# --- what is drawn ----------------------------------------------------------------------------------------------------

TOKEN = st.from_regex(r"[a-z][a-z0-9]{0,5}(?:[.-][a-z0-9]{1,4})?", fullmatch=True)
WORDS = st.from_regex(r"[A-Z][a-zäöü ]{3,30}\.", fullmatch=True)
SCALARS = st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats(-1e6, 1e6) | WORDS
CONFIG = st.dictionaries(
    TOKEN,
    st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TOKEN, inner, max_size=3)),
    max_size=5,
)
DATASET = st.fixed_dictionaries(
    {
        "format": st.sampled_from(["parquet", "hdf5", "zarr2", "zarr3", "sharded"]),
        "rows": st.lists(st.integers(1, 30), min_size=1, max_size=3),
        "synthetic": st.booleans(),
        "pointers": st.booleans(),
    }
)
RUN = st.fixed_dictionaries(
    {
        "variant": TOKEN,
        "config": CONFIG,
        "metrics": st.lists(
            st.sampled_from(["loss", "accuracy", "grad/norm", "f1@10", "lr"]), min_size=1, max_size=3, unique=True
        ),
        "gaps": st.lists(st.integers(1, 400), min_size=2, max_size=8),
        "splits": st.lists(st.sampled_from(["train", "test", "val-1"]), min_size=1, max_size=2, unique=True),
        "nan_at": st.none() | st.integers(0, 3),
        "checkpoints": st.integers(0, 2),
        "export": st.booleans(),
        "status": st.sampled_from(["completed", "completed", "completed", "failed", "aborted", "preempted"]),
        "sweep": st.booleans(),
        "latest_as_text": st.booleans(),
        "csv": st.booleans(),
        "extras": st.lists(st.sampled_from(sorted(EXTRAS)), max_size=4, unique=True),
        "description": WORDS,
    }
)
TREE = st.fixed_dictionaries(
    {
        "datasets": st.lists(DATASET, max_size=2),
        "runs": st.lists(RUN, min_size=1, max_size=2),
        "seed": st.integers(0, 2**32),
    }
)

# --- writing it -------------------------------------------------------------------------------------------------------


def write_tree(root: Path, drawn: dict[str, Any]) -> None:
    """Write what was drawn."""
    rng = np.random.default_rng(drawn["seed"])
    data: list[str] = []
    for at, dataset in enumerate(drawn["datasets"]):
        data.append(write_dataset(root, f"set{at}", dataset, rng))
    for at, run in enumerate(drawn["runs"]):
        write_run(root, f"m{at}", run, data, rng)


def write_dataset(root: Path, slug: str, drawn: dict[str, Any], rng: np.random.Generator) -> str:
    """Write a dataset of the drawn format and return its path."""
    script = root.parent / "draw.py"
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text('"""Draw numbers."""\n')
    origin = {"kind": "synthetic", "seed": 1} if drawn["synthetic"] else {"kind": "external", "hashes": {"a": "0" * 64}}
    generator = script if drawn["synthetic"] else None
    with runcheck.new_dataset(
        root, slug, provenance=origin, generator=generator, description="Numbers.", risks="None."
    ) as dataset:
        for at, rows in enumerate(drawn["rows"]):
            split = ("train", "test", "val-1")[at]
            write_split(dataset, split, rows, drawn["format"], rng)
    if drawn["pointers"] and drawn["format"] == "parquet":
        sums = dict(line.split("  ")[::-1] for line in Path(dataset.path, "SHA256SUMS").read_text().splitlines())
        for path in Path(dataset.path).glob("*.parquet"):
            path.write_text(POINTER.format(sums[path.name], path.stat().st_size))
    return dataset.path


def write_split(dataset: Any, split: str, rows: int, format_: str, rng: np.random.Generator) -> None:  # noqa: ANN401
    """Write one split as its format's own library does."""
    values, labels = rng.normal(size=(rows, 4)), rng.integers(0, 3, rows)
    if format_ == "parquet":
        texts = pa.array([f"t{label}" for label in labels]).dictionary_encode()
        columns: Any = {"x": values, "y": labels, "text": texts, "tags": [list(range(label)) for label in labels]}
        dataset.write_parquet(split, columns)
        return
    suffix = "h5" if format_ == "hdf5" else "zarr"
    path = f"{dataset.path}/{split}.{suffix}"
    dataset.metadata["splits"][split] = {"files": [f"{split}.{suffix}"], "rows": rows}
    if format_ == "hdf5":
        with h5py.File(path, "w") as file:
            file.create_dataset("x", data=values, chunks=True, fletcher32=True)
            file.create_dataset("g/text", data=labels.astype("S4"), chunks=True, fletcher32=True)
        return
    group = zarr.open_group(path, mode="w", zarr_format=2 if format_ == "zarr2" else 3)
    options: dict[str, Any] = {"compressors": [Crc32cCodec()]}
    if format_ == "zarr2":
        from numcodecs import CRC32C

        options = {"compressors": None, "filters": [CRC32C()]}
    if format_ == "sharded":
        options["shards"] = (16, 4)
    array = group.create_array(
        "x", shape=values.shape, chunks=(8, 2), dtype="f8", config={"write_empty_chunks": True}, **options
    )
    array[:] = values


def write_run(root: Path, model: str, drawn: dict[str, Any], data: list[str], rng: np.random.Generator) -> None:
    """Write a run as drawn, and what people put beside it."""
    tags = {"experiment": "e", "run_type": "tune", **({"sweep": "s1"} if drawn["sweep"] else {})}
    run = start_run(
        root,
        model=model,
        variant=drawn["variant"],
        config=drawn["config"],
        tags=tags,
        data=data[0] if data else {"kind": "synthetic", "seed": 3},
        description=drawn["description"],
    )
    steps = [int(step) for step in np.cumsum(drawn["gaps"])]
    for at, step in enumerate(steps):
        for split in drawn["splits"]:
            is_nan = drawn["nan_at"] == at and at < len(steps) - 1
            run.log(step, {name: math.nan if is_nan else float(rng.normal()) for name in drawn["metrics"]}, split=split)
    params = {"dense": {"kernel": rng.normal(size=(4, 3)).astype("f4"), "bias": np.zeros(3, "f4")}}
    saved = steps[-drawn["checkpoints"] :] if drawn["checkpoints"] else []
    for step in saved:
        run.save_checkpoint(step, {"params": params, "count": np.asarray(step, "i4")})
    if saved and drawn["export"]:
        run.export("weights", params, saved[-1])
    folder = Path(run.path)
    for path in drawn["extras"]:
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_bytes(EXTRAS[path](rng))
    run.finish(drawn["status"], None if drawn["status"] == "completed" else "Stopped.")
    if drawn["csv"]:
        as_csv(folder)
        seal_over(root)
    if drawn["latest_as_text"] and (folder.parent / "latest").is_symlink():
        (folder.parent / "latest").unlink()
        (folder.parent / "latest").write_text(f"{folder.name}\n")


def as_csv(folder: Path) -> None:
    """Keep the rows of a run as CSV."""
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    lines = ["step,split,metric,value,nonfinite"]
    for row in rows:
        value = "" if row["value"] is None else repr(row["value"])
        lines.append(f"{row['step']},{row['split']},{row['metric']},{value},{row.get('nonfinite', '')}")
    (folder / "metrics.csv").write_text("\n".join(lines) + "\n")
    (folder / "metrics.jsonl").unlink()
