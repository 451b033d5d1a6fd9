"""A tracker interface for scripts that are written against one: five calls, with a tree of this machine behind them.

The configuration of a run is fixed when it begins, and its hash stands in the metadata. So a run begins on the disk
with its first metric or artifact, and its parameters come before.
"""

import math
import os
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Protocol, Self

from runcheck.adopt.found import seeds_in
from runcheck.convention.documents import Status
from runcheck.errors import InvalidArgumentError, RuncheckError, warn
from runcheck.trackers.asked import Mirror
from runcheck.writer.arguments import checked_mapping, checked_name, checked_tags
from runcheck.writer.attachments import LARGEST_ARTIFACT
from runcheck.writer.config import plain_config
from runcheck.writer.log.scalars import flattened
from runcheck.writer.run import Run
from runcheck.writer.shims import MetricWriter
from runcheck.writer.start import start_run


class Tracker(Protocol):
    """What a script calls, one run at a time: parameters, then metrics and artifacts, then the end."""

    def start_run(self, variant: str | None = None) -> Self:
        """Start a run, and return the tracker, which ends it where it stands in a ``with``."""

    def log_params(self, params: Mapping[str, object]) -> None:
        """Take parameters. They come before the first metric and the first artifact."""

    def log_metrics(self, metrics: Mapping[str, object], step: int) -> None:
        """Take the values of one step."""

    def log_artifact(self, path: str | os.PathLike[str], name: str | None = None) -> None:
        """Take a copy of a file."""

    def end_run(self, status: Status = "completed") -> None:
        """End the run."""

    def __enter__(self) -> Self:
        """Start a run, where none is started."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the run, where it is not ended, with the status that is true."""


