"""TensorBoard event files.

Written by hand although tensorboardX does it: a scalar costs 40 us there and brings NumPy and protobuf, while the two
messages are a few bytes each. Formats: TFRecord framing, messages Event and Summary (tensorflow/core/util/event.proto
and tensorflow/core/framework/summary.proto), protobuf's wire format.
"""

import math
import os
import struct
from collections.abc import Sequence

from runcheck.convention.tfrecord import record


def scalar_event(step: int, tags: Sequence[tuple[bytes, float]], at: float) -> bytes:
    """Return the Event message of one step: ``tags`` with their values, as float32, at ``at`` seconds since 1970."""
    summary = b"".join(_field(1, _field(1, tag) + b"\x15" + _float32(value)) for tag, value in tags)
    return b"\x09" + struct.pack("<d", at) + b"\x10" + _varint(step) + _field(5, summary)


class EventFile:
    """A sink that writes one event file, a record a step, with the tags ``<split>/<metric>``."""

    def __init__(self, folder: str, created: float) -> None:
        """Create the event file in ``folder``, named by the second of ``created``. No host stands in the name."""
        os.makedirs(folder, exist_ok=True)
        path = os.path.join(folder, f"events.out.tfevents.{int(created)}.runcheck")
        self._stream = open(path, "ab", buffering=0)  # noqa: SIM115 - closed by close()
        self._tags: dict[tuple[str, str], bytes] = {}
        self._stream.write(record(b"\x09" + struct.pack("<d", created) + _field(3, b"brain.Event:2")))

    def write(self, step: int, split: str, values: Sequence[tuple[str, float]], at: float) -> None:
        """Append the record of one step."""
        tags = [(self._tag(split, metric), value) for metric, value in values]
        self._stream.write(record(scalar_event(step, tags, at)))

    def close(self) -> None:
        """Close the file."""
        self._stream.close()

    def _tag(self, split: str, metric: str) -> bytes:
        tag = self._tags.get((split, metric))
        if tag is None:
            tag = self._tags[split, metric] = f"{split}/{metric}".encode()
        return tag


def _field(number: int, content: bytes) -> bytes:
    """Return a length-delimited field (wire type 2)."""
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:  # noqa: PLR2004
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _float32(value: float) -> bytes:
    """Return the nearest float32, little-endian; infinity where the value is beyond all of them."""
    try:
        return struct.pack("<f", value)
    except OverflowError:
        return struct.pack("<f", math.copysign(math.inf, value))
