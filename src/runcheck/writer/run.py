"""A training run: ``start_run`` and what it returns."""

import math
import os
import threading
import time
import warnings
from collections.abc import Mapping
from types import TracebackType
from typing import Self, cast

from runcheck.convention.aggregates import Direction, likely_direction
from runcheck.convention.canonical import config_sha256
from runcheck.convention.documents import SIDECAR_SUFFIX, STATUSES, ExportSidecar, Metadata, Provenance, Status, Summary
from runcheck.convention.layout import layout
from runcheck.convention.timestamps import now
from runcheck.convention.versions import experiment_id
from runcheck.errors import CannotWriteError, InvalidArgumentError, RuncheckError
from runcheck.writer.arguments import (
    checked_directions,
    checked_link,
    checked_name,
    checked_seed,
    checked_step,
    checked_tags,
    checked_text,
)
from runcheck.writer.attachments import add_copy, add_plot
from runcheck.writer.checkpoints import CheckpointWriter, export_safetensors
from runcheck.writer.config import plain_config, plain_object
from runcheck.writer.data import provenance_of
from runcheck.writer.ending import finishing, how_it_ended, opened
from runcheck.writer.heartbeat import HeartbeatFile
from runcheck.writer.metric_log import MetricLog
from runcheck.writer.provenance import script_description
from runcheck.writer.readme import readme_of_run
from runcheck.writer.retention import Keep, Ranking
from runcheck.writer.seal import hash_file
from runcheck.writer.tensorboard import EventFile
from runcheck.writer.unit import UnitFolder
from runcheck.writer.yaml import format_yaml

_MAX_ATTEMPTS = 1000
# What preempts a process leaves it some 30 s.
_COMMIT_SECONDS = 15.0
_DEVICE_SECONDS = 5.0
_FORK = "this process is a fork of the one that started the run"


def start_run(
    root: str | os.PathLike[str],
    *,
    dataset: str,
    model: str,
    variant: str,
    config: object,
    seeds: Mapping[str, int],
    tags: Mapping[str, str],
    data: str | os.PathLike[str] | Mapping[str, object],
    description: str | None = None,
    architecture: str = "",
    risks: str = "",
    directions: Mapping[str, Direction] | None = None,
    links: Mapping[str, str] | None = None,
    extensions: Mapping[str, Mapping[str, object]] | None = None,
    keep: Keep | None = None,
) -> "Run":
    """Start a training run in the tree at ``root`` and return it; use it in a ``with``, or call :meth:`Run.finish`.

    Args:
        root: The tree, usually ``artefacts``; made where it is not there.
        dataset: The first token of the slug.
        model: The second token of the slug.
        variant: The third token of the slug.
        config: The configuration: a mapping, a dataclass, an ``argparse.Namespace``, absl's ``FLAGS``, an
            ``ml_collections.ConfigDict`` or an OmegaConf ``DictConfig`` (:func:`runcheck.writer.config.plain_config`).
            Secrets in it are replaced before anything is written.
        seeds: Each seed that the run depends on, by what it seeds.
        tags: ``experiment`` and ``run_type``, and ``sweep`` if it is part of one. ``dataset`` and ``model`` are those
            of the slug.
        data: The path of a dataset in the same tree, or a provenance, ``{"kind": "synthetic", "seed": 7}`` or
            ``{"kind": "external", "hashes": {...}}``.
        description: What the run is for, in a sentence or two; by default the first paragraph of the script's
            docstring.
        architecture: The model, in a few words.
        risks: What a reader should beware of, for the README.
        directions: For a metric by name, which end is better: ``min`` or ``max``. By default losses and errors are
            ``min``, all else ``max``.
        links: Other units of the tree by what they are to this run.
        extensions: Fields of other owners, an object a namespace.
        keep: Which checkpoints stay; by default all.

    Raises:
        InvalidArgumentError: an argument does not fit the convention; nothing was written.
        CannotWriteError: the run's folder cannot be made.
    """
    tokens = {"dataset": dataset, "model": model, "variant": variant}
    slug = "_".join(checked_name("token", what, text) for what, text in tokens.items())
    folder = UnitFolder(os.fspath(root), layout().kinds["model"], slug)
    given = folder.redacted(data, "metadata#/data_provenance") if isinstance(data, Mapping) else data
    run = Run(
        folder,
        config=plain_config(config),
        provenance=provenance_of(given, root),
        tags=checked_tags({**tags, "dataset": dataset, "model": model}, "model"),
        description=folder.text(
            script_description() if description is None else description, "description", "metadata#/description"
        ),
        architecture=" ".join(
            folder.text(_one_line(architecture), "architecture", "metadata#/architecture/text").split()
        ),
        risks=folder.text(risks, "risks", "readme"),
        directions=checked_directions(directions or {}),
        keep=keep or Keep(),
    )
    checked = {name: checked_seed(name, seed) for name, seed in seeds.items()}
    run.metadata["seeds"] = cast("dict[str, int]", folder.redacted(checked, "metadata#/seeds"))
    if links:
        run.metadata["links"] = {
            checked_name("relation", "a relation in links", relation): checked_link(folder.root, relation, unit)
            for relation, unit in links.items()
        }
    if extensions:
        run.metadata["extensions"] = {
            checked_name("extension", "a namespace in extensions", name): folder.redacted(
                plain_object(value, f"extensions/{name}"), f"metadata#/extensions/{name}"
            )
            for name, value in extensions.items()
        }
    attempts = (experiment_id(folder.created, folder.sha, attempt) for attempt in range(1, _MAX_ATTEMPTS))
    if not any(folder.create(version) for version in attempts):
        raise CannotWriteError(f"{folder.slug_path}: no version of this second is free")
    run.begin()
    return run


