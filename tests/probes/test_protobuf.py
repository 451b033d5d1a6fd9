"""Protobuf's wire format: what its own parser refuses is refused, and large fields are seeked over."""

import io

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st
from onnx import AttributeProto, TensorProto

from runcheck.probes.protobuf import (
    MAX_DEPTH,
    BeyondBoundError,
    DamagedError,
    Field,
    Walker,
    Wire,
    messages,
)

TABLE = messages("""
    AttributeProto: 1 name bytes, 2 f fixed32, 3 i varint, 7 floats fixed32s, 8 ints varints, 5 t TensorProto
    TensorProto: 1 dims varints, 2 data_type varint, 8 name bytes, 10 double_data fixed64s
    Deep: 1 deep Deep
""")


def walk(content: bytes, message: str = "AttributeProto", limit: int = 1000) -> list[tuple[str, Field]]:
    """Return the fields of a message, and walk over all in them."""
    walker = Walker(Wire(io.BytesIO(content), len(content), max_fields=limit), TABLE)
    found = []
    for name, type_, field in walker.fields(message, 0, len(content)):
        walker.check(type_, field)
        found.append((name, field))
    return found


def test_fields_come_with_their_numbers_and_places() -> None:
    content = AttributeProto(name="alpha", i=-1, f=1.5).SerializeToString()
    found = dict(walk(content))
    assert content[found["name"].start : found["name"].end] == b"alpha"
    assert found["i"].value == 2**64 - 1
    assert found["f"].end - found["f"].start == 4


def test_packed_and_single_numbers_are_counted_alike() -> None:
    packed = TensorProto(dims=[1, 300, 70000]).SerializeToString()
    single = b"\x08\x01\x08\xac\x02\x08\xf0\xa2\x04"
    assert TensorProto.FromString(single).dims == [1, 300, 70000]
    for content in (single, b"\x0a\x06" + single[1:2] + single[3:5] + single[6:9]):
        walker = Walker(Wire(io.BytesIO(content), len(content)), TABLE)
        numbers, count = [], 0
        for _, type_, field in walker.fields("TensorProto", 0, len(content)):
            numbers += walker.numbers(field, 10)
            count += walker.count(type_, field)
        assert numbers == [1, 300, 70000]
        assert count == 3
    assert len(walk(packed, "TensorProto")) == 3


@given(st.binary(max_size=40))
def test_what_the_parser_of_protobuf_refuses_is_refused(content: bytes) -> None:
    try:
        walk(content, "TensorProto")
    except DamagedError:
        return
    known = {1, 2, 8, 10}  # the parser knows more fields than the table here; it may refuse what is in them
    if all(number in known for number in _numbers(content)):
        TensorProto.FromString(content)


def _numbers(content: bytes) -> list[int]:
    return [field.number for field in Wire(io.BytesIO(content), len(content)).fields(0, len(content))]


@pytest.mark.parametrize(
    "content",
    [b"\x80", b"\x0a\x05ab", b"\x0d\x00", b"\x09\x00", b"\x0b", b"\x0c", b"\x0f", b"\x00\x00", b"\xff" * 11, b"\x42"],
)
def test_a_message_that_ends_too_early_or_has_what_none_has_is_refused(content: bytes) -> None:
    with pytest.raises(DecodeError):
        AttributeProto.FromString(content)
    with pytest.raises(DamagedError):
        walk(content)


def test_packed_numbers_that_do_not_end_with_their_field_are_refused() -> None:
    for content in (b"\x42\x02\x01\x80", b"\x3a\x03\0\0\0", b"\x2a\x04\x52\x02\0\0"):
        with pytest.raises(DamagedError):
            walk(content)


def test_a_known_field_in_another_wire_type_is_refused() -> None:
    with pytest.raises(DamagedError, match="the field i of AttributeProto"):
        walk(b"\x1a\x00")


def test_messages_nest_no_deeper_than_protobuf_allows() -> None:
    content = b""
    for _ in range(MAX_DEPTH):
        content = b"\x0a" + _varint(len(content)) + content
    with pytest.raises(DamagedError, match="deep"):
        walk(content, "Deep")


def _varint(value: int) -> bytes:
    return bytes([value & 0x7F | 0x80, value >> 7]) if value >= 0x80 else bytes([value])


def test_more_fields_than_the_bound_end_the_walk() -> None:
    with pytest.raises(BeyondBoundError):
        walk(b"\x18\x00" * 11, limit=10)
    assert len(walk(b"\x18\x00" * 10, limit=10)) == 10


class Counting(io.BytesIO):
    """A stream that counts what is read of it."""

    count = 0

    def read(self, size: int | None = -1) -> bytes:
        found = super().read(size)
        self.count += len(found)
        return found


def test_large_fields_are_seeked_over() -> None:
    content = b"".join(b"\x0a\x80\x80\x80\x04" + bytes(1 << 23) for _ in range(4))
    stream = Counting(content)
    fields = list(Wire(stream, len(content)).fields(0, len(content)))
    assert [field.end - field.start for field in fields] == [1 << 23] * 4
    assert stream.count < 1 << 20


class Dribbling(io.BytesIO):
    """A raw stream that gives a byte at a time."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(min(1, size) if size and size > 0 else size)


def test_a_stream_that_gives_less_than_asked_for_is_read_on() -> None:
    content = AttributeProto(name="alpha", ints=range(300)).SerializeToString()
    walker = Walker(Wire(Dribbling(content), len(content)), TABLE)
    assert [
        walker.text(field, 9) for name, _, field in walker.fields("AttributeProto", 0, len(content)) if name == "name"
    ] == ["alpha"]


def test_a_file_that_became_shorter_is_refused() -> None:
    wire = Wire(io.BytesIO(b"\x0a\x05ab"), 7)
    walker = Walker(wire, TABLE)
    with pytest.raises(DamagedError):
        [walker.text(field, 9) for _, _, field in walker.fields("AttributeProto", 0, 7)]
