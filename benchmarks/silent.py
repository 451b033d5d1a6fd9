"""What the readers of each format let pass: ``python benchmarks/silent.py [TRIALS]``.

A file or folder is written with the format's own writer, damaged at a random place, and read with the format's own
reader. *Silent* is other data without an error; *same* is what was written, *error* what the reader refuses. The last
column counts what the probe of `runcheck` notices at depth `deep` in the file alone, without a checksum list, and how
many of the silent ones it misses; with the list it misses none.
"""

import importlib.metadata
import logging
import random
import shutil
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import orbax.checkpoint as ocp
import pyarrow as pa
import pyarrow.parquet as pq
import zarr
from numpy.typing import NDArray
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from zarr.codecs import Crc32cCodec

from runcheck.probes import look_into_file, look_into_folder
from runcheck.probes.events import EventsProbe
from runcheck.probes.folder import Folder
from runcheck.writer.log.tensorboard import EventFile

FORMATS = {"Orbax": "orbax", "Parquet": "parquet", "HDF5": "hdf5", "Zarr": "zarr", "TensorBoard": "events"}

Array = NDArray[np.float32]
Write = Callable[[Path, Array], object]
Read = Callable[[Path], Any]

_PAGE = 4096
VALUES: Array = np.random.default_rng(1).normal(size=(200, 100)).astype("f4")


# --- damages ----------------------------------------------------------------------------------------------------------


def bit(path: Path, rng: random.Random) -> None:
    content = bytearray(path.read_bytes())
    content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    path.write_bytes(content)


def zeroed_page(path: Path, rng: random.Random) -> None:
    content = bytearray(path.read_bytes())
    at = rng.randrange(max(1, len(content) - _PAGE))
    content[at : at + _PAGE] = bytes(len(content[at : at + _PAGE]))
    path.write_bytes(content)


def half(path: Path, rng: random.Random) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def removed(path: Path, rng: random.Random) -> None:
    path.unlink()


def torn(path: Path, rng: random.Random) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: -rng.randrange(1, 200)])


def swapped(path: Path, rng: random.Random) -> None:
    others = [each for each in sorted(path.parent.rglob("*")) if each.is_file() and each != path]
    other = rng.choice(others)
    one, two = path.read_bytes(), other.read_bytes()
    path.write_bytes(two)
    other.write_bytes(one)


# --- formats ----------------------------------------------------------------------------------------------------------


def write_orbax(**options: Any) -> Write:
    def write(folder: Path, values: Array) -> None:
        with ocp.Checkpointer(ocp.PyTreeCheckpointHandler(**options)) as checkpointer:
            checkpointer.save(folder / "x", {"w": values, "b": values[0]})

    return write


def read_orbax(folder: Path) -> Any:
    with ocp.PyTreeCheckpointer() as checkpointer:
        tree = checkpointer.restore(folder / "x")
    return np.concatenate([np.asarray(tree["w"]).ravel(), np.asarray(tree["b"]).ravel()])


def write_parquet(**options: Any) -> Write:
    def write(folder: Path, values: Array) -> None:
        pq.write_table(pa.table({str(at): column for at, column in enumerate(values.T[:10])}), folder / "x", **options)

    return write


def read_parquet(**options: Any) -> Read:
    def read(folder: Path) -> Any:
        with pq.ParquetFile(folder / "x", **options) as file:
            return np.array([column.to_numpy() for column in file.read().columns])

    return read


def write_hdf5(**options: Any) -> Write:
    def write(folder: Path, values: Array) -> None:
        with h5py.File(folder / "x", "w") as file:
            file.create_dataset("x", data=values, **options)

    return write


def read_hdf5(folder: Path) -> Any:
    with h5py.File(folder / "x") as file:
        return file["x"][:]


def write_zarr(version: int, codecs: list[Any] | None = None) -> Write:
    def write(folder: Path, values: Array) -> None:
        options = {} if codecs is None else {"compressors": codecs}
        array = zarr.create_array(
            folder / "x", shape=values.shape, chunks=(50, 50), dtype="f4", zarr_format=version, **options
        )
        array[:] = values

    return write


def read_zarr(folder: Path) -> Any:
    return zarr.open_array(folder / "x", mode="r")[:]


def write_events(folder: Path, values: Array) -> None:
    events = EventFile(str(folder), 1.0)
    for step, value in enumerate(values.ravel()[:2100]):
        events.write(step, "train", [("loss", float(value))], 1.0)
    events.close()


def read_events(folder: Path) -> Any:
    accumulator = EventAccumulator(str(folder), {"scalars": 0})
    accumulator.Reload()
    return np.array([event.value for event in accumulator.Scalars("train/loss")])


