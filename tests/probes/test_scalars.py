"""The scalars of an event: what protobuf's own classes write is read as they read it, and no bytes surprise."""

import contextlib
from typing import Any

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorboard.compat.proto.event_pb2 import Event as EventMessage
from tensorboard.compat.proto.event_pb2 import SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.compat.proto.tensor_pb2 import TensorProto

from runcheck.probes.events.scalars import NotAnEventError, read_event
from tests.drawing import examples

FLOAT, DOUBLE, INT32 = 1, 2, 3
TAGS = st.sampled_from(["train/loss", "loss", "", "ü", "x" * 200])
FLOATS = st.floats(width=32, allow_nan=False)


def value_of(tag: str, number: float, form: str) -> Any:  # noqa: ANN401 - protobuf's classes have no types
    """Return a value of a summary in one of the forms that writers know."""
    value = Summary.Value(tag=tag)
    if form == "simple":
        value.simple_value = number
        return value
    if form == "histogram":
        value.histo.min = number
        return value
    if form == "text":
        value.tensor.CopyFrom(TensorProto(dtype=7, string_val=[b"text"]))
        value.metadata.plugin_data.plugin_name = "text"
        return value
    value.metadata.plugin_data.plugin_name = "scalars"
    value.metadata.summary_description = "what it is"
    value.tensor.tensor_shape.SetInParent()
    value.tensor.dtype = DOUBLE if form.startswith("double") else FLOAT
    match form:
        case "float content" | "double content":
            import numpy as np

            value.tensor.tensor_content = np.array(number, "<f4" if form.startswith("float") else "<f8").tobytes()
        case "float value":
            value.tensor.float_val.append(number)
        case "double value":
            value.tensor.double_val.append(number)
    return value


SCALARS = ["simple", "float content", "double content", "float value", "double value"]
VALUES = st.lists(st.tuples(TAGS, FLOATS, st.sampled_from([*SCALARS, "histogram", "text"])), max_size=5)


@settings(max_examples=examples(200), deadline=None)
@given(st.floats(allow_nan=False), st.integers(-(2**63), 2**63 - 1), VALUES)
def test_scalars_are_read_as_protobuf_writes_them(wall: float, step: int, values: list[tuple[str, float, str]]) -> None:
    message = EventMessage(wall_time=wall, step=step, summary=Summary(value=[value_of(*each) for each in values]))
    content = message.SerializeToString()
    event = read_event(content, ())
    assert event.step == step
    assert not event.restarts
    assert [(each.tag.decode(), each.value) for each in event.scalars] == [
        (tag, number) for tag, number, form in values if form in SCALARS
    ]
    assert event.plain == all(form in SCALARS for _, _, form in values)


def test_a_tensor_without_metadata_is_a_scalar_where_its_tag_is_known_as_one() -> None:
    value = value_of("loss", 0.5, "float content")
    value.ClearField("metadata")
    content = EventMessage(summary=Summary(value=[value])).SerializeToString()
    assert read_event(content, ()).scalars == []
    assert [each.value for each in read_event(content, {b"loss"}).scalars] == [0.5]


@pytest.mark.parametrize(
    "tensor",
    [
        TensorProto(dtype=INT32, int_val=[1]),
        TensorProto(dtype=FLOAT, float_val=[1, 2]),
        TensorProto(dtype=FLOAT, tensor_content=b"12345678"),
        TensorProto(dtype=FLOAT, tensor_content=b"1234", float_val=[1]),
        TensorProto(dtype=FLOAT),
        TensorProto(),
    ],
)
def test_a_tensor_that_is_not_one_float_is_no_scalar(tensor: Any) -> None:  # noqa: ANN401
    value = value_of("loss", 0.5, "float content")
    value.tensor.CopyFrom(tensor)
    event = read_event(EventMessage(summary=Summary(value=[value])).SerializeToString(), {b"loss"})
    assert event.scalars == []
    assert not event.plain


@pytest.mark.parametrize(
    ("message", "restarts"),
    [
        (EventMessage(step=3, session_log=SessionLog(status=SessionLog.START)), True),
        (EventMessage(step=3, session_log=SessionLog(status=SessionLog.STOP)), False),
        (EventMessage(step=3, session_log=SessionLog()), False),
        (EventMessage(step=3, file_version="brain.Event:2"), False),
    ],
)
def test_the_start_of_a_session_is_seen(message: Any, restarts: bool) -> None:  # noqa: ANN401
    event = read_event(message.SerializeToString(), ())
    assert (event.restarts, event.step, event.plain) == (restarts, 3, False)


WHOLE = EventMessage(
    wall_time=1.0, step=300, summary=Summary(value=[value_of("train/loss", 0.5, form) for form in SCALARS])
).SerializeToString()


@settings(max_examples=examples(500), deadline=None)
@given(st.binary(max_size=60) | st.integers(0, len(WHOLE)).map(lambda end: WHOLE[:end]))
def test_what_protobuf_reads_is_read_and_nothing_else_is_raised(content: bytes) -> None:
    try:
        read_event(content, {b""})
    except NotAnEventError as error:
        if "wire type" not in str(error):  # groups, which no event has
            with pytest.raises(DecodeError):
                EventMessage.FromString(content)


@settings(max_examples=examples(300), deadline=None)
@given(st.integers(0, len(WHOLE) * 8 - 1))
def test_a_flipped_bit_raises_nothing_else(bit: int) -> None:
    changed = bytearray(WHOLE)
    changed[bit // 8] ^= 1 << bit % 8
    with contextlib.suppress(NotAnEventError):
        read_event(bytes(changed), ())