class LocalTracker:
    """A tracker whose runs are units of a tree, written by :func:`runcheck.start_run`.

    Args:
        root: The tree, usually ``artefacts``; made where it is not there.
        dataset: The first token of the slug.
        model: The second token of the slug.
        variant: The third token of the slug, where ``start_run`` names none.
        tags: ``experiment`` and ``run_type``, and ``sweep`` if the runs are part of one.
        data: The path of a dataset in the same tree, or a provenance, as of :func:`runcheck.start_run`.
        seeds: Each seed that a run depends on; by default the parameters that are called ``seed`` or end in ``_seed``.
        description: What a run is for; by default the first paragraph of the script's docstring.
        largest: The size of the largest artifact that is taken, in bytes.
        trackers: The experiment trackers that get a copy, as of :func:`runcheck.start_run`.
    """

    def __init__(
        self,
        root: str | os.PathLike[str],
        *,
        dataset: str,
        model: str,
        variant: str,
        tags: Mapping[str, str],
        data: str | os.PathLike[str] | Mapping[str, object],
        seeds: Mapping[str, int] | None = None,
        description: str | None = None,
        largest: int = LARGEST_ARTIFACT,
        trackers: Sequence[str | Mirror] | None = None,
    ) -> None:
        """Take what all runs have in common, and write nothing.

        Raises:
            InvalidArgumentError: a name or a tag does not fit the convention.
        """
        self._root = root
        for name, token in (("dataset", dataset), ("model", model), ("variant", variant)):
            checked_name("token", name, token)
        self._dataset, self._model, self._usual_variant = dataset, model, variant
        self._tags = checked_mapping(tags, "tags", '{"experiment": "digits", "run_type": "train"}')
        checked_tags({**self._tags, "dataset": dataset, "model": model}, "model")
        self._data, self._seeds, self._description, self._trackers = data, seeds, description, trackers
        self._largest = largest
        self._variant = variant
        self._params: dict[str, object] = {}
        self._is_started = self._is_ended = False
        self._run: Run | None = None
        self._metrics: MetricWriter | None = None
        self._told: set[str] = set()

    @property
    def run(self) -> Run:
        """The run, for what this interface has no call for, as checkpoints. It begins with the first use of this.

        Raises:
            InvalidArgumentError: what it is to have does not fit the convention.
            CannotWriteError: it cannot be written.
            RuncheckError: none is started, or it is ended.
        """
        self._require_open()
        if self._run is None:
            self._run = start_run(
                self._root,
                dataset=self._dataset,
                model=self._model,
                variant=self._variant,
                config=self._params,
                seeds=seeds_in(self._params) if self._seeds is None else self._seeds,
                tags=self._tags,
                data=self._data,
                description=self._description,
                trackers=self._trackers,
            )
            self._metrics = MetricWriter(self._run)
        return self._run

    def start_run(self, variant: str | None = None) -> Self:
        """Start a run, and return the tracker. Nothing is on the disk before the first metric or artifact.

        Raises:
            InvalidArgumentError: ``variant`` is no token.
            RuncheckError: the run before is not ended.
        """
        if self._is_started and not self._is_ended:
            raise RuncheckError("a run is started and not ended; call end_run first")
        self._variant = self._usual_variant if variant is None else checked_name("token", "variant", variant)
        self._params, self._run, self._metrics, self._told = {}, None, None, set()
        self._is_started, self._is_ended = True, False
        return self

    def log_params(self, params: Mapping[str, object]) -> None:
        """Take parameters, which are the configuration of the run.

        Raises:
            InvalidArgumentError: a value is none of a configuration, or a parameter has another value already.
            RuncheckError: no run is started, it is ended, or it has a metric or an artifact by now.
        """
        self._require_open()
        given = plain_config(params)
        if self._run is not None:
            raise RuncheckError(
                f"{self._run.path}: the parameters {', '.join(given)} come after its first metric or artifact, and its "
                "configuration is fixed by then; log them before"
            )
        for name, value in given.items():
            if self._params.get(name, value) != value:
                raise InvalidArgumentError(f"the parameter {name} is {self._params[name]!r} already, and not {value!r}")
        self._params |= given

    def log_metrics(self, metrics: Mapping[str, object], step: int) -> None:
        """Log the values of one step, without waiting for a device.

        A name whose first or last part is a split is of that split: ``val/loss`` is ``loss`` of ``val``, and ``loss``
        is of ``train``. NaN and infinities are kept as such, and warned of once a metric, but for those of an array
        that is still computed.

        Raises:
            InvalidArgumentError: a name, a value or the step does not fit the convention. Nothing of the call is
                written.
            RuncheckError: no run is started, or it is ended.
        """
        self._require_open()
        values = dict(flattened(metrics))
        path = self.run.path
        assert self._metrics is not None
        self._metrics.write_scalars(step, values)
        for name, value in values.items():
            if isinstance(value, float) and not math.isfinite(value) and name not in self._told:
                self._told.add(name)
                warn(f"{path}: {name} is {value} at step {step}; it is kept as such")

    def log_artifact(self, path: str | os.PathLike[str], name: str | None = None) -> None:
        """Copy a file into the run, under ``extra/``, texts without secrets and paths of this machine.

        Raises:
            InvalidArgumentError: there is no such file, it is too large, or it can have no such name.
            RuncheckError: no run is started, or it is ended.
        """
        self._require_open()
        if os.path.isfile(path) and (size := os.path.getsize(path)) > self._largest:
            raise InvalidArgumentError(
                f"{os.fspath(path)!r} has {size:,} bytes, and an artifact may have {self._largest:,}; weights go with "
                "run.save_checkpoint, data with runcheck.new_dataset; else give a limit, LocalTracker(..., largest=...)"
            )
        self.run.add_file(path, name)

    def end_run(self, status: Status = "completed") -> None:
        """End the run, as :meth:`runcheck.Run.finish` does.

        Raises:
            InvalidArgumentError: ``status`` is none of a run that ended.
            CannotWriteError: the disk refuses. This may be called again.
            RuncheckError: no run is started, or it is ended.
        """
        self.run.finish(status)
        self._is_ended = True

    def __enter__(self) -> Self:
        """Start a run, where none is started."""
        if not self._is_started or self._is_ended:
            self.start_run()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the run, where it is not ended, with the status that is true. The error that ended it goes on."""
        if self._is_ended:
            return
        try:
            run = self.run
        except RuncheckError as fault:
            if error is None:
                raise
            warn(f"the run could not be begun: {fault}")
            return
        run.__exit__(kind, error, trace)
        self._is_ended = True

    def _require_open(self) -> None:
        if not self._is_started:
            raise RuncheckError("no run is started; call start_run first")
        if self._is_ended:
            where = "" if self._run is None else f"{self._run.path}: "
            raise RuncheckError(f"{where}the run is ended; start another one with start_run")
