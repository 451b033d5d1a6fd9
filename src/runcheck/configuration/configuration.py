"""A configuration with its values as they are used."""

import os
from collections.abc import Mapping
from typing import NamedTuple, Required, TypedDict, cast

from runcheck.configuration.find import Source
from runcheck.configuration.globs import Glob, glob
from runcheck.configuration.shape import faults, one_of
from runcheck.convention.layout import layout
from runcheck.convention.settings import Settings
from runcheck.errors import ConfigurationError
from runcheck.tree.locate import is_url

OFF = "off"

_Limits = TypedDict("_Limits", {"lfs-bytes": int, "heartbeat-seconds": int, "file-bytes": dict[str, int]}, total=False)
FlowTable = TypedDict(
    "FlowTable",
    {
        "dataset": Required[str],
        "experiment": str,
        "prepare": str,
        "train": Required[str],
        "evaluate": str,
        "package": str,
        "makes": dict[str, str],
        "reads": list[str],
        "retries": dict[str, int],
        "retry-delay-seconds": int,
    },
    total=False,
)
FlowTable.__doc__ = """A flow: a command a step, and what is to be known of them."""
Table = TypedDict(
    "Table",
    {
        "$schema": str,
        "select": list[str],
        "extend-select": list[str],
        "ignore": list[str],
        "per-path-ignores": dict[str, list[str]],
        "levels": dict[str, str],
        "roots": list[str],
        "mandatory-tags": dict[str, list[str]],
        "tag-values": dict[str, list[str]],
        "wandb-project": str,
        "trackers": dict[str, dict[str, str | int | dict[str, str]]],
        "limits": _Limits,
        "signers": list[str],
        "convention": str,
        "baseline": str,
        "flow": dict[str, FlowTable],
    },
    total=False,
)
Table.__doc__ = """A configuration as it stands in its file, valid against its schema."""


class Configuration(NamedTuple):
    """What the file at ``path`` asks for. Paths that it names are relative to its folder."""

    path: str
    table: Table
    ignored_paths: tuple[tuple[Glob, tuple[str, ...]], ...]
    settings: Settings

    @property
    def folder(self) -> str:
        """The folder that the file lies in."""
        return os.path.dirname(os.path.abspath(self.path))

    @property
    def levels(self) -> dict[str, str]:
        """The level by code, those that are off left out."""
        return {code: level for code, level in self.table.get("levels", {}).items() if level != OFF}

    @property
    def ignored(self) -> list[str]:
        """The codes that are not to be judged by."""
        off = [code for code, level in self.table.get("levels", {}).items() if level == OFF]
        return [*self.table.get("ignore", []), *off]

    @property
    def roots(self) -> list[str]:
        """The trees that are checked where no path is given."""
        return [self.below(each) for each in self.table.get("roots", [])]

    @property
    def convention(self) -> str | None:
        """The convention that the trees follow: a name, or the path of a file."""
        named = self.table.get("convention")
        return self.below(named) if named and ("/" in named or named.endswith(".toml")) else named

    @property
    def trackers(self) -> Mapping[str, Mapping[str, str | int | Mapping[str, str]]]:
        """What is asked of each experiment tracker that runs are mirrored to."""
        return self.table.get("trackers", {})

    @property
    def baseline(self) -> str | None:
        """The path of the file of known findings."""
        named = self.table.get("baseline")
        return self.below(named) if named else None

    @property
    def signers(self) -> list[str]:
        """The paths of the files that say who may sign."""
        return [self.below(each) for each in self.table.get("signers", [])]

    def below(self, path: str) -> str:
        """Return a path that is relative to this file as one that can be opened from here."""
        if is_url(path):
            return path
        whole = os.path.normpath(os.path.join(self.folder, path))
        near = os.path.relpath(whole)
        return whole if near.startswith(os.pardir) else near


def configuration_of(source: Source) -> Configuration:
    """Return what a file asks for.

    Raises:
        ConfigurationError: it asks for what there is not.
    """
    if found := faults(source.table):
        more = f" ({len(found) - 1} more like it)" if len(found) > 1 else ""
        key = f"{found[0].key}: " if found[0].key else ""
        raise ConfigurationError(f"{source.path}: {key}{found[0].message}{more}")
    table = cast("Table", source.table)
    try:
        return Configuration(
            source.path,
            table,
            tuple((_glob(each), tuple(codes)) for each, codes in table.get("per-path-ignores", {}).items()),
            _settings(table),
        )
    except _KeyError as error:
        raise ConfigurationError(f"{source.path}: {error}") from None


class _KeyError(Exception):
    """A key, and what is wrong with it."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(f"{key}: {message}")


def _glob(pattern: str) -> Glob:
    try:
        return glob(pattern)
    except ConfigurationError as error:
        raise _KeyError("per-path-ignores", str(error)) from None


def _settings(table: Table) -> Settings:
    """Return what is asked beyond the convention, which says what kinds, roles, tags and values there are."""
    tags, values, limits = table.get("mandatory-tags", {}), table.get("tag-values", {}), table.get("limits", {})
    known = {kind: (*layout().mandatory_tags[kind], *layout().optional_tags[kind]) for kind in layout().kinds}
    for kind, asked in tags.items():
        _assert_among(known, kind, f"mandatory-tags.{kind}", "is no kind of unit")
        for tag in asked:
            _assert_among(known[kind], tag, f"mandatory-tags.{kind}", f"{tag!r} is no tag of the convention")
    for tag, allowed in values.items():
        names = dict.fromkeys(name for of_kind in known.values() for name in of_kind)
        _assert_among(names, tag, f"tag-values.{tag}", "is no tag of the convention")
        for value in allowed:
            fits = layout().tag_values.get(tag, (value,))
            _assert_among(fits, value, f"tag-values.{tag}", f"{value!r} is no value that the convention allows")
    for role in limits.get("file-bytes", {}):
        _assert_among(layout().roles, role, f"limits.file-bytes.{role}", "is no role of the layout")
    return Settings(
        further_tags=_tuples(tags),
        values=_tuples(values),
        wandb_project=table.get("wandb-project"),
        lfs_bytes=limits.get("lfs-bytes"),
        heartbeat_seconds=limits.get("heartbeat-seconds"),
        file_bytes=limits.get("file-bytes", {}),
    )


def _assert_among(known: Mapping[str, object] | tuple[str, ...], name: str, key: str, message: str) -> None:
    if name not in known:
        raise _KeyError(key, f"{message}{one_of(known, name)}")


def _tuples(table: Mapping[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {key: tuple(values) for key, values in table.items()}
