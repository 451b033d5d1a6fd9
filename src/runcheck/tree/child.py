"""A child process that answers questions for :mod:`runcheck.tree.quarantine`, and what it does there.

It is loaded with the first question: most trees hold nothing that one is asked of.
"""

import contextlib
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Callable

from runcheck.tree.quarantine import ReaderFailedError

_MEMORY_BYTES = 8 << 30  # of addresses; the probes themselves stay far below, this holds where a library does not
_KILLED = (-9, 1)  # what a killed process ends with: POSIX, Windows


def paths_of_modules() -> str:
    """Return, for ``PYTHONPATH``, where a child finds this library and others where this process finds them.

    Not the folder that it happens to be in, which may be the one that is checked.
    """
    own = os.path.realpath(f"{__file__}/../../..")
    here = os.path.realpath(os.curdir)
    return os.pathsep.join(
        path for path in sys.path if os.path.isabs(path) and (here == own or os.path.realpath(path) != here)
    )


class Child:
    """A child that runs ``program``, and is asked one question at a time."""

    def __init__(self, program: str) -> None:
        """Start it.

        Raises:
            OSError: there is no memory for it, or no file descriptor.
            TypeError: the interpreter does not say where it lies.
        """
        self._process = subprocess.Popen(  # noqa: S603 - this interpreter, and a command of ours
            [sys.executable, "-P", "-c", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": paths_of_modules()},
        )

    def ask(self, question: Callable[[], object], seconds: float) -> object:
        """Return what it answers, which may be an error, within so many seconds.

        Raises:
            ReaderFailedError: it crashed or came to no end. Ask it nothing more.
        """
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
        """Let it end, and wait for that."""
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
