"""``python -m tests.fuzz SECONDS [SEED]``: break files until the time is over, and print what the check failed with."""

import sys
import tempfile
import time
from pathlib import Path

from runcheck.tree.quarantine import Quarantine
from tests.mutation.specimens import build

from .fuzzer import Case, cases, check_broken


def main(seconds: float, seed: int) -> int:
    """Print each fault with the file and the seed that make it again; return how many there were."""
    end = time.monotonic() + seconds
    faults, made = 0, 0
    with tempfile.TemporaryDirectory() as folder, Quarantine() as quarantine:
        roots = build(Path(folder))
        names = {root: name for name, root in roots.items()}
        while time.monotonic() < end:
            for root, path in cases(roots):
                case = Case(root, path, seed)
                fault = check_broken(case, quarantine)
                made += 1
                if fault:
                    faults += 1
                    print(f"{names[root]}: {path}: seed {seed}: {fault}", flush=True)
            seed += 1
    print(f"{made} broken files, {faults} faults")
    return faults


if __name__ == "__main__":
    arguments = [float(each) for each in sys.argv[1:]]
    sys.exit(bool(main(arguments[0] if arguments else 60.0, int(arguments[1]) if arguments[1:] else 1_000)))
