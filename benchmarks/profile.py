"""Where the time of a check goes, stage by stage: ``python -m benchmarks.profile TREE``.

The stack is looked at every few milliseconds that the process is at work, which takes next to nothing; the innermost
frame of a module below tells the stage. One process, nothing remembered.
"""

import signal
import sys
import time
from collections import Counter
from types import FrameType

from runcheck.pipeline import check_in
from runcheck.tree.quarantine import Quarantine

_SECONDS = 0.004  # as coarse as a kernel's clock may be
_STAGES = {
    "runcheck.tree.walk": "listing",
    "runcheck.probes.folder": "opening and reading files",
    "runcheck.tree.read": "hashing, and handing on",
    "runcheck.probes.words": "words in texts",
    "runcheck.probes.numbers": "numbers in texts",
    "runcheck.probes.unpacked": "telling texts from others",
    "runcheck.probes.document": "documents",
    "runcheck.probes.plain_yaml": "documents",
    "runcheck.probes.yaml_events": "documents",
    "runcheck.probes.metric": "metrics",
    "runcheck.probes.points": "metrics",
    "runcheck.probes.events": "event files",
    "runcheck.probes.checksums": "lists",
    "runcheck.probes.packed": "other formats",
    "runcheck.probes.text": "README",
    "runcheck.probes": "telling formats",
    "runcheck.rules.places": "judging words",
    "runcheck.rules": "judging",
    "runcheck.convention.units": "classifying",
}


def stage_of(frame: FrameType | None) -> str:
    """Return the stage of the innermost frame that is in one."""
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        for prefix, stage in _STAGES.items():
            if module.startswith(prefix):
                return stage
        frame = frame.f_back
    return "the rest"


def profile(tree: str) -> tuple[Counter[str], float]:
    """Return how often each stage was met in a second check of a tree, and the seconds at work for a unit of it."""
    met: Counter[str] = Counter()
    with Quarantine() as quarantine:
        check_in(quarantine, tree)  # what is loaded once does not count
        signal.signal(signal.SIGPROF, lambda _, frame: met.update([stage_of(frame)]))
        signal.setitimer(signal.ITIMER_PROF, _SECONDS, _SECONDS)
        start = time.process_time()
        report = check_in(quarantine, tree)
        seconds = time.process_time() - start
        signal.setitimer(signal.ITIMER_PROF, 0)
    return met, seconds / report.units


if __name__ == "__main__":
    stages, each = profile(sys.argv[1])
    for name, times in stages.most_common():
        share = times / stages.total()
        print(f"{share:6.1%} {share * each * 1e6:7,.0f} us a unit  {name}")
    print(f"       {each * 1e6:7,.0f} us a unit  together")
