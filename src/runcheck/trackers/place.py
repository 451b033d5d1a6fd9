"""The run that is to be mirrored, what is told of it, and how it ended: all from its files."""

import hashlib
import os
from collections.abc import Mapping
from typing import NamedTuple, cast

from runcheck.convention.layout import layout
from runcheck.convention.timestamps import now
from runcheck.convention.unit_paths import UNIT_DEPTH, is_unit_path
from runcheck.convention.words import without_secrets
from runcheck.errors import CannotMirrorError, CannotReadError
from runcheck.reading.files import UnitFiles
from runcheck.reading.load import load
from runcheck.reading.place import folder_of
from runcheck.reading.run import LoadedRun
from runcheck.trackers.protocol import Ending, Setting, Told
from runcheck.trackers.state import State, workplace
from runcheck.tree.liveness import sign_of_life
from runcheck.tree.walk import walk
from runcheck.writer.recovery.recover import heartbeat_of


class Place(NamedTuple):
    """Where a run lies: the root of its tree, its path below that, and its folder on this machine."""

    root: str
    unit: str
    folder: str


def place_of(path: str) -> Place:
    """Return where the run lies that ``path`` means: a folder, or a word such as ``latest`` or a slug.

    Raises:
        CannotReadError: there is none.
        CannotMirrorError: it lies in no tree.
    """
    folder = folder_of(path)
    parts = folder.split(os.sep)
    unit = "/".join(parts[-UNIT_DEPTH:])
    if not is_unit_path(unit):
        raise CannotMirrorError(f"{path}: lies in no tree, which has model/<slug>/<version>")
    return Place(os.sep.join(parts[:-UNIT_DEPTH]) or os.sep, unit, folder)


def run_at(place: Place) -> LoadedRun:
    """Return the run of a place, as it is now.

    Raises:
        CannotReadError: it cannot be read.
        CannotMirrorError: it is a dataset.
    """
    run = load(place.folder)
    if not isinstance(run, LoadedRun):
        raise CannotMirrorError(f"{place.folder}: is a dataset; trackers take runs")
    return run


def told_of(place: Place, tracker: str, settings: Mapping[str, Setting], state: State) -> Told:
    """Return what a tracker is told of a run.

    Raises:
        CannotReadError: metadata or configuration cannot be read.
        CannotMirrorError: it is a dataset.
    """
    run = run_at(place)
    identity = hashlib.sha256(f"{place.unit}\0{run.metadata['created_at']}".encode()).hexdigest()[:32]
    config = run.config if "config" in run.metadata else {}
    known = {**run.metadata.get("trackers", {}).get(tracker, {}), **state.known}
    try:
        folder = workplace(place.root, tracker)
    except OSError:  # a full disk does not keep rows from a tracker that writes nothing here
        folder = ""
    return Told(
        place.unit,
        identity,
        folder,
        run.metadata,
        cast("dict[str, object]", without_secrets(config)),
        settings,
        known,
    )


def ending_of(place: Place, settings: Mapping[str, Setting]) -> Ending:
    """Return how a run ended, and the files that go along once it is sealed.

    Raises:
        CannotReadError: metadata or summary cannot be read.
    """
    run = run_at(place)
    files = UnitFiles(place.folder)
    is_sealed = files.has(layout().path("checksums"))
    summary = run.summary if files.has(layout().path("summary")) else None
    wanted = is_sealed and settings.get("artifact", "unit") == "unit"
    return Ending(run.status, run.metadata, summary, tuple(_files(place, run, settings)) if wanted else ())


def seal_of(place: Place) -> str:
    """Return what tells whether the run is as it was: the hash of its checksum list, or its status without one."""
    files = UnitFiles(place.folder)
    path = layout().path("checksums")
    if not files.has(path):
        return run_at(place).status
    digest = hashlib.sha256()
    for chunk in files.chunks(path):
        digest.update(chunk)
    return digest.hexdigest()


def metrics_of(place: Place) -> str:
    """Return the path on this machine of the metrics of a run, which may not be there yet.

    Raises:
        CannotReadError: there are two.
    """
    found = [path for path in layout().roles["metrics"].paths if UnitFiles(place.folder).has(path)]
    if len(found) > 1:
        raise CannotReadError(f"{place.folder}: has {' and '.join(found)}; which one counts?")
    return os.path.join(place.folder, found[0] if found else layout().path("metrics", suffix=".jsonl"))


def who_writes(place: Place) -> str | None:
    """Return in words what shows that a run is still written; None where nothing does."""
    heartbeat = heartbeat_of(UnitFiles(place.folder))
    return None if heartbeat is None else sign_of_life(heartbeat, now())


def _files(place: Place, run: LoadedRun, settings: Mapping[str, Setting]) -> list[tuple[str, str]]:
    """Return the files of a sealed run but for all checkpoints beyond the last ones."""
    count = settings.get("checkpoints", 1)
    kept = {str(step) for step in run.checkpoints[-count:]} if isinstance(count, int) and count else set()
    above = layout().folder_of("checkpoint")
    found = []
    for entry in walk(place.folder):
        first, _, rest = entry.path.partition("/")
        if not entry.is_file or (first == above and rest.partition("/")[0] not in kept):
            continue
        found.append((entry.path, os.path.join(place.folder, entry.path)))
    return found
