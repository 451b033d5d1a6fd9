"""Memory of a run that logs ROWS rows, five scalars a step, each a new float: ``python -m benchmarks.long_run [ROWS]``.

Prints the resident memory as the rows come, and the peak; the run is checked at the end.
"""

import random
import resource
import sys
import tempfile
import time

import runcheck
from benchmarks.blank_run import start_run

_SCALARS = 5
_LINES = 10


def main(rows: int) -> None:
    """Log, and say how much memory that takes."""
    steps, draw = rows // _SCALARS, random.Random(0).random
    with tempfile.TemporaryDirectory(prefix="runcheck-long-run-") as root:
        run = start_run(root)
        begin = time.perf_counter()
        for step in range(steps):
            run.log(step, {"a": draw(), "b": draw(), "c": draw(), "d": draw(), "e": draw()})
            if (step + 1) % (steps // _LINES) == 0:
                print(f"{(step + 1) * _SCALARS:>12,} rows  {_resident() / 2**20:6.1f} MiB", flush=True)
        looped = time.perf_counter() - begin
        run.finish()
        print(
            f"loop {looped / rows * 1e6:.2f} us a scalar, to the end {(time.perf_counter() - begin) / rows * 1e6:.2f}"
        )
        print(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10:.1f} MiB")
        print("clean" if runcheck.check(root).is_clean else "NOT CLEAN")


def _resident() -> int:
    with open("/proc/self/statm", encoding="ascii") as stream:
        return int(stream.read().split()[1]) * resource.getpagesize()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000)
