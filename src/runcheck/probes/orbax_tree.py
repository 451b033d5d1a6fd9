"""The tree of an Orbax item, from its JSON: ``_METADATA`` (names, kinds, what is written) and ``_sharding``.

The format is that of Orbax 0.11 and 0.12: ``orbax.checkpoint._src.metadata``, ``tree.py``, ``value_metadata_entry.py``
and ``sharding.py``. The library itself needs JAX to read it.
"""

import base64
import binascii
import json
import math
from dataclasses import dataclass

METADATA, SHARDING = "_METADATA", "_sharding"
_SCALAR, _STRING, _JAX_ARRAY = "scalar", "string", "jax.Array"


class TreeError(Exception):
    """Why a tree cannot be read, as the end of a sentence."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf of a tree.

    ``path`` are its keys from the top, ``name`` what its array is stored under, ``shape`` None where the JSON does not
    tell it. What is written of an array at once, ``write_shape``, is a part of it where several devices hold it.
    """

    path: tuple[str, ...]
    kind: str
    write_shape: tuple[int, ...] | None
    shape: tuple[int, ...] | None

    @property
    def name(self) -> str:
        """What the leaf is stored under."""
        return ".".join(self.path)

    @property
    def is_array(self) -> bool:
        """Whether the leaf is stored as an array: numbers are, texts are not."""
        return self.kind != _STRING


@dataclass(frozen=True, slots=True)
class ItemTree:
    """The tree of one item, and how its arrays are stored."""

    leaves: tuple[Leaf, ...]
    use_ocdbt: bool
    use_zarr3: bool


def parse_json(text: bytes) -> object:
    """Return the value of a JSON document as Orbax writes it: with NaN, where a metric was NaN.

    Raises:
        TreeError: it is none.
    """
    try:
        value: object = json.loads(text.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise TreeError(f"is not JSON: byte {error.start} is not UTF-8") from error
    except json.JSONDecodeError as error:
        raise TreeError(f"is not JSON: {error.msg} at byte {error.pos}") from error
    except RecursionError as error:
        raise TreeError("nests too deep") from error
    except ValueError as error:  # an integer of more digits than Python converts
        raise TreeError("holds an integer of thousands of digits") from error
    return value


def parse_tree(metadata: bytes, sharding: bytes | None) -> ItemTree:
    """Return the tree that ``_METADATA`` describes; ``_sharding`` tells which arrays are whole on one device.

    Raises:
        TreeError: ``_METADATA`` is no tree.
    """
    match parse_json(metadata):
        case {"tree_metadata": dict(entries), **rest}:
            pass
        case _:
            raise TreeError("has no tree_metadata")
    whole = _on_one_device(sharding)
    leaves = (_leaf(key, entry, whole) for key, entry in entries.items())
    return ItemTree(
        leaves=tuple(leaf for leaf in leaves if leaf is not None),
        use_ocdbt=rest.get("use_ocdbt") is not False,
        use_zarr3=rest.get("use_zarr3") is True,
    )


def _leaf(key: str, entry: object, whole: frozenset[str]) -> Leaf | None:
    """Return one leaf, or None for an empty node, of which nothing is stored."""
    match entry:
        case {"key_metadata": list(keys), "value_metadata": {"value_type": str(kind)} as value}:
            path = tuple(_key(key, each) for each in keys)
        case _:
            raise TreeError(f"says nothing of the leaf {key}")
    if value.get("skip_deserialize") is True:
        return None
    write_shape = _shape(value.get("write_shape"), key)
    shape = () if kind == _SCALAR else write_shape if kind == _JAX_ARRAY and ".".join(path) in whole else None
    return Leaf(path, kind, write_shape, shape)


def _key(leaf: str, entry: object) -> str:
    match entry:
        case {"key": str(name)}:
            return name
        case _:
            raise TreeError(f"has a key without a name in the leaf {leaf}")


def _shape(value: object, leaf: str) -> tuple[int, ...] | None:
    if value is None:
        return None
    if isinstance(value, list) and all(type(each) is int and each >= 0 for each in value):
        return tuple(value)
    raise TreeError(f"has a shape of the leaf {leaf} that is none")


def _on_one_device(sharding: bytes | None) -> frozenset[str]:
    """Return the names of the arrays that one device held whole, so that what was written at once is all of it."""
    try:
        document = parse_json(sharding) if sharding is not None else {}
    except TreeError:
        return frozenset()
    if not isinstance(document, dict):
        return frozenset()
    return frozenset(_decoded(name) for name, text in document.items() if _is_of_one_device(text))


def _is_of_one_device(text: object) -> bool:
    try:
        match json.loads(text) if isinstance(text, str) else None:
            case {"sharding_type": "SingleDeviceSharding"}:
                return True
            case {"sharding_type": "NamedSharding", "shape": list(shape)}:
                return all(type(each) is int for each in shape) and math.prod(shape) == 1
            case _:
                return False
    except (ValueError, RecursionError):
        return False


def _decoded(name: str) -> str:
    try:
        return base64.b64decode(name, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return ""
