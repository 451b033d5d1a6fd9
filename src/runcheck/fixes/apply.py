"""Makes edits: all that were planned, or none; what was interrupted is finished the next time.

Files cannot be renamed together, and a unit whose README is new and whose list is old is neither. So what is to be done
is written down first, whole, in the state folder of the tree; who is killed in between leaves that plan, and the next
one takes the steps that are left. A step is taken only where the path is as it was when the plan was made.
"""

import base64
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import get_args

from runcheck.convention.unit_paths import unit_around
from runcheck.errors import CannotWriteError
from runcheck.fixes.edits import Act, CannotFixError, Edit, make, require_writable, state, undo, why_not
from runcheck.probes.folder import read_regular
from runcheck.tree.state import plan_of_fix, state_folder
from runcheck.writer.atomic import sync_folder, write_whole
from runcheck.writer.lock import locked

_MAX_PLAN = 64 << 20


@contextmanager
def fixing(root: str) -> Iterator[None]:
    """Hold, for a ``with``, the right to fix the tree at ``root``: one process at a time.

    Raises:
        CannotWriteError: nothing can be written there.
    """
    try:
        with locked(root, "fix"):
            yield
    except OSError as error:
        why = error.strerror or str(error)
        raise CannotWriteError(f"{error.filename or root}: cannot be written: {why}; nothing was changed") from error


def is_interrupted(root: str) -> bool:
    """Say whether a plan was interrupted."""
    return os.path.lexists(plan_of_fix(root))


def finish_interrupted(root: str) -> list[str]:
    """Take the steps that are left of a plan that was interrupted; return a line for each thing that was done."""
    path = plan_of_fix(root)
    try:
        status = os.lstat(path)
    except OSError:
        return []
    done: list[str] = []
    try:
        edits = _read(path, status.st_size)
        with _holding(root, edits):
            done.append(_finish(root, edits))
    except CannotFixError as error:
        done.append(f"an interrupted fix cannot be finished: {error}")
    os.unlink(path)
    return done


def _finish(root: str, edits: Sequence[Edit]) -> str:
    pending = [edit for edit in edits if not _is_done(root, edit)]
    changed = next((edit for edit in pending if _changed(root, edit)), None)
    if changed is not None:
        return f"an interrupted fix cannot be finished: {changed.path} changed since; what it left stays"
    for edit in pending:
        make(root, edit)
    return f"finished a fix that was interrupted: {', '.join(edit.path for edit in edits)}"


def apply(root: str, edits: Sequence[Edit]) -> None:
    """Make edits that belong together.

    Raises:
        CannotWriteError: one cannot be made; then none is.
    """
    if not edits:
        return
    with _holding(root, edits):
        made: list[Edit] = []
        try:
            for edit in edits:
                _require(root, edit)
            _write(root, edits)
            for edit in edits:
                make(root, edit)
                made.append(edit)
        except (CannotFixError, OSError) as error:
            _take_back(root, made)
            with suppress(OSError):
                os.unlink(plan_of_fix(root))
            raise CannotWriteError(f"{_words(error)}; nothing was changed") from error
        os.unlink(plan_of_fix(root))


@contextmanager
def _holding(root: str, edits: Sequence[Edit]) -> Iterator[None]:
    """Hold, for a ``with``, the locks of the units that edits are about, which who recovers or seals one holds too."""
    with ExitStack() as held:
        for unit in sorted({unit for edit in edits if (unit := unit_around(edit.path))}):
            held.enter_context(locked(root, f"{unit.replace('/', '.')}.unit"))
        yield


def _require(root: str, edit: Edit) -> None:
    if reason := why_not(edit):
        raise CannotFixError(f"{edit.path} {reason}")
    require_writable(root, edit)
    if _changed(root, edit):
        raise CannotFixError(f"{edit.path} changed while it was to be mended; run the command again")


def _words(error: CannotFixError | OSError) -> str:
    return f"{error.filename}: cannot be written: {error.strerror}" if isinstance(error, OSError) else str(error)


def _take_back(root: str, made: Sequence[Edit]) -> None:
    for edit in reversed(made):
        with suppress(OSError):
            undo(root, edit)


def _changed(root: str, edit: Edit) -> bool:
    return state(root, edit) != edit.before


def _is_done(root: str, edit: Edit) -> bool:
    as_text = edit._replace(act="write", content=edit.content + b"\n")  # of a link, where there are none
    return state(root, edit) in (edit.after, as_text.after if edit.act == "link" else edit.after)


def _write(root: str, edits: Sequence[Edit]) -> None:
    steps = [
        {
            "path": edit.path,
            "act": edit.act,
            "before": edit.before,
            "content": base64.b64encode(edit.content).decode(),
            "size": edit.size,
        }
        for edit in edits
    ]
    folder = state_folder(root)
    write_whole(plan_of_fix(root), json.dumps(steps))
    sync_folder(folder)


def _read(path: str, size: int) -> list[Edit]:
    """Return the edits of a plan; it may be anybody's, so it is held to what fixes may do.

    Raises:
        CannotFixError: it is no plan, or asks for more.
    """
    edits: list[Edit] = []
    try:
        if size > _MAX_PLAN:
            raise CannotFixError("its plan is too large")
        for step in json.loads(read_regular(path, size)):
            act: Act = step["act"]
            if act not in get_args(Act):
                raise CannotFixError("its plan is damaged")
            content = base64.b64decode(step["content"], validate=True)
            edits.append(Edit(str(step["path"]), act, str(step["before"]), content, int(step["size"])))
    except (OSError, ValueError, OverflowError, KeyError, TypeError, RecursionError) as error:
        raise CannotFixError("its plan is damaged") from error
    for edit in edits:
        if reason := why_not(edit):
            raise CannotFixError(f"{edit.path} {reason}")
    return edits
