"""What was found of a run, written as a unit of the main convention by the writer's own pieces.

The unit is made aside and moved to its place. It is not sealed here: what is missing comes first, and then a check.
"""

import math
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from runcheck.adopt.artifacts import copy_artifacts, lines_of
from runcheck.adopt.found import Found, Given
from runcheck.adopt.metadata import commit_of, metadata_of, missing_in
from runcheck.adopt.series import series_of
from runcheck.adopt.source import Source
from runcheck.convention.aggregates import SeriesAggregate
from runcheck.convention.canonical import config_sha256
from runcheck.convention.documents import Metadata, Summary
from runcheck.convention.layout import layout
from runcheck.convention.validation import violations
from runcheck.convention.versions import experiment_id, next_number_version
from runcheck.errors import CannotWriteError
from runcheck.tree.state import state_folder
from runcheck.tree.walk import folders_in
from runcheck.writer.arguments import checked_name, checked_root
from runcheck.writer.atomic import json_text, sync_folder, sync_tree, write_whole
from runcheck.writer.log.rows import KnownNames
from runcheck.writer.log.tensorboard import write_events
from runcheck.writer.provenance.redaction import Redactor
from runcheck.writer.readme import readme_of_run, results_of
from runcheck.writer.summary import best_values, summary_of
from runcheck.writer.yaml import format_yaml

UNKNOWN = "unknown"  # the token of a slug that nothing tells
_NO_TOKEN = re.compile(r"[^a-z0-9]+")
_LONGEST_TOKEN = 64
_ATTEMPTS = 1000
_CHUNK = 1 << 20


@dataclass
class Adopted:
    """A unit that was made: where it lies, what was taken how, what is missing, and what was left behind.

    It may be sealed where it ``is_whole``: nothing is missing that its documents must say.
    """

    path: str
    is_whole: bool
    notes: list[str]
    missing: list[str]
    left: list[str]


