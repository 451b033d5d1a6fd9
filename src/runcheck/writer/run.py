"""A training run that is being written."""

import os
import threading
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self, TypeVar, cast

from runcheck.convention.aggregates import Direction
from runcheck.convention.canonical import config_sha256
from runcheck.convention.documents import STATUSES, Metadata, Provenance, Status, Summary
from runcheck.convention.layout import layout
from runcheck.convention.timestamps import now
from runcheck.errors import CannotWriteError, InvalidArgumentError, RuncheckError, warn
from runcheck.trackers.asked import Mirror
from runcheck.trackers.processes import Mirrors
from runcheck.writer.arguments import checked_step, links_within
from runcheck.writer.atomic import json_text
from runcheck.writer.attachments import add_copy, add_plot
from runcheck.writer.ending import finishing, how_it_ended, opened, tell_preempted
from runcheck.writer.exceptions import checked_exception, state_exception
from runcheck.writer.heartbeat import HeartbeatFile
from runcheck.writer.job.silent import SilentLog
from runcheck.writer.lock import locked
from runcheck.writer.log.metric_log import MetricLog
from runcheck.writer.log.tensorboard import EventFile
from runcheck.writer.readme import readme_of_run
from runcheck.writer.recovery.sessions import TakenUp, seconds_of
from runcheck.writer.summary import best_values, direction_of, summary_of
from runcheck.writer.unit import UnitFolder
from runcheck.writer.weights.checkpoints import CheckpointWriter
from runcheck.writer.weights.exports import add_export, named_export
from runcheck.writer.weights.retention import Keep, Ranking
from runcheck.writer.yaml import format_yaml

# What preempts a process leaves it some 30 s.
_COMMIT_SECONDS = 15.0
_DEVICE_SECONDS = 5.0
_FORK = "this process is a fork of the one that started the run"
_Tree = TypeVar("_Tree")


