"""Peak memory of a check at full depth: ``python -m benchmarks.memory [SCALE]``, a scale of 1 for the real sizes.

A metrics file of 1 GB, a checkpoint of 2 GB, and a Parquet file that inflates a thousandfold, each in a tree of its
own.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import runcheck
from benchmarks.blank_run import start_run
from benchmarks.measure import Command, peak_memory
from runcheck.writer.registry import rebuild_registry

_MIB = 1 << 20


def metrics(root: Path, scale: float) -> Path:
    """A run that is being written, with a file of rows of 1 GB."""
    run = start_run(root)
    path = Path(run.path) / "metrics.jsonl"
    step = 0
    with path.open("w") as stream:
        while stream.tell() < 1e9 * scale:
            names = ("loss", "accuracy", "grad/norm")
            stream.writelines(
                f'{{"step": {at}, "split": "train", "metric": "{name}", "value": {1 / (at + 1)!r}}}\n'
                for at in range(step, step + 10_000)
                for name in names
            )
            step += 10_000
    for events in Path(run.path).glob("tensorboard/*"):
        events.unlink()
    return path


def checkpoint(root: Path, scale: float) -> Path:
    """A run with a checkpoint of 2 GB in eight arrays."""
    rng = np.random.default_rng(1)
    rows = int(2e9 * scale / 8 / 4 / 1024)
    with start_run(root) as run:
        run.log(1, {"loss": 1.0})
        run.save_checkpoint(1, {"params": {f"w{at}": rng.random((rows, 1024), "f4") for at in range(8)}})
    return Path(run.path) / "checkpoints"


def bomb(root: Path, scale: float) -> Path:
    """A dataset whose Parquet file inflates a thousandfold and more."""
    part = 5_000_000
    parts = max(1, int(100 * scale))
    with runcheck.new_dataset(
        root, "d", provenance={"kind": "external", "hashes": {"a": "0" * 64}}, description="Zeros.", risks="None."
    ) as dataset:
        path = Path(dataset.path) / "train.parquet"
        zeros = pa.table({"x": np.zeros(part), "y": np.zeros(part, "i8")})
        with pq.ParquetWriter(path, zeros.schema, compression="zstd", write_page_checksum=True) as writer:
            for _ in range(parts):
                writer.write_table(zeros)
        dataset.metadata["splits"]["train"] = {"files": ["train.parquet"], "rows": part * parts}
    return path


def size_of(path: Path) -> int:
    files = [each for each in path.rglob("*") if each.is_file()] if path.is_dir() else [path]
    return sum(each.stat().st_size for each in files)


CASES: dict[str, Callable[[Path, float], Path]] = {"metrics": metrics, "checkpoint": checkpoint, "Parquet bomb": bomb}


def main(scale: float) -> None:
    """Print a line a case."""
    print("| what | size | peak memory | seconds |\n| --- | --- | --- | --- |")
    for name, make in CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder) / "artefacts"
            size = size_of(make(root, scale))
            rebuild_registry(str(root))
            start = time.perf_counter()
            peak = peak_memory(Command([sys.executable, "-m", "runcheck", "check", "--depth", "deep", root]))
            seconds = time.perf_counter() - start
            print(f"| {name} | {size / _MIB:,.0f} MiB | {peak / _MIB:,.0f} MiB | {seconds:.1f} |", flush=True)


if __name__ == "__main__":
    main(float(sys.argv[1]) if sys.argv[1:] else 1.0)
