"""The tree of an Orbax item, from its JSON: ``_METADATA`` (names, kinds, what is written) and ``_sharding``.

The format is that of Orbax 0.11 and 0.12: ``orbax.checkpoint._src.metadata``, ``tree.py``, ``value_metadata_entry.py``
and ``sharding.py``. The library itself needs JAX to read it.
"""

import base64
import binascii
import json
from collections.abc import Container
from typing import NamedTuple

from runcheck.probes.folder import Folder, PointerError

METADATA, SHARDING, STRINGS, ARRAY_METADATAS = "_METADATA", "_sharding", "_strings.json", "array_metadatas"
_DOCUMENT_BYTES = 8 << 20  # as values of Python they take up to 30 times as much
_SCALAR, _STRING, _JAX_ARRAY = "scalar", "string", "jax.Array"
_MOST_DIMENSIONS, _MOST_NUMBERS = 32, 1 << 63  # of TensorStore


class TreeError(Exception):
    """Why a tree cannot be read, as the end of a sentence."""


class NotReadError(Exception):
    """Why nothing here reads something, whether it is whole or not."""


class Leaf(NamedTuple):
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


class ItemTree(NamedTuple):
    """The tree of one item, and how its arrays are stored: ``use_ocdbt`` is None where it does not say.

    ``is_whole`` says that every chunk is stored, those too that hold nothing but the fill value.
    """

    leaves: tuple[Leaf, ...]
    use_ocdbt: bool | None = None
    is_whole: bool = True


def read_document(folder: Folder, path: str) -> bytes:
    """Return the bytes of a JSON document.

    Raises:
        TreeError: it is not there.
        NotReadError: its value might not fit into bounded memory.
        OSError: it cannot be read.
    """
    size = folder.files.get(path)
    if size is None:
        raise TreeError("is missing")
    if size > _DOCUMENT_BYTES:
        raise NotReadError("descriptions of checkpoints of more than 8 MiB")
    try:
        return folder.read(path, _DOCUMENT_BYTES)
    except PointerError as error:
        raise NotReadError(str(error)) from error


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
        raise TreeError(f"is not JSON: {error.msg} (byte {error.pos})") from error
    except RecursionError as error:
        raise TreeError("nests too deep") from error
    except ValueError as error:  # an integer of more digits than Python converts
        raise TreeError("holds an integer of thousands of digits") from error
    return value


def parse_tree(metadata: bytes, on_one_device: Container[str]) -> ItemTree:
    """Return the tree that ``_METADATA`` describes; what was written at once of an array on one device is all of it.

    Raises:
        TreeError: it is no tree.
    """
    match parse_json(metadata):
        case {"tree_metadata": dict(entries), **rest}:
            pass
        case _:
            raise TreeError("has no tree_metadata")
    leaves = (_leaf(key, entry, on_one_device) for key, entry in entries.items())
    use_ocdbt = rest.get("use_ocdbt")
    return ItemTree(
        leaves=tuple(leaf for leaf in leaves if leaf is not None),
        use_ocdbt=use_ocdbt if isinstance(use_ocdbt, bool) else None,
        is_whole=rest.get("store_array_data_equal_to_fill_value") is True,
    )


def _leaf(key: str, entry: object, on_one_device: Container[str]) -> Leaf | None:
    """Return one leaf, or None for an empty node, of which nothing is stored."""
    match entry:
        case {"key_metadata": list(keys), "value_metadata": {"value_type": str(kind)} as value}:
            path = tuple(_key(key, each) for each in keys)
        case _:
            raise TreeError(f"says nothing of the leaf {key}")
    if key != str(path):
        raise TreeError(f"describes the leaf {path} as {key}")
    if value.get("skip_deserialize") is True:
        return None
    write_shape = _shape(value.get("write_shape"), key)
    shape = () if kind == _SCALAR else write_shape if kind == _JAX_ARRAY and ".".join(path) in on_one_device else None
    return Leaf(path, kind, write_shape, shape)


def _key(leaf: str, entry: object) -> str:
    match entry:
        case {"key": str(name), "key_type": 1 | 2}:  # of a sequence, of a mapping
            return name
        case _:
            raise TreeError(f"has a key that is none in the leaf {leaf}")


def _shape(value: object, leaf: str) -> tuple[int, ...] | None:
    if value is None:
        return None
    shape = sizes(value, 0)
    if shape is None:
        raise TreeError(f"has a shape of the leaf {leaf} that is none")
    return shape


def sizes(value: object, least: int) -> tuple[int, ...] | None:
    """Return the sizes of an array's dimensions, each ``least`` or more, or None where the value is no such list."""
    if not isinstance(value, list) or len(value) > _MOST_DIMENSIONS:
        return None
    return tuple(value) if all(type(each) is int and least <= each < _MOST_NUMBERS for each in value) else None


def parse_sharding(sharding: bytes) -> dict[str, bool]:
    """Return the names of the arrays that ``_sharding`` has, and whether one device held the whole of each.

    Raises:
        TreeError: it is no such document.
    """
    match parse_json(sharding):
        case dict(document):
            return {_decoded(name): _is_of_one_device(text) for name, text in document.items()}
        case _:
            raise TreeError("holds no object")


def parse_array_metadatas(document: bytes) -> dict[str, tuple[int, ...] | None]:
    """Return what one process wrote at once of each of its arrays, by their names.

    Raises:
        TreeError: it is no such document.
    """
    match parse_json(document):
        case {"array_metadatas": list(entries)}:
            return dict(map(_array_metadata, entries))
        case _:
            raise TreeError("has no array_metadatas")


def _array_metadata(entry: object) -> tuple[str, tuple[int, ...] | None]:
    match entry:
        case {"array_metadata": {"param_name": str(name), "write_shape": shape}}:
            return name, sizes(shape, 0)
        case _:
            raise TreeError("has an entry that describes no array")


def _is_of_one_device(text: object) -> bool:
    try:
        value = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError) as error:
        raise TreeError("holds a sharding that is not JSON") from error
    match value:
        case {"sharding_type": "SingleDeviceSharding"}:
            return True
        case {"sharding_type": "NamedSharding", "shape": list(shape)}:
            return all(each == 1 for each in shape)
        case {"sharding_type": str()}:
            return False
        case _:
            raise TreeError("holds a sharding without its type")


def _decoded(name: str) -> str:
    try:
        return base64.urlsafe_b64decode(name.encode("ascii")).decode("utf-8")
    except (binascii.Error, ValueError) as error:
        raise TreeError(f"has the name {name}, which is none") from error
