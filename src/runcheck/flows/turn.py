"""One process at a time at a step with the same inputs, and what a flow that was killed left running is one, too."""

import contextlib
import os
import time
from collections.abc import Iterator

from runcheck.flows.command import Tell
from runcheck.flows.results import FOLDER, folder_of_flows
from runcheck.writer.lock import locked_at_once

_BETWEEN = 0.2  # seconds between two looks: a wait for the lock itself would not end by Ctrl-C in a thread
_WAITS = (
    "waits: another flow is at this step with the same inputs, or one that was killed left its command running; "
    "Ctrl-C ends the wait"
)


@contextlib.contextmanager
def turn(root: str, key: str, tell: Tell) -> Iterator[tuple[int, ...]]:
    """Wait until nobody else is at the step whose inputs have this key; ``tell`` is told that there is a wait.

    Yields what a command is to inherit, so that the step stays taken while it runs, whatever becomes of this process.
    """
    with contextlib.ExitStack() as stack:
        try:
            folder_of_flows(root)
            held: tuple[int, ...] = (_waited_for(stack, root, f"{FOLDER}/{key}", tell),)
        except OSError:  # a tree that cannot be written: what is to be written will tell
            held = ()
        yield held if os.name == "posix" else ()  # Windows has no such locks


def _waited_for(stack: contextlib.ExitStack, root: str, name: str, tell: Tell) -> int:
    is_told = False
    while True:
        try:
            return stack.enter_context(locked_at_once(root, name))
        except BlockingIOError:
            if not is_told:
                tell(_WAITS)
            is_told = True
            time.sleep(_BETWEEN)
