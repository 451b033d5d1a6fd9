"""The metadata of a run that another tool wrote: what is known of it, and what is missing."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from runcheck.adopt.found import Found, Given
from runcheck.convention.documents import label_of, name_of
from runcheck.convention.layout import layout
from runcheck.convention.names import is_name
from runcheck.convention.timestamps import date_of, format_timestamp
from runcheck.convention.validation import violations
from runcheck.convention.versions import NO_COMMIT
from runcheck.writer.arguments import checked_tags
from runcheck.writer.provenance.redaction import Redactor

_SHORT = 7
_OF_GIT = ("dirty", "branch", "remote")  # beside the commit, without which nothing is known
_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_NO_ENV = "env: nothing says it"
_HINTS = {"status": " (--status)"}


def commit_of(found: Found) -> str | None:
    """Return the commit that the code was at, where the source says one."""
    sha = found.git.get("sha")
    return sha if isinstance(sha, str) and _COMMIT.fullmatch(sha) else None


def metadata_of(
    found: Found,
    given: Given,
    names: tuple[str, str],
    config: Mapping[str, object] | None,
    redactor: Redactor,
) -> dict[str, object]:
    """Return the metadata, in which there is nothing that nobody said; ``names`` are the slug and what it was called.

    The version and the values of metrics are not yet in them.

    Raises:
        InvalidArgumentError: the tags that were given do not fit the convention.
    """
    slug, name = names
    created = _timestamp(found.created)
    metadata: dict[str, object] = {
        "schema_version": layout().schema_version,
        "kind": "model",
        "slug": slug,
        "version": "",
        "architecture": {"text": "", "parameters": None},  # as the writer has it where nobody describes it
        "metrics": {},
    }
    if created is not None:
        date = date_of(created)
        metadata["name"] = name_of(date, slug)
        metadata["label"] = label_of(date, slug, (commit_of(found) or NO_COMMIT)[:_SHORT])
    description = given.description if given.description is not None else found.description
    metadata["description"] = redactor.text(description, "metadata#/description")
    git = redactor.document(_git(found.git), "metadata#/git") if found.git else None
    known = {
        "status": given.status or found.status,
        "created_at": created,
        "finished_at": _timestamp(found.finished),
        "data_provenance": redactor.document(found.data, "metadata#/data_provenance") if found.data else None,
    }
    metadata |= {key: value for key, value in known.items() if value is not None}
    metadata["tags"] = _tags(found, given, redactor)
    if config is not None:
        metadata["config"] = config
    if found.seeds:
        metadata["seeds"] = redactor.document(found.seeds, "metadata#/seeds")
    command = redactor.document(found.command, "metadata#/command", "command") if found.command else None
    is_whole = not _lacking_of_env(found.env)
    env = redactor.document(found.env, "metadata#/env" if is_whole else "metadata#/adopted/env")
    in_part = {"env": env} if found.env and not is_whole else {}
    metadata |= {"git": git, "env": env if is_whole else None, "command": command}
    if found.extensions:
        metadata["extensions"] = redactor.document(found.extensions, "metadata#/extensions")
    metadata["adopted"] = {"from": found.tool, "name": name, **in_part}
    return metadata


def missing_in(metadata: Mapping[str, object], told: Iterable[str]) -> list[str]:
    """Return a line for each field that metadata lack, but for those that were told of."""
    missing: list[str] = []
    lacking = [tag for tag in layout().mandatory_tags["model"] if tag not in _object(metadata["tags"])]
    if lacking:
        missing.append(f"tags: {', '.join(lacking)} (--tag {lacking[-1]}=...)")
    said = {each.split(":")[0] for each in (*told, *missing)}
    for violation in violations("metadata", {**metadata, "version": "v1"}):
        where = violation.pointer.strip("/").replace("/", ".")
        field = violation.message.removeprefix("lacks the field ")
        if field != violation.message:
            name = f"{where}.{field}" if where else field
            if name not in said:
                missing.append(f"{name}: nothing says it{_HINTS.get(name, '')}")
        else:
            missing.append(f"{where}: {violation.message}")
    if metadata["env"] is None:
        known = _object(metadata["adopted"]).get("env")
        lacking_ = ", ".join(_lacking_of_env(known))
        missing.append(f"env: nothing says {lacking_}; what is known of it stands in adopted" if known else _NO_ENV)
    missing += [f"{field}: nothing says it" for field in ("git", "command") if metadata[field] is None]
    if metadata["git"] is not None and _object(metadata["git"])["dirty"] is None:
        missing.append("git.dirty: nothing says it")
    if not metadata["description"]:
        missing.append("description: nothing says what the run was for (--description)")
    return missing


def _lacking_of_env(env: object) -> list[str]:
    """Return the fields that what is known of an environment lacks, or that are none of it."""
    found = violations("metadata", {"env": env})
    places = [each for each in found if f"{each.pointer}/".startswith("/env/")]
    return [f"{each.pointer[5:]} {each.message}".strip().removeprefix("lacks the field ") for each in places]


def _tags(found: Found, given: Given, redactor: Redactor) -> dict[str, str]:
    tags = {**found.tags, **given.tags}
    tags |= {name: token for name, token in (("dataset", given.dataset), ("model", given.model)) if token}
    experiment = redactor.text(found.experiment or "", "metadata#/tags/experiment")
    if is_name("tag", experiment):
        tags.setdefault("experiment", experiment)
    is_whole = all(tag in tags for tag in layout().mandatory_tags["model"])
    return checked_tags(tags, "model") if is_whole else tags


def _git(git: dict[str, object]) -> dict[str, object]:
    """Return what is known of the repository, and null for what nobody recorded; a dirty tree has a difference."""
    made = {**({"sha": git["sha"]} if "sha" in git else {}), **{key: git.get(key) for key in _OF_GIT}}
    if not made["dirty"]:
        made["diff"] = None
    return made


def _object(value: object) -> Mapping[object, object]:
    return value if isinstance(value, dict) else {}


def _timestamp(moment: datetime | None) -> str | None:
    return None if moment is None else format_timestamp(moment.astimezone(UTC))
