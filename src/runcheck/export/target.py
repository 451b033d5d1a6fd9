"""Where an export goes: outside of the tree, to a place where nothing is, whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from runcheck.errors import CannotWriteError
from runcheck.tree.locate import is_url
from runcheck.writer.atomic import whole


@contextmanager
def new_target(path: str, tree: str) -> Iterator[str]:
    """Give, for a ``with``, the path of a temporary that becomes ``path`` then; after an error nothing is there.

    Raises:
        CannotWriteError: something is there, it lies in the tree, or it cannot be written.
    """
    require_outside(path, tree)
    absolute = os.path.abspath(path)
    for each in (absolute, f"{absolute}.tmp"):
        if os.path.lexists(each):
            raise CannotWriteError(f"{each}: is there, and nothing is written over; give another place, or remove it")
    if not os.path.isdir(os.path.dirname(absolute)):
        raise CannotWriteError(f"{path}: there is no folder {os.path.dirname(path)}")
    try:
        with whole(absolute) as temporary:
            yield temporary
    except OSError as error:
        raise CannotWriteError(f"{path}: cannot be written: {error.strerror or error}") from error


def require_outside(path: str, tree: str) -> None:
    """Refuse a place in a tree, of which an export is no part.

    Raises:
        CannotWriteError: it is one, or a URL.
    """
    if is_url(path):
        raise CannotWriteError(f"{path}: is a URL; give a place on this machine")
    folder = Path(os.path.realpath(os.path.dirname(os.path.abspath(path))))
    if folder.is_relative_to(os.path.realpath(tree)):  # which takes another drive of Windows too
        raise CannotWriteError(f"{path}: lies in the tree {tree}, whose units are never changed; give a place outside")
