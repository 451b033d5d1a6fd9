"""Every call of a run, from its start to its finish, met by every fault.

``python -m tests.faults.matrix [EVERY [OF OTHERS [KILLED]]]``; exits with the number of points at which something was
wrong.
"""

import gc
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

from runcheck.tree.quarantine import Quarantine
from tests.faults.judge import Judge, WrongError
from tests.faults.layer import FAULTS, KILLED, Fault
from tests.faults.victim import ENDS, forked, live
from tests.runs import start_run


def main(every: int = 1, of_others: int = 1, killed: int = 1) -> int:
    """Try each ``every``-th call, each ``killed``-th where the process is killed in a run that completes.

    Of the ends that are not completed, each ``of_others``-th. What is wrong is printed.
    """
    os.environ["GIT_CEILING_DIRECTORIES"] = "/"
    began, tried, wrong = time.monotonic(), 0, 0
    seen: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(dir=_fast()) as folder, Quarantine() as quarantine:
        os.chdir(folder)
        _complete(Path(folder, "first"), os.open(os.devnull, os.O_WRONLY))  # what each fork would load is here then
        base = Path(folder, "base")
        forked(_complete, base)
        judge = Judge(base, quarantine)
        gc.freeze()  # or the first collection in each fork would copy all that is loaded
        for end in ENDS:
            calls = _calls(base, end)
            for fault in FAULTS:
                step = of_others if end != "completed" else killed if fault == KILLED else every
                for at in range(1 + tried % step, calls + 1, step):
                    said = _met(base, end, replace(fault, at=at), judge)
                    tried += 1
                    seen[said] += 1
                    if said.startswith("WRONG"):
                        wrong += 1
                        print(f"{end}: {fault.name}, call {at} of {calls}: {said}", flush=True)
    for said, count in seen.most_common():
        print(f"{count:5} {said}")
    print(f"{tried} points, {wrong} wrong, {time.monotonic() - began:.0f} s")
    return wrong


def _met(base: Path, end: str, fault: Fault, judge: Judge) -> str:
    """Let one run meet one fault in a copy of the tree, judge what is left, and start the next run there."""
    root = Path(shutil.copytree(base, base.with_name("tree"), symlinks=True))
    try:
        _, diary = forked(live, root, end, fault)
        said = judge.judge(root, fault, diary)
        judge.recover(root)
        _, after = forked(_complete, root)
        if after != ["finished"]:
            return f"WRONG: the next run {after}"
    except (WrongError, ValueError, OSError) as error:
        return f"WRONG: {type(error).__name__}: {error}"
    finally:
        shutil.rmtree(root)
    return said


def _complete(root: Path, diary: int) -> None:
    """Write a run without any fault."""
    try:
        run = start_run(root)
        run.log(0, {"loss": 1.0})
        run.finish()
        os.write(diary, b"finished\n")
    except BaseException as error:  # noqa: BLE001 - the judge is told
        os.write(diary, f"{type(error).__name__}: {error}\n".encode())


def _calls(base: Path, end: str) -> int:
    """Return how many calls a run makes that meets no fault."""
    root = Path(shutil.copytree(base, base.with_name("tree"), symlinks=True))
    _, diary = forked(live, root, end, Fault("none"))
    shutil.rmtree(root)
    return int(diary[-1].split()[1])


def _fast() -> str | None:
    """Return a folder in memory, where there is one: that a sync is called is what counts here."""
    return "/dev/shm" if os.path.isdir("/dev/shm") else None


if __name__ == "__main__":
    sys.exit(min(main(*map(int, sys.argv[1:])), 100))
