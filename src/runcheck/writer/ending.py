"""How the process of a run ends: by SIGTERM, by Ctrl-C, by an error, at the end of its script, or as a mere fork of it.

A run that nobody finishes is finished here, with the status that is true as far as a process can know it.
"""

import atexit
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Protocol

from runcheck.convention.documents import Status
from runcheck.errors import warn

_EXIT_CODE = 128 + signal.SIGTERM  # as a shell has it
_SIGTERM = "SIGTERM ended the process"
_NOBODY = "the process ended without run.finish()"
_AGAIN = b"runcheck: the run is being finished; a second Ctrl-C leaves it unfinished\n"


class Preempted(SystemExit):
    """SIGTERM came while a run was open: the machine is wanted back. The process exits with 143.

    Raised in the main thread, wherever that is, unless the program has a handler of its own for SIGTERM. Catch it to
    save a checkpoint, and raise it again; what takes longer than the machine waits is lost.
    """

    def __init__(self) -> None:
        """Exit with 143."""
        super().__init__(_EXIT_CODE)


class OpenRun(Protocol):
    """What can be finished."""

    def finish(self, status: Status = "completed", error: str | None = None) -> None:
        """Finish it."""


class _Process:
    """What this process knows of its end."""

    def __init__(self) -> None:
        self.runs: list[OpenRun] = []
        self.was_preempted = False
        self.is_before_executors = False
        self.is_finishing = False  # in the main thread
        self.held: list[int] = []  # signals that came meanwhile
        self.error_before: BaseException | None = None  # which is not that of a run


_process = _Process()


def opened(run: OpenRun) -> None:
    """Take notice of a run that was begun: it is finished at the end of the process, if not before."""
    if not _process.runs:
        _process.was_preempted = False
        _process.error_before = _last_error()
        if _is_main() and _is_default():
            with contextlib.suppress(ValueError):  # a second interpreter of the process has no signals
                signal.signal(signal.SIGTERM, _on_sigterm)
    _process.runs.append(run)
    finish_before_others()


def finish_before_others() -> None:
    """At exit, finish runs before all that is registered by now, such as the end of a device that has values.

    A save needs the executors of concurrent.futures, which end before atexit is called: by the private registry of
    threading, for which there is no public one.
    """
    atexit.unregister(_finish_all)
    atexit.register(_finish_all)
    if "concurrent.futures.thread" in sys.modules and not _process.is_before_executors:
        with contextlib.suppress(AttributeError, RuntimeError):
            threading._register_atexit(_finish_all)  # type: ignore[attr-defined]
            _process.is_before_executors = True


def how_it_ended(error: BaseException | None) -> tuple[Status, str | None]:
    """Return the status of a run that ``error`` ended, None being the end of its block, and the error as text."""
    code = error.code if isinstance(error, SystemExit) else None
    if code == _EXIT_CODE:
        return "preempted", _SIGTERM
    if error is None or (isinstance(error, SystemExit) and not code):
        # Who catches Preempted and leaves the loop was preempted all the same.
        return ("preempted", _SIGTERM) if _process.was_preempted else ("completed", None)
    if is_pruned(error):
        return "aborted", f"pruned: {error}" if str(error) else "pruned"
    return ("aborted" if isinstance(error, KeyboardInterrupt) else "failed"), f"{type(error).__name__}: {error}"


def is_pruned(error: BaseException) -> bool:
    """Say whether a study ended its trial since others were better by then: no fault of the run."""
    optuna = sys.modules.get("optuna")
    return optuna is not None and isinstance(error, optuna.TrialPruned)


def tell_preempted(step: int | None, checkpoint: int | None) -> None:
    """Say on the standard error how far a preempted run came, and how it goes on."""
    at = "before its first row" if step is None else f"at step {step}"
    last = "there is no checkpoint" if checkpoint is None else f"the last checkpoint is of step {checkpoint}"
    with contextlib.suppress(Exception):  # there is no such stream, or nobody at its end
        sys.stderr.write(f'runcheck: preempted {at}; {last}; start_run(..., resume="latest") goes on\n')
        sys.stderr.flush()


