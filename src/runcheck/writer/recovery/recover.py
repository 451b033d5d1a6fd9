"""``recover``: finish what a run left whose process died."""

import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import NamedTuple, cast

from runcheck.convention.aggregates import Direction
from runcheck.convention.canonical import config_sha256
from runcheck.convention.checksums import fingerprint
from runcheck.convention.documents import Heartbeat, Metadata, Status
from runcheck.convention.layout import layout
from runcheck.convention.timestamps import format_timestamp, now, parse_timestamp
from runcheck.convention.unit_paths import path_of_unit
from runcheck.errors import CannotReadError, CannotWriteError, MissingLibraryError
from runcheck.probes.contents import MetricsContent
from runcheck.reading.files import UnitFiles
from runcheck.reading.place import folder_of
from runcheck.reading.unit import metadata_of
from runcheck.tree.liveness import sign_of_life
from runcheck.writer.atomic import write_json, write_whole
from runcheck.writer.latest import update_latest
from runcheck.writer.lock import locked
from runcheck.writer.readme import readme_of_run, words_of_readme
from runcheck.writer.recovery.repair import Repair
from runcheck.writer.recovery.sessions import seconds_of
from runcheck.writer.recovery.stored_rows import NotedPoints, read_rows
from runcheck.writer.registry import is_registered, upsert_row
from runcheck.writer.seal import hash_file, hash_files, write_checksums
from runcheck.writer.summary import best_values, summary_of
from runcheck.writer.yaml import format_yaml

_ERROR = "the process that wrote the run ended without finishing it"


class Recovery(NamedTuple):
    """What was done about a run: its folder, the status that it has now, and a line for each act."""

    path: str
    status: Status
    done: tuple[str, ...]


class StoredUnit(NamedTuple):
    """A unit on the disk that may be written again: its files, the root of its tree, and its path below that."""

    files: UnitFiles
    root: str
    path: str
    metadata: Metadata

    @property
    def lock(self) -> str:
        """The name of the lock that whoever writes the unit again holds."""
        return f"{self.path.replace('/', '.')}.unit"

    def absolute(self, role: str) -> str:
        """Return the path on this machine of the file of a role."""
        return self.files.absolute(layout().path(role))

    def has(self, role: str) -> bool:
        """Say whether the file of a role is there."""
        return self.files.has(layout().path(role))


def recover(path: str | os.PathLike[str], *, force: bool = False, abort: bool = False) -> Recovery:
    """Finish the run at ``path`` whose process died, and say what was done.

    A run that still says ``running`` becomes ``aborted``: what its process was writing when it died is cut off and kept
    below ``extra/``, summary and README are made from the metrics, and it is sealed. A run that died while it was being
    finished is finished with the status that it has. Where nothing is left to do, nothing is done.

    Args:
        path: The folder of a run, or a word that means one, as :func:`runcheck.load` takes it.
        force: Take the process for dead. For who knows that it is, where only the age of a heartbeat could tell.
        abort: Also close a run that was preempted; otherwise it is left to go on.

    Raises:
        CannotReadError: there is no unit, or its metadata are not there or broken.
        CannotWriteError: its process lives or may live, it is a dataset that cannot be finished, or it lies outside of
            a tree.
    """
    unit = stored_unit(os.fspath(path))
    with locked(unit.root, unit.lock):
        unit = unit._replace(metadata=metadata_of(unit.files))  # another process may have been at it meanwhile
        refuse_if_alive(unit, force=force)
        repair = Repair(unit.files)
        if unit.metadata["kind"] == "dataset":
            _finish_dataset(unit, repair)
        elif unit.metadata["status"] == "running" or (abort and unit.metadata["status"] == "preempted"):
            _restore_config(unit, repair)
            _abort(unit, repair)
            _finish(unit, repair)
        else:
            if not unit.has("checksums"):
                _restore_config(unit, repair)
            _finish(unit, repair)
    return Recovery(unit.files.folder, unit.metadata["status"], tuple(repair.done))


def stored_unit(path: str) -> StoredUnit:
    """Return the unit that ``path`` means, which lies where its metadata say.

    Raises:
        CannotReadError: there is none, or its metadata are not there or broken.
        CannotWriteError: it lies elsewhere.
    """
    files = UnitFiles(folder_of(path))
    metadata = metadata_of(files)
    place = path_of_unit(metadata)
    if not files.folder.replace(os.sep, "/").endswith(f"/{place}"):
        raise CannotWriteError(f"{path}: is {place} by its metadata; recover it where it was written, below {place}")
    return StoredUnit(files, files.folder[: -len(place) - 1] or os.sep, place, metadata)


