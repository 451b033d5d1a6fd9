"""Going on with a run that was stopped: which one, whether it may be, and what stands before its next step.

Each step leaves a run that can be taken up again, whatever ends the process between two of them: the list of checksums
goes first, the metadata say ``running`` before a row is moved, and rows are moved before they are gone.
"""

import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from difflib import get_close_matches
from itertools import islice
from typing import NamedTuple, cast

from runcheck.convention.documents import Git, Metadata, Redaction, Restart
from runcheck.convention.layout import layout
from runcheck.convention.secrets import REDACTED
from runcheck.convention.timestamps import format_timestamp, now, parse_timestamp
from runcheck.convention.versions import in_order
from runcheck.errors import CannotReadError, CannotWriteError, InvalidArgumentError, warn
from runcheck.probes.contents import MetricsContent
from runcheck.reading.place import unit_folder
from runcheck.reading.unit import metadata_of
from runcheck.tree.walk import folders_in
from runcheck.writer.atomic import sync_folder, write_json, write_whole
from runcheck.writer.heartbeat import HeartbeatFile
from runcheck.writer.readme import words_of_readme
from runcheck.writer.recovery.differences import differences
from runcheck.writer.recovery.recover import (
    StoredUnit,
    kept_config,
    last_sign,
    readme_text,
    refuse_if_alive,
    stored_unit,
)
from runcheck.writer.recovery.repair import Repair
from runcheck.writer.recovery.stored_rows import NotedPoints, part_rows, read_rows
from runcheck.writer.seal import hash_files, read_checksums
from runcheck.writer.unit import UnitFolder

_NEWEST = "latest"
_SHOWN = 5  # values of a configuration in a message
# What the metadata say of the words that a caller chose; all else is what the run was when it began.
_FROM_CALLER = ("description", "tags", "links", "directions", "trial")


class Resumed(NamedTuple):
    """What stands before the next step of a run that goes on.

    ``step`` is that of the checkpoint, None where there is none; ``content`` are the rows up to it, ``steps`` the
    checkpoints that are there.
    """

    heartbeat: HeartbeatFile
    metadata: Metadata
    at: datetime
    step: int | None
    content: MetricsContent
    steps: tuple[int, ...]
    parameters: int | None
    notes: list[str]

    def values(self, series: str) -> dict[int, float]:
        """Return the values of a series at the steps of the checkpoints, as far as there are any."""
        points = self.content.points.get(series)
        return points.at if isinstance(points, NotedPoints) else {}


def find_stopped(folder: UnitFolder, resume: str | os.PathLike[str]) -> StoredUnit | None:
    """Return the run to go on with; None where the newest is asked for and there is none.

    The newest is the newest unit of the slug, if it is not completed; what is older than a completed one is over.

    Raises:
        InvalidArgumentError: the path is no run of this slug and tree, or is completed.
        CannotReadError: there is no unit at the path, or the metadata of the newest are damaged.
    """
    if resume == _NEWEST:
        return _newest(folder)
    try:
        unit = stored_unit(unit_folder(os.fspath(resume)))  # a word would look in another tree
    except CannotReadError as error:
        is_near = get_close_matches(os.fspath(resume).lower(), [_NEWEST])
        hint = f"; did you mean {_NEWEST!r}?" if is_near else ""
        raise CannotReadError(f"resume: {error}{hint}") from error
    place = f"{folder.kind.folder}/{folder.slug}"
    if os.path.realpath(unit.root) != os.path.realpath(folder.root) or os.path.dirname(unit.path) != place:
        raise InvalidArgumentError(f"resume is {os.fspath(resume)!r}, which is no run of {place} in {folder.root}")
    if unit.metadata["status"] == "completed":
        raise InvalidArgumentError(f"resume is {os.fspath(resume)!r}, which is completed; start another run")
    return unit


def _newest(folder: UnitFolder) -> StoredUnit | None:
    versions = folders_in(folder.slug_path)
    for version in reversed(in_order(versions) or versions):
        path = os.path.join(folder.slug_path, version)
        if not os.path.lexists(os.path.join(path, layout().path("metadata"))):
            continue  # it died before it had metadata, or was put there by hand
        with suppress(CannotWriteError):
            unit = stored_unit(path)
            return None if unit.metadata["status"] == "completed" else unit
    return None


