"""The objects of a repository, as Git gives them: their sizes and their bytes, no filter between."""

import io
import shutil
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import IO, TYPE_CHECKING, BinaryIO, cast

from runcheck.errors import CannotCheckError
from runcheck.probes.git_command import command, environment

if TYPE_CHECKING:
    from subprocess import Popen

_AT_ONCE = 400  # questions, whose answers are fewer bytes than a pipe holds
_IN_MEMORY = 1 << 20
_CHUNK = 1 << 20
_DAMAGED = "its object in the repository is damaged"  # at which Git ends, in the middle of its answer


class GitObjects:
    """Asks two processes of Git, which live as long as this: one for sizes, one for contents.

    https://git-scm.com/docs/git-cat-file#_batch_output: a line for each question, ``<object> <type> <size>``, and for a
    content its bytes and one more line break; or ``<object> missing``.
    """

    def __init__(self, top: str) -> None:
        """Ask in the worktree at ``top``, once something is asked."""
        self._top = top
        self._lock = threading.Lock()
        self._processes: dict[str, Popen[bytes]] = {}

    def sizes(self, names: Sequence[str]) -> Iterator[int | None]:
        """Yield how many bytes each object has; None for one that is not there."""
        for at in range(0, len(names), _AT_ONCE):
            some = names[at : at + _AT_ONCE]
            with self._lock:
                answers = self._ask("--batch-check", some)
                said = [answers.readline() for _ in some]
            if not all(said):
                raise CannotCheckError(f"{self._top}: git ended while it was asked for the sizes of what it holds")
            yield from map(_size, said)

    def open(self, name: str) -> BinaryIO:
        """Open an object, a large one as a file without a name on this machine.

        Raises:
            OSError: it is not there or damaged, or there is no room for it.
        """
        with self._lock:
            answers = self._ask("--batch", [name])
            said = answers.readline()
            size = _size(said)
            if said and size is None:
                raise OSError("its object is not in the repository")
            stream = self._content(answers, size or 0)
            if not answers.read(1):
                stream.close()
                self.close()  # others are asked for of another process
                raise OSError(_DAMAGED)
        return stream

    def close(self) -> None:
        """End the processes."""
        for process in self._processes.values():
            process.kill()
            with suppress(BrokenPipeError), process:  # it may have ended before, with a question on its way
                pass
        self._processes = {}

    def _content(self, answers: IO[bytes], size: int) -> BinaryIO:
        if size <= _IN_MEMORY:
            return io.BytesIO(answers.read(size))
        if size > shutil.disk_usage(tempfile.gettempdir()).free // 2:
            self.close()  # the answer is in the pipe
            raise OSError("is too large for the folder of temporary files, where an object is read")
        stream = cast("BinaryIO", tempfile.TemporaryFile(prefix="runcheck-"))  # noqa: SIM115 - whoever reads it closes it
        left = size
        try:
            while left and (chunk := answers.read(min(left, _CHUNK))):
                stream.write(chunk)
                left -= len(chunk)
        except OSError:
            stream.close()
            self.close()  # the rest of the answer is in the pipe
            raise
        stream.seek(0)
        return stream

    def _ask(self, mode: str, names: Sequence[str]) -> IO[bytes]:
        import subprocess  # noqa: PLC0415 - most trees are read from their folder

        process = self._processes.get(mode)
        if process is None:
            try:
                process = self._processes[mode] = subprocess.Popen(  # noqa: S603 - git of the PATH
                    [*command(self._top), "cat-file", mode],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    env=environment(),
                )
            except OSError:
                raise CannotCheckError("git is not installed, and is asked for what is staged") from None
        assert process.stdin
        assert process.stdout
        try:
            process.stdin.write("".join(f"{name}\n" for name in names).encode())
            process.stdin.flush()
        except BrokenPipeError:
            self.close()
            raise OSError("git ended before it was asked") from None  # not as if nobody read the report
        return process.stdout


def _size(answer: bytes) -> int | None:
    words = answer.split()
    return int(words[2]) if len(words) == 3 and words[2].isdigit() else None  # noqa: PLR2004 - name, type, size
