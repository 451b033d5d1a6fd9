"""What is measured within one process: where a process of its own would mostly measure imports."""

import json
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.paired import Contender

STEPS, SCALARS = 20_000, 5


def read_events(folder: Path, steps: int) -> dict[str, Contender]:
    """Read the points of an event file."""
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

    from runcheck.probes.events import EventsProbe
    from runcheck.writer.tensorboard import EventFile

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
    """Log scalars in a loop without pause, to the end of the run."""
    from runcheck.writer.metric_log import MetricLog
    from runcheck.writer.tensorboard import EventFile

    folder.mkdir()
    path = folder / "log.jsonl"
    values: dict[str, object] = {f"metric_{number}": 0.1 * number for number in range(SCALARS)}

    def with_runcheck(*, events: bool) -> None:
        sinks = [EventFile(str(folder / "events"), time.time())] if events else []
        log = MetricLog(str(path), sinks)
        for step in range(steps):
            log.log(step, values, "train")
        log.close()
        path.unlink()

    def with_json() -> None:
        with path.open("a") as stream:
            for step in range(steps):
                for metric, value in values.items():
                    stream.write(json.dumps({"step": step, "split": "train", "metric": metric, "value": value}) + "\n")
                stream.flush()
        path.unlink()

    def with_tensorboardx() -> None:
        from tensorboardX import SummaryWriter

        writer = SummaryWriter(str(folder / "tensorboardx"))
        for step in range(steps):
            for metric, value in values.items():
                writer.add_scalar(metric, value, step)
        writer.close()

    works: dict[str, Callable[[], object]] = {
        "json.dumps, flushed each step": with_json,
        "runcheck, metrics.jsonl": lambda: with_runcheck(events=False),
        "runcheck, and TensorBoard events": lambda: with_runcheck(events=True),
    }
    try:
        import tensorboardX  # noqa: F401
    except ImportError:
        return _on(steps * SCALARS, works)
    return _on(steps * SCALARS, {**works, "tensorboardX": with_tensorboardx})


def _on(count: int, works: dict[str, Callable[[], object]]) -> dict[str, Contender]:
    return {name: Contender(work, count) for name, work in works.items()}
