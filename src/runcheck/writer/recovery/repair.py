"""What a process that died leaves in a run, put in order: ends cut off, temporaries, event files that fell behind.

Nothing that holds content is deleted: what is cut off or is not whole goes below ``extra/``, and each act is told.
"""

import os
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import partial
from math import prod
from typing import TypeAlias

from runcheck.convention.documents import SIDECAR_SUFFIX
from runcheck.convention.layout import layout
from runcheck.convention.parameters import number_of_all, parameters
from runcheck.errors import CannotReadError, CannotWriteError
from runcheck.probes import look_into_folder
from runcheck.probes.contents import EventsContent, MetricsContent, OrbaxContent
from runcheck.probes.events import EventsProbe
from runcheck.probes.events.comparison import Source, compare
from runcheck.reading.checkpoints import checkpoint_steps
from runcheck.reading.files import UnitFiles
from runcheck.tree.entry import Entry, EntryType
from runcheck.tree.walk import walk
from runcheck.writer.atomic import sync_folder
from runcheck.writer.log.tensorboard import EventFile
from runcheck.writer.places import make_folders
from runcheck.writer.recovery.stored_rows import NotedPoints, end_of_lines, rows_from

Events: TypeAlias = list[tuple[Source, EventsContent]]
"""The event files of a run, and what they hold."""

_CHUNK = 1 << 20
_OURS = ".tmp"  # ends the name of every temporary of the writer's


