"""RC2: metadata and configuration."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import pairwise

from runcheck.convention.canonical import config_sha256
from runcheck.convention.documents import Heartbeat, Metadata, Status
from runcheck.convention.exceptions import exceptions_in, faults_of
from runcheck.convention.layout import layout
from runcheck.convention.schemas import Applied, Violation, is_known_major, major_of
from runcheck.convention.settings import Settings
from runcheck.convention.timestamps import parse_timestamp
from runcheck.convention.units import Unit
from runcheck.convention.versions import NO_COMMIT, parts_of_experiment_id, scheme_of
from runcheck.errors import InvalidArgumentError
from runcheck.probes.contents import DocumentContent
from runcheck.rules.rule import Problem, tree_rule, unit_rule

METADATA = layout().path("metadata")


@unit_rule
def document_syntax(documents: Mapping[str, DocumentContent]) -> Iterator[Problem]:
    """Every document that could not be read as one."""
    for path, content in documents.items():
        if content.error is not None:
            yield Problem(path, content.error, line=content.line)


@unit_rule
def metadata_schema(metadata_violations: tuple[Violation, ...]) -> Iterator[Problem]:
    """Each place where the metadata break their schema."""
    for violation in metadata_violations:
        yield Problem(METADATA, violation.message, pointer=violation.pointer)


@unit_rule
def schema_version(unit: Unit, documents: Mapping[str, DocumentContent]) -> Iterator[Problem]:
    """Documents of another major version than the one that is known here."""
    known = layout().schema_version
    for path, content in documents.items():
        role = unit.members[path].role
        version = content.value.get("schema_version") if isinstance(content.value, dict) else None
        if role is None or role.schema is None or not isinstance(version, str):
            continue
        major = major_of(version)
        if major is not None and major != major_of(known):
            yield Problem(
                path, f"is of version {version!r}; version {major_of(known)} is known here", pointer="/schema_version"
            )


@unit_rule
def path_disagrees(unit: Unit, metadata: Metadata) -> Iterator[Problem]:
    """Kind, slug and version, against the folders."""
    for field, said, folder in (
        ("kind", metadata["kind"], unit.kind.name),
        ("slug", metadata["slug"], unit.slug),
        ("version", metadata["version"], unit.version),
    ):
        if said != folder:
            yield Problem(METADATA, f"says {field} {said!r}; the folder says {folder!r}", pointer=f"/{field}")


@unit_rule
def finished_at(metadata: Metadata) -> Iterator[Problem]:
    """A time if and only if the unit is not running."""
    status, at = metadata["status"], metadata["finished_at"]
    if status == "running" and at is not None:
        yield Problem(METADATA, f"says it finished at {at}, but its status is running", pointer="/finished_at")
    if status != "running" and at is None:
        yield Problem(METADATA, f"has no time for its status {status}", pointer="/finished_at")


@unit_rule
def time_order(metadata: Metadata) -> Iterator[Problem]:
    """Both times exist in the calendar, and are in order."""
    created, finished = metadata["created_at"], metadata["finished_at"]
    for field, text in (("created_at", created), ("finished_at", finished)):
        if text is not None and parse_timestamp(text) is None:
            yield Problem(METADATA, f"says {text}, which is no moment of the calendar", pointer=f"/{field}")
    start, end = parse_timestamp(created), parse_timestamp(finished) if finished else None
    if start and end and end < start:
        yield Problem(
            METADATA, f"says it finished at {finished}, before it was created at {created}", pointer="/finished_at"
        )


@unit_rule
def id_disagrees(metadata: Metadata) -> Iterator[Problem]:
    """The second and the commit in an experiment id."""
    if scheme_of(metadata["version"]) != "experiment-id":
        return
    second, commit = parts_of_experiment_id(metadata["version"])
    if metadata["created_at"][:19] != second:
        yield Problem(
            METADATA, f"says created at {metadata['created_at']}; the version names {second}Z", pointer="/created_at"
        )
    sha = metadata["git"]["sha"] if metadata["git"] else NO_COMMIT
    if sha[:7] != commit:
        yield Problem(METADATA, f"says commit {sha[:7]}; the version names {commit}", pointer="/git/sha")


@unit_rule
def commit_unknown(metadata: Metadata) -> Iterator[Problem]:
    """No commit is recorded."""
    if metadata["git"] is None:
        yield Problem(METADATA, "does not say which commit the code was at", pointer="/git")


@unit_rule
def dirty_without_diff(metadata: Metadata) -> Iterator[Problem]:
    """A difference is kept if and only if there was one."""
    git = metadata["git"]
    if git and git["dirty"] and git["diff"] is None:
        yield Problem(
            METADATA, "says that tracked files differed from the commit, and keeps no difference", pointer="/git/diff"
        )
    if git and not git["dirty"] and git["diff"] is not None:
        said = "does not call dirty" if git["dirty"] is None else "calls clean"
        yield Problem(METADATA, f"names the difference {git['diff']} of a tree that it {said}", pointer="/git/dirty")


@unit_rule
def config_hash(unit: Unit, metadata: Metadata, config: dict[str, object]) -> Iterator[Problem]:
    """The configuration is the one whose hash the metadata hold."""
    said = metadata["config"]["sha256"] if "config" in metadata else None
    path = unit.of_role("config")[0]
    try:
        actual = config_sha256(config)
    except InvalidArgumentError as error:
        yield Problem(path, f"has no hash: {error}")
        return
    if said is not None and said != actual:
        yield Problem(path, f"has the hash {actual[:12]}..., {METADATA} says {said[:12]}...")


@unit_rule
def config_path(unit: Unit, metadata: Metadata) -> Iterator[Problem]:
    """The metadata name the configuration file that is there."""
    paths = unit.of_role("config")
    if "config" in metadata and paths and metadata["config"]["path"] not in paths:
        yield Problem(
            METADATA,
            f"names {metadata['config']['path']!r}; the unit holds {' and '.join(paths)}",
            pointer="/config/path",
        )


@unit_rule
def one_of_several(unit: Unit) -> Iterator[Problem]:
    """Two files for a role that has one."""
    for role in layout().roles.values():
        present = unit.of_role(role.name)
        if not role.several and len(present) > 1:
            yield Problem(present[1], f"stands beside {present[0]}; a unit has one of them")


@unit_rule
def seeds_missing(metadata: Metadata) -> Iterator[Problem]:
    """A run without a seed."""
    if metadata["kind"] == "model" and not metadata.get("seeds"):
        yield Problem(METADATA, "names no seed", pointer="/seeds")


@unit_rule
def yaml_ambiguous(documents: Mapping[str, DocumentContent]) -> Iterator[Problem]:
    """Plain scalars that two versions of YAML read differently."""
    for path, content in documents.items():
        for line, text in content.ambiguous:
            yield Problem(path, f"holds {text!r}, which YAML 1.1 and YAML 1.2 read differently", line=line)


@tree_rule
def extension_schema(extension_schemas: Mapping[str, Applied]) -> Iterator[Problem]:
    """Each extension that breaks the schema of its namespace; a schema that cannot be applied is itself a finding."""
    for namespace, applied in extension_schemas.items():
        if applied.fault:
            yield Problem(
                layout().extension_schemas.replace("<extension>", namespace), applied.fault, line=applied.line
            )
        for unit, violations_ in applied.violations.items():
            for violation in violations_:
                pointer = f"/extensions/{namespace}{violation.pointer}"
                yield Problem(f"{unit}/{METADATA}", violation.message, pointer=pointer)


@unit_rule
def run_alive(
    metadata: Metadata, heartbeat: Heartbeat | None, gone_process: int | None, now: datetime, settings: Settings
) -> Iterator[Problem]:
    """A running run shows that it lives. Datasets are written in one go and have no heartbeat."""
    if metadata["status"] != "running" or metadata["kind"] != "model":
        return
    at = parse_timestamp(heartbeat["at"]) if heartbeat else None
    if at is None:
        yield Problem(METADATA, "says that the run is running, and there is no valid heartbeat", pointer="/status")
    elif gone_process is not None:
        message = f"says that the run is running; process {gone_process} of this machine, which wrote it, ended"
        yield Problem(METADATA, message, pointer="/status")
    elif (age := (now - at).total_seconds()) > settings.most_heartbeat_seconds:
        message = f"says that the run is running; its last heartbeat is {age / 3600:,.1f} hours old"
        yield Problem(METADATA, message, pointer="/status")


@unit_rule
def heartbeat_left(unit: Unit, status: Status) -> Iterator[Problem]:
    """A heartbeat where nothing runs."""
    for path in unit.of_role("heartbeat"):
        if status != "running":
            yield Problem(path, f"is there although the unit is {status}")


@unit_rule
def heartbeat_schema(unit: Unit, documents: Mapping[str, DocumentContent]) -> Iterator[Problem]:
    """Each place where a heartbeat breaks its schema."""
    for path in unit.of_role("heartbeat"):
        if path in documents and is_known_major(documents[path].value):
            from runcheck.convention.validation import violations  # noqa: PLC0415 - loaded with the first document

            for violation in violations("heartbeat", documents[path].value):
                yield Problem(path, violation.message, pointer=violation.pointer)


@unit_rule
def file_of_unit(unit: Unit, metadata: Metadata) -> Iterator[Problem]:
    """The files that the metadata name: the difference, and what a restart kept.

    Configuration, splits and generator have clauses of their own.
    """
    there = {*unit.of_role("diff"), *unit.of_role("extra")}
    named = {"/git/diff": metadata["git"]["diff"] if metadata["git"] else None}
    for number, restart in enumerate(metadata.get("restarts", [])):
        named[f"/restarts/{number}/git/diff"] = restart["git"]["diff"] if restart["git"] else None
        named[f"/restarts/{number}/config/path"] = restart["config"]["path"] if "config" in restart else None
    for pointer, path in named.items():
        if path is not None and path not in there:
            yield Problem(METADATA, f"names {path!r}, which is no file of that role in the unit", pointer=pointer)


@unit_rule
def restart_order(metadata: Metadata) -> Iterator[Problem]:
    """Each session begins and ends after the one before, and in the calendar."""
    times = [("/created_at", metadata["created_at"])]
    for number, restart in enumerate(metadata.get("restarts", [])):
        times += [(f"/restarts/{number}/ended_at", restart["ended_at"]), (f"/restarts/{number}/at", restart["at"])]
    if len(times) > 1 and metadata["finished_at"] is not None:
        times.append(("/finished_at", metadata["finished_at"]))
    for (previous, before), (pointer, text) in pairwise(times):
        earlier, moment = parse_timestamp(before), parse_timestamp(text)
        if moment is None and pointer.startswith("/restarts"):
            yield Problem(METADATA, f"says {text}, which is no moment of the calendar", pointer=pointer)
        elif earlier and moment and moment < earlier:
            yield Problem(
                METADATA, f"says {text}, before the {before} of {previous}, which it follows", pointer=pointer
            )


@unit_rule
def exception_invalid(metadata: Metadata) -> Iterator[Problem]:
    """Each exception that names no clause, or one that nothing is excepted from, or days that are none."""
    for number, exception in enumerate(exceptions_in(metadata)):
        for field, fault in faults_of(exception):
            yield Problem(METADATA, fault, pointer=f"/governance/exceptions/{number}/{field}")


@unit_rule
def surroundings_unknown(metadata: Metadata) -> Iterator[Problem]:
    """No environment or no command is recorded, or of the code the commit alone, as of runs that were adopted."""
    git = metadata["git"]
    for field, value, what in (
        ("env", metadata["env"], "what the code ran on"),
        ("command", metadata["command"], "by which command it ran"),
        ("git/dirty", git is None or git["dirty"], "whether the code was as it was committed"),
    ):
        if value is None:
            yield Problem(METADATA, f"does not say {what}", pointer=f"/{field}")
