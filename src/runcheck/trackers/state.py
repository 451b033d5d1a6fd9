"""What is remembered of a copy: beside the units, in the state folder of the tree, since a sealed unit is not written.

It came with the tree and may be anybody's. So what it says of a place is compared and shown, and never gone to: an
address that was taken from it would be sent the key of whoever mirrors the run.
"""

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field

from runcheck.convention.layout import layout
from runcheck.probes.folder import read_regular
from runcheck.tree.state import state_folder
from runcheck.tree.walk import entry_at
from runcheck.writer.atomic import write_json
from runcheck.writer.lock import locked
from runcheck.writer.places import make_folders

_FOLDER = "mirrors"
_MOST = 4 << 20  # bytes: some 50,000 series


@dataclass
class State:
    """How far the copy of a run at one tracker got.

    Attributes:
        rows: How many rows of the file are done with.
        last: The last step of each series in them, by ``split/metric``.
        digest: What tells these rows from others.
        is_cut: Rows that were sent are not in the file as they were: the run was taken up again before them.
        known: What the copy is called at the tracker.
        asked: What the run itself asked for when it started.
        done: What was sent when all was sent, as one text; empty where it was not.
        where: What tells the place of the copy from others; empty where nobody noted it.
    """

    rows: int = 0
    last: dict[str, int] = field(default_factory=dict)
    digest: str = ""
    is_cut: bool = False
    known: dict[str, str] = field(default_factory=dict)
    asked: dict[str, str | int | dict[str, str]] = field(default_factory=dict)
    done: str = ""
    where: str = ""


def workplace(root: str, tracker: str) -> str:
    """Return the folder in the tree at ``root`` for what a tracker's own library writes, made where it is not there.

    Raises:
        OSError: it cannot be made, or there is a link.
    """
    return _made(root, f"{_FOLDER}/{tracker}")


def read_state(root: str, unit: str, tracker: str) -> State:
    """Return what is remembered of the copy of a unit; nothing where there is nothing, or nothing sound."""
    path = f"{layout().state}/{_FOLDER}/{unit}/{tracker}.json"
    for above in (layout().state, f"{layout().state}/{_FOLDER}"):
        entry = entry_at(root, above)
        if entry is None or not entry.is_folder:
            return State()
    entry = entry_at(root, path)
    if entry is None or not entry.is_file or entry.size > _MOST:
        return State()
    try:
        document = json.loads(read_regular(os.path.join(root, path), entry.size))
    except (OSError, ValueError, RecursionError):
        return State()
    match document:
        case {
            "rows": int(rows),
            "last": dict(last),
            "digest": str(digest),
            "is_cut": bool(is_cut),
            "known": dict(known),
            "asked": dict(asked),
            "done": str(done),
        } if rows >= 0:
            steps = {name: step for name, step in last.items() if isinstance(step, int)}
            called = {name: text for name, text in known.items() if isinstance(text, str)}
            where = document.get("where")  # an older note has none
            return State(
                rows,
                steps,
                digest,
                is_cut,
                called,
                _settings_in(asked),
                done,
                where if isinstance(where, str) else "",
            )
    return State()


def write_state(root: str, unit: str, tracker: str, state: State) -> None:
    """Remember it.

    Raises:
        OSError: the disk refuses.
    """
    write_json(os.path.join(_made(root, f"{_FOLDER}/{unit}"), f"{tracker}.json"), asdict(state))


@contextlib.contextmanager
def alone(root: str, unit: str, tracker: str) -> Iterator[None]:
    """Let one process at a time send a run to a tracker, as far as the disk lets it be told."""
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):
            _made(root, f"{_FOLDER}/{unit}")
            stack.enter_context(locked(root, f"{_FOLDER}/{unit}/{tracker}"))
        yield


def _made(root: str, folder: str) -> str:
    above = state_folder(root)
    make_folders(above, folder)
    return os.path.join(above, folder)


def _settings_in(value: dict[object, object]) -> dict[str, str | int | dict[str, str]]:
    """Return what was asked for, without an address."""
    return {
        name: each
        for name, each in value.items()
        if isinstance(name, str) and name not in ("uri", "options") and isinstance(each, str | int)
    }
