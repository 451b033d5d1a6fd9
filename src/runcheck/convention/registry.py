"""A row of the registry: what it says of a unit is a function of three documents of the unit, and of nothing else."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import cast

from runcheck.convention.documents import Metadata, RegistryRow, SeriesSummary, Summary
from runcheck.convention.layout import layout
from runcheck.convention.timestamps import format_timestamp, parse_timestamp

# The columns that come from the configuration and from the summary: nobody can tell them where these are not here.
COLUMNS_OF: Mapping[str, tuple[str, ...]] = {
    "config": ("config",),
    "summary": ("duration_seconds", "last_step", "checkpoint_step", "last", "directions"),
}
_PART, _ESCAPED = re.compile(r"(?:[^.\\]|\\.)+", re.DOTALL), re.compile(r"\\(.)", re.DOTALL)
_SMALLEST, _LARGEST = -(2**63), 2**63 - 1  # that a column of integers holds


def registry_row(
    metadata: Metadata, path: str, config: Mapping[str, object] | None = None, summary: Summary | None = None
) -> RegistryRow:
    """Return the registry's row for the unit at ``path``. A run that has not ended has no summary yet."""
    git, provenance = metadata["git"], metadata["data_provenance"]
    architecture, reference = metadata.get("architecture"), metadata.get("config")
    artefact = provenance if provenance["kind"] == "artefact" else None
    splits = metadata.get("splits")
    if metadata["status"] == "running":
        summary = None
    series = _series(summary)
    return {
        "path": path,
        "kind": metadata["kind"],
        "slug": metadata["slug"],
        "version": metadata["version"],
        "name": metadata["name"],
        "label": metadata.get("label"),
        "status": metadata["status"],
        "error": metadata.get("error"),
        "created_at": _moment(metadata["created_at"]),
        "finished_at": _moment(metadata["finished_at"]),
        "duration_seconds": _double(summary["duration_seconds"]) if summary else None,
        "git_sha": git["sha"] if git else None,
        "git_dirty": git["dirty"] if git else None,
        "git_branch": git["branch"] if git else None,
        "config_sha256": reference["sha256"] if reference else None,
        "config": None if config is None else flat_config(config),
        "data_kind": provenance["kind"],
        "data_path": artefact["path"] if artefact else None,
        "data_fingerprint": artefact["fingerprint"] if artefact else None,
        "fingerprint": metadata.get("fingerprint"),
        "rows": None if splits is None else _integer(sum(split["rows"] for split in splits.values())),
        "parameters": architecture["parameters"] if architecture else None,
        "last_step": _integer(max((each["last_step"] for each in series.values()), default=None)),
        "checkpoint_step": _integer(summary["checkpoint_step"]) if summary else None,
        "tags": dict(sorted(metadata["tags"].items())),
        "metrics": dict(sorted(metadata.get("metrics", {}).items())),
        "last": {name: None if (last := each["last"]) is None else _double(last) for name, each in series.items()},
        "directions": {name: each["direction"] for name, each in series.items()},
        "links": dict(sorted(metadata.get("links", {}).items())),
        "trackers": {
            f"{_as_part(tracker)}.{_as_part(field)}": value
            for tracker, fields in sorted(metadata.get("trackers", {}).items())
            for field, value in sorted(fields.items())
        },
    }


def _series(summary: Summary | None) -> dict[str, SeriesSummary]:
    """Return each series of a summary by ``<split>/<metric>``, in order."""
    metrics = summary["metrics"] if summary else {}
    return dict(sorted((f"{split}/{name}", each) for split, of in metrics.items() for name, each in of.items()))


def flat_config(config: Mapping[str, object]) -> str | None:
    """Return a configuration as the registry has it, or None where it is larger than a row should be.

    It is one JSON object of one level: the keys of objects within objects are joined with dots, in order; a dot that is
    part of a key has a backslash before it. A list is one value.
    """
    try:
        text = json.dumps(flattened(config), ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))
        size = len(text.encode())
    except (TypeError, ValueError):  # what YAML has and JSON has not: infinities, escapes of lone surrogates
        return None
    return text if size <= layout().limits.registry_config_bytes else None


def flattened(config: Mapping[str, object]) -> dict[str, object]:
    """Return a configuration with one level of keys, as :func:`flat_config` says."""
    flat: dict[str, object] = {}
    pending = [("", config)]
    while pending:
        prefix, members = pending.pop()
        for key, value in members.items():
            name = prefix + _as_part(str(key))
            if isinstance(value, dict) and value:
                pending.append((f"{name}.", value))
            else:
                flat[name] = value
    return flat


def parts_of(name: str) -> list[str]:
    """Return the keys that are joined in one of a configuration with one level."""
    return [_ESCAPED.sub(r"\1", part) for part in _PART.findall(name)]


def _as_part(name: str) -> str:
    """Return a name as one part of a key whose parts are joined with dots."""
    return name.replace("\\", "\\\\").replace(".", "\\.")


def _moment(text: str | None) -> str | None:
    """Return a timestamp as a column of moments gives it back, or None where the calendar has no such moment."""
    moment = None if text is None else parse_timestamp(text)
    return None if moment is None else format_timestamp(moment)


def _integer(value: int | None) -> int | None:
    return value if value is not None and _SMALLEST <= value <= _LARGEST else None


def _double(value: float) -> float | None:
    try:
        return float(value)
    except OverflowError:
        return None


def shared(rows: Iterable[RegistryRow]) -> Iterator[RegistryRow]:
    """Yield rows that hold each text and each map of tags once, though many rows say the same: half of the memory."""
    known: dict[object, object] = {}

    def once(value: object) -> object:
        if isinstance(value, str):
            return known.setdefault(value, value)
        if not isinstance(value, dict):
            return value
        if all(isinstance(each, str) for each in (*value, *value.values())):
            return known.setdefault((*value.items(),), value)
        return {once(key): each for key, each in value.items()}

    for row in rows:
        yield cast("RegistryRow", {column: once(value) for column, value in row.items()})


def is_same(row: RegistryRow, other: RegistryRow) -> bool:
    """Say whether two rows hold the same values of the same types: 0 is not False, 650.0 not 650."""
    return row == other and all(type(value) is type(other.get(column)) for column, value in row.items())
