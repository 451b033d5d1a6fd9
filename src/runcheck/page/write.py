"""Writes the page of a tree, whole or not at all."""

import os
from collections.abc import Sequence
from typing import NamedTuple

from runcheck.convention.timestamps import now
from runcheck.errors import CannotWriteError
from runcheck.page.document import render
from runcheck.page.gather import Check, gather
from runcheck.reading.place import sealed_above
from runcheck.writer.atomic import whole


class Written(NamedTuple):
    """The file of a page, its bytes, and in words what is not on it."""

    path: str
    size: int
    left_out: tuple[str, ...]


def write_page(paths: Sequence[str], target: str, check: Check, *, most_told: int) -> Written:
    """Write the page of a tree, or of some of its units, to ``target``; ``check`` says what it finds in paths.

    Raises:
        CannotReadError: they are not of one tree, or there is nothing.
        CannotCheckError: there is no tree.
        CannotWriteError: ``target`` lies in a sealed unit, or the disk refuses.
    """
    path = os.path.abspath(target)
    sealed = sealed_above(os.path.dirname(path))
    if sealed is not None:
        raise CannotWriteError(f"{target}: lies in {sealed}, which is sealed and must not change; give another file")
    if os.path.isdir(path):
        raise CannotWriteError(f"{target}: is a folder; give the path of a file")
    page = gather(paths, check, most_told=most_told)
    name = os.path.basename(page.root) or page.root
    try:
        with whole(path) as temporary, open(temporary, "x", encoding="utf-8", errors="backslashreplace") as stream:
            stream.writelines(render(page, name, now()))
        return Written(path, os.path.getsize(path), page.left_out)
    except OSError as error:
        raise CannotWriteError(f"{target}: cannot be written: {error.strerror or error}") from error
