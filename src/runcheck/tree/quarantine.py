"""Child processes for what hostile bytes can bring to a fault, to no end, or to all of the memory.

Readers of HDF5, Parquet and Zarr are a million lines of C and C++, and a schema can ask for more work than the universe
has time for. A fault there must be a finding about one file and not the end of the check, so they run in a child, one
for each thread that asks, few at once, started when it is first needed and used again. What goes through the pipes
comes from this library on both ends.
"""

import contextlib
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from functools import cache
from types import TracebackType
from typing import Self, TypeVar, cast

from runcheck.errors import RuncheckError

T = TypeVar("T")

# An interrupt from the terminal reaches the children too; they have nothing to say about it.
_QUIET = "import signal; signal.signal(signal.SIGINT, signal.SIG_DFL)"
SERVE = f"{_QUIET}; from {__name__} import serve; serve()"
_MEMORY_BYTES = 8 << 30  # of addresses; the probes themselves stay far below, this holds where a library does not
_LEAST_CHILDREN = 4  # at once, for those that wait for a store; else one a core
_KILLED = (-9, 1)  # what a killed process ends with: POSIX, Windows
_BYTES_A_SECOND = 2_000_000  # slower than any reader on any file that it can read


class ReaderFailedError(RuncheckError):
    """The library that reads a format did not survive a file, or came to no end."""


class Quarantine:
    """Answers questions in child processes. Use it in a ``with``; any number of threads may ask."""

    def __init__(self, program: str = SERVE, *, least_seconds: float = 120.0) -> None:
        """Start nothing yet. A child runs ``program``, and has ``least_seconds`` for each question."""
        self._program = program
        self._least_seconds = least_seconds
        self._idle: queue.LifoQueue[_Child] = queue.LifoQueue()
        self._turns = threading.BoundedSemaphore(max(_LEAST_CHILDREN, os.cpu_count() or 1))

    def ask(self, question: Callable[[], T], size: int = 0) -> T:
        """Return what ``question``, a function that can be pickled, returns. It is about ``size`` bytes.

        Raises:
            ReaderFailedError: it crashed or came to no end.
            OSError: it raised one.
        """
        with self._turns:
            child = self._child()
            answer = child.ask(question, self._least_seconds + size / _BYTES_A_SECOND)
            self._idle.put(child)  # not after a fault: that child is gone
        if isinstance(answer, OSError | ReaderFailedError):
            raise answer
        return cast("T", answer)

    def _child(self) -> "_Child":
        try:
            return self._idle.get_nowait()
        except queue.Empty:
            try:
                return _Child(self._program)
            except (OSError, TypeError) as error:  # no memory, no file descriptor; an interpreter that names no file
                raise ReaderFailedError(f"its reader could not be started: {error}") from error

    def __reduce__(self) -> tuple[Callable[[str, float], "Quarantine"], tuple[str, float]]:
        """Become, in another process, the one quarantine of that process; its children end when the process does."""
        return _of_this_process, (self._program, self._least_seconds)

    def __enter__(self) -> Self:
        """Return the quarantine."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End every child."""
        while not self._idle.empty():
            self._idle.get_nowait().end()


@cache
def _of_this_process(program: str, least_seconds: float) -> Quarantine:
    return Quarantine(program, least_seconds=least_seconds)


class _Child:
    def __init__(self, program: str) -> None:
        # The child must find this library and its formats' where this process finds them, and nothing in the folder
        # that it happens to be in, which may be the one that is checked.
        own = os.path.realpath(f"{__file__}/../../..")
        here = os.path.realpath(os.curdir)
        paths = os.pathsep.join(
            path for path in sys.path if os.path.isabs(path) and (here == own or os.path.realpath(path) != here)
        )
        self._process = subprocess.Popen(  # noqa: S603 - this interpreter, and a command of ours
            [sys.executable, "-P", "-c", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": paths},
        )

    def ask(self, question: Callable[[], object], seconds: float) -> object:
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        timer = threading.Timer(seconds, process.kill)
        timer.start()
        try:
            pickle.dump(question, process.stdin)
            process.stdin.flush()
            answer: object = pickle.load(process.stdout)  # noqa: S301 - from our own child, see above
        except (EOFError, BrokenPipeError, pickle.UnpicklingError):
            raise ReaderFailedError(f"its reader {self._ending(timer)}") from None
        except BaseException:  # an interrupt: nobody would end this child later
            self._process.kill()
            self.end()
            raise
        finally:
            timer.cancel()
        return answer

    def _ending(self, timer: threading.Timer) -> str:
        self.end()
        code = self._process.returncode
        if timer.finished.is_set() and code in _KILLED:
            return f"came to no end in {timer.interval:.0f} s"
        return f"crashed ({_name_of(-code)})" if code < 0 else f"ended with status {code}"

    def end(self) -> None:
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):  # it was to be told something that it will never read
                    stream.close()
        self._process.wait()


def _name_of(number: int) -> str:
    """Return the name of a signal; those for real time have none."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def serve() -> None:
    """Answer questions on standard input until it ends: what a child does."""
    _limit_memory()
    questions, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a library that prints must not speak into the answers
    while True:
        try:
            question: Callable[[], object] = pickle.load(questions)  # noqa: S301 - from our own parent
        except EOFError:
            os._exit(0)  # without the farewells of libraries, which have threads of their own and may abort
        pickle.dump(_answer(question), answers)
        answers.flush()


def _answer(question: Callable[[], object]) -> object:
    try:
        return question()
    except OSError as error:
        return error
    except MemoryError:
        return ReaderFailedError(f"its reader wants more than {_MEMORY_BYTES >> 30} GiB of memory")
    except Exception as error:  # noqa: BLE001 - hostile bytes make libraries raise what nobody foresaw; none may pass
        return ReaderFailedError(f"its reader failed with {type(error).__name__}: {error}")


def _limit_memory() -> None:
    try:
        import resource  # noqa: PLC0415 - there is none on Windows, and no limit
    except ImportError:
        return
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = _MEMORY_BYTES if hard == resource.RLIM_INFINITY else min(hard, _MEMORY_BYTES)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