def take_up(
    unit: StoredUnit,
    folder: UnitFolder,
    metadata: Metadata,
    config: Mapping[str, object],
    *,
    allow_config_change: bool,
) -> Resumed:
    """Prepare a run for its next session, and return what stands before it.

    ``metadata`` and ``config`` are what the caller gave for this session; ``folder`` becomes that of the unit.

    Raises:
        CannotWriteError: its process lives or may live, it was written by another program, or its files are not those
            of its list.
        InvalidArgumentError: configuration or data are not those of the run. Nothing was written then.
    """
    old = metadata_of(unit.files)  # another process may have been at it meanwhile
    unit = unit._replace(metadata=old)
    refuse_if_alive(unit)
    is_changed = _refuse_another(unit, metadata, config, allow_config_change=allow_config_change)
    _refuse_damaged(unit)
    ended = parse_timestamp(old["finished_at"] or "") or last_sign(unit)
    _remove(unit, "checksums")
    heartbeat = HeartbeatFile(unit.absolute("heartbeat"))
    try:
        return _prepared(unit, folder, (metadata, config), heartbeat, ended, is_changed=is_changed)
    except BaseException as error:
        _remove(unit, "heartbeat")  # this process goes on with something else
        if isinstance(error, OSError):
            raise CannotWriteError(f"{unit.files.folder}: cannot be taken up again: {error}") from error
        raise


def _prepared(
    unit: StoredUnit,
    folder: UnitFolder,
    given: tuple[Metadata, Mapping[str, object]],
    heartbeat: HeartbeatFile,
    ended: datetime,
    *,
    is_changed: bool,
) -> Resumed:
    old, files, at = unit.metadata, unit.files, max(now(), ended)
    folder.version, folder.created = old["version"], parse_timestamp(old["created_at"]) or folder.created
    repair = Repair(files, "restart")
    repair.remove_leftovers()
    repair.set_aside_exports()
    steps = repair.whole_checkpoints()
    step = max(steps, default=None)
    restart: Restart = {
        "at": format_timestamp(at),
        "step": step,
        "status": old["status"],
        "ended_at": format_timestamp(ended),
        "git": _git(folder, repair, len(old.get("restarts", []))),
    }
    if "error" in old:
        restart["error"] = old["error"]
        if REDACTED in old["error"]:
            where = f"metadata#/restarts/{len(old.get('restarts', []))}/error"
            folder.redactor.note(where, "repeats what was replaced")
    if is_changed:
        restart["config"] = {"path": _keep_config(unit, repair), "sha256": old["config"]["sha256"]}
    write_json(files.absolute(old["config"]["path"]), given[1])
    notes, _ = words_of_readme(readme_text(files))
    new = _joined(folder, old, given[0], restart)
    _remove(unit, "summary")
    write_json(unit.absolute("metadata"), new)
    content = _rows_up_to(unit, repair, step, frozenset(steps), at)
    _tell(repair, step)
    parameters = repair.parameters_of(steps)
    return Resumed(heartbeat, new, at, step, content, steps, parameters, notes)


def _refuse_another(
    unit: StoredUnit, metadata: Metadata, config: Mapping[str, object], *, allow_config_change: bool
) -> bool:
    """Refuse to go on with other data or another configuration; return whether the configuration is another one."""
    old, place = unit.metadata, unit.files.folder
    if old["status"] == "completed":
        raise InvalidArgumentError(f"{place}: is completed; start another run")
    csv = layout().path("metrics", suffix=".csv")
    if unit.files.has(csv) or not old["config"]["path"].endswith(".json"):
        raise CannotWriteError(f"{place}: was written by another program, in {csv} or YAML; start another run")
    if metadata["data_provenance"] != old["data_provenance"]:
        raise InvalidArgumentError(f"{place}: {_other_data(old, metadata)}; start another run")
    if metadata["seeds"] != old["seeds"]:
        warn(f"{place} keeps the seeds that it began with, {old['seeds']}; now they are others")
    if metadata["config"]["sha256"] == old["config"]["sha256"]:
        return False
    if not allow_config_change:
        raise InvalidArgumentError(
            f"{place}: has another configuration than this one{_differing(unit, config)}; "
            "start another run, or say allow_config_change=True"
        )
    return True


def _refuse_damaged(unit: StoredUnit) -> None:
    """Refuse a sealed run whose files are not those of its list, which goes when the run goes on: it is the proof."""
    place, name = unit.files.folder, layout().path("checksums")
    if not os.path.lexists(unit.absolute("checksums")):
        return
    said, mend = read_checksums(place), "restore it from a copy, or start another run"
    if said is None:
        raise CannotWriteError(f"{place}: {name} is damaged; {mend}")
    found = hash_files(place)
    for path, sha256 in said.items():
        if found.get(path) != sha256:
            what = f"is not what {name} lists" if path in found else f"is missing, and {name} lists it"
            raise CannotWriteError(f"{place}: {path} {what}; {mend}")


