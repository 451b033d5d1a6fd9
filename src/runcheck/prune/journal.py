"""What is under way, so that whoever dies is finished by the next one; and the log of what was done.

The journal is there only while units are moved: their paths and the session. What was done to each shows in the tree:
it is there, or it is in the trash. The log has a line of JSON for each unit that was moved, brought back or removed.
"""

import json
import os
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Literal, NamedTuple, TypeAlias

from runcheck.convention.layout import layout
from runcheck.convention.names import is_unit_relative
from runcheck.convention.timestamps import format_timestamp
from runcheck.convention.unit_paths import is_unit_path
from runcheck.probes.folder import read_regular
from runcheck.prune.trash import moment_of
from runcheck.tree.state import open_own, state_folder
from runcheck.tree.walk import entry_at
from runcheck.writer.atomic import write_whole

Act: TypeAlias = Literal["trashed", "restored", "emptied"]

LOG = "prune.jsonl"
_JOURNAL = "prune.json"
_MAX_JOURNAL = 64 << 20
_TAIL = 4 << 20  # bytes of the log in which the lines of an interrupted session are looked for


class Line(NamedTuple):
    """What was done to a unit: why, how many bytes it has, and the session of the trash."""

    act: Act
    unit: str
    reason: str
    size: int
    session: str


class Journal(NamedTuple):
    """What is under way: the units that are moved, by the lines that the log is to have of them."""

    lines: tuple[Line, ...]


def begin(root: str, lines: Sequence[Line]) -> None:
    """Write down what is about to be done."""
    document = {"lines": [line._asdict() for line in lines]}
    write_whole(os.path.join(state_folder(root), _JOURNAL), json.dumps(document))


def end(root: str) -> None:
    """Forget what was under way: it is done."""
    os.unlink(_path(root))


def under_way(root: str) -> Journal | None:
    """Return what an earlier process died over; None where none did. A journal that is none is empty.

    It came with the tree and may be anybody's, so that it names units of the tree and nothing else.
    """
    entry = entry_at(root, f"{layout().state}/{_JOURNAL}")
    if entry is None:
        return None
    lines: list[Line] = []
    if entry.is_file and entry.size <= _MAX_JOURNAL:
        try:
            for each in json.loads(read_regular(_path(root), entry.size))["lines"]:
                lines.append(_line(each))
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            lines = []
    return Journal(tuple(lines))


def log(root: str, lines: Sequence[Line], moment: datetime) -> None:
    """Append lines to the log, and let them last."""
    with open_own(os.path.join(state_folder(root), LOG), os.O_APPEND) as stream:
        for line in lines:
            at = {"at": format_timestamp(moment.replace(microsecond=0))}
            stream.write(json.dumps({**at, **line._asdict()}) + "\n")
        stream.flush()
        os.fsync(stream.fileno())


def logged(root: str) -> set[tuple[str, str, str]]:
    """Return act, unit and session of the last lines of the log."""
    return set(_logged(root))


def _logged(root: str) -> Iterator[tuple[str, str, str]]:
    path = f"{layout().state}/{LOG}"
    entry = entry_at(root, path)
    if entry is None or not entry.is_file:
        return
    with open(os.path.join(root, path), "rb") as stream:
        stream.seek(max(0, entry.size - _TAIL))
        for text in stream.read(_TAIL).splitlines():
            try:
                line = _line(json.loads(text))
            except (ValueError, KeyError, TypeError, RecursionError):
                continue
            yield line.act, line.unit, line.session


def _line(document: dict[str, object]) -> Line:
    match document:
        case {
            "act": "trashed" | "restored" | "emptied" as act,
            "unit": str(unit),
            "reason": str(reason),
            "size": int(size),
            "session": str(session),
        } if is_unit(unit) and moment_of(session) is not None:
            return Line(act, unit, reason, size, session)
    raise ValueError


def is_unit(path: str) -> bool:
    """Say whether a path is that of a unit below the root, and can be written down."""
    try:
        path.encode()
    except UnicodeEncodeError:  # a name of the file system that is no text
        return False
    return is_unit_path(path) and is_unit_relative(path)


def _path(root: str) -> str:
    return os.path.join(root, layout().state, _JOURNAL)