def refuse_if_alive(unit: StoredUnit, *, force: bool = False) -> None:
    """Refuse to touch a unit whose process lives or may live.

    Without a heartbeat nobody writes: it is the first file of a run, and the last to go.

    Raises:
        CannotWriteError: it does.
    """
    heartbeat = heartbeat_of(unit.files)
    sign = None if heartbeat is None or force else sign_of_life(heartbeat, now())
    if sign is not None:
        way = "wait for it, or end it first; only where you know that nobody does, take `runcheck recover --force`"
        raise CannotWriteError(f"{unit.files.folder}: {sign}; {way}")


def heartbeat_of(files: UnitFiles) -> Heartbeat | None:
    """Return the heartbeat of a run, None where there is none or it is broken."""
    with suppress(CannotReadError):
        return cast("Heartbeat", files.document(layout().path("heartbeat"), "json", "heartbeat"))
    return None


def last_sign(unit: StoredUnit) -> datetime:
    """Return when a run that died was last seen alive: by its heartbeat, and the last row."""
    created = parse_timestamp(unit.metadata["created_at"]) or now()
    heartbeat = heartbeat_of(unit.files)
    seen = [created, (heartbeat and parse_timestamp(heartbeat["at"])) or created]
    for path in (*layout().roles["metrics"].paths, layout().path("heartbeat")):
        with suppress(OSError):
            seen.append(datetime.fromtimestamp(os.lstat(unit.files.absolute(path)).st_mtime, UTC))
    restarts = unit.metadata.get("restarts", [])
    begun = parse_timestamp(restarts[-1]["at"]) if restarts else None
    return max(min(max(seen), now()), begun or created, created)


def _abort(unit: StoredUnit, repair: Repair) -> None:
    """Make a run that nobody writes any more one that was aborted."""
    metadata, was = unit.metadata, unit.metadata["status"]
    ended = parse_timestamp(metadata["finished_at"] or "") or last_sign(unit)
    repair.remove_leftovers()
    repair.set_aside_exports()
    _rebuild(unit, repair, ended, "aborted", metadata.get("error", _ERROR))
    _remove_heartbeat(unit, repair)
    repair.say(f"set the status from {was} to aborted, as of {metadata['finished_at']}")


def _rebuild(unit: StoredUnit, repair: Repair, ended: datetime, status: Status, error: str | None) -> None:
    """Write summary, README and metadata from what is there."""
    metadata, files = unit.metadata, unit.files
    steps = repair.whole_checkpoints()
    content, events = MetricsContent(), repair.cut_events()
    for path in layout().roles["metrics"].paths:
        if files.has(path):
            repair.trim_metrics(path)
            content = read_rows(files, path, lambda _: NotedPoints())
            repair.mend_events(events, path, content, ended.timestamp())
            if content.defect_count:
                repair.say(
                    f"{path} has {content.defect_count:,} faults that stay: `runcheck {files.folder}` says which"
                )
            break
    directions = cast("Mapping[str, Direction]", metadata.get("directions", {}))
    metadata["status"], metadata["finished_at"] = status, format_timestamp(ended)
    summary = summary_of(
        content.series,
        directions,
        early_stopping=_early_stopping(files, content),
        checkpoint=max(steps, default=None),
        seconds=seconds_of(metadata),
    )
    if steps:
        metadata["architecture"]["parameters"] = repair.parameters_of(steps)
    metadata["metrics"] = best_values(summary)
    if error is not None:
        metadata["error"] = error
    notes, risks = words_of_readme(readme_text(files))
    write_whole(unit.absolute("summary"), format_yaml(cast("dict[str, object]", summary)))
    write_whole(unit.absolute("readme"), readme_of_run(metadata, summary, notes, risks))
    repair.say(f"wrote summary and README from {summary['rows']:,} rows and {len(steps)} checkpoints")
    write_json(unit.absolute("metadata"), metadata)


def _early_stopping(files: UnitFiles, content: MetricsContent) -> int | None:
    """Return the step that a summary names which was written before the process died."""
    with suppress(CannotReadError):
        step = files.document(layout().path("summary"), "document", "summary")["early_stopping_step"]
        last = max((series.last_step for series in content.series.values()), default=-1)
        return step if isinstance(step, int) and step <= last else None
    return None