def _one_line(text: str) -> str:
    return " ".join(checked_text(text, "architecture").split())


class Run:
    """A training run that is being written. :func:`start_run` makes one."""

    def __init__(
        self,
        folder: UnitFolder,
        *,
        config: dict[str, object],
        provenance: Provenance,
        tags: dict[str, str],
        description: str,
        architecture: str,
        risks: str,
        directions: Mapping[str, Direction],
        keep: Keep,
    ) -> None:
        """Take what :func:`start_run` checked."""
        self._folder = folder
        self._config = folder.redacted(config, "config#")
        self._risks = risks
        self._directions = directions
        self._started = time.monotonic()
        self._notes: list[str] = []
        self._early_stopping: int | None = None
        self._status: Status = "running"
        self._is_finished = False
        self._ranking = Ranking(keep.by, self._direction(*keep.by.split("/", 1))) if keep.by else None
        self._checkpoints = CheckpointWriter(keep, self._ranking)
        self._log: MetricLog | None = None
        self.metadata: Metadata = folder.metadata(description, provenance, tags)
        self.metadata["config"] = {
            "path": layout().path("config", suffix=".json"),
            "sha256": config_sha256(self._config),
        }
        self.metadata["architecture"] = {"text": architecture, "parameters": None}
        self.metadata["metrics"] = {}

    @property
    def path(self) -> str:
        """The folder of the run."""
        return self._folder.path

    def begin(self) -> None:
        """Write what stands before the first step: configuration, metadata as ``running``, an empty metric log."""
        self.metadata["version"] = self._folder.version
        with self._folder.whole_or_gone():
            heartbeat = HeartbeatFile(os.path.join(self.path, layout().path("heartbeat")))
            self._folder.write_json(self.metadata["config"]["path"], self._config)
            self._folder.write_json(layout().path("metadata"), self.metadata)
            events = EventFile(os.path.join(self.path, layout().folder_of("events")), self._folder.created.timestamp())
            path = os.path.join(self.path, layout().path("metrics", suffix=".jsonl"))
            self._log = MetricLog(path, [events], heartbeat.beat)
        opened(self)
        self._folder.register(self.metadata)

    def log(self, step: int, metrics: Mapping[str, object], split: str = "train") -> None:
        """Log the values of one step: numbers, NumPy scalars or JAX scalars, nested names joined by ``/``.

        Returns without waiting for a device: a ``jax.Array`` that is still computed is written, in the order of its
        series, once it is ready.

        Raises:
            InvalidArgumentError: step, split, a name or a value does not fit the convention. Nothing of the call is
                written.
            RuncheckError: the run is finished.
        """
        self._open_log().log(step, metrics, split)
        if self._ranking is not None:
            self._ranking.saw(step, split, metrics)

    def save_checkpoint(self, step: int, tree: object, metrics: Mapping[str, object] | None = None) -> None:
        """Save a tree of arrays as the checkpoint of ``step``, in the background.

        Where ``keep`` ranks checkpoints by a metric, its value is looked for in ``metrics``, with or without the split
        before its name; where it is not there, the value that is logged at ``step`` counts. A save that fails is
        warned of, here, at the next save or at the end, and the step has no checkpoint then.

        Raises:
            InvalidArgumentError: ``tree`` is none that Orbax saves, or ``step`` or the metric is no number.
            MissingLibraryError: Orbax is not installed.
            RuncheckError: the run is finished.
        """
        self._owned_log()
        self._checkpoints.save(self.path, checked_step(step), tree, metrics)

    @property
    def checkpoints(self) -> list[int]:
        """The steps whose checkpoint is committed and was not removed, in ascending order."""
        return self._checkpoints.steps

    def export(self, name: str, tree: object, step: int) -> str:
        """Export the arrays of ``tree`` as ``exports/<name>.safetensors`` with its sidecar, and return the path.

        ``step`` is the checkpoint that they are from.

        Raises:
            InvalidArgumentError: ``step`` has no checkpoint, or ``name`` is no token.
            MissingLibraryError: safetensors is not installed.
        """
        self._owned_log()
        file = f"{checked_name('token', 'the name of an export', name)}.safetensors"
        self._checkpoints.pin(step)
        exports = os.path.join(self.path, layout().folder_of("export"))
        os.makedirs(exports, exist_ok=True)
        path = os.path.join(exports, file)
        export_safetensors(path, tree)
        packages = self.metadata["env"]["packages"]
        framework = f"jax {packages['jax']}" if "jax" in packages else "numpy"
        sidecar: ExportSidecar = {
            "schema_version": layout().schema_version,
            "file": file,
            "format": "safetensors",
            "framework": framework,
            "source_step": checked_step(step),
            "sha256": hash_file(path),
        }
        self._folder.write_json(
            f"{layout().folder_of('export')}/{file}{SIDECAR_SUFFIX}", cast("dict[str, object]", sidecar)
        )
        return path

    def add_file(self, path: str | os.PathLike[str], name: str | None = None) -> str | None:
        """Copy a file into the run, under ``extra/``, and return the path of the copy.

        Secrets and paths of this machine are taken out of a text. A file of that name that was added before is
        replaced. What the disk refuses is a warning, and None is returned.

        Args:
            path: A file; where it is a link, what it leads to is copied.
            name: What to call it, with ``/`` for folders; by default the last part of ``path``.

        Raises:
            InvalidArgumentError: there is no such file, ``name`` fits no file system or leads out of ``extra/``, or it
                is a text of more than 64 MiB.
            RuncheckError: the run is finished.
        """
        self._owned_log()
        return add_copy(self._folder, path, name)

    def plot(self, name: str, figure: object) -> str | None:
        """Write a plot into the run, under ``plots/``, and return its path; one of that name is replaced.

        What cannot be drawn, or the disk refuses, is a warning, and None is returned.

        Args:
            name: What to call it, with ``/`` for folders. The suffix, ``.png`` or ``.svg``, may be left out.
            figure: A figure or axes of matplotlib, or the bytes or the path of a PNG or SVG. A figure is drawn as PNG
                unless ``name`` ends in ``.svg``.

        Raises:
            InvalidArgumentError: ``figure`` is none of these, or ``name`` fits no file system or leads out of
                ``plots/``.
            RuncheckError: the run is finished.
        """
        self._owned_log()
        return add_plot(self._folder, name, figure)

    def stopped_early(self, step: int) -> None:
        """Record that training stopped at ``step``, before its planned end."""
        self._early_stopping = checked_step(step)

    def note(self, text: str) -> None:
        """Add a paragraph to the results in the README."""
        self._notes.append(self._folder.text(text, "note", "readme"))

    def finish(self, status: Status = "completed", error: str | None = None) -> None:
        """Finish the run: content, then summary, then metadata, then checksums, then ``latest``, then the registry.

        A signal that comes meanwhile waits for it; a second Ctrl-C does not. In a fork of the process that started the
        run nothing is done but a warning.

        Args:
            status: How it ended. A ``preempted`` run is not sealed, since it goes on, and does not wait for long.
            error: What ended a run that did not complete, in one line.

        Raises:
            CannotWriteError: the disk refuses. What is there stays, and this may be called again.
            RuncheckError: the run is finished already, or ``status`` is ``running``.
        """
        log = self._log
        if log is None or self._is_finished:
            raise RuncheckError(f"{self.path}: the run is {self._status}; start another one")
        if log.is_forked:
            message = f"runcheck: {_FORK}, and finishes nothing"
            warnings.warn(message, RuntimeWarning, stacklevel=2)
            return
        if status not in STATUSES or status == "running":
            ends = ", ".join(each for each in STATUSES if each != "running")
            raise InvalidArgumentError(f"status is {status!r}; a finished run is one of {ends}")
        with finishing(self):
            self._status = status
            try:
                self._finish(log, status, error)
            except OSError as fault:
                message = f"{self.path}: cannot be finished: {fault.strerror or fault}; what is there stays as it is"
                raise CannotWriteError(message) from fault
            self._is_finished = True

    def _finish(self, log: MetricLog, status: Status, error: str | None) -> None:
        is_hurried = status == "preempted"
        self._checkpoints.close(_COMMIT_SECONDS if is_hurried else threading.TIMEOUT_MAX)
        if self._checkpoints.steps:
            self.metadata["architecture"]["parameters"] = self._checkpoints.parameters
        log.close(_DEVICE_SECONDS if is_hurried else threading.TIMEOUT_MAX)
        if error:
            self.metadata["error"] = self._folder.error(error)
        finished = now()
        summary = self._summary(log, (finished - self._folder.created).total_seconds())
        self.metadata["metrics"] = {
            f"{split}/{metric}": series["best"]
            for split, of_split in summary["metrics"].items()
            for metric, series in of_split.items()
        }
        self._folder.write_readme(self._readme(status, summary))
        self._folder.write(layout().path("summary"), format_yaml(cast("dict[str, object]", summary)))
        self._folder.finish(self.metadata, status, finished)

    def __enter__(self) -> Self:
        """Return the run."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finish the run with the status that is true. The error that ended it goes on."""
        if self._status != "running":
            return
        status, text = how_it_ended(error)
        if error is None or status == "completed":
            self.finish(status, text)
            return
        try:
            self.finish(status, text)
        except (RuncheckError, OSError, ValueError) as fault:
            warnings.warn(f"runcheck: the run could not be finished: {fault}", RuntimeWarning, stacklevel=2)

    def _open_log(self) -> MetricLog:
        if self._log is None or self._status != "running":
            raise RuncheckError(f"{self.path}: the run is {self._status}; start another one")
        return self._log

    def _owned_log(self) -> MetricLog:
        log = self._open_log()
        if log.is_forked:
            raise RuncheckError(f"{self.path}: {_FORK}, and writes nothing; call this there")
        return log

    def _readme(self, status: Status, summary: Summary) -> str:
        return readme_of_run({**self.metadata, "status": status}, summary, self._notes, self._risks)

    def _direction(self, split: str, metric: str) -> Direction:
        given = self._directions
        return given.get(metric) or given.get(f"{split}/{metric}") or likely_direction(metric)

    def _summary(self, log: MetricLog, lived: float) -> Summary:
        metrics: dict[str, dict[str, object]] = {}
        for (split, metric), series in sorted(log.series.items()):
            metrics.setdefault(split, {})[metric] = series.summary(self._direction(split, metric))
        # The clock of the metadata may have been set back meanwhile; what it shows bounds the duration.
        duration = max(0.0, min(time.monotonic() - self._started, lived))
        return cast(
            "Summary",
            {
                "schema_version": layout().schema_version,
                "rows": log.rows,
                "metrics": metrics,
                "early_stopping_step": self._early_stopping,
                "checkpoint_step": max(self._checkpoints.steps, default=None),
                "duration_seconds": math.floor(duration * 1000) / 1000,
            },
        )
