"""Safetensors files: the tensors that the header promises, and whether the file holds just them.

By hand, since the library maps the whole file and says of what it refuses no more than one word. Source: the README of
huggingface/safetensors, "Format", and what its reader refuses: a header of bytes that do not cover the buffer exactly,
holes, overlaps, sizes that disagree with shape and dtype. The tensors' own bytes are read at the depth ``deep`` only.
"""

import hashlib
import math
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import BinaryIO

from runcheck.convention.exports import SAFETENSORS_NOTES
from runcheck.probes.bounded import read_exactly
from runcheck.probes.contents import SafetensorsContent, Tensor
from runcheck.probes.document import JsonProbe
from runcheck.probes.notes import Notes

FORMAT_HEADER_BYTES = 100_000_000  # the reader's own limit
HEADER_BYTES = 4 << 20  # that one check parses: about 40,000 tensors, 100 MB as objects at the worst

_CHUNK = 1 << 20
_LENGTH_BYTES = 8
_LARGEST = 2**64 - 1
_SHOWN = 100  # characters of a name, in words about it

# NumPy's name (and that of ml_dtypes) and the bits of each dtype.
_DTYPES: Mapping[str, tuple[str, int]] = {
    "BOOL": ("bool", 8),
    "F4": ("float4_e2m1fn", 4),
    "F6_E2M3": ("float6_e2m3fn", 6),
    "F6_E3M2": ("float6_e3m2fn", 6),
    "U8": ("uint8", 8),
    "I8": ("int8", 8),
    "F8_E5M2": ("float8_e5m2", 8),
    "F8_E4M3": ("float8_e4m3fn", 8),
    "F8_E8M0": ("float8_e8m0fnu", 8),
    "F8_E5M2FNUZ": ("float8_e5m2fnuz", 8),
    "F8_E4M3FNUZ": ("float8_e4m3fnuz", 8),
    "I16": ("int16", 16),
    "U16": ("uint16", 16),
    "F16": ("float16", 16),
    "BF16": ("bfloat16", 16),
    "I32": ("int32", 32),
    "U32": ("uint32", 32),
    "F32": ("float32", 32),
    "C64": ("complex64", 64),
    "F64": ("float64", 64),
    "I64": ("int64", 64),
    "U64": ("uint64", 64),
}


class _FaultError(Exception):
    """What is wrong with a header."""


def look_into_safetensors(stream: BinaryIO, deep: bool) -> SafetensorsContent:  # noqa: FBT001 - as every seeking probe
    """Return what the header in ``stream`` promises, where the file holds just that."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    start = stream.read(_LENGTH_BYTES)
    if len(start) < _LENGTH_BYTES:
        return SafetensorsContent(error=f"is cut short: it has {size} bytes, and the length of its header alone has 8")
    length = int.from_bytes(start, "little")
    if length > FORMAT_HEADER_BYTES:
        return SafetensorsContent(
            error=f"promises a header of {length:,} bytes; the format has a limit of {FORMAT_HEADER_BYTES:,}"
        )
    buffer = size - _LENGTH_BYTES - length
    if buffer < 0:
        return SafetensorsContent(
            error=f"is cut short: it promises a header of {length:,} bytes and has {size - _LENGTH_BYTES:,} after it"
        )
    if length > HEADER_BYTES:
        return SafetensorsContent(unverified=f"safetensors files with a header of more than {HEADER_BYTES >> 20} MiB")
    notes = Notes()
    try:
        tensors = _tensors(_header(read_exactly(stream, length, _FaultError), notes), buffer)
        read = tuple(_digested(stream, tensors) if deep else (each for each, _ in tensors))
        return SafetensorsContent(read, words=notes.content())
    except _FaultError as fault:
        return SafetensorsContent(error=str(fault), words=notes.content())


def _digested(stream: BinaryIO, tensors: Iterable[tuple[Tensor, int]]) -> Iterator[Tensor]:
    """Read the data of the tensors, which lie one behind the other."""
    for tensor, length in tensors:
        digest, left = hashlib.sha256(), length
        while left:
            chunk = read_exactly(stream, min(left, _CHUNK), _FaultError)
            digest.update(chunk)
            left -= len(chunk)
        yield tensor._replace(digest=digest.hexdigest())


def _header(content: bytes, notes: Notes) -> dict[str, object]:
    if not content.startswith(b"{"):
        raise _FaultError("has a header that does not begin with {")
    probe = JsonProbe()
    probe.feed(content)
    document = probe.content()
    if not isinstance(document.value, dict):
        raise _FaultError(f"has a header that {_relative(document.error or 'is too large')}")
    header: dict[str, object] = document.value
    metadata = header.pop(SAFETENSORS_NOTES, None)
    texts = metadata if isinstance(metadata, dict) else {} if metadata is None else {SAFETENSORS_NOTES: None}
    for name, text in texts.items():
        if not isinstance(text, str):
            raise _FaultError(f"has a {SAFETENSORS_NOTES} that is no map of strings to strings")
        notes.add(name, text)
    return header


def _relative(error: str) -> str:
    """Make a reader's words the end of a sentence about the header: it names bytes of it without a verb."""
    return f"has a fault: {error}" if error.startswith("byte ") else error