def _differing(unit: StoredUnit, config: Mapping[str, object]) -> str:
    """Return in words where a configuration is not that of a run."""
    old: Mapping[str, object] = {}
    with suppress(CannotReadError):
        old = unit.files.document(unit.metadata["config"]["path"], "document")
    return _in_words(old, config)


def _in_words(old: Mapping[str, object], new: Mapping[str, object]) -> str:
    changes = list(islice(differences(old, new), _SHOWN + 1))
    return f", in {', '.join(changes[:_SHOWN])}{', ...' if len(changes) > _SHOWN else ''}" if changes else ""


def _other_data(old: Metadata, new: Metadata) -> str:
    """Return in words what a run was trained on, and how other data differ from that."""
    before, after = _told(old), _told(new)
    if before != after:
        return f"was trained on {before}; these are other data, {after}"
    changes = _in_words({**old["data_provenance"]}, {**new["data_provenance"]})
    return f"was trained on other {before} than these{changes}"


def _told(metadata: Metadata) -> str:
    provenance = metadata["data_provenance"]
    if provenance["kind"] == "artefact":
        return f"{provenance['path']} with the fingerprint {provenance['fingerprint'][:12]}"
    if provenance["kind"] == "synthetic":
        return f"synthetic data of the seed {provenance['seed']}"
    return "external data"


def _git(folder: UnitFolder, repair: Repair, number: int) -> Git | None:
    """Return the state of the repository now; the difference of a dirty tree is kept beside what is set aside."""
    if folder.repository is None:
        return None
    git = cast("Git", folder.redactor.document(folder.repository.git, f"metadata#/restarts/{number}/git"))
    if folder.repository.diff:
        path = f"{repair.aside}/{os.path.basename(layout().path('diff'))}"
        with open(repair.place(os.path.basename(path)), "wb") as stream:
            stream.write(folder.redactor.bytes(folder.repository.diff, path))
        git["diff"] = path
    return git


def _keep_config(unit: StoredUnit, repair: Repair) -> str:
    """Copy the configuration that there was, and return the path of the copy."""
    path = unit.metadata["config"]["path"]
    if (kept := kept_config(unit)) is not None:  # by a restart that died before the metadata said so
        return kept
    write_json(repair.place(path), unit.files.document(path, "document"))
    return f"{repair.aside}/{path}"


def _joined(folder: UnitFolder, old: Metadata, given: Metadata, restart: Restart) -> Metadata:
    """Return the metadata of the run as it goes on: what it was when it began, and what its caller says of it now."""
    new = cast("dict[str, object]", {**old})
    new.pop("error", None)
    new.update({field: value for field, value in given.items() if field in _FROM_CALLER})
    new.update(status="running", finished_at=None, metrics={}, config=given["config"])
    new["architecture"] = given["architecture"]  # whose parameters are counted at the end
    new["restarts"] = [*old.get("restarts", []), restart]
    if extensions := {**old.get("extensions", {}), **given.get("extensions", {})}:
        new["extensions"] = extensions
    governance = old.get("governance", {})
    folder.redactor.redactions[:] = _all_of(governance.get("redactions", []), folder.redactor.redactions)
    new["governance"] = {**governance, "redactions": folder.redactor.redactions}
    return cast("Metadata", new)


def _all_of(old: list[Redaction], new: list[Redaction]) -> list[Redaction]:
    return [*old, *(each for each in new if each["where"] not in {known["where"] for known in old})]


def _rows_up_to(
    unit: StoredUnit, repair: Repair, step: int | None, steps: frozenset[int], at: datetime
) -> MetricsContent:
    """Set aside the rows beyond a step, let the event files follow, and return what is left."""
    path, events = layout().path("metrics", suffix=".jsonl"), repair.cut_events()
    if not unit.files.has(path):
        return MetricsContent()
    repair.trim_metrics(path)
    moved = part_rows(unit.files, path, -1 if step is None else step, lambda: repair.place(path))
    if moved:
        repair.say(f"moved {moved:,} rows to {repair.aside}/{path}, for their steps are done again")
    content = read_rows(unit.files, path, lambda _: NotedPoints(steps))
    repair.mend_events(events, path, content, at.timestamp(), -1 if step is None else step)
    return content


def _remove(unit: StoredUnit, role: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(unit.absolute(role))
        sync_folder(unit.files.folder)


def _tell(repair: Repair, step: int | None) -> None:
    """Write what was done beside what was set aside, where anything was."""
    if not repair.done:
        return
    begins = "the beginning, for it has no checkpoint" if step is None else f"the checkpoint of step {step}"
    lines = [f"The run was taken up again from {begins}.", "", *(f"- {line}" for line in repair.done), ""]
    write_whole(repair.place(layout().path("readme")), "\n".join(lines))
