"""``metrics.jsonl`` as it grows: one write a step, in the order of the calls, without waiting for a device."""

import json
import math
import os
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol, SupportsFloat

from runcheck.convention.aggregates import SeriesAggregate, nonfinite_name
from runcheck.convention.names import is_name
from runcheck.errors import InvalidArgumentError
from runcheck.writer.arguments import checked_step

MAX_PENDING = 1024
_SYNC_SECONDS = 1.0

_Row = tuple[str, SupportsFloat]


class Sink(Protocol):
    """Takes the same rows as the metric log. One that fails is reported and dropped, never the run."""

    def write(self, step: int, split: str, values: Sequence[tuple[str, float]], at: float) -> None:
        """Take the values of one step; ``at`` is the time of the call in seconds since 1970."""

    def close(self) -> None:
        """Write what is left."""


class MetricLog:
    """Appends rows to a file and to sinks, and keeps what each series comes to.

    Values that are still on a device are held back, with all rows after them, until they are ready; at most 1,024
    steps of them.
    """

    def __init__(self, path: str, sinks: Sequence[Sink]) -> None:
        """Append to the file at ``path``."""
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        self._sinks = list(sinks)
        self._pending: deque[tuple[int, str, list[_Row], float]] = deque()
        self._heads: dict[tuple[str, str], str] = {}
        self._synced = time.monotonic()
        self._warned: set[str] = set()
        self.series: dict[tuple[str, str], SeriesAggregate] = {}
        self.rows = 0

    def log(self, step: int, metrics: Mapping[str, object], split: str) -> None:
        """Take the values of one step.

        Raises:
            InvalidArgumentError: a step, a name or a value is none. Nothing of the call is written then.
        """
        whole_step = checked_step(step)
        rows = list(_flattened(metrics, ""))
        heads = self._heads
        for metric, _ in rows:
            if (split, metric) not in heads:
                heads[split, metric] = _head(split, metric)
        self._pending.append((whole_step, split, rows, time.time()))
        self._drain(MAX_PENDING)

    def close(self) -> None:
        """Wait for the values that are still on a device, and close the file and the sinks."""
        self._drain(0)
        self._to_disk(os.fsync)
        os.close(self._descriptor)
        for sink in list(self._sinks):
            self._of_sink(sink, sink.close)

    def _drain(self, allowed: int) -> None:
        while self._pending:
            step, split, rows, at = self._pending[0]
            if len(self._pending) <= allowed and not all(_is_ready(value) for _, value in rows):
                return
            self._pending.popleft()
            self._write(step, split, [(metric, float(value)) for metric, value in rows], at)

    def _write(self, step: int, split: str, values: list[tuple[str, float]], at: float) -> None:
        lines = []
        for metric, value in values:
            shown = repr(value) if math.isfinite(value) else f'null, "nonfinite": "{nonfinite_name(value)}"'
            lines.append(f'{{"step": {step}, {self._heads[split, metric]}{shown}}}\n')
            series = self.series.setdefault((split, metric), SeriesAggregate())
            if step <= series.last_step:
                self._warn(
                    f"step {step} of {split}/{metric} follows step {series.last_step}; it is kept, and is a finding"
                )
            series.add(step, value)
        self.rows += len(values)
        content = "".join(lines).encode()
        self._to_disk(lambda descriptor: _write_all(descriptor, content))
        if time.monotonic() - self._synced > _SYNC_SECONDS:
            self._to_disk(os.fsync)
            self._synced = time.monotonic()
        for sink in list(self._sinks):
            self._of_sink(sink, lambda sink=sink: sink.write(step, split, values, at))  # type: ignore[misc]

    def _to_disk(self, act: Callable[[int], object]) -> None:
        try:
            act(self._descriptor)
        except OSError as error:
            self._warn(f"metrics could not be written: {error.strerror}")

    def _of_sink(self, sink: Sink, act: Callable[[], None]) -> None:
        try:
            act()
        except (OSError, ValueError, RuntimeError) as error:
            self._sinks.remove(sink)
            self._warn(f"{type(sink).__name__} failed and gets no more rows: {error}")

    def _warn(self, message: str) -> None:
        if message not in self._warned and len(self._warned) < MAX_PENDING:
            self._warned.add(message)
            warnings.warn(f"runcheck: {message}", RuntimeWarning, stacklevel=5)


def _head(split: str, metric: str) -> str:
    if not is_name("split", split):
        raise InvalidArgumentError(f"split is {split!r}; use letters, digits, '.', '_' and '-'")
    if not is_name("metric", metric):
        raise InvalidArgumentError(
            f"the metric {metric!r} is no name of a metric; use letters, digits and _ . @ : + - with / to group"
        )
    return f'"split": {json.dumps(split)}, "metric": {json.dumps(metric)}, "value": '


def _flattened(metrics: Mapping[str, object], prefix: str) -> Iterator[_Row]:
    for name, value in metrics.items():
        if type(value) is float:  # by far the most frequent, and the protocol below takes a microsecond
            yield f"{prefix}{name}", value
        elif isinstance(value, Mapping):
            yield from _flattened(value, f"{prefix}{name}/")
        elif isinstance(value, str) or not isinstance(value, SupportsFloat) or getattr(value, "shape", ()) != ():
            raise InvalidArgumentError(f"{prefix}{name} is a {type(value).__name__}; a metric is one number")
        elif hasattr(value, "is_ready"):
            yield f"{prefix}{name}", value
        else:
            yield f"{prefix}{name}", _as_float(value, f"{prefix}{name}")


def _as_float(value: SupportsFloat, name: str) -> float:
    try:
        return float(value)
    except (OverflowError, TypeError, ValueError) as error:
        raise InvalidArgumentError(f"{name} cannot be a metric: {error}") from error


def _is_ready(value: object) -> bool:
    if type(value) is float:
        return True
    ready = getattr(value, "is_ready", None)
    return ready is None or bool(ready())


def _write_all(descriptor: int, content: bytes) -> None:
    while content:
        content = content[os.write(descriptor, content) :]