CASES: list[tuple[str, Write, Read, str, list[Callable[[Path, random.Random], None]]]] = [
    ("Orbax, OCDBT", write_orbax(), read_orbax, "x/ocdbt.process_0/d/*", [bit, half, removed, zeroed_page]),
    ("Orbax, OCDBT: commit and manifest files", write_orbax(), read_orbax, "x/_CHECKPOINT_METADATA", [half, removed]),
    (
        "Orbax, OCDBT: manifest of the process",
        write_orbax(),
        read_orbax,
        "x/ocdbt.process_0/manifest.ocdbt",
        [half, removed],
    ),
    ("Orbax, Zarr v2 chunks", write_orbax(use_ocdbt=False), read_orbax, "x/w/*.*", [bit, removed]),
    ("Orbax, Zarr v3 chunks", write_orbax(use_ocdbt=False, use_zarr3=True), read_orbax, "x/w/c/**/*", [bit, removed]),
    ("Parquet, plain", write_parquet(compression="none"), read_parquet(), "x", [bit, zeroed_page]),
    ("Parquet, snappy", write_parquet(compression="snappy"), read_parquet(), "x", [bit, zeroed_page]),
    ("Parquet, zstd", write_parquet(compression="zstd"), read_parquet(), "x", [bit, zeroed_page]),
    (
        "Parquet, zstd, page checksums written and read",
        write_parquet(compression="zstd", write_page_checksum=True),
        read_parquet(page_checksum_verification=True),
        "x",
        [bit, zeroed_page],
    ),
    ("HDF5, contiguous", write_hdf5(), read_hdf5, "x", [bit, zeroed_page]),
    ("HDF5, gzip", write_hdf5(compression="gzip"), read_hdf5, "x", [bit, zeroed_page]),
    ("HDF5, fletcher32", write_hdf5(fletcher32=True), read_hdf5, "x", [bit, zeroed_page]),
    ("Zarr v2, default codecs", write_zarr(2), read_zarr, "x/[0-9]*", [bit, removed, swapped]),
    ("Zarr v3, default codecs", write_zarr(3), read_zarr, "x/c/**/*", [bit, removed, swapped]),
    ("Zarr v3, crc32c", write_zarr(3, [Crc32cCodec()]), read_zarr, "x/c/**/*", [bit, removed, swapped]),
    ("TensorBoard, EventAccumulator", write_events, read_events, "events*", [bit, zeroed_page, torn]),
]


def noticed(format_: str, folder: Path) -> bool:
    """Say whether the probe of a format notices that something is wrong."""
    if format_ == "events":
        (path,) = folder.glob("events*")
        probe = EventsProbe()
        probe.feed(path.read_bytes())
        return probe.content().first_break is not None
    if format_ in ("parquet", "hdf5"):
        with (folder / "x").open("rb", buffering=0) as stream:
            return bool(getattr(look_into_file(format_, stream, deep=True), "error", None))
    sizes = {
        path.relative_to(folder / "x").as_posix(): path.stat().st_size
        for path in (folder / "x").rglob("*")
        if path.is_file()
    }
    folders = frozenset(
        path.relative_to(folder / "x").as_posix() for path in (folder / "x").rglob("*") if path.is_dir()
    )
    content = look_into_folder(format_, Folder(str(folder / "x"), sizes, folders), deep=True)
    faults = ("faults", "missing", "uncommitted", "broken_tree", "broken_arrays")
    return any(getattr(content, name, ()) for name in faults)


def outcome(folder: Path, read: Read, expected: Any) -> str:
    """Say what reading a damaged folder comes to."""
    try:
        found = read(folder)
    except Exception:  # noqa: BLE001 - whatever a reader raises, it noticed
        return "error"
    same = found.shape == expected.shape and np.array_equal(found, expected, equal_nan=True)
    return "same" if same else "silent"


def trials(write: Write, read: Read, files: str, damage: Any, count: int, format_: str) -> Iterator[tuple[str, bool]]:
    """Yield the outcome of each damage at a place of its own, and whether the probe notices it."""
    with tempfile.TemporaryDirectory() as temporary:
        good = Path(temporary) / "good"
        good.mkdir()
        write(good, VALUES)
        expected = read(good)
        for number in range(count):
            rng = random.Random(number)
            bad = Path(temporary) / f"bad{number}"
            shutil.copytree(good, bad)
            sizes = {path: path.stat().st_size for path in sorted(bad.glob(files)) if path.is_file()}
            large = [path for path, size in sizes.items() if size > max(sizes.values()) / 2]
            damage(rng.choice(large), rng)
            seen = noticed(format_, bad)
            yield outcome(bad, read, expected), seen
            shutil.rmtree(bad)


def main(count: int) -> None:
    """Print the table."""
    warnings.simplefilter("ignore")
    logging.getLogger("absl").setLevel("ERROR")
    libraries = ("orbax-checkpoint", "tensorstore", "pyarrow", "h5py", "zarr", "tensorboard", "numpy")
    print(", ".join(f"{name} {importlib.metadata.version(name)}" for name in libraries), end="\n\n")
    print("| format, as written and read | damage | silent | error | same | the probe notices | silent to it too |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name, write, read, files, damages in CASES:
        for damage in damages:
            each_trial = list(
                trials(write, read, files, damage, count, FORMATS[name.partition(",")[0].partition(" ")[0]])
            )
            found = Counter(outcome for outcome, _ in each_trial)
            row = [name, damage.__name__.replace("_", " "), *(str(found[each]) for each in ("silent", "error", "same"))]
            row += [str(sum(seen for _, seen in each_trial)), str(each_trial.count(("silent", False)))]
            print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 40)
