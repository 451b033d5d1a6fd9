"""A run that W&B kept offline: ``offline-run-<time>-<id>`` with a log ``run-<id>.wandb`` of what would have been sent.

The log is LevelDB's (doc/log_format.md there): after seven bytes of its own, blocks of 32 KiB with records that may go
on in the next block, each with a CRC-32 of its type and content. A record is a Record of ``wandb_internal.proto``. It
is read by hand, since W&B would be a dependency of 60 MB for six messages; the reader of protobuf is the one that looks
into ONNX.
"""

import io
import re
import struct
import zlib
from collections.abc import Iterator
from datetime import datetime

from runcheck.adopt.found import Found, seeds_in
from runcheck.adopt.source import Source
from runcheck.adopt.values import moment_at, number_of, step_of, value_of
from runcheck.convention.layout import layout
from runcheck.errors import CannotReadError
from runcheck.probes.protobuf import VARINT, BeyondBoundError, DamagedError, Wire

_MAGIC = b":W&B"
_HEAD, _BLOCK = 7, 1 << 15
_RECORD = struct.Struct("<IHB")
_FULL, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4
_TORN, _BROKEN = -1, -2  # pieces that are none
_HISTORY, _CONFIG, _METRIC, _RUN, _EXIT, _ENVIRONMENT = 2, 5, 12, 17, 18, 26  # fields of a Record
_STEP = "_step"
_PACKAGE = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;@]+)")
_REQUIREMENTS = "files/requirements.txt"
COMMAND = "the command is the program with its arguments, and 'python' before them"
_DOUBLE = struct.Struct("<d")


class _Message:
    """A message of protobuf: its fields by number, as often as they come."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._fields: dict[int, list[tuple[int, int, int]]] = {}
        wire = Wire(io.BytesIO(content), len(content))
        for each in wire.fields(0, len(content)):
            value = each.value if each.wire == VARINT else 0
            self._fields.setdefault(each.number, []).append((each.start, each.end, value))

    def parts(self, number: int) -> list[bytes]:
        return [self._content[start:end] for start, end, _ in self._fields.get(number, ())]

    def messages(self, number: int) -> list["_Message"]:
        return [_Message(part) for part in self.parts(number)]

    def texts(self, number: int) -> list[str]:
        return [part.decode("utf-8", "replace") for part in self.parts(number)]

    def text(self, number: int) -> str:
        return next(iter(self.texts(number)), "")

    def number(self, number: int) -> int | None:
        values = self._fields.get(number)
        return values[-1][2] if values else None


def is_wandb(source: Source) -> bool:
    """Say whether a folder is that of a run that W&B kept offline."""
    return _log_of(source) is not None


def read_wandb(source: Source) -> Found:
    """Return what the log of a run says.

    Raises:
        CannotReadError: the log is none, or of a form that is not known here.
    """
    path = _log_of(source)
    if path is None:
        raise CannotReadError(f"{source.folder}: holds no log of W&B")
    found = Found("wandb", source.name)
    last, runtime, step = 0.0, None, _STEP
    try:
        for record in _records(source, path, found):
            message = _Message(record)
            for part in message.messages(_RUN):
                _take_run(part, found)
            for part in message.messages(_CONFIG):
                _take_config(part, found)
            for part in message.messages(_ENVIRONMENT):
                _take_environment(part, found)
            step = _step_of_all(message) or step
            for part in message.messages(_HISTORY):
                last = max(last, _take_history(part, found, step))
            for part in message.messages(_EXIT):
                found.status = "failed" if part.number(1) else "completed"
                runtime = part.number(2) or 0
    except (DamagedError, BeyondBoundError) as error:
        raise CannotReadError(f"{source.folder}/{path}: a record of it {error}") from error
    take_end(found, runtime, last)
    found.seeds = seeds_in(found.config)
    _take_packages(source, found)
    found.checkpoints = source.checkpoints()
    left = [name for name in source.files if name not in (path, _REQUIREMENTS)]
    if left:
        found.left.append(f"{len(left):,} file{'' if len(left) == 1 else 's'}: {', '.join(left[:3])}")
    return found


def _log_of(source: Source) -> str | None:
    logs = [path for path in source.files if path.startswith("run-") and path.endswith(".wandb")]
    return logs[0] if len(logs) == 1 else None


def _records(source: Source, path: str, found: Found) -> Iterator[bytes]:
    """Yield each record of the log; where a process died in the midst of one, it ends there, and a note says so."""
    record = bytearray()
    is_torn = False
    for block in _blocks(source, path):
        for kind, content in _pieces(block):
            is_torn = kind == _TORN
            if kind == _BROKEN:
                raise CannotReadError(f"{source.folder}/{path}: a record of its log is damaged; restore the file")
            if kind in (_FULL, _FIRST):
                record.clear()
            record += content
            if len(record) > layout().limits.event_bytes:
                raise CannotReadError(f"{source.folder}/{path}: a record of its log is larger than any is read")
            if kind in (_FULL, _LAST):
                yield bytes(record)
                record.clear()
    if is_torn or record:
        found.notes.append("the log ends in the midst of a record, as that of a process does that died")


def _blocks(source: Source, path: str) -> Iterator[bytes]:
    """Yield the blocks of the log; the first one is shorter by what the log begins with."""
    held, size = b"", _BLOCK - _HEAD
    is_begun = False
    for chunk in source.chunks(path):
        held += chunk
        if not is_begun:
            if not held.startswith(_MAGIC):
                raise CannotReadError(f"{source.folder}/{path}: does not begin as a log of W&B")
            held, is_begun = held[_HEAD:], True
        while len(held) >= size:
            yield held[:size]
            held, size = held[size:], _BLOCK
    if held:
        yield held


def _pieces(block: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the pieces of records in a block, with their kinds; what is left at its end is too short for one."""
    at = 0
    while len(block) - at >= _RECORD.size:
        check, length, kind = _RECORD.unpack_from(block, at)
        content = block[at + _RECORD.size : at + _RECORD.size + length]
        if len(content) < length:
            yield _TORN, b""
            return
        is_sound = check == zlib.crc32(bytes([kind]) + content) and kind in (_FULL, _FIRST, _MIDDLE, _LAST)
        yield (kind, content) if is_sound else (_BROKEN, b"")
        at += _RECORD.size + length
    if block[at:].strip(b"\0"):
        yield _TORN, b""


