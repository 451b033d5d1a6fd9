"""Records of TensorBoard event files, taken apart and put together by tensorboard's own code."""

import struct
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c


def split_records(content: bytes) -> list[bytes]:
    """Return the records of an event file, each with its frame."""
    records, at = [], 0
    while at < len(content):
        (length,) = struct.unpack_from("<Q", content, at)
        records.append(content[at : at + length + 16])
        at += length + 16
    return records


def read_events(path: Path) -> list[Event]:
    """Return the events of a file."""
    return [Event.FromString(record[12:-4]) for record in split_records(path.read_bytes())]


def write_events(path: Path, events: list[Event]) -> None:
    """Write events, each framed with both its checksums."""
    path.write_bytes(b"".join(framed(event.SerializeToString()) for event in events))


def framed(content: bytes) -> bytes:
    """Return a record of ``content``."""
    length = struct.pack("<Q", len(content))
    return length + struct.pack("<I", masked_crc32c(length)) + content + struct.pack("<I", masked_crc32c(content))
