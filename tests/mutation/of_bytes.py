"""Damages of bytes and files that know nothing of what is in them: every way of it, in every kind of file."""

import os
import random
import shutil
from pathlib import Path

from .damages import RUNS, SEALED, NotApplicableError, add

_PAGE = 64  # bytes; the files are small


def a_bit_flipped(path: Path, rng: random.Random) -> None:
    """Turn one bit around."""
    content = bytearray(some(path))
    content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    path.write_bytes(content)


def cut_short(path: Path, rng: random.Random) -> None:
    """Cut the end off, anywhere."""
    content = some(path)
    path.write_bytes(content[: rng.randrange(len(content))])


def emptied(path: Path, rng: random.Random) -> None:
    """Leave nothing of it."""
    some(path)
    path.write_bytes(b"")


def a_page_zeroed(path: Path, rng: random.Random) -> None:
    """Write zeros over a page, as a lost write does."""
    content = bytearray(some(path))
    at = rng.randrange(0, len(content), _PAGE)
    if not any(content[at : at + _PAGE]):
        raise NotApplicableError
    content[at : at + _PAGE] = bytes(len(content[at : at + _PAGE]))
    path.write_bytes(content)


def a_byte_put_in(path: Path, rng: random.Random) -> None:
    """Put a byte in somewhere; what follows moves."""
    content = some(path)
    at = rng.randrange(len(content) + 1)
    path.write_bytes(content[:at] + bytes([rng.randrange(256)]) + content[at:])


def bytes_appended(path: Path, rng: random.Random) -> None:
    """Write behind the end."""
    with path.open("ab") as stream:
        stream.write(rng.randbytes(rng.randrange(1, 40)))


def two_stretches_swapped(path: Path, rng: random.Random) -> None:
    """Exchange two stretches of the same length: the size stays, and every byte is still there."""
    content = bytearray(some(path))
    length = len(content) // 4
    first, second = content[:length], content[-length:]
    if first == second:
        raise NotApplicableError
    content[:length], content[-length:] = second, first
    path.write_bytes(content)


def taken_away(path: Path, rng: random.Random) -> None:
    """Remove the file."""
    path.unlink()


def turned_into_a_folder(path: Path, rng: random.Random) -> None:
    """Put an empty folder in its place."""
    path.unlink()
    path.mkdir()


def turned_into_a_link(path: Path, rng: random.Random) -> None:
    """Move it out of the tree and leave a link to it."""
    root = next(each for each in path.parents if each.name == "artefacts")
    outside = root.parent / f"outside-{rng.randrange(10**9)}"
    shutil.move(path, outside)
    path.symlink_to(os.path.relpath(outside, path.parent))


def moved_beside(path: Path, rng: random.Random) -> None:
    """Give it another name."""
    path.rename(path.with_name(f"{path.stem}-copy{path.suffix}"))


def copied_beside(path: Path, rng: random.Random) -> None:
    """Leave a copy beside it, as file managers do."""
    shutil.copyfile(path, path.with_name(f"{path.stem} (1){path.suffix}"))


def swapped_with_another(path: Path, rng: random.Random) -> None:
    """Exchange its content with that of another file of the unit."""
    unit = next(each for each in path.parents if each.parent.parent.parent.name == "artefacts")
    own = path.read_bytes()
    others = [each for each in sorted(unit.rglob("*")) if each.is_file() and each.read_bytes() != own]
    other = rng.choice(others)
    content = other.read_bytes()
    other.write_bytes(own)
    path.write_bytes(content)


def some(path: Path) -> bytes:
    """Return the content of a file that has some."""
    content = path.read_bytes()
    if len(content) < 4:
        raise NotApplicableError
    return content


CHANGES = (
    a_bit_flipped,
    cut_short,
    emptied,
    a_page_zeroed,
    a_byte_put_in,
    bytes_appended,
    two_stretches_swapped,
    taken_away,
    turned_into_a_folder,
    turned_into_a_link,
    moved_beside,
    copied_beside,
    swapped_with_another,
)
# Every kind of file, as its unit was sealed.
FILES = {
    "metadata": ("RUN/metadata.json", RUNS),
    "dataset metadata": ("DATA/metadata.json", ("plain", "sweep", "hdf5", "zarr2", "zarr3")),
    "config": ("RUN/config.*", RUNS),
    "metrics": ("RUN/metrics.*", RUNS),
    "summary": ("RUN/summary.yaml", RUNS),
    "README": ("*/*/[v2]*/README.md", SEALED),
    # Not of the failed run, which need not have one.
    "checksum list": ("*/*/[v2]*/SHA256SUMS", tuple(each for each in SEALED if each != "failed")),
    "event file": ("RUN/tensorboard/*", RUNS),
    "checkpoint": ("RUN/checkpoints/**/*", ("plain",)),
    "export": ("RUN/exports/*.safetensors", ("plain",)),
    "generator": ("DATA/generate.py", ("plain", "sweep", "hdf5", "zarr3")),
    "Parquet": ("DATA/*.parquet", ("plain", "sweep")),
    "HDF5": ("DATA/*.h5", ("hdf5",)),
    "Zarr": ("DATA/*.zarr/**/*", ("zarr2", "zarr3")),
    "ONNX": ("RUN/exports/*.onnx", ("exports",)),
    "PyTorch": ("RUN/exports/*.pt", ("exports",)),
    "NumPy": ("RUN/exports/*.npz", ("exports",)),
    "SavedModel": ("RUN/exports/program/**/*", ("exports",)),
    "sidecar of an export": ("RUN/exports/*.json", ("exports",)),
}
for _file, (_where, _specimens) in FILES.items():
    for _change in CHANGES:
        add(f"{_file}: {_change.__name__.replace('_', ' ')}", _where, _specimens, _change, sealed_over=False)
