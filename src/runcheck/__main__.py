"""``runcheck`` and ``python -m runcheck``: the command line as a process of its own."""

import atexit
import gc
import sys

from runcheck.cli import main

# After so many new objects cycles are looked for: at Python's own 700 that takes 7 ms while modules are loaded, and at
# 25,000 a worker holds 4 MiB more.
_NEW_OBJECTS = 3_000


def start() -> int:
    """Run the command line and return its exit status, with the collector of cycles set for a short life."""
    gc.set_threshold(_NEW_OBJECTS)
    atexit.register(gc.freeze)  # or all modules are gone through for cycles three times before the process ends: 9 ms
    return main()


if __name__ == "__main__":
    sys.exit(start())
