"""One process at a time at a sweep or a study of a tree."""

import contextlib
import os
from collections.abc import Iterator

from runcheck.convention.documents import Study
from runcheck.errors import CannotWriteError
from runcheck.writer.lock import locked_at_once


@contextlib.contextmanager
def alone(root: str, study: Study) -> Iterator[None]:
    """Keep other processes from a sweep or a study, as far as the disk lets it be told.

    Raises:
        CannotWriteError: another process is at it.
    """
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(locked_at_once(root, f"sweep.{study['name']}"))
        except BlockingIOError:
            raise CannotWriteError(
                f"the {study['kind']} {study['name']} of {os.path.relpath(root)} is under way in another process; wait "
                "for it, or give this one another name"
            ) from None
        except OSError:  # a tree that cannot be written: what is to be written will tell
            pass
        yield