def _restore_config(unit: StoredUnit, repair: Repair) -> None:
    """Take back a configuration that a restart put there and died before it said so."""
    path, kept = unit.metadata["config"]["path"], kept_config(unit)
    if kept is not None:
        repair.set_aside(path, "a restart that died before it began had another configuration")
        write_json(unit.files.absolute(path), unit.files.document(kept, "document"))


def kept_config(unit: StoredUnit) -> str | None:
    """Return where the configuration of the metadata was set aside, where the one that is there is another one."""
    path, wanted = unit.metadata["config"]["path"], unit.metadata["config"]["sha256"]
    if _sha256(unit.files, path) == wanted:
        return None
    extra = layout().folder_of("extra")
    places = (f"{extra}/{name}/{path}" for name in unit.files.names(extra))
    return next((place for place in places if _sha256(unit.files, place) == wanted), None)


def _sha256(files: UnitFiles, path: str) -> str | None:
    with suppress(CannotReadError):
        return config_sha256(files.document(path, "document"))
    return None


def _finish(unit: StoredUnit, repair: Repair) -> None:
    """Take the steps that follow the final metadata, those that were not taken."""
    metadata = unit.metadata
    is_sealed = unit.has("checksums")
    repair.remove_leftovers(kept=_listed(unit) if is_sealed else ())
    _remove_heartbeat(unit, repair)
    if metadata["status"] != "preempted" and not is_sealed:
        if not unit.has("summary") or not unit.has("readme"):
            ended = parse_timestamp(metadata["finished_at"] or "") or last_sign(unit)
            _rebuild(unit, repair, ended, metadata["status"], None)
        seal_unit(unit, repair)
    publish(unit, repair)
    if metadata["status"] == "preempted":
        repair.say("is preempted and goes on with start_run(..., resume=...), so it stays open; --abort closes it")


def _finish_dataset(unit: StoredUnit, repair: Repair) -> None:
    metadata = unit.metadata
    if unit.has("checksums"):
        publish(unit, repair)
        return
    path = layout().path("metadata")
    sums = hash_files(unit.files.folder, without=path)
    if metadata["status"] != "completed" or fingerprint(sums) != metadata.get("fingerprint"):
        raise CannotWriteError(
            f"{unit.files.folder}: is a dataset that was never finished, and only its own script can make the rest; "
            "publish the version anew, and remove this folder"
        )
    seal_unit(unit, repair)
    publish(unit, repair)


def seal_unit(unit: StoredUnit, repair: Repair) -> None:
    """Write the checksum list of a unit as it is."""
    path = layout().path("metadata")
    sums = hash_files(unit.files.folder, without=path)
    sums[path] = hash_file(unit.files.absolute(path))
    write_checksums(unit.files.folder, sums)
    repair.say(f"sealed it: {layout().path('checksums')} lists {len(sums):,} files")


def publish(unit: StoredUnit, repair: Repair) -> None:
    """Bring ``latest`` and the registry up to date."""
    slug, version = os.path.split(unit.files.folder)
    if unit.metadata["status"] == "completed" and update_latest(slug, version):
        repair.say(f"let {layout().latest} name {version}")
    with suppress(MissingLibraryError):  # it can be built at any time
        if not is_registered(unit.root, unit.path, unit.metadata):
            upsert_row(unit.root, unit.path, unit.metadata)
            repair.say(f"wrote its row into {layout().registry}")


def _remove_heartbeat(unit: StoredUnit, repair: Repair) -> None:
    if unit.has("heartbeat"):
        os.unlink(unit.absolute("heartbeat"))
        repair.say("removed the heartbeat")


def _listed(unit: StoredUnit) -> frozenset[str]:
    from runcheck.probes.checksums import ChecksumsProbe  # noqa: PLC0415 - few units have leftovers and a list

    probe = ChecksumsProbe()
    for chunk in unit.files.chunks(layout().path("checksums")):
        probe.feed(chunk)
    return frozenset(probe.content().sums())


def readme_text(files: UnitFiles) -> str:
    """Return the README of a unit, "" where there is none."""
    path = layout().path("readme")
    if not files.has(path):
        return ""
    files.file(path)
    with files.open(path) as stream:
        return stream.read(layout().limits.document_bytes).decode("utf-8", "replace")
