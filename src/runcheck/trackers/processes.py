"""The copies of a run at trackers, seen from the training: a process for each, started, told of the end, waited for.

Nothing here waits while the run goes on, and nothing imports a tracker: the processes read the files of the run.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence

from runcheck.errors import ConfigurationError, warn
from runcheck.trackers.asked import WAIT_SECONDS, Mirror, mirrors_of
from runcheck.tree.child import paths_of_modules

VARIABLE = "RUNCHECK_TRACKERS"
_FOR_NAMES = 20.0  # seconds of the wait, for what the copies are called: it stands in the metadata, sealed then
_HURRIED = 5.0  # where the machine is wanted back
_GRACE = 2.0
_left: list[subprocess.Popen[bytes]] = []  # they end by themselves


class MirrorProcess:
    """The process that keeps one copy."""

    def __init__(self, mirror: Mirror, unit: str) -> None:
        """Start it for the run at ``unit``.

        Raises:
            OSError: it cannot be started.
            TypeError: the interpreter does not say where it lies.
        """
        self.tracker = mirror.tracker
        self.wait_seconds = float(mirror.wait_seconds or WAIT_SECONDS)  # until it says what the configuration says
        self.about: dict[str, str] = {}
        self.fault = ""
        self.notes: list[str] = []
        self.is_done = False
        self._named = threading.Event()
        self._process = subprocess.Popen(  # noqa: S603 - this interpreter, and a module of ours
            [sys.executable, "-P", "-m", "runcheck.trackers.follow", unit, mirror.tracker],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": paths_of_modules()},
            start_new_session=True,  # Ctrl-C is for the training
        )
        self._tell(json.dumps(mirror.settings()).encode())
        self._listener = threading.Thread(target=self._listen, name=f"runcheck-{self.tracker}", daemon=True)
        self._listener.start()

    def named(self, deadline: float) -> Mapping[str, str]:
        """Return what the copy is called, waiting for that until then; nothing where that is not known."""
        self._named.wait(max(0.0, deadline - time.monotonic()))
        return self.about

    def end(self) -> None:
        """Say that the run is finished."""
        self._tell(b"end")
        with contextlib.suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()

    def wait(self, deadline: float, *, is_left: bool) -> None:
        """Wait until all is sent, at most until then; what takes longer is left to itself, or ended."""
        try:
            self._process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            if is_left:
                self.fault = self.fault or "there was no time to wait for what is still sent"
                _left.append(self._process)
                return
            self.fault = self.fault or "it did not come to an end in time"
            self._kill()
        self._listener.join(_GRACE)

    def _tell(self, line: bytes) -> None:
        with contextlib.suppress(OSError, ValueError):  # it ended: what it said before is known
            assert self._process.stdin is not None
            self._process.stdin.write(line + b"\n")
            self._process.stdin.flush()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as stream:
            for line in stream:
                with contextlib.suppress(ValueError):
                    self._take(json.loads(line))
        self._named.set()

    def _take(self, said: dict[str, object]) -> None:
        match said:
            case {"wait": int() | float() as seconds}:
                self.wait_seconds = seconds
            case {"off": True}:
                self.is_done = True
                self._named.set()
            case {"done": True, "about": dict(about), "notes": list(notes)}:
                self.is_done, self.about, self.notes = True, about, [str(each) for each in notes]
            case {"about": dict(about)}:
                self.about, self.fault = about, ""
                self._named.set()
            case {"fault": str(fault)}:
                self.fault = fault
                self._named.set()

    def _kill(self) -> None:
        with contextlib.suppress(OSError):
            if hasattr(os, "killpg"):
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()
        self._process.wait()


class Mirrors:
    """All copies of one run."""

    def __init__(self, unit: str, asked: Sequence[Mirror]) -> None:
        """Start a process for each; one that cannot be started is told, and is no reason to stop."""
        self._unit = unit
        self._processes: list[MirrorProcess] = []
        self._waited = 0.0  # for names
        for each in asked:
            try:
                self._processes.append(MirrorProcess(each, unit))
            except (OSError, TypeError) as error:  # an embedded interpreter may not know where it lies
                why = (error.strerror if isinstance(error, OSError) else None) or error
                warn(f"the run is not mirrored to {each.tracker}: {why}; {self._later(each.tracker)}")

    def names(self, *, is_hurried: bool) -> dict[str, dict[str, str]]:
        """Return what the copies are called by tracker, those that are known before the metadata are sealed."""
        begun = time.monotonic()
        found = {}
        for each in self._processes:
            seconds = 0.0 if is_hurried else min(_FOR_NAMES, each.wait_seconds)
            if about := each.named(begun + seconds):
                found[each.tracker] = dict(about)
        self._waited = time.monotonic() - begun
        return found

    def end(self, *, is_hurried: bool) -> None:
        """Tell all copies of the end, wait for them, and warn once of each that is not whole, or not as the run is."""
        for each in self._processes:
            each.end()
        begun = time.monotonic()
        for each in self._processes:
            seconds = _HURRIED if is_hurried else max(0.0, each.wait_seconds - self._waited) + _GRACE
            each.wait(begun + seconds, is_left=is_hurried)
            if not each.is_done:
                why = each.fault or "its process died"
                warn(f"the run is not whole at {each.tracker}: {why}; {self._later(each.tracker)}")
            elif each.notes:
                warn(f"the run is at {each.tracker}, not all of it as it is here: {'; '.join(each.notes)}")
        self._processes = []

    def _later(self, tracker: str) -> str:
        return f"`runcheck mirror {self._unit} --to {tracker}` sends what is missing"


def asked_for(root: str, trackers: Sequence[str | Mirror] | None) -> list[Mirror]:
    """Return the mirrors of a run in the tree at ``root``.

    Those that are asked for, else those that ``RUNCHECK_TRACKERS`` names, else those of the configuration above the
    tree; none at all where the variable is there and empty.

    Raises:
        InvalidArgumentError: what is asked for is none.
    """
    variable = os.environ.get(VARIABLE)
    mirrors = None if trackers is None else mirrors_of(trackers)
    if variable is not None and not variable.strip():
        return []
    if mirrors is not None:
        return mirrors
    if variable is not None:
        return mirrors_of([each.strip() for each in variable.split(",") if each.strip()])
    from runcheck.trackers.settings import trackers_above  # noqa: PLC0415 - reads TOML, where nobody says

    try:
        return mirrors_of(trackers_above(root))
    except ConfigurationError as error:  # which stops a check, and not a training
        warn(f"the run is mirrored nowhere: {error}")
        return []