def _take_run(run: _Message, found: Found) -> None:
    found.name = run.text(8) or found.name
    found.experiment = run.text(3) or found.experiment
    found.description = run.text(9) or found.description
    for moment in run.messages(17):
        found.created = _moment(moment)
    for config in run.messages(4):
        _take_config(config, found)
    for git in run.messages(21):
        _take_git(git, found)


def _take_git(git: _Message, found: Found) -> None:
    if commit := git.text(2):
        found.git["sha"] = commit
    if remote := git.text(1):
        found.git["remote"] = remote


def _take_config(config: _Message, found: Found) -> None:
    for item in config.messages(1):
        key = _key(item, 1, 2)
        if key and key != "_wandb":
            found.config[key] = value_of(item.text(16))
    for item in config.messages(2):
        found.config.pop(_key(item, 1, 2), None)


def _take_environment(environment: _Message, found: Found) -> None:
    if platform := environment.text(1):
        found.env["platform"] = platform
    if python := environment.text(2):
        found.env["python"] = python.removeprefix("CPython ")
    if program := environment.text(7) or environment.text(8) or environment.text(6):
        found.command = ["python", program, *environment.texts(5)]
        if COMMAND not in found.notes:
            found.notes.append(COMMAND)
    for git in environment.messages(9):
        _take_git(git, found)


def _step_of_all(record: _Message) -> str:
    """Return the metric that a record says all others are drawn against; nothing where it says nothing of that."""
    return next((part.text(4) for part in record.messages(_METRIC) if part.text(2) == "*"), "")


def _take_history(history: _Message, found: Found, counted_by: str) -> float:
    """Take a row of metrics, whose step is the metric that counts steps or W&B's own; return when it was logged."""
    values = {_key(item, 1, 2): _value(item) for item in history.messages(1)}
    steps = [step.number(1) or 0 for step in history.messages(2)]
    own = values.get(_STEP, steps[0] if steps else 0)
    step = step_of(values.pop(counted_by, own))
    for name, each in values.items():
        value = number_of(each)
        if not name.startswith("_") and value is not None:
            found.points.add(name, -1 if step is None else step, value)  # what has no step is passed over
    return number_of(values.get("_timestamp")) or 0.0


def _value(item: _Message) -> object:
    """Return the value of an item: as JSON, or in the typed fields of later versions."""
    if item.parts(16) or item.parts(8):
        return value_of(item.text(16) or item.text(8))
    if item.parts(6):
        content = item.parts(6)[0]
        return _DOUBLE.unpack(content)[0] if len(content) == _DOUBLE.size else None
    integer = item.number(5)
    return None if integer is None else (integer >> 1) ^ -(integer & 1)  # sint64 goes to and fro


def _key(item: _Message, single: int, nested: int) -> str:
    return item.text(single) or ".".join(item.texts(nested))


def _moment(timestamp: _Message) -> datetime | None:
    seconds, nanoseconds = timestamp.number(1) or 0, timestamp.number(2) or 0
    moment = moment_at(seconds)
    return moment and moment.replace(microsecond=nanoseconds // 1000 % 1_000_000)


def take_end(found: Found, runtime: float | None, last: float) -> None:
    """Take when a run ended, by its runtime and the time of its last row; without a runtime nothing says so."""
    if found.created is None or runtime is None:
        if last:
            found.notes.append("nothing says when and how it ended")
        return
    end = moment_at(found.created.timestamp() + runtime)
    if end is None:
        return
    found.finished = max(end, moment_at(last) or end)
    found.notes.append("finished_at is the start and the runtime in whole seconds, or the last row where that is later")


def _take_packages(source: Source, found: Found) -> None:
    packages = packages_in(source.text(_REQUIREMENTS) or "")
    if packages:
        found.env["packages"] = packages


def packages_in(requirements: str) -> dict[str, str]:
    """Return the versions of the packages that a text as of ``pip freeze`` lists."""
    return {match[1]: match[2] for line in requirements.splitlines() if (match := _PACKAGE.fullmatch(line.strip()))}
