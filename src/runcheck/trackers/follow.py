"""The process that mirrors a run while it is written: ``python -m runcheck.trackers.follow UNIT TRACKER``.

It reads what the training appends to the metrics, so that the loop waits for no tracker, and a client that hangs or
crashes takes nothing along. Standard input is the life line. Its first line has the settings; ``end`` says that the run
is finished and sealed; where it ends without that, the training died. Standard output has a line of JSON for each thing
that the training may want to tell: identifiers, what is wrong, what it came to.
"""

import contextlib
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping
from typing import BinaryIO, TextIO

from runcheck.errors import RuncheckError
from runcheck.trackers.mirror import told
from runcheck.trackers.place import place_of
from runcheck.trackers.protocol import Setting
from runcheck.trackers.sending import Sending
from runcheck.trackers.settings import TURNED_OFF, settings_of, wait_of
from runcheck.trackers.state import alone

END = b"end"
_EACH = 1.0  # seconds between two looks at the file
_LONGEST = 30.0  # between two attempts at a tracker that is not there
_ATTEMPTS = 3  # at a tracker that fails, once the run is over
_GRACE = 5.0  # after these a client that hangs is ended from within
_NICENESS = 5  # the training comes first


class LifeLine:
    """What the training says, and whether it is there to say it."""

    def __init__(self, stream: BinaryIO) -> None:
        """Listen to a stream in a thread of its own; a stream of Windows cannot be waited for in another way."""
        self._parent = os.getppid()
        self._stream = stream
        self._over = threading.Event()
        threading.Thread(target=self._listen, name="runcheck-life-line", daemon=True).start()

    def wait(self, seconds: float) -> None:
        """Wait so long, or until the run is over."""
        self._over.wait(seconds)

    @property
    def is_over(self) -> bool:
        """Whether the run ended, or its process: a fork of that may hold the line open for longer."""
        return self._over.is_set() or os.getppid() != self._parent

    def _listen(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._stream.readline()  # END, or nothing where the training died: the metadata say which
        self._over.set()


def main(arguments: list[str]) -> int:
    """Mirror the run at a path to a tracker until it ends; return 0 where all was sent."""
    path, tracker = arguments
    out = _own_output()
    with contextlib.suppress(AttributeError, OSError):
        os.nice(_NICENESS)
    with contextlib.suppress(ValueError):
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the training, which says how it ended
    try:
        asked: dict[str, Setting] = json.loads(sys.stdin.buffer.readline(1 << 20) or b"{}")
        place = place_of(path)
        settings = settings_of(tracker, place.root, {}, asked)
        if settings.get("mode") == TURNED_OFF:
            _say(out, off=True)
            return 0
        line = LifeLine(sys.stdin.buffer)
        with alone(place.root, place.unit, tracker):
            sending = Sending(place, tracker, settings)
            sending.remember(asked)
            return _follow(sending, line, settings, out)
    except (RuncheckError, OSError, ValueError) as error:
        _say(out, fault=told(error))
        return 1


def _follow(sending: Sending, line: LifeLine, settings: Mapping[str, Setting], out: TextIO) -> int:
    """Send what comes until the run is over, then the rest; after a failure begin anew while there is time."""
    seconds = wait_of(settings)
    _say(out, wait=seconds)
    pause, deadline, failures = _EACH, None, 0
    while True:
        is_over = line.is_over
        if is_over and deadline is None:
            deadline = time.monotonic() + seconds
            _end_at(seconds + _GRACE)
            failures = 0
        try:
            if not sending.is_open:
                sending.open()
                _say(out, about=dict(sending.about))
            if sending.some():
                continue
            if is_over:
                sent = sending.finish()
                _say(out, done=True, about=dict(sent.about), notes=list(sent.notes))
                return 0
            pause = _EACH
        except RuncheckError as error:  # nothing that passes
            _say(out, fault=told(error), rows=sending.state.rows)
            sending.leave()
            return 1
        except Exception as error:  # noqa: BLE001 - the library of a tracker raises what it likes
            _say(out, fault=told(error), rows=sending.state.rows)
            sending.leave()
            pause, failures = min(2 * pause, _LONGEST), failures + 1
        if deadline is None:
            line.wait(pause)
            continue
        if failures >= _ATTEMPTS or time.monotonic() > deadline:
            return 1
        time.sleep(_EACH)


def _own_output() -> TextIO:
    """Return standard output for what is told, and let libraries write to nowhere."""
    own = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    return own


def _say(out: TextIO, **what: object) -> None:
    with contextlib.suppress(OSError, ValueError):  # the training may be gone
        out.write(json.dumps(what) + "\n")


def _end_at(seconds: float) -> None:
    """End this process then, whatever it waits for, with all that it started in its session."""

    def end() -> None:
        if hasattr(os, "killpg") and os.getpgrp() == os.getpid():
            os.killpg(os.getpid(), signal.SIGKILL)
        os._exit(1)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
