"""A report in a file: whole, or as it was before."""

import os
import stat
from collections.abc import Iterable
from contextlib import suppress

from runcheck.errors import RuncheckError


class CannotReportError(RuncheckError):
    """The report cannot be written where it was asked for."""


def write_report(path: str, pieces: Iterable[str]) -> None:
    """Write a report to ``path``, as UTF-8, once all of it is there. What is no file, as a pipe, is just written to.

    Raises:
        CannotReportError: the system does not let it.
    """
    content = "".join(pieces).encode("utf-8", "backslashreplace")
    try:
        if _is_file_or_nothing(path):
            _write_whole(os.path.realpath(path), content)
        else:
            with open(path, "wb") as stream:
                stream.write(content)
    except OSError as error:
        raise CannotReportError(f"{path}: the report cannot be written: {error.strerror or error}") from error


def _is_file_or_nothing(path: str) -> bool:
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except FileNotFoundError:
        return True


def _write_whole(path: str, content: bytes) -> None:
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        with open(temporary, "xb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.remove(temporary)
        raise
