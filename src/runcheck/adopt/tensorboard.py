"""A folder with TensorBoard's event files: the scalars and when they were written. It says nothing else of a run."""

import struct

from runcheck.adopt.found import Found, Points
from runcheck.adopt.source import Source
from runcheck.adopt.values import moment_at
from runcheck.convention.layout import layout
from runcheck.convention.names import USUAL_SPLITS
from runcheck.convention.tfrecord import FOOTER, HEADER, masked_crc32c
from runcheck.errors import CannotReadError, listed
from runcheck.probes.events.scalars import NotAnEventError, read_event

_NAME = "events.out.tfevents."
_SHOWN = 5  # runs that are named
_WALL = struct.Struct("<d")


def is_tensorboard(source: Source) -> bool:
    """Say whether a folder holds event files."""
    return bool(_events_in(source))


def read_tensorboard(source: Source) -> Found:
    """Return what the event files of a run say. A folder in it is the beginning of the tags of its files.

    Raises:
        CannotReadError: a file is cut short or damaged, or there are several runs.
    """
    above = _run_in(source)
    found = Found("tensorboard", source.name)
    walls: list[float] = []
    values = 0
    for path in _events_in(source):
        folder = path.rpartition("/")[0][len(above) :].strip("/")
        values += _read(source, path, f"{folder}/" if folder else "", found.points, walls)
    if walls:
        found.created, found.finished = moment_at(min(walls)), moment_at(max(walls))
        found.notes.append("created_at and finished_at are the times of the first and the last event")
    parts = sorted({path.rpartition("/")[0] for path in _events_in(source)} - {above})
    if parts:
        found.notes.append(f"the event files in {listed(parts, _SHOWN)} are taken as parts of one run")
    found.checkpoints = source.checkpoints()
    if values:
        what = "value that is no scalar" if values == 1 else "values that are no scalars"
        found.left.append(f"{values:,} {what}: histograms, texts, images")
    others = len(source.files) - len(_events_in(source))
    if others:
        found.left.append(f"{others:,} file{'' if others == 1 else 's'} beside the event files")
    return found


def _events_in(source: Source) -> list[str]:
    return sorted(path for path in source.files if path.rpartition("/")[2].startswith(_NAME))


def _run_in(source: Source) -> str:
    """Return the folder of the one run that there is.

    A run to TensorBoard is a folder with event files. What lies below one is a part of it: ``eval`` of an estimator,
    what ``add_scalars`` and ``add_hparams`` of PyTorch write. So are ``train`` and ``validation`` of Keras, which lie
    beside each other.

    Raises:
        CannotReadError: there are several.
    """
    folders = {path.rpartition("/")[0] for path in _events_in(source)}
    runs: list[str] = []
    for folder in sorted(
        {above if name in USUAL_SPLITS else each for each in folders for above, name in [_split(each)]}
    ):
        if not any(each == "" or f"{folder}/".startswith(f"{each}/") for each in runs):
            runs.append(folder)
    if len(runs) > 1:
        told = f"holds {len(runs):,} runs of TensorBoard: {listed(runs, _SHOWN)}; adopt each by itself"
        raise CannotReadError(f"{source.folder}: {told}")
    return runs[0]


def _split(folder: str) -> tuple[str, str]:
    above, _, name = folder.rpartition("/")
    return above, name


def _read(source: Source, path: str, prefix: str, points: Points, walls: list[float]) -> int:
    """Take the points of a file, and return how many values of it are no scalars."""
    known: set[bytes] = set()
    held, others = b"", 0
    for chunk in source.chunks(path):
        held += chunk
        at = 0
        while len(held) - at >= HEADER.size:
            length, check = HEADER.unpack_from(held, at)
            if check != masked_crc32c(held[at : at + 8]) or length > layout().limits.event_bytes:
                raise CannotReadError(f"{source.folder}/{path}: its record at byte {at:,} of a block is damaged")
            end = at + HEADER.size + length
            if len(held) < end + FOOTER.size:
                break
            content = held[at + HEADER.size : end]
            if FOOTER.unpack_from(held, end)[0] != masked_crc32c(content):
                raise CannotReadError(f"{source.folder}/{path}: a record is damaged; restore the file")
            others += _take(content, prefix, known, points, walls)
            at = end + FOOTER.size
        held = held[at:]
    if held:
        message = f"{source.folder}/{path}: its last record is cut short; cut the file to its whole records first"
        raise CannotReadError(message)
    return others


def _take(content: bytes, prefix: str, known: set[bytes], points: Points, walls: list[float]) -> int:
    try:
        event = read_event(content, known)
    except NotAnEventError:
        return 0
    if event.wall is not None:
        wall = _WALL.unpack_from(content, event.wall)[0]
        if moment_at(wall) is not None:
            walls[:] = [min([*walls, wall]), max([*walls, wall])]
    for scalar in event.scalars:
        known.add(scalar.tag)
        points.add(prefix + scalar.tag.decode("utf-8", "replace"), event.step, scalar.value)
    return event.others
