"""Good trees to be damaged, written by the writer: each a small tree of its own kind."""

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import h5py
import jax.numpy as jnp
import numpy as np
import zarr
from numcodecs import CRC32C
from zarr.codecs import Crc32cCodec

import runcheck
from runcheck.convention.checksums import digest_of_list
from runcheck.writer.datasets.dataset import Dataset
from runcheck.writer.run import Run
from tests import runs

from .records import split_records
from .seal import digest, seal_over

STEPS = 6
SEEDS = Path(__file__).parents[2] / "fixtures/data"
EXPORTS = (
    ("onnx", "model.onnx", SEEDS / "exports/w.onnx"),
    ("torch", "model.pt", SEEDS / "linear.pt"),
    ("saved_model", "program", SEEDS / "exports/saved_model"),
)
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize {}\n"


def new_dataset(root: Path, slug: str) -> Dataset:
    """Start a dataset that a script drew."""
    script = root.parent / "draw.py"
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text('"""Draw numbers."""\n')
    about = {"kind": "synthetic", "seed": 7}
    return runcheck.new_dataset(root, slug, provenance=about, generator=script, description="Numbers.", risks="None.")


def start_run(root: Path, **changed: Any) -> Run:  # noqa: ANN401
    """Start a run whose arguments are good unless changed."""
    arguments: dict[str, Any] = {
        "dataset": "points",
        "model": "mlp",
        "config": {"learning_rate": 0.1, "layers": [4, 3], "name": "baseline"},
        "tags": {"experiment": "points", "run_type": "train"},
        "risks": "None.",
    }
    return runs.start_run(root, **{**arguments, **changed})


def points(root: Path) -> str:
    """Publish a dataset of two Parquet files and return its path."""
    rng = np.random.default_rng(1)
    with new_dataset(root, "points") as dataset:
        for split, rows in (("train", 40), ("test", 10)):
            dataset.write_parquet(split, {"x": rng.normal(size=(rows, 4)), "y": rng.integers(0, 3, rows)})
    return dataset.path


def weights(seed: int, width: int = 3) -> dict[str, Any]:
    """Return parameters, arrays of JAX, and the state of an optimiser beside them, one of NumPy."""
    rng = np.random.default_rng(seed)
    kernel = jnp.asarray(rng.normal(size=(4, width)).astype("f4"))
    params = {"dense": {"kernel": kernel, "bias": jnp.zeros(width)}}
    return {"params": params, "opt_state": {"count": np.asarray(seed, "i4")}}


def train(run: Run, *, steps: int = STEPS, checkpoints: tuple[int, ...] = ()) -> None:
    """Log two series, and save checkpoints at some of the steps."""
    for step in range(1, steps + 1):
        run.log(step, {"loss": 1 / step, "accuracy": step / 10})
        if step % 2 == 0:
            run.log(step, {"accuracy": step / 12}, split="test")
        if step in checkpoints:
            run.save_checkpoint(step, weights(step))


def plain(root: Path) -> None:
    """A dataset, and a completed run on it with two checkpoints and an export."""
    with start_run(root, data=points(root)) as run:
        train(run, checkpoints=(3, 6))
        run.export("weights", weights(6)["params"], 6)


def failed(root: Path) -> None:
    """A run that an error ended."""
    try:
        with start_run(root) as run:
            train(run)
            raise FloatingPointError("loss is nan")  # noqa: TRY301
    except FloatingPointError:
        pass


def preempted(root: Path) -> None:
    """A run that was stopped from outside and is not sealed."""
    run = start_run(root)
    train(run, checkpoints=(3,))
    run.finish("preempted")


def resumed(root: Path) -> None:
    """A completed run whose event file ends in the middle and goes on in a second one."""
    with start_run(root) as run:
        train(run)
    (first,) = Path(run.path).glob("tensorboard/*")
    records = split_records(first.read_bytes())
    middle = len(records) // 2
    first.write_bytes(b"".join(records[:middle]))
    second = first.with_name(f"events.out.tfevents.{int(first.name.split('.')[3]) + 60}.runcheck")
    second.write_bytes(records[0] + b"".join(records[middle:]))
    seal_over(root)


def sweep(root: Path) -> None:
    """Two runs of one sweep, the second beginning where the first ended."""
    data = points(root)
    tags = {"experiment": "points", "run_type": "tune", "sweep": "rates"}
    with start_run(root, data=data, tags=tags) as first:
        train(first)
    link = os.path.relpath(first.path, root)
    with start_run(root, data=data, tags=tags, variant="wide", links={"initialised_from": link}) as second:
        train(second)


def csv(root: Path) -> None:
    """A run with its rows as CSV and its configuration as YAML."""
    with start_run(root, config=argparse.Namespace(learning_rate=0.1, layers=[4, 3])) as run:
        train(run)
    folder = Path(run.path)
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    lines = ["step,split,metric,value", *(f"{r['step']},{r['split']},{r['metric']},{r['value']!r}" for r in rows)]
    (folder / "metrics.csv").write_text("\n".join(lines) + "\n")
    (folder / "metrics.jsonl").unlink()
    (folder / "config.json").unlink()
    (folder / "config.yaml").write_text("learning_rate: 0.1\nlayers: [4, 3]\n")
    metadata = json.loads((folder / "metadata.json").read_text())
    metadata["config"]["path"] = "config.yaml"
    (folder / "metadata.json").write_text(json.dumps(metadata, indent=2))
    seal_over(root)


