"""Zarr stores, versions 2 and 3: their metadata, which chunks are there, and at depth ``deep`` whether each decodes.

By hand, as :mod:`runcheck.probes.zarr.metadata` says why. Out of reach without a list of checksums, since nothing in
the store tells: two chunks of one shape that changed places; all chunks of an array removed, which reads as fill value
as an array does that never had any; a changed value in metadata that no consolidated copy repeats.
"""

from dataclasses import dataclass

from runcheck.probes.folder import Folder


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong at a path of the store, "" for the store itself."""

    path: str
    message: str
    is_certain: bool = True


@dataclass(frozen=True, slots=True)
class MissingChunks:
    """Chunks that an array lacks: how many of how many, and the first of them.

    Each of these is the path of its file in the store, and its place in the shard where that is there.
    """

    array: str
    count: int
    total: int
    first: tuple[tuple[str, tuple[int, ...] | None], ...]


@dataclass(frozen=True, slots=True)
class ZarrContent:
    """What a store holds, and what is wrong with it.

    ``rows`` is the length of the first axis, where all arrays that have an axis share it and each could be read.
    ``faults`` are the first of ``fault_count`` certain ones. Of the arrays with chunks, ``without_checksum`` names
    those in which no codec notices a flipped bit; ``object_names`` names the arrays of pickled objects, which are never
    decoded. ``unverified`` says what nothing here could look into; the rest of the store was looked into all the same.
    """

    arrays: int
    rows: int | None
    faults: tuple[Fault, ...]
    fault_count: int
    missing: tuple[MissingChunks, ...]
    without_checksum: tuple[str, ...]
    object_names: tuple[str, ...]
    unverified: str | None = None


def read_store(folder: Folder, deep: bool) -> ZarrContent:  # noqa: FBT001 - as the seam of folder probes has it
    """Return what a Zarr store holds; ``deep`` decodes every chunk."""
    from runcheck.probes.zarr.store import look_into_store  # noqa: PLC0415 - a tree without a store does not pay for it

    return look_into_store(folder, deep=deep)
