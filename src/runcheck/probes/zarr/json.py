"""The JSON of Zarr's metadata, bounded, and what both versions of the format spell alike in it."""

import json
from hashlib import blake2b

from runcheck.convention.layout import layout

MAX_VALUES = 1_000_000  # in one document: each costs memory, some of them for two bytes of JSON
MAX_AXES = 64  # NumPy has no more
_MAX_LENGTH = 2**63 - 1  # of an axis
_SHOWN = 80


class BrokenError(Exception):
    """Why a document is no metadata, as the end of a sentence."""


class BeyondError(Exception):
    """What of a document or a chunk nothing here looks into."""


def load(content: bytes) -> dict[str, object]:
    """Return the JSON object of a metadata document.

    NaN is let pass: zarr-python writes it into attributes, and reads it.

    Raises:
        BrokenError: it is none, or has a key twice.
        BeyondError: it is too large.
    """
    if len(content) > layout().limits.document_bytes:
        raise BeyondError(f"Zarr metadata of more than {layout().limits.document_bytes:,} bytes")
    if content.count(b",") + content.count(b"[") + content.count(b"{") > MAX_VALUES:
        raise BeyondError(f"Zarr metadata of more than {MAX_VALUES:,} values")
    try:
        value: object = json.loads(content.decode("utf-8"), object_pairs_hook=_object)
    except UnicodeDecodeError as error:
        raise BrokenError(f"is not UTF-8 at byte {error.start}") from error
    except json.JSONDecodeError as error:
        raise BrokenError(f"is not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from error
    except RecursionError as error:
        raise _too_deep() from error
    except ValueError as error:  # an integer of more digits than Python converts
        raise BrokenError("holds an integer of thousands of digits") from error
    if not isinstance(value, dict):
        raise BrokenError("is no JSON object")
    return value


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise BrokenError("has a key twice in one object")
    return members


def _too_deep() -> BrokenError:
    return BrokenError("nests deeper than a reader goes")


def digest_of(value: object) -> bytes:
    """Return a digest of a JSON value, in which NaN equals NaN, and 0 equals 0.0 where it stands alone."""
    number = int(value) if isinstance(value, float) and value.is_integer() else value
    try:
        text = json.dumps(number, sort_keys=True)
    except RecursionError as error:
        raise _too_deep() from error
    return blake2b(text.encode(), digest_size=16).digest()


def told(value: object) -> str:
    """Return a JSON value in words of bounded length: a string as it is, anything else as JSON."""
    try:
        text = value if isinstance(value, str) else json.dumps(value)
    except RecursionError as error:
        raise _too_deep() from error
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def named(value: object) -> tuple[str, dict[str, object]]:
    """Return the name and the configuration of an extension point of Zarr 3, which may be a name alone.

    Raises:
        BrokenError: it is neither.
    """
    if isinstance(value, str):
        return value, {}
    if isinstance(value, dict) and isinstance(name := value.get("name"), str):
        configuration = value.get("configuration")
        if configuration is None:
            return name, {}
        if isinstance(configuration, dict):
            return name, configuration
    raise BrokenError(f"names nothing by {told(value)}")


def lengths_of(value: object, key: str) -> tuple[int, ...]:
    """Return a list of lengths.

    Raises:
        BrokenError: it is none, or longer or of more axes than any reader takes.
    """
    if not isinstance(value, list) or not all(type(each) is int and 0 <= each <= _MAX_LENGTH for each in value):
        raise BrokenError(f"has a {key} that is no list of lengths: {told(value)}")
    if len(value) > MAX_AXES:
        raise BrokenError(f"has a {key} of {len(value):,} axes")
    return tuple(value)


def chunk_shape_of(value: object, shape: tuple[int, ...], key: str) -> tuple[int, ...]:
    """Return the shape of the chunks of something of ``shape``.

    Raises:
        BrokenError: it is no list of as many lengths, or of none where there is something to hold.
    """
    chunk_shape = lengths_of(value, key)
    if len(chunk_shape) != len(shape):
        raise BrokenError(f"has a {key} of {len(chunk_shape)} axes for a shape of {len(shape)}")
    if any(length and not chunk for length, chunk in zip(shape, chunk_shape, strict=True)):
        raise BrokenError(f"has a {key} with a 0: {told(value)}")
    return chunk_shape