class Repair:
    """Puts the run in a folder in order; ``done`` says what was done, a line an act."""

    def __init__(self, files: UnitFiles, name: str = "recovered") -> None:
        """Keep what is set aside in a folder ``name``, which is numbered, below ``extra/``."""
        self._files = files
        self._name = name
        self._aside: str | None = None
        self.done: list[str] = []

    @property
    def aside(self) -> str:
        """The folder in the unit for what is set aside, one that was not there before."""
        if self._aside is None:
            extra = layout().folder_of("extra")
            there = set(self._files.names(extra))
            number = next(each for each in range(1, len(there) + 2) if f"{self._name}-{each}" not in there)
            self._aside = f"{extra}/{self._name}-{number}"
        return self._aside

    def place(self, path: str) -> str:
        """Return where on this machine a file is set aside that has this path in the unit, its folder made."""
        self._make(f"{self.aside}/{path}")
        return self._files.absolute(f"{self.aside}/{path}")

    def say(self, line: str) -> None:
        """Remember an act."""
        self.done.append(line)

    def remove_leftovers(self, kept: Collection[str] = ()) -> None:
        """Remove temporaries of the writer, and checkpoints that Orbax never committed or that were being removed."""
        checkpoints = layout().folder_of("checkpoint")
        for entry in list(walk(self._files.folder, "", lambda each: not layout().is_leftover(each.name))):
            if not layout().is_leftover(entry.name) or entry.path in kept:
                continue
            path = self._files.absolute(entry.path)
            if entry.is_folder and entry.path.startswith(f"{checkpoints}/"):
                shutil.rmtree(path)
                self.say(f"removed {entry.path}, a checkpoint that was not committed or was being removed")
            elif not entry.is_folder and entry.name.endswith(_OURS):
                os.unlink(path)
                self.say(f"removed {entry.path}, an unfinished write")
            else:
                self.say(
                    f"{entry.path} looks like an unfinished write of another program, and stays; remove or rename it"
                )

    def whole_checkpoints(self) -> tuple[int, ...]:
        """Set aside checkpoints that are not whole, and return the steps of the others."""
        whole = []
        for step in checkpoint_steps(self._files):
            content = self._checkpoint(step)
            fault = next(iter((*content.uncommitted, *content.broken_tree, *content.broken_arrays)), None)
            if fault is None:
                whole.append(step)
            else:
                self.set_aside(_path(step), f"it is not whole: {fault.path} {fault.words}".replace("  ", " "))
        return tuple(whole)

    def parameters_of(self, steps: Iterable[int]) -> int | None:
        """Return how many numbers the parameters of each checkpoint are, None where they differ or a tree is silent."""
        return number_of_all(map(self._parameters_of, steps))

    def _parameters_of(self, step: int) -> int | None:
        content = self._checkpoint(step)
        sizes = {leaf.name: prod(leaf.shape) for leaf in content.leaves}
        return None if content.unsized or not sizes else sum(sizes[name] for name in parameters(sizes))

    def set_aside_exports(self) -> None:
        """Set exports aside that were being written: their sidecar comes last."""
        folder = layout().folder_of("export")
        names = self._files.names(folder)
        for name in names:
            if not name.endswith(SIDECAR_SUFFIX) and f"{name}{SIDECAR_SUFFIX}" not in names:
                self.set_aside(f"{folder}/{name}", "its sidecar was never written")

    def trim_metrics(self, path: str) -> None:
        """Cut off what stands behind the last line feed of the metrics."""
        self._files.file(path)
        with self._files.open(path) as stream:
            size, end = stream.seek(0, os.SEEK_END), end_of_lines(stream)
        if end < size:
            self._cut(path, end, "an unfinished row")

    def cut_events(self) -> Events:
        """Cut unfinished records off the event files, and return what is left."""
        folder = layout().folder_of("events")
        events: Events = []
        for entry in walk(self._files.folder, folder) if self._files.is_folder(folder) else ():
            role = layout().role_of(entry.path, "model")
            if entry.type is not EntryType.FILE or role is None or role.name != "events":
                continue
            if (read := self._read_events(entry)) is not None:
                events.append(
                    (Source(entry.path.removeprefix(f"{folder}/"), entry.size, self._chunks(entry.path)), read)
                )
        return events

    def mend_events(
        self, events: Events, metrics: str, content: MetricsContent, at: float, last: int | None = None
    ) -> None:
        """Write what event files lack of the metrics into another one.

        ``content`` was read with :class:`NotedPoints`; ``at`` is the time in seconds that points get which are written.
        What differs beyond the step ``last`` is left to the session that follows.
        """
        folder = layout().folder_of("events")
        if not events or content.defect_count or any(read.first_break for _, read in events):
            return
        source = Source(metrics, os.path.getsize(self._files.absolute(metrics)), self._chunks(metrics))
        found = compare((source, content), events)
        first = [_first(content, series) for series in found.missing]
        first += [0 if each.first is None else each.first[0] for each in found.differences.values()]
        if found.unverified:
            first.append(0)
        first = [step for step in first if last is None or step <= last]
        if not first:
            return
        if any("/" in read.path for read, _ in events) or metrics.endswith(".csv"):
            self.say(f"the event files in {folder} differ from {metrics}, and stay: another program wrote them")
            return
        session = EventFile(self._files.absolute(folder), at, resumed=min(first))
        for rows in rows_from(self._files, metrics, min(first), at):
            session.take([rows])
        session.close()
        self.say(f"wrote the points from step {min(first)} on, which the event files lacked, into another one")

    def set_aside(self, path: str, why: str) -> None:
        """Move a file or a folder of the unit below ``extra/``."""
        os.rename(self._files.absolute(path), self.place(path))
        self.say(f"moved {path} to {self.aside}/{path}: {why}")

    def _read_events(self, entry: Entry) -> EventsContent | None:
        """Return what an event file holds once its end is cut off; None where nothing of it is left."""
        probe = EventsProbe()
        for chunk in self._files.chunks(entry.path):
            probe.feed(chunk)
        content = probe.content()
        broken = content.first_break
        if broken is None or not self._is_torn(entry.path, broken.kind, broken.offset):
            if broken is not None:
                self.say(f"record {broken.record:,} of {entry.path} {broken.message}, and stays: `runcheck` says more")
            return content
        if broken.offset == 0:
            os.rename(self._files.absolute(entry.path), self.place(_cut_name(entry.path)))
            self.say(f"moved {entry.path} to {self.aside}/{_cut_name(entry.path)}: it holds no whole record")
            return None
        self._cut(entry.path, broken.offset, "an unfinished record")
        content.first_break = None
        return content

    def _is_torn(self, path: str, kind: str, offset: int) -> bool:
        """Say whether a break is an end cut off, or the zeros that a power cut leaves where the end was to be."""
        if kind != "length":
            return kind == "torn"
        with self._files.open(path) as stream:
            stream.seek(offset)
            while chunk := stream.read(_CHUNK):
                if any(chunk):
                    return False
        return True

    def _cut(self, path: str, size: int, what: str) -> None:
        """Cut a file, after what is cut off was kept.

        In place, since a full disk has no room for a second copy of a large file. The time of the last write stays, for
        it is the last sign of life.
        """
        target, absolute = self.place(_cut_name(path)), self._files.absolute(path)
        with self._files.open(path) as stream, open(f"{target}{_OURS}", "xb") as tail:
            status = os.fstat(stream.fileno())
            stream.seek(size)
            shutil.copyfileobj(stream, tail, _CHUNK)
            tail.flush()
            os.fsync(tail.fileno())
        os.replace(f"{target}{_OURS}", target)
        sync_folder(os.path.dirname(target))
        os.truncate(absolute, size)
        os.utime(absolute, ns=(status.st_atime_ns, status.st_mtime_ns))
        self.say(f"cut {what} of {status.st_size - size:,} bytes off {path}, kept in {self.aside}/{_cut_name(path)}")

    def _make(self, path: str) -> None:
        try:
            make_folders(self._files.folder, os.path.dirname(path))
        except OSError as error:
            raise CannotWriteError(f"{self._files.absolute(path)}: cannot be written: {error.strerror}") from error

    def _checkpoint(self, step: int) -> OrbaxContent:
        try:
            content = look_into_folder("orbax", self._files.subfolder(_path(step)), deep=False)
        except OSError as error:
            raise CannotReadError(f"{self._files.absolute(_path(step))}: cannot be read: {error.strerror}") from error
        return content if isinstance(content, OrbaxContent) else OrbaxContent()

    def _chunks(self, path: str) -> Callable[[], Iterator[bytes]]:
        return partial(self._files.chunks, path)


def _path(step: int) -> str:
    return f"{layout().folder_of('checkpoint')}/{step}"


def _cut_name(path: str) -> str:
    """Return the name for the end of a file: one that no reader of event files takes for one of them."""
    return f"{path.replace('.out.tfevents.', '.')}.cut"


def _first(content: MetricsContent, series: str) -> int:
    points = content.points[series]
    return points.first or 0 if isinstance(points, NotedPoints) else 0
