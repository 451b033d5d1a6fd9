"""The process that is killed, or whose disk fails: a run from its start to its finish."""

import os
import sys
import warnings
from pathlib import Path
from typing import Any

from runcheck.writer.log import follower
from tests.faults.layer import Fault, Layer
from tests.runs import start_run

STEPS = 4
ENDS = ("completed", "failed", "preempted")


def live(root: Path, end: str, fault: Fault, diary: int) -> None:
    """Write a run under a fault, and each thing that was reached to the descriptor ``diary``."""
    write = os.write

    def reached(what: str) -> None:
        write(diary, f"{what}\n".encode())

    follower._SECONDS = 3600.0  # its turns would not come at the same call each time
    warnings.simplefilter("ignore")
    layer = Layer(str(root), fault)
    layer.install()
    try:
        run = start_run(root)
        reached(f"started {run.path}")
        for step in range(STEPS):
            run.log(step, {"loss": 1 / (step + 1), "accuracy": step / 10})
            reached(f"logged {step}")
        run.finish(end, "an error" if end == "failed" else None)  # type: ignore[arg-type]
        reached("finished")
    except BaseException as error:  # noqa: BLE001 - which it was is judged
        reached(f"raised {type(error).__name__} {error}")
    reached(f"calls {len(layer.calls)}")
    if "--calls" in sys.argv:
        print("\n".join(f"{number} {call}" for number, call in enumerate(layer.calls, 1)))
        sys.stdout.flush()


def forked(work: Any, *arguments: Any) -> tuple[int, list[str]]:  # noqa: ANN401
    """Do ``work`` in a fork that gets a diary; return how that ended, and its lines."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            work(*arguments, writing)
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as stream:
        lines = stream.read().splitlines()
    return os.waitpid(child, 0)[1], lines
