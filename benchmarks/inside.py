"""What is measured within one process: where a process of its own would mostly measure imports."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.paired import Contender
from runcheck.writer.log.metric_log import MetricLog
from runcheck.writer.log.tensorboard import EventFile

STEPS, SCALARS = 20_000, 5
BY_JSON = "json.dumps, flushed each step"
LOOP, TO_THE_END = "runcheck, in the loop", "runcheck, and TensorBoard events"


def read_events(folder: Path, steps: int) -> dict[str, Contender]:
    """Read the points of an event file."""
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

    from runcheck.probes.events import EventsProbe

    events = EventFile(str(folder), 1.0)
    for step in range(steps):
        events.write(step, "train", [(f"metric_{number}", 0.1 * step) for number in range(SCALARS)], 1.0 + step)
    events.close()
    (path,) = folder.iterdir()

    def with_runcheck() -> None:
        probe = EventsProbe()
        with path.open("rb") as stream:
            while chunk := stream.read(1 << 20):
                probe.feed(chunk)
        assert probe.content().records == steps + 1

    def with_tensorboard() -> None:
        assert sum(1 for _ in EventFileLoader(str(path)).Load()) == steps + 1

    return _on(steps * SCALARS, {"tensorboard, EventFileLoader": with_tensorboard, "runcheck": with_runcheck})


def write_log(folder: Path, steps: int) -> dict[str, Contender]:
    """Log scalars in a loop without pause: the loop alone, and to the end of the run, all threads included."""
    folder.mkdir()
    logging, count = _Logging(folder, steps), steps * SCALARS
    contenders = _on(count, {BY_JSON: logging.with_json, "by hand, one write": logging.by_hand})
    contenders[LOOP] = Contender(logging.loop, count, lambda: logging.open(events=True))
    contenders["runcheck, metrics.jsonl"] = Contender(lambda: logging.to_the_end(events=False), count, logging.close)
    contenders[TO_THE_END] = Contender(lambda: logging.to_the_end(events=True), count)
    return contenders


class _Logging:
    """The same values, logged in several ways."""

    def __init__(self, folder: Path, steps: int) -> None:
        self._folder = folder
        self._path = folder / "log.jsonl"
        self._steps = steps
        self._values: dict[str, object] = {f"metric_{number}": 0.1 * number for number in range(SCALARS)}
        self._log: MetricLog | None = None

    def open(self, *, events: bool) -> None:
        sinks = [EventFile(str(self._folder / "events"), time.time())] if events else []
        self._log = MetricLog(str(self._path), sinks)

    def loop(self) -> None:
        assert self._log is not None
        for step in range(self._steps):
            self._log.log(step, self._values, "train")

    def close(self) -> None:
        assert self._log is not None
        self._log.close()
        self._path.unlink()

    def to_the_end(self, *, events: bool) -> None:
        self.open(events=events)
        self.loop()
        self.close()

    def by_hand(self) -> None:
        heads = [f'"split": "train", "metric": "{metric}", "value": ' for metric in self._values]
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for step in range(self._steps):
            rows = zip(heads, self._values.values(), strict=True)
            os.write(descriptor, "".join([f'{{"step": {step}, {head}{value!r}}}\n' for head, value in rows]).encode())
        os.close(descriptor)
        self._path.unlink()

    def with_json(self) -> None:
        with self._path.open("a") as stream:
            for step in range(self._steps):
                for metric, value in self._values.items():
                    stream.write(json.dumps({"step": step, "split": "train", "metric": metric, "value": value}) + "\n")
                stream.flush()
        self._path.unlink()


def _on(count: int, works: dict[str, Callable[[], object]]) -> dict[str, Contender]:
    return {name: Contender(work, count) for name, work in works.items()}