@contextlib.contextmanager
def finishing(run: OpenRun) -> Iterator[None]:
    """Finish a run undisturbed: signals are held back, and have their effect afterwards.

    A second Ctrl-C goes through, since sums of large files take their time.
    """
    is_on_its_way = sys.exc_info()[0] is not None  # an error or a signal that ends the process anyway
    in_main = _is_main()
    interrupted = in_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if in_main:
        _process.held = []
        _process.is_finishing = True
    try:
        if interrupted:
            signal.signal(signal.SIGINT, _on_sigint)
        yield
    finally:
        with contextlib.suppress(ValueError):
            _process.runs.remove(run)
        if interrupted:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        if in_main:
            _process.is_finishing = False
            _restore()
    if in_main and _process.held and not is_on_its_way:
        raise KeyboardInterrupt if signal.SIGINT in _process.held else Preempted


def _restore() -> None:
    if not _process.runs and signal.getsignal(signal.SIGTERM) is _on_sigterm:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _on_sigterm(number: int, _frame: FrameType | None) -> None:
    if not _process.runs and not _process.is_finishing:  # they were finished by another thread
        _restore()
        signal.raise_signal(number)
    _process.was_preempted = True
    if _process.is_finishing:
        _process.held.append(number)
        return
    raise Preempted


def _on_sigint(number: int, _frame: FrameType | None) -> None:
    if number in _process.held:
        raise KeyboardInterrupt
    _process.held.append(number)
    with contextlib.suppress(OSError):
        os.write(2, _AGAIN)  # a stream of Python may be in the midst of a write


def _finish_all() -> None:
    """Finish what nobody finished, at the end of the interpreter."""
    for run in list(_process.runs):
        status, error = _how_the_script_ended()
        try:
            run.finish(status, error)
            if error == _NOBODY:
                warn(f"{_NOBODY}; it is recorded as {status}: use `with start_run(...) as run`, or call run.finish()")
        except BaseException as fault:  # noqa: BLE001 - nothing is left that could catch it
            with contextlib.suppress(Exception):
                print(f"runcheck: a run could not be finished: {fault}", file=sys.stderr)


def _how_the_script_ended() -> tuple[Status, str | None]:
    """Return what can be known at the exit. Of ``sys.exit`` nothing can: neither that it was called nor its code."""
    if _process.was_preempted:
        return "preempted", _SIGTERM
    error = _last_error()
    if error is not None and error is not _process.error_before:
        return how_it_ended(error)
    return "aborted", _NOBODY


def _last_error() -> BaseException | None:
    """Return what the interpreter showed last as an error that nobody caught."""
    error = getattr(sys, "last_exc", None) or getattr(sys, "last_value", None)  # last_exc: since 3.12
    return error if isinstance(error, BaseException) else None


def _is_main() -> bool:
    return threading.current_thread() is threading.main_thread()


def _is_default() -> bool:
    """Say whether SIGTERM just ends the process. Python knows only of handlers that were set through it."""
    if signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        return False
    try:
        with open("/proc/self/status", encoding="ascii", errors="replace") as stream:
            caught = next((line for line in stream if line.startswith("SigCgt:")), "SigCgt: 0")
    except OSError:  # not on Linux
        return True
    return not int(caught.split()[1], 16) >> signal.SIGTERM - 1 & 1


def _forget() -> None:
    """Leave the runs to the parent: a worker that ends, by whatever way, ends no run."""
    if signal.getsignal(signal.SIGTERM) is _on_sigterm:
        with contextlib.suppress(ValueError):
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if signal.getsignal(signal.SIGINT) is _on_sigint:
        with contextlib.suppress(ValueError):
            signal.signal(signal.SIGINT, signal.default_int_handler)
    _process.runs, _process.is_finishing = [], False


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