def _tensors(header: Mapping[str, object], buffer: int) -> list[tuple[Tensor, int]]:
    """Return the tensors in the order of their data, which must fill ``buffer`` bytes without hole or overlap.

    Behind each stands how many bytes it has.
    """
    placed = sorted(
        ((*_offsets(name, info), name, info) for name, info in header.items()), key=lambda each: (each[0], each[1])
    )
    end = 0
    tensors: list[tuple[Tensor, int]] = []
    for begin, stop, name, info in placed:
        if begin != end:
            what = "overlaps the tensor before it" if begin < end else f"leaves {begin - end:,} bytes of no tensor"
            raise _FaultError(f"has the tensor {name[:_SHOWN]!r} at byte {begin:,} of its data, which {what}")
        tensors.append((_tensor(name, info, stop - begin), stop - begin))
        end = stop
    if end > buffer:
        raise _FaultError(f"is cut short: its header promises {end:,} bytes of data and it has {buffer:,}")
    if end < buffer:
        raise _FaultError(f"has {buffer - end:,} bytes after the {end:,} that its header promises")
    return tensors


def _offsets(name: str, info: object) -> tuple[int, int]:
    offsets = info.get("data_offsets") if isinstance(info, dict) else None
    numbers = _counts(offsets)
    if numbers is None or len(numbers) != 2 or numbers[0] > numbers[1]:  # noqa: PLR2004 - begin and end
        raise _FaultError(f"has no sound data_offsets for the tensor {name[:_SHOWN]!r}")
    return numbers[0], numbers[1]


def _tensor(name: str, info: object, length: int) -> Tensor:
    """Return the tensor ``name``, whose data has ``length`` bytes."""
    described: Mapping[str, object] = info if isinstance(info, dict) else {}
    dtype, shape = described.get("dtype"), _counts(described.get("shape"))
    known = _DTYPES.get(dtype) if isinstance(dtype, str) else None
    if known is None:
        raise _FaultError(
            f"has the tensor {name[:_SHOWN]!r} of the dtype {str(dtype)[:_SHOWN]!r}, which the format does not have"
        )
    if shape is None:
        raise _FaultError(f"has no sound shape for the tensor {name[:_SHOWN]!r}")
    bits = math.prod(shape) * known[1]
    if _overflows(shape, known[1]) or bits != length * 8:
        raise _FaultError(
            f"holds {length:,} bytes for the tensor {name[:_SHOWN]!r}, whose shape and dtype come to {bits / 8:,.15g}"
        )
    return Tensor(name, shape, known[0])


def _overflows(shape: tuple[int, ...], bits: int) -> bool:
    """Say whether the count of bits passes 64 on the way, as it must not even where a later dimension is 0."""
    product = 1
    for each in (*shape, bits):
        product *= each
        if product > _LARGEST:
            return True
    return False


def _counts(value: object) -> tuple[int, ...] | None:
    """Return a list of whole numbers that are no less than 0, or None where it is something else."""
    if not isinstance(value, list) or not all(type(each) is int and 0 <= each <= _LARGEST for each in value):
        return None
    return tuple(value)