def hdf5(root: Path) -> None:
    """A dataset of two HDF5 files with checksums."""
    rng = np.random.default_rng(2)
    with new_dataset(root, "grids") as dataset:
        for split, rows in (("train", 30), ("test", 7)):
            with h5py.File(f"{dataset.path}/{split}.h5", "w", libver="latest") as file:
                file.create_dataset("x", data=rng.normal(size=(rows, 5)), chunks=(4, 5), fletcher32=True)
                file.create_dataset("labels/y", data=rng.integers(0, 3, rows), chunks=(4,), fletcher32=True)
            dataset.metadata["splits"][split] = {"files": [f"{split}.h5"], "rows": rows}


def zarr3(root: Path) -> None:
    """A dataset of two Zarr stores, version 3, with checksums."""
    rng = np.random.default_rng(3)
    with new_dataset(root, "cubes") as dataset:
        for split, rows in (("train", 10), ("test", 4)):
            group = zarr.open_group(f"{dataset.path}/{split}.zarr", mode="w", zarr_format=3)
            array = group.create_array(
                "x",
                shape=(rows, 4),
                chunks=(4, 2),
                dtype="f4",
                compressors=[Crc32cCodec()],
                config={"write_empty_chunks": True},
            )
            array[:] = rng.normal(size=(rows, 4)).astype("f4")
            dataset.metadata["splits"][split] = {"files": [f"{split}.zarr"], "rows": rows}


def zarr2(root: Path) -> None:
    """A dataset of one Zarr store, version 2, consolidated, with checksums."""
    with new_dataset(root, "cubes") as dataset:
        path = f"{dataset.path}/train.zarr"
        group = zarr.open_group(path, mode="w", zarr_format=2)
        array = group.create_array(
            "x",
            shape=(10, 4),
            chunks=(4, 2),
            dtype="f8",
            compressors=None,
            filters=[CRC32C()],
            config={"write_empty_chunks": True},
        )
        array[:] = np.random.default_rng(4).normal(size=(10, 4))
        zarr.consolidate_metadata(path, zarr_format=2)
        dataset.metadata["splits"]["train"] = {"files": ["train.zarr"], "rows": 10}


def exports(root: Path) -> None:
    """A run with an export of every format, each the seed of the conformance suite."""
    rng = np.random.default_rng(5)
    params = {"dense": {"kernel": rng.normal(size=(64, 10)).astype("f4"), "bias": np.zeros(10, "f4")}}
    with start_run(root) as run:
        train(run)
        run.save_checkpoint(STEPS, {"params": params})
        run.export("weights", params, STEPS)
        folder = Path(run.path) / "exports"
        for format_, name, seed in EXPORTS:
            (shutil.copytree if seed.is_dir() else shutil.copyfile)(seed, folder / name)
            write_sidecar(folder / name, format_)
        np.savez(folder / "arrays.npz", kernel=params["dense"]["kernel"], bias=params["dense"]["bias"])
        write_sidecar(folder / "arrays.npz", "numpy")


def write_sidecar(export: Path, format_: str) -> None:
    """Write the sidecar of an export of the last step."""
    files = sorted(path for path in export.rglob("*") if path.is_file())
    sums = {path.relative_to(export).as_posix(): digest(path) for path in files}
    sidecar = {
        "schema_version": "1.0",
        "file": export.name,
        "format": format_,
        "framework": "jax",
        "source_step": STEPS,
        "sha256": digest_of_list(sums) if export.is_dir() else digest(export),
    }
    export.with_name(f"{export.name}.json").write_text(json.dumps(sidecar))


def pointers(root: Path) -> None:
    """The plain tree as a checkout of Git LFS without the objects: data and checkpoints are pointers."""
    plain(root)
    point(root, "dataset/*/v*/*.parquet", "model/*/2*/checkpoints/**/*", "model/*/2*/exports/*.safetensors")


def documents(root: Path) -> None:
    """The same with an attribute for each kind of file: the JSON of checkpoints is here, and their arrays are not."""
    plain(root)
    point(root, "model/*/2*/checkpoints/**/d/*", "model/*/2*/checkpoints/**/manifest.ocdbt")


def point(root: Path, *places: str) -> None:
    """Replace the files at the places by pointers to the objects that the lists name."""
    for path in {path for where in places for path in root.glob(where) if path.is_file()}:
        unit = next(each for each in path.parents if (each / "SHA256SUMS").exists())
        lines = (line.split("  ") for line in (unit / "SHA256SUMS").read_text().splitlines())
        listed = {name: sha256 for sha256, name in lines}[path.relative_to(unit).as_posix()]
        path.write_text(POINTER.format(listed, path.stat().st_size))


MAKERS = (plain, failed, preempted, resumed, sweep, csv, hdf5, zarr2, zarr3, exports, pointers, documents)
SPECIMENS: dict[str, Callable[[Path], None]] = {make.__name__: make for make in MAKERS}


def build(folder: Path) -> dict[str, Path]:
    """Write every specimen below ``folder`` and return their roots by name."""
    roots: dict[str, Path] = {}
    with in_a_repository(folder / "repository"):
        for name, make in SPECIMENS.items():
            roots[name] = folder / name / "artefacts"
            make(roots[name])
            shutil.rmtree(roots[name] / ".runcheck", ignore_errors=True)
    return roots


@contextmanager
def in_a_repository(folder: Path) -> Iterator[None]:
    """Let the script that runs lie in a repository with one commit, whose state the writer records."""
    folder.mkdir()
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    for arguments in (["init", "--quiet"], [*identity, "commit", "--quiet", "--allow-empty", "-m", "Start"]):
        subprocess.run(["git", "-C", folder, *arguments], check=True)
    with patch.object(sys.modules["__main__"], "__file__", str(folder / "train.py"), create=True):
        yield
