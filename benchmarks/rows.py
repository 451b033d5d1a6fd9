"""Metric rows a second on one core: ``python benchmarks/rows.py [ROWS [ROUNDS [SERIES]]]``.

Each contender reads the same file in a process of its own, in turn with the others. Ratios are to the `json` loop of
the same round, medians over the rounds; seconds are of the processor, since others may be at work, and of the wall.
"""

import hashlib
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from runcheck.probes import metrics

CHUNK = 1 << 20


def main(rows: int = 1_000_000, rounds: int = 5, series: int = 5) -> None:
    """Compare the contenders on a file of ``rows`` rows, ``series`` of them a step."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "metrics.jsonl"
        write(path, rows, series)
        found: dict[str, list[tuple[float, float, int]]] = {name: [] for name in CONTENDERS}
        for _ in range(rounds):
            for name, results in found.items():
                command = [sys.executable, __file__, "--one", name, str(path)]
                printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
                results.append((float(printed[0]), float(printed[1]), int(printed[2])))
        print(f"{rows:,} rows of {series} series, {path.stat().st_size / rows:.0f} bytes each, {rounds} rounds")
        for name, results in found.items():
            cpu, wall = (statistics.median(each[at] for each in results) for at in (0, 1))
            ratio = [
                statistics.median(own[at] / loop[at] for own, loop in zip(results, found[LOOP], strict=True))
                for at in (0, 1)
            ]
            print(
                f"  {name:<42} cpu {cpu:7.2f} s {ratio[0]:5.3f} x  wall {wall:7.2f} s {ratio[1]:5.3f} x"
                f"  {rows / cpu / 1e6:5.2f} M rows/s  {max(each[2] for each in results) >> 10:4} MiB"
            )


def write(path: Path, rows: int, series: int) -> None:
    """Write rows as the writer does: values of all digits, one in a thousand of them small."""
    draw = random.Random(1)
    with path.open("w") as stream:
        for at in range(rows):
            value = draw.random() * (1e-6 if at % 1000 == 0 else 1)
            stream.write(
                f'{{"step": {at // series}, "split": "train", "metric": "loss_{at % series}", "value": {value!r}}}\n'
            )


def with_runcheck(path: Path, *, hashed: bool = False) -> None:
    probe, digest = metrics.JsonlMetricsProbe(), hashlib.sha256()
    with path.open("rb", buffering=0) as stream:
        while chunk := stream.read(CHUNK):
            if hashed:
                digest.update(chunk)
            probe.feed(chunk)
    content = probe.content()
    assert content.rows
    assert not content.defect_count


def with_standard_library(path: Path) -> None:
    metrics._fast_decoder = lambda: json.loads
    with_runcheck(path)


def with_json(path: Path) -> None:
    with path.open(encoding="utf-8") as stream:
        for line in stream:
            json.loads(line)


LOOP = "for line in f: json.loads(line)"
CONTENDERS: dict[str, Callable[[Path], None]] = {
    LOOP: with_json,
    "runcheck, with the extra rows": with_runcheck,
    "runcheck and SHA-256, with the extra rows": lambda path: with_runcheck(path, hashed=True),
    "runcheck, standard library alone": with_standard_library,
}


def one(name: str, path: Path) -> None:
    """Print what a contender takes: seconds of the processor, of the wall, and its peak in KiB."""
    wall, cpu = time.perf_counter(), time.process_time()
    CONTENDERS[name](path)
    print(time.process_time() - cpu, time.perf_counter() - wall, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        one(sys.argv[2], Path(sys.argv[3]))
    else:
        main(*map(int, sys.argv[1:]))