def write_unit(found: Found, source: Source, root: str, given: Given) -> Adopted:
    """Write a run into the tree at ``root``.

    Raises:
        InvalidArgumentError: what was given does not fit the convention.
        CannotWriteError: it cannot be written there.
    """
    root = os.path.abspath(checked_root(root))
    unit = _Unit(found, source, root, given)
    aside = os.path.join(state_folder(root), f"adopt-{os.getpid()}")
    shutil.rmtree(aside, ignore_errors=True)
    try:
        os.makedirs(aside)
        unit.write(aside)
        path = unit.move(aside)
    except OSError as error:
        raise CannotWriteError(f"{root}: cannot be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return Adopted(path, unit.is_whole, unit.notes, unit.missing, found.left)


class _Unit:
    """The unit that is being made."""

    def __init__(self, found: Found, source: Source, root: str, given: Given) -> None:
        self._found, self._source, self._root, self._given = found, source, root, given
        self.notes, self.missing = list(found.notes), list[str]()
        self._redactor = Redactor((source.folder,))
        self._name = " ".join(self._redactor.text(found.name, "metadata#/adopted/name").split())
        self._series: dict[tuple[str, str], SeriesAggregate] = {}
        self._slug = self._named()
        self._metadata: dict[str, object] = {}
        self.is_whole = False

    def write(self, folder: str) -> None:
        """Write the files, all but the metadata, which are made: they name the version."""
        found = self._found
        self._write_metrics(folder)
        for step, checkpoint in sorted(found.checkpoints.items()):
            self._copy(checkpoint, os.path.join(folder, layout().folder_of("checkpoint"), str(step)))
        left = copy_artifacts(self._source, found.artifacts, folder, self._redactor, self._given.largest)
        found.left += lines_of(left)
        config = self._write_config(folder)
        summary = self._write_summary(folder)
        self._metadata = metadata_of(found, self._given, (self._slug, self._name), config, self._redactor)
        self._metadata["metrics"] = best_values(summary or self._summary_of(0.0))
        self.is_whole = not violations("metadata", self._metadata) and summary is not None
        self._write_readme(folder, summary)
        if self._redactor.redactions:
            self._metadata["governance"] = {"redactions": self._redactor.redactions}
        self.missing += missing_in(self._metadata, self.missing)

    def move(self, folder: str) -> str:
        """Give the unit its version, and put it into its place."""
        kind = layout().kinds["model"].folder
        slug = os.path.join(self._root, kind, self._slug)
        os.makedirs(slug, exist_ok=True)
        for version in self._versions(slug):
            path = os.path.join(slug, version)
            if os.path.lexists(path):
                continue
            self._metadata["version"] = version
            write_whole(os.path.join(folder, layout().path("metadata")), json_text(self._metadata))
            sync_tree(folder)
            os.rename(folder, path)
            sync_folder(slug)
            return path
        raise CannotWriteError(f"{slug}: no version is free")

    def _versions(self, slug: str) -> Iterator[str]:
        created = self._found.created
        if created is None:
            yield next_number_version(folders_in(slug))
            return
        for attempt in range(1, _ATTEMPTS):
            yield experiment_id(created, commit_of(self._found), attempt)

    def _named(self) -> str:
        given = self._given
        variant = _NO_TOKEN.sub("-", self._name.lower()).strip("-")[:_LONGEST_TOKEN].strip("-") or UNKNOWN
        known = {name: self._found.tags.get(name) for name in ("dataset", "model")}
        dataset, model = given.dataset or known["dataset"], given.model or known["model"]
        tokens = {"dataset": dataset, "model": model, "variant": given.variant}
        for name, token in tokens.items():
            if token is not None:
                checked_name("token", f"--{name}", token)
            elif name == "variant":
                self.notes.append(f"the variant in the slug is made of the name {self._name!r}")
            else:
                self.missing.append(f"{name}: nothing says it, so the slug has {UNKNOWN!r} (--{name})")
        return "_".join((dataset or UNKNOWN, model or UNKNOWN, given.variant or variant))

    def _write_metrics(self, folder: str) -> None:
        named, notes, missing = series_of(self._found.points.tags)
        self.notes += notes
        self.missing += missing
        names = KnownNames()
        points, created = self._found.points, self._found.created
        rows = ((step, *named[tag], value) for step, tag, value in points.rows() if tag in named)
        path = os.path.join(folder, layout().path("metrics", suffix=".jsonl"))
        with open(path, "wb") as stream:
            for step, split, metric, value in rows:
                stream.write(names.of(split, (metric,)).lines(step, (value,)))
                self._series.setdefault((split, metric), SeriesAggregate()).add(step, value)
        if self._series:
            rows = ((step, *named[tag], value) for step, tag, value in points.rows() if tag in named)
            write_events(
                os.path.join(folder, layout().folder_of("events")), created.timestamp() if created else 0.0, rows
            )
        if points.again:
            self.notes.append(f"{points.again:,} points were logged again later, and the later ones were taken")
        if points.passed_over:
            self.missing.append(f"metrics: {points.passed_over:,} points have no step from 0, and were left out")
        if not points.count:
            self.missing.append("metrics: none were found")

    def _write_config(self, folder: str) -> dict[str, object] | None:
        if not self._found.config:
            self.missing.append("config: no parameters were found")
            return None
        config = self._redactor.document(_finite(self._found.config), "config#")
        assert isinstance(config, dict)
        path = layout().path("config", suffix=".json")
        write_whole(os.path.join(folder, path), json_text(config))
        return {"path": path, "sha256": config_sha256(config)}

    def _write_summary(self, folder: str) -> Summary | None:
        found = self._found
        seconds = None
        if found.created and found.finished:
            seconds = (found.finished - found.created).total_seconds()
        summary = self._summary_of(seconds or 0.0)
        document = cast("dict[str, object]", dict(summary))
        if seconds is None:
            del document["duration_seconds"]
            self.missing.append("summary: how long it took, since the times are not known")
        write_whole(os.path.join(folder, layout().path("summary")), format_yaml(document))
        return summary if seconds is not None else None

    def _summary_of(self, seconds: float) -> Summary:
        step = max(self._found.checkpoints, default=None)
        return summary_of(self._series, {}, early_stopping=None, checkpoint=step, seconds=seconds)

    def _write_readme(self, folder: str, summary: Summary | None) -> None:
        if self.is_whole:
            text = readme_of_run(cast("Metadata", self._metadata), summary, (), "")
        else:
            what, reproduce, results, risks = layout().readme_sections
            todo = layout().readme_placeholder
            told = "\n".join(f"- {key}: {value}" for key, value in sorted(self._found.seeds.items()))
            measured = "\n".join(results_of(self._summary_of(0.0)))
            bodies = {
                what: self._metadata["description"] or todo,
                reproduce: f"{told}\n{todo}".strip(),
                results: measured or todo,
                risks: todo,
            }
            sections = [f"## {heading}\n\n{body}\n" for heading, body in bodies.items()]
            text = "\n".join([f"# {self._name}\n", *sections])
        write_whole(os.path.join(folder, layout().path("readme")), self._redactor.text(text, "readme"))

    def _copy(self, folder: str, target: str) -> None:
        """Copy the regular files of a folder of the source."""
        for entry in self._source.below(folder):
            path = os.path.join(target, entry.path[len(folder) + 1 :])
            if entry.is_folder:
                os.makedirs(path, exist_ok=True)
            elif entry.is_file and entry.error is None:
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with self._source.store.open(entry) as stream, open(path, "wb") as copy:
                    shutil.copyfileobj(stream, copy, _CHUNK)


def _finite(value: object) -> object:
    """Return a configuration with the numbers that JSON has not as the words for them."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {str(key): _finite(each) for key, each in value.items()}
    return [_finite(each) for each in value] if isinstance(value, list) else value
