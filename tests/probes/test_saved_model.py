"""A SavedModel that TensorFlow wrote: whole it is read, and no missing, cut or changed file of it passes."""

import io
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from runcheck.convention.tfrecord import crc32c_by_table, masked_crc32c
from runcheck.probes.contents import SavedModelContent, Tensor
from runcheck.probes.folder import POINTERS_INSIDE, Folder
from runcheck.probes.saved_model import look_into_saved_model
from runcheck.probes.saved_model.sorted_table import BadTableError, UnreadTableError, read_table

SEED = Path(__file__).parents[2] / "fixtures/data/exports/saved_model"  # by fixtures/builder/write_exports.py
PROGRAM, INDEX, DATA = "saved_model.pb", "variables/variables.index", "variables/variables.data-00000-of-00001"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of the seed."""
    return Path(shutil.copytree(SEED, tmp_path / "model"))


def look(root: Path, *, deep: bool = True, pointers: frozenset[str] = frozenset()) -> SavedModelContent:
    """Return what a folder holds, of which some files are ``pointers`` to objects of their own sizes."""
    found = [Path(folder, name) for folder, _, names in os.walk(root) for name in names]
    files = {str(path.relative_to(root)): path.stat().st_size for path in found}
    return look_into_saved_model(Folder(str(root), files, pointers=pointers), deep)


@pytest.mark.parametrize("deep", [False, True])
def test_the_variables_are_named_with_shape_and_dtype(root: Path, deep: bool) -> None:
    assert look(root, deep=deep) == SavedModelContent(
        (Tensor("bias", (10,), "float32"), Tensor("kernel", (64, 10), "float32"))
    )


@pytest.mark.parametrize("deep", [False, True])
def test_of_variables_in_a_pointer_everything_but_their_bytes_is_judged(root: Path, deep: bool) -> None:
    found = look(root, deep=deep, pointers=frozenset({DATA}))
    assert [each.name for each in found.tensors or ()] == ["bias", "kernel"]
    assert (found.error, found.unverified) == (None, None)
    (root / DATA).write_bytes(b"short")
    assert "cut short" in str(look(root, deep=deep, pointers=frozenset({DATA})).error)


@pytest.mark.parametrize("path", [PROGRAM, INDEX])
def test_a_program_or_an_index_in_a_pointer_tells_nothing(root: Path, path: str) -> None:
    assert look(root, pointers=frozenset({path})) == SavedModelContent(unverified=POINTERS_INSIDE)


@pytest.mark.parametrize("path", [PROGRAM, INDEX, DATA])
def test_a_file_that_is_gone_is_an_error_at_any_depth(root: Path, path: str) -> None:
    (root / path).unlink()
    assert look(root, deep=False).error is not None


@pytest.mark.parametrize("path", ["fingerprint.pb"])
def test_a_file_that_no_reader_needs_may_be_gone(root: Path, path: str) -> None:
    (root / path).unlink()
    assert look(root).error is None


@pytest.mark.parametrize(("path", "step"), [(INDEX, 1), (DATA, 89)])
def test_a_file_cut_short_anywhere_is_an_error_at_any_depth(root: Path, path: str, step: int) -> None:
    content = (root / path).read_bytes()
    for kept in (*range(0, len(content), step), len(content) - 1):
        (root / path).write_bytes(content[:kept])
        assert look(root, deep=False).error is not None, kept


def test_a_program_cut_short_anywhere_is_an_error(root: Path) -> None:
    content = (root / PROGRAM).read_bytes()
    for kept in (*range(64), *range(64, len(content), 97), len(content) - 1):
        (root / PROGRAM).write_bytes(content[:kept])
        assert look(root, deep=False).error is not None, kept


def flipped(content: bytes, step: int) -> list[bytes]:
    """Return the content with one bit flipped, at every so many bytes."""
    found = []
    for at in range(0, len(content), step):
        damaged = bytearray(content)
        damaged[at] ^= 1 << at % 8
        found.append(bytes(damaged))
    return found


def test_every_flipped_bit_of_the_index_is_an_error(root: Path) -> None:
    content = (root / INDEX).read_bytes()
    for damaged in flipped(content, 1):
        (root / INDEX).write_bytes(damaged)
        assert look(root, deep=False).error is not None, damaged


def test_every_flipped_bit_of_the_data_is_an_error_at_depth_deep_only(root: Path) -> None:
    content = (root / DATA).read_bytes()
    for damaged in flipped(content, 41):
        (root / DATA).write_bytes(damaged)
        assert look(root, deep=False).error is None
        assert look(root).error is not None


def test_no_changed_bytes_of_the_program_raise(root: Path) -> None:
    content, draw = (root / PROGRAM).read_bytes(), random.Random(7)
    for _ in range(60):
        damaged = bytearray(content)
        for _ in range(draw.randint(1, 6)):
            at = draw.randrange(len(damaged))
            damaged[at : at + draw.randint(0, 8)] = draw.randbytes(draw.randint(0, 8))
        (root / PROGRAM).write_bytes(damaged)
        found = look(root, deep=False)
        assert found.error or found.tensors or found.unverified


def test_the_checksums_are_the_same_without_the_library(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runcheck.probes.saved_model.tensor_bundle.crc32c", lambda: crc32c_by_table)
    assert look(root).error is None
    monkeypatch.setattr("runcheck.probes.saved_model.tensor_bundle.SLOW_CRC_BYTES", 100)
    assert "google-crc32c" in str(look(root).unverified)
    assert look(root, deep=False).unverified is None


def test_a_folder_of_something_else_is_no_saved_model(tmp_path: Path) -> None:
    assert look(tmp_path) == SavedModelContent(error="has no saved_model.pb")


@pytest.mark.parametrize("name", ["saved_model.pbtxt", "saved_model.cpb"])
def test_a_program_in_another_form_is_not_verified(root: Path, name: str) -> None:
    (root / PROGRAM).rename(root / name)
    assert look(root) == SavedModelContent(unverified=f"SavedModels with their program in {name}")


def test_an_asset_of_the_program_must_be_there(root: Path) -> None:
    graph = b"\x12\x0d\x32\x0b\x12\x09vocab.txt"  # one more graph, with an AssetFileDef
    with (root / PROGRAM).open("ab") as stream:
        stream.write(graph)
    assert look(root).error == "lacks the asset assets/vocab.txt, which its program reads"
    (root / "assets").mkdir()
    (root / "assets/vocab.txt").touch()
    assert look(root).error is None


def test_a_program_without_variables_needs_no_index(root: Path) -> None:
    (root / PROGRAM).write_bytes(b"\x08\x01\x12\x02\x12\x00")
    shutil.rmtree(root / "variables")
    assert look(root) == SavedModelContent(())


def message(*fields: tuple[int, bytes | int]) -> bytes:
    """Return a message of these fields."""
    return b"".join(
        varint(number << 3) + varint(value)
        if isinstance(value, int)
        else varint(number << 3 | 2) + varint(len(value)) + value
        for number, value in fields
    )


@pytest.mark.parametrize(("length", "is_whole"), [(24, True), (23, False), (0, False)])
def test_constants_of_the_program_have_the_bytes_of_their_shapes(root: Path, length: int, is_whole: bool) -> None:
    shape = message((2, message((1, 2))), (2, message((1, 3))))
    tensor = message((1, 1), (2, shape), (4, bytes(length)))
    node = message((1, b"c"), (2, b"Const"), (5, message((1, b"value"), (2, message((8, tensor))))))
    (root / PROGRAM).write_bytes(message((1, 1), (2, message((2, message((1, node)))))))
    shutil.rmtree(root / "variables")
    found = look(root)
    assert (found.error is None) == is_whole
    assert found.tensors == ((Tensor("c", (2, 3), "float32"),) if is_whole else None)


@pytest.mark.parametrize("op", [b"VarHandleOp", b"VariableV2"])
def test_a_program_of_tensorflow_1_with_variables_needs_its_index(root: Path, op: bytes) -> None:
    (root / PROGRAM).write_bytes(message((2, message((2, message((1, message((1, b"v"), (2, op)))))))))
    shutil.rmtree(root / "variables")
    assert look(root).error == "has a program with variables and no variables/variables.index"


# --- the index ----------------------------------------------------------------------------------------------------


def block(entries: list[tuple[int, bytes, bytes]], kind: int = 0) -> bytes:
    """Return a block of entries (shared, own part of the key, value), with its trailer."""
    rows = (bytes([shared, len(own)]) + varint(len(value)) + own + value for shared, own, value in entries)
    return sealed(b"".join(rows) + b"\0\0\0\0\1\0\0\0", kind)


def sealed(content: bytes, kind: int = 0) -> bytes:
    """Return the content of a block with its trailer."""
    return content + bytes([kind]) + masked_crc32c(content + bytes([kind])).to_bytes(4, "little")


def varint(value: int) -> bytes:
    """Return a number of protobuf."""
    return bytes([value & 0x7F | 0x80, *varint(value >> 7)]) if value > 0x7F else bytes([value])


def table(*blocks: bytes) -> bytes:
    """Return a table of blocks."""
    content, handles = b"", list[tuple[int, bytes, bytes]]()
    for each in blocks:
        handles.append((0, bytes([65 + len(handles)]), varint(len(content)) + varint(len(each) - 5)))
        content += each
    footer = b""
    for each in (block([]), block(handles)):
        footer += varint(len(content)) + varint(len(each) - 5)
        content += each
    return content + footer.ljust(40, b"\0") + 0xDB4775248B80FB57.to_bytes(8, "little")


def entries(content: bytes) -> list[tuple[bytes, bytes]]:
    """Return what a table holds."""
    return list(read_table(io.BytesIO(content), len(content)))


def test_keys_share_the_prefix_of_the_one_before_them_in_their_block() -> None:
    first = block([(0, b"", b"h"), (0, b"dense/bias", b"1"), (6, b"kernel", b"2")])
    found = entries(table(first, block([(0, b"out", b"3")])))
    assert found == [(b"", b"h"), (b"dense/bias", b"1"), (b"dense/kernel", b"2"), (b"out", b"3")]


BAD_BLOCKS: dict[str, list[bytes]] = {
    "keys out of order": [block([(0, b"b", b""), (0, b"a", b"")])],
    "a key twice in two blocks": [block([(0, b"a", b"")]), block([(0, b"a", b"")])],
    "a prefix that is not there": [block([(3, b"a", b"")])],
    "an unknown compression": [block([(0, b"a", b"")], 9)],
    "an entry beyond its block": [sealed(b"\0\1\x09a\0\0\0\0\1\0\0\0")],
    "a number that does not end": [sealed(b"\0\1\xff\0\0\0\0\1\0\0\0")],
    "more restarts than bytes": [sealed(b"\0\0\0\0\x09\0\0\0")],
    "no count of restarts": [sealed(b"\0")],
}


@pytest.mark.parametrize("name", BAD_BLOCKS)
def test_a_block_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(BadTableError):
        entries(table(*BAD_BLOCKS[name]))


def test_a_compressed_table_is_not_read() -> None:
    with pytest.raises(UnreadTableError, match="Snappy"):
        entries(table(block([(0, b"a", b"")], 1)))


def test_more_blocks_than_the_bound_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runcheck.probes.saved_model.sorted_table.MAX_BLOCKS", 1)
    with pytest.raises(UnreadTableError, match="blocks"):
        entries(table(block([(0, b"a", b"")]), block([(0, b"b", b"")])))


HEADER = b"\x08\x01\x1a\x02\x08\x01"


def entry(dtype: int, dims: list[int], offset: int, content: bytes, crc: bytes | None = None) -> bytes:
    """Return a BundleEntryProto for these bytes."""
    shape = b"".join(b"\x12" + bytes([len(each) + 1]) + b"\x08" + each for each in map(varint, dims))
    checksum = masked_crc32c(content if crc is None else crc).to_bytes(4, "little")
    place = b"\x20" + varint(offset) + b"\x28" + varint(len(content))
    return b"\x08" + bytes([dtype]) + b"\x12" + bytes([len(shape)]) + shape + place + b"\x35" + checksum


@pytest.fixture
def bundle(root: Path) -> Callable[..., SavedModelContent]:
    """Write an index and its data, and look."""

    def write(data: bytes, **variables: bytes) -> SavedModelContent:
        rows = [(0, b"", HEADER), *((0, name.encode(), value) for name, value in sorted(variables.items()))]
        (root / INDEX).write_bytes(table(block(rows)))
        (root / DATA).write_bytes(data)
        return look(root)

    return write


def test_a_bundle_written_here_is_read(bundle: Callable[..., SavedModelContent]) -> None:
    found = bundle(bytes(range(16)), a=entry(1, [3], 0, bytes(range(12))), b=entry(9, [0], 12, b""))
    assert found == SavedModelContent((Tensor("a", (3,), "float32"), Tensor("b", (0,), "int64")))


def test_strings_have_their_lengths_in_the_checksum_as_numbers_of_four_bytes(
    bundle: Callable[..., SavedModelContent],
) -> None:
    words = [b"a", b"", b"x" * 300]
    sizes = b"".join(len(each).to_bytes(4, "little") for each in words)
    own = masked_crc32c(sizes).to_bytes(4, "little")
    content = b"".join(varint(len(each)) for each in words) + own + b"".join(words)
    value = entry(7, [3], 0, content, sizes + own + b"".join(words))
    assert bundle(content, s=value).error is None
    assert bundle(content.replace(b"a", b"b"), s=value).error is not None


BAD_VARIABLES = {
    "a size of another shape": {"a": entry(1, [4], 0, bytes(12))},
    "over the same bytes": {"a": entry(1, [3], 0, bytes(12)), "b": entry(1, [1], 8, bytes(4))},
    "beyond the end": {"a": entry(1, [3], 8, bytes(12))},
    "in a file that is none": {"a": entry(1, [3], 0, bytes(12)) + b"\x18\x01"},
    "of an unknown size": {"a": entry(1, [2**64 - 1], 0, bytes(12))},
}


@pytest.mark.parametrize("name", BAD_VARIABLES)
def test_variables_that_do_not_fit_are_an_error(bundle: Callable[..., SavedModelContent], name: str) -> None:
    assert bundle(bytes(16), **BAD_VARIABLES[name]).error is not None


def test_an_index_without_its_header_is_an_error(root: Path) -> None:
    (root / INDEX).write_bytes(table(block([(0, b"a", entry(1, [1], 0, bytes(4)))])))
    assert "lacks its header" in str(look(root).error)
