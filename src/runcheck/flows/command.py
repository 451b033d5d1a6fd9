"""Running the command of a step: its lines as they come, and nothing of it left when the flow ends."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import IO, NamedTuple

from runcheck.convention.words import without_secrets
from runcheck.errors import StepFailedError
from runcheck.report.escape import printable
from runcheck.writer.made import MADE

Tell = Callable[[str], None]
_LINE = 1 << 16  # bytes
_GRACE = 30.0  # seconds that a training run has to save itself, as of what preempts it
_AFTER = 5.0  # seconds to read what a command left in the pipe that its own child keeps open


class Ended(NamedTuple):
    """How a command ended: its status, and the last line that it printed, which mostly says why."""

    status: int
    last: str


def run_command(words: Sequence[str], folder: str, made: str, tell: Tell, inherited: tuple[int, ...]) -> Ended:
    """Run a command in ``folder`` without a shell; ``tell`` is told each line of its output.

    ``python`` and ``runcheck`` as its first word are this interpreter and this library. Units that it makes are told
    to the file ``made``. The descriptors ``inherited`` stay open in it. Whatever ends this call ends the command and
    what it started: SIGTERM, and SIGKILL after 30 s.

    Raises:
        StepFailedError: it cannot be started.
    """
    last: list[str] = []
    try:
        process = subprocess.Popen(  # noqa: S603 - the configuration names it, and no shell sees it
            _resolved(words),
            cwd=folder,
            env={**os.environ, MADE: made, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=inherited,
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise StepFailedError(f"{words[0]} cannot be started: {reason}") from error
    reader = threading.Thread(target=_read, args=(process.stdout, last, tell), daemon=True)
    reader.start()
    try:
        status = process.wait()
    except BaseException:  # Ctrl-C, SIGTERM: the command is not to outlive the flow
        _end(process)
        raise
    finally:
        reader.join(_AFTER)
        if not reader.is_alive() and process.stdout is not None:
            process.stdout.close()
    return Ended(status, last[0] if last else "")


def why(status: int) -> str:
    """Return in words how a command ended that did not end well."""
    if status >= 0:
        return f"ended with status {status}"
    with contextlib.suppress(ValueError):
        return f"was ended by {signal.Signals(-status).name}"
    return f"was ended by signal {-status}"


def _resolved(words: Sequence[str]) -> list[str]:
    if words[0] in {"python", "python3"}:
        return [sys.executable, *words[1:]]
    return [sys.executable, "-m", "runcheck", *words[1:]] if words[0] == "runcheck" else list(words)


def _read(stream: IO[bytes], last: list[str], tell: Tell) -> None:
    with contextlib.suppress(ValueError, OSError):  # closed under it
        for line in _lines(stream):
            last[:] = [line]
            tell(line)


def _lines(stream: IO[bytes]) -> Iterator[str]:
    """Yield lines of bounded length; of a line that a progress bar wrote again and again the last state."""
    while content := stream.readline(_LINE):
        text = content.decode("utf-8", "replace").rstrip("\r\n").rpartition("\r")[2]
        if text:
            yield printable(str(without_secrets(text)))


def _end(process: "subprocess.Popen[bytes]") -> None:
    _signal(process, signal.SIGTERM)
    try:
        process.wait(_GRACE)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        pass
    finally:
        _signal(process, getattr(signal, "SIGKILL", signal.SIGTERM))
        process.wait()


def _signal(process: "subprocess.Popen[bytes]", number: int) -> None:
    with contextlib.suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, number)  # the session is its own, so this is it and its children
        else:
            process.send_signal(number)