class Run:
    """A training run that is being written. :func:`runcheck.start_run` makes one.

    Attributes:
        resumed_step: The step of the checkpoint that the run goes on from; None where it begins anew.
        metadata: What ``metadata.json`` says, or will say.
    """

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
        """Take what :func:`runcheck.start_run` checked."""
        self._folder = folder
        self._config = folder.redacted(config, "config#")
        self._risks = risks
        self._directions = directions
        self._started = time.monotonic()
        self._begun, self._earlier = folder.created, 0.0  # this session; seconds of those before it
        self._notes: list[str] = []
        self._early_stopping: int | None = None
        self._status: Status = "running"
        self._is_finished = False
        self._ranking = Ranking(keep.by, self._direction(*keep.by.split("/", 1))) if keep.by else None
        self._checkpoints = CheckpointWriter(keep, self._ranking, folder.processes)
        self._log: MetricLog | SilentLog | None = None
        self._mirrors: Mirrors | None = None
        self.resumed_step: int | None = None
        self.metadata: Metadata = folder.metadata(description, provenance, tags)
        self.metadata["config"] = {
            "path": layout().path("config", suffix=".json"),
            "sha256": config_sha256(self._config),
        }
        self.metadata["architecture"] = {"text": architecture, "parameters": None}
        self.metadata["metrics"] = {}
        if directions:
            self.metadata["directions"] = dict(directions)

    @property
    def path(self) -> str:
        """The folder of the run."""
        return self._folder.path

    @property
    def start_step(self) -> int:
        """The step to begin with: the one after :attr:`resumed_step`, or 0."""
        return 0 if self.resumed_step is None else self.resumed_step + 1

    def restore(self, like: _Tree) -> _Tree:
        """Return the tree that training begins with: that of the checkpoint where the run goes on, else ``like``.

        Args:
            like: The tree that a new run begins with. Of a checkpoint the result has its structure, its dtypes and its
                shardings, and numbers of Python and scalars of NumPy where it has them; where it is None the result is
                of dictionaries and lists.

        Raises:
            CannotReadError: the checkpoint is damaged, or does not fit ``like``.
            MissingLibraryError: Orbax is not installed.
        """
        if self.resumed_step is None:
            return like
        from runcheck.reading.checkpoints import restore  # noqa: PLC0415 - few runs go on from one
        from runcheck.reading.files import UnitFiles  # noqa: PLC0415

        return cast("_Tree", restore(UnitFiles(self.path), self.resumed_step, like))

    def begin(self) -> None:
        """Write what stands before the first step: configuration, metadata as ``running``, an empty metric log."""
        self.metadata["version"] = self._folder.version
        with self._folder.whole_or_gone():
            heartbeat = HeartbeatFile(os.path.join(self.path, layout().path("heartbeat")))
            self._folder.write_json(self.metadata["config"]["path"], self._config)
            self._folder.write_readme(self._readme("running", None))
            self._folder.write_json(layout().path("metadata"), self.metadata)
            self._log = self._new_log(EventFile(self._events, self._folder.created.timestamp()), heartbeat)
        self._announce()

    def go_on(self, resume: str | os.PathLike[str], *, allow_config_change: bool) -> bool:
        """Go on with the run that ``resume`` names, instead of beginning one, if there is one; say whether there is."""
        return bool(
            self._folder.processes.agree(
                self.topic_of_resume, lambda: self._take_up(resume, allow_config_change=allow_config_change)
            )
        )

    @property
    def topic_of_resume(self) -> str:
        """What the processes agree on when the run goes on."""
        return f"resume {self.metadata['slug']}"

    def _take_up(self, resume: str | os.PathLike[str], *, allow_config_change: bool) -> str:
        """Return what other processes are to know of the run that is taken up, nothing where there is none."""
        from runcheck.writer.recovery.resume import find_stopped, take_up  # noqa: PLC0415 - it brings what reads a run

        stopped = find_stopped(self._folder, resume)
        if stopped is None:
            return ""
        with locked(stopped.root, stopped.lock):
            resumed = take_up(
                stopped, self._folder, self.metadata, self._config, allow_config_change=allow_config_change
            )
            self.metadata = resumed.metadata
            self._begun, self._earlier = resumed.at, seconds_of(resumed.metadata)
            self._notes, self.resumed_step = resumed.notes, resumed.step
            values = {} if self._ranking is None else resumed.values(self._ranking.by)
            self._checkpoints.adopt(self.path, resumed.steps, resumed.parameters, values)
            self._folder.write_readme(self._readme("running", None))
            events = EventFile(self._events, resumed.at.timestamp(), resumed=self.start_step)
            self._log = log = self._new_log(events, resumed.heartbeat)
            log.adopt(resumed.content.rows, resumed.content.series)
        self._announce()
        return TakenUp(self.metadata["version"], resumed.step, resumed.steps, resumed.parameters).told()

    @property
    def _events(self) -> str:
        return os.path.join(self.path, layout().folder_of("events"))

    def _announce(self) -> None:
        """Make the run known to the end of the process and to the registry; end it where an interrupt comes between."""
        opened(self)
        try:
            self._folder.register(self.metadata)
        except BaseException as error:  # nobody has the run who could finish it
            self.finish(*how_it_ended(error))
            raise

    def _new_log(self, events: EventFile, heartbeat: HeartbeatFile) -> MetricLog:
        path = os.path.join(self.path, layout().path("metrics", suffix=".jsonl"))
        return MetricLog(path, [events], heartbeat.beat)

    def mirror(self, mirrors: Sequence[Mirror]) -> None:
        """Start the processes that keep copies of the run at trackers."""
        if mirrors:
            self._mirrors = Mirrors(self.path, mirrors)

    def log(self, step: int, metrics: Mapping[str, object], split: str = "train") -> None:
        """Log the values of one step: numbers, NumPy scalars or JAX scalars, nested names joined by ``/``.

        Returns without waiting for a device: a ``jax.Array`` is written, in the order of its series, at most a tenth of
        a second after it is computed.

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
        warned of, here, at the next save or at the end, and the step has no checkpoint then. What was logged before is
        written before: a run that is killed goes on behind its last checkpoint, and has all rows until there.

        Raises:
            InvalidArgumentError: ``tree`` is none that Orbax saves, or ``step`` or the metric is no number.
            MissingLibraryError: Orbax is not installed.
            RuncheckError: the run is finished.
        """
        self._owned_log().catch_up()
        self._checkpoints.save(self.path, checked_step(step), tree, metrics)

    @property
    def checkpoints(self) -> list[int]:
        """The steps whose checkpoint is committed and was not removed, in ascending order."""
        return self._checkpoints.steps

    def export(self, name: str, what: object, step: int) -> str | None:
        """Export weights or a model for another framework, under ``exports/``, with a sidecar; return the path.

        One of that name that was exported before is replaced. What the disk refuses is a warning, and None is returned.

        Args:
            name: What to call it. The suffix is the format: ``.safetensors``, ``.pt`` or ``.pth`` for PyTorch,
                ``.onnx``. Without one it is safetensors of a tree, and ONNX of a model.
            what: A tree of arrays: each is written as it is, axes included, under its path in the tree with dots
                between, in PyTorch as a dictionary that ``torch.load`` reads with ``weights_only``. Or an ONNX model
                that a converter such as jax2onnx made: an ``onnx.ModelProto``, its bytes, or its path. It is checked,
                and secrets and paths of this machine are taken out of its notes.
            step: The checkpoint that it is from, which stays then whatever ``keep`` says.

        Raises:
            InvalidArgumentError: ``step`` has no checkpoint, ``name`` is no token or has another format's suffix,
                a leaf is no array or has a dtype that the format lacks, or the model is not valid.
            MissingLibraryError: safetensors, PyTorch or onnx is not installed.
            RuncheckError: the run is finished.
        """
        self._owned_log()
        export = named_export(self._folder, name, what)
        self._checkpoints.pin(checked_step(step))
        whole = self._folder.processes.whole(what)
        env = self.metadata["env"]
        return add_export(self._folder, export, whole, checked_step(step), env["packages"] if env else {})

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

    def link(self, links: Mapping[str, str]) -> None:
        """Link other units of the tree that were not known when the run was started.

        Args:
            links: Their paths below the root, ``<kind>/<slug>/<version>``, by what they are to this run.

        Raises:
            InvalidArgumentError: a relation is no name, or a unit is not in the tree. Nothing is linked.
            CannotWriteError: the disk refuses.
            RuncheckError: the run is finished.
        """
        self._owned_log()
        before = self.metadata.get("links", {})
        linked = {**before, **links_within(self._folder.root, links)}
        if linked == before:
            return
        self.metadata["links"] = linked
        self._write(layout().path("metadata"), json_text(self.metadata))
        self._folder.register(self.metadata)

    def write_role(self, role: str, text: str) -> None:
        """Write the document of a role of the layout, whole or not at all: what else a run of a special kind holds.

        Raises:
            CannotWriteError: the disk refuses.
            RuncheckError: the run is finished.
        """
        self._owned_log()
        self._write(layout().path(role), text)

    def _write(self, path: str, text: str) -> None:
        try:
            self._folder.write(path, text)
        except OSError as error:
            raise CannotWriteError(f"{self.path}/{path}: cannot be written: {error.strerror or error}") from error

    def redacted(self, document: Mapping[str, object], where: str) -> dict[str, object]:
        """Return a document without secrets and paths of this machine; ``where`` is its role and ``#``."""
        return self._folder.redacted(document, where)

    def stopped_early(self, step: int) -> None:
        """Record that training stopped at ``step``, before its planned end.

        Raises:
            InvalidArgumentError: ``step`` is none.
            RuncheckError: the run is finished.
        """
        self._owned_log()
        self._early_stopping = checked_step(step)

    def note(self, text: str) -> None:
        """Add a paragraph to the results in the README. What the disk refuses is a warning, and tried again at the end.

        Raises:
            InvalidArgumentError: ``text`` is no text.
            RuncheckError: the run is finished.
        """
        self._owned_log()
        self._notes.append(self._folder.text(text, "note", "readme"))
        try:
            self._folder.write_readme(self._readme("running", None))
        except OSError as error:
            warn(f"the README was not written: {error.strerror}")

    def except_from(self, clause: str, reason: str, *, path: str | None = None, until: str | None = None) -> None:
        """State that the run breaks a clause on purpose: a check counts that, and does not fail.

        Args:
            clause: Its code, such as ``RC415``. From damage and harm no unit can be excepted.
            reason: Why, in a sentence.
            path: The file or folder of the run that it is about; by default all of it.
            until: The last day that it holds, ``YYYY-MM-DD``; by default it holds for good.

        Raises:
            InvalidArgumentError: it is no clause, or none that a unit can be excepted from; or no reason, path or day.
            RuncheckError: the run is finished.
        """
        self._owned_log()
        state_exception(self._folder, self.metadata, checked_exception(clause, reason, path, until))

    def finish(self, status: Status = "completed", error: str | None = None) -> None:
        """Finish the run: content, then summary, then metadata, then checksums, then ``latest``, then the registry.

        Where trackers have copies of it, wait for these, for no longer than was asked for.

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
            warn(f"{_FORK}, and finishes nothing")
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
            if status == "preempted" and self._folder.processes.is_writer:
                step = max((each.last_step for each in log.series.values()), default=None)
                tell_preempted(step, max(self._checkpoints.steps, default=None))
        if self._mirrors is not None:  # the run is whole by now, and Ctrl-C ends the wait
            self._mirrors.end(is_hurried=status == "preempted")

    def _finish(self, log: MetricLog | SilentLog, status: Status, error: str | None) -> None:
        is_hurried = status == "preempted"
        self._checkpoints.close(_COMMIT_SECONDS if is_hurried else threading.TIMEOUT_MAX)
        if self._checkpoints.steps:
            self.metadata["architecture"]["parameters"] = self._checkpoints.parameters
        log.close(_DEVICE_SECONDS if is_hurried else threading.TIMEOUT_MAX)
        if error:
            self.metadata["error"] = self._folder.error(error)
        finished = max(now(), self._begun)
        summary = self._summary(log, (finished - self._folder.created).total_seconds())
        self.metadata["metrics"] = best_values(summary)
        if self._mirrors is not None and (names := self._mirrors.names(is_hurried=is_hurried)):
            self.metadata["trackers"] = {**self.metadata.get("trackers", {}), **names}
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
            warn(f"the run could not be finished: {fault}")

    def _open_log(self) -> MetricLog | SilentLog:
        if self._log is None or self._status != "running":
            raise RuncheckError(f"{self.path}: the run is {self._status}; start another one")
        return self._log

    def _owned_log(self) -> MetricLog | SilentLog:
        log = self._open_log()
        if log.is_forked:
            raise RuncheckError(f"{self.path}: {_FORK}, and writes nothing; call this there")
        return log

    def _readme(self, status: Status, summary: Summary | None) -> str:
        return readme_of_run({**self.metadata, "status": status}, summary, self._notes, self._risks)

    def _direction(self, split: str, metric: str) -> Direction:
        return direction_of(self._directions, split, metric)

    def _summary(self, log: MetricLog | SilentLog, lived: float) -> Summary:
        # The clock of the metadata may have been set back meanwhile; what it shows bounds the duration.
        return summary_of(
            log.series,
            self._directions,
            early_stopping=self._early_stopping,
            checkpoint=max(self._checkpoints.steps, default=None),
            seconds=min(self._earlier + time.monotonic() - self._started, lived),
        )
