"""What is fast is shown here: us and our peers on the same work, in turn, in one session.

Printed as ratios, medians of several rounds.

``./dev bench`` runs it. The trees are generated in a temporary folder; nothing but this file says how.
"""

import hashlib
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROUNDS = 5
UNITS, FILES = 200, 25
ROWS = 200_000
STEPS, SCALARS = 20_000, 5


def main() -> None:
    """Run every comparison."""
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        _compare(f"verify {UNITS * FILES:,} small files in {UNITS} units", _verify(base))
        _compare(f"validate {ROWS:,} metric rows", _rows(base))
        _compare(f"read {STEPS * SCALARS:,} points of an event file", _events(base), per=STEPS * SCALARS)
        _compare(f"log {STEPS * SCALARS:,} scalars, to the end of the run", _log(base), per=STEPS * SCALARS)
        _compare("start", _start())


def _compare(title: str, contenders: dict[str, Callable[[], object]], per: int | None = None) -> None:
    """Time the contenders in turn and print medians, the first one as 1.00."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(ROUNDS):
        for name, run in contenders.items():
            start = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - start)
    medians = {name: statistics.median(each) for name, each in times.items()}
    first = next(iter(medians.values()))
    print(f"\n{title}")
    for name, median in medians.items():
        each = f"  {median / per * 1e6:6.2f} us each" if per else ""
        print(f"  {name:<36} {median * 1000:9.1f} ms  {median / first:6.2f} x{each}")


def _verify(base: Path) -> dict[str, Callable[[], object]]:
    root = base / "files"
    draw = random.Random(0)
    for number in range(UNITS):
        unit = root / f"dataset/d{number:04d}/v1"
        (unit / "extra").mkdir(parents=True)
        sums = []
        for file in range(FILES):
            content = draw.randbytes(draw.randint(200, 8_000))
            (unit / f"extra/{file:02d}.bin").write_bytes(content)
            sums.append(f"{hashlib.sha256(content).hexdigest()}  extra/{file:02d}.bin\n")
        (unit / "SHA256SUMS").write_text("".join(sums))

    def with_sha256sum() -> None:
        for unit in root.glob("dataset/*/v1"):
            subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=unit, check=True)

    contenders: dict[str, Callable[[], object]] = {"runcheck (whole process)": lambda: _runcheck(root)}
    if shutil.which("sha256sum"):
        contenders["sha256sum -c, a process a unit"] = with_sha256sum
    return contenders


def _rows(base: Path) -> dict[str, Callable[[], object]]:
    from runcheck.probes.metrics import JsonlMetricsProbe

    path = base / "metrics.jsonl"
    with path.open("w") as stream:
        for step in range(ROWS):
            stream.write(f'{{"step": {step}, "split": "train", "metric": "loss", "value": {1 / (step + 1)!r}}}\n')

    def with_runcheck() -> None:
        probe = JsonlMetricsProbe()
        with path.open("rb") as stream:
            while chunk := stream.read(1 << 20):
                probe.feed(chunk)
        assert probe.content().rows == ROWS

    def with_json() -> None:
        with path.open("rb") as stream:
            assert sum(1 for line in stream if json.loads(line)) == ROWS

    return {"runcheck (schema, order, aggregates)": with_runcheck, "json.loads a line, no checks": with_json}


def _events(base: Path) -> dict[str, Callable[[], object]]:
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

    from runcheck.probes.events import EventsProbe
    from runcheck.writer.tensorboard import EventFile

    events = EventFile(str(base / "read"), 1.0)
    for step in range(STEPS):
        events.write(step, "train", [(f"metric_{number}", 0.1 * step) for number in range(SCALARS)], 1.0 + step)
    events.close()
    (path,) = (base / "read").iterdir()

    def with_runcheck() -> None:
        probe = EventsProbe()
        with path.open("rb") as stream:
            while chunk := stream.read(1 << 20):
                probe.feed(chunk)
        assert probe.content().records == STEPS + 1

    def with_tensorboard() -> None:
        assert sum(1 for _ in EventFileLoader(str(path)).Load()) == STEPS + 1

    return {"runcheck (both checksums, points)": with_runcheck, "tensorboard, EventFileLoader": with_tensorboard}


def _log(base: Path) -> dict[str, Callable[[], object]]:
    from runcheck.writer.metric_log import MetricLog
    from runcheck.writer.tensorboard import EventFile

    values: dict[str, object] = {f"metric_{number}": 0.1 * number for number in range(SCALARS)}

    def with_runcheck(*, events: bool) -> None:
        sinks = [EventFile(str(base / "events"), time.time())] if events else []
        log = MetricLog(str(base / "log.jsonl"), sinks)
        for step in range(STEPS):
            log.log(step, values, "train")
        log.close()
        (base / "log.jsonl").unlink()

    def with_json() -> None:
        with (base / "log.jsonl").open("a") as stream:
            for step in range(STEPS):
                for metric, value in values.items():
                    stream.write(json.dumps({"step": step, "split": "train", "metric": metric, "value": value}) + "\n")
                stream.flush()

    def with_tensorboardx() -> None:
        from tensorboardX import SummaryWriter

        writer = SummaryWriter(str(base / "tensorboardx"))
        for step in range(STEPS):
            for metric, value in values.items():
                writer.add_scalar(metric, value, step)
        writer.close()

    contenders: dict[str, Callable[[], object]] = {
        "runcheck, metrics.jsonl": lambda: with_runcheck(events=False),
        "runcheck, and TensorBoard events": lambda: with_runcheck(events=True),
        "json.dumps, flushed each step": with_json,
    }
    try:
        import tensorboardX  # noqa: F401
    except ImportError:
        return contenders
    return {**contenders, "tensorboardX": with_tensorboardx}


def _start() -> dict[str, Callable[[], object]]:
    def python(code: str) -> Callable[[], object]:
        return lambda: subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)

    return {
        "python -c pass": python("pass"),
        "import runcheck": python("import runcheck"),
        "runcheck --version": python("from runcheck.cli import main; main(['--version'])"),
        "runcheck rule RC304": python("from runcheck.cli import main; main(['rule', 'RC304'])"),
    }


def _runcheck(root: Path) -> None:
    done = subprocess.run([sys.executable, "-m", "runcheck", str(root)], check=False, stdout=subprocess.DEVNULL)
    assert done.returncode in (0, 1), os.fspath(root)


if __name__ == "__main__":
    main()
