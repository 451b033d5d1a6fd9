"""Strings in the metadata of binary formats, as their own libraries write them. Every key is made up."""

import io
import json
import tracemalloc

import numpy as np
import onnx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper
from safetensors.numpy import save
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.plugins.hparams.summary_v2 import hparams_pb
from tensorboard.plugins.text.summary_v2 import text_pb

from runcheck.convention.tfrecord import record
from runcheck.probes import look_into_file
from runcheck.probes.events import EventsProbe
from runcheck.probes.notes import TOTAL_BYTES, Notes
from runcheck.probes.words import WordsContent
from runcheck.writer.log.tensorboard import scalar_event

DRAWN = "9f3Kq0ZxV7tR2mWb8LsY4nCd6HpJ1uGe5aTi"
BAD = {
    "api_key": DRAWN,
    "config": json.dumps({"token": f"ghp_{DRAWN}"}),
    "data": "/home/ada/x.csv",
    "out": "/scratch/a/b",
}
GOOD = {"format": "pt", "license": "mit", "source": "data/x.csv", "sha256": "5e" * 32, "sshs_model_hash": "3f" * 32}


def safetensors_of(notes: dict[str, str]) -> WordsContent | None:
    """Return what is seen in the metadata of a safetensors file."""
    return words_of("safetensors", save({"w": np.zeros(3, "f4")}, notes))


def parquet_of(notes: dict[str, str]) -> WordsContent | None:
    """Return what is seen in the metadata of the schema, beside those of pandas and Arrow."""
    frame = pa.table({"a": [1]}).to_pandas()
    table = pa.Table.from_pandas(frame)
    stream = io.BytesIO()
    pq.write_table(table.replace_schema_metadata({**table.schema.metadata, **notes}), stream)
    return words_of("parquet", stream.getvalue())


def onnx_of(notes: dict[str, str]) -> WordsContent | None:
    """Return what is seen in the properties of a model."""
    model = model_of()
    helper.set_model_props(model, notes)
    return words_of("onnx", model.SerializeToString())


def model_of() -> onnx.ModelProto:
    """Return a model of one node."""
    value = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xy"]
    return helper.make_model(helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "g", value[:1], value[1:]))


def words_of(format_: str, content: bytes) -> WordsContent | None:
    """Return what is seen in a file, which is sound."""
    seen = look_into_file(format_, io.BytesIO(content), deep=True)
    assert getattr(seen, "error", None) is None
    words: WordsContent | None = getattr(seen, "words", None)
    return words


def of_events(*contents: bytes) -> WordsContent | None:
    """Return what is seen in an event file with these events."""
    probe = EventsProbe()
    probe.feed(b"".join(map(record, contents)))
    assert probe.content().first_break is None
    return probe.content().words


def seen_in(words: WordsContent | None) -> set[tuple[str, str, str | None]]:
    """Return what was seen for certain, by kind, text and the name of the string."""
    return {(word.kind, word.text, word.note) for word in words.words if word.is_certain} if words else set()


@pytest.mark.parametrize("look", [safetensors_of, parquet_of, onnx_of])
def test_words_in_metadata_are_seen_under_their_names(look: object) -> None:
    assert callable(look)
    assert seen_in(look(BAD)) == {
        ("secret", DRAWN, "api_key"),
        ("secret", f"ghp_{DRAWN}", "config"),
        ("path", "/home/ada/x.csv", "data"),
        ("path", "/scratch/a/b", "out"),
    }
    assert look(GOOD) is None


def test_stack_traces_that_exporters_leave_at_nodes_are_seen() -> None:
    model = model_of()
    node = model.graph.node[0]
    node.doc_string = "/home/ada/train.py(3): forward\n/usr/lib/python3.12/x.py(7): run\n"
    trace = node.metadata_props.add()
    trace.key, trace.value = "pkg.torch.onnx.stack_trace", 'File "/home/bob/train.py", line 3, in forward\n  x'
    seen = seen_in(words_of("onnx", model.SerializeToString()))
    assert {text.partition("(")[0] for _, text, _ in seen} == {"/home/ada/train.py", "/home/bob/train.py"}


def test_texts_and_hyperparameters_of_event_files_are_seen() -> None:
    text = Event(step=1, summary=text_pb("command", f"export HF_TOKEN={DRAWN}"))
    start = Event(summary=hparams_pb({"data": "/home/ada/x.csv", "lr": 0.1}))
    seen = seen_in(of_events(text.SerializeToString(), start.SerializeToString()))
    assert {(kind, text) for kind, text, _ in seen} == {
        ("secret", DRAWN),
        ("path", "/home/ada/x.csv"),
    }
    harmless = Event(step=1, summary=text_pb("notes", "Learning rate 0.1, data of v1.")).SerializeToString()
    assert of_events(harmless, scalar_event(1, [(b"train/loss", 0.5)], 0.0)) is None


@given(st.lists(st.tuples(st.text(max_size=20), st.text(max_size=60))))
def test_no_string_raises(pairs: list[tuple[str, str]]) -> None:
    notes = Notes()
    for name, value in pairs:
        notes.add(name, value)
        notes.add_text(value.encode())
    notes.content()


def test_strings_are_bounded() -> None:
    notes = Notes()
    value = "x" * (1 << 20) + f" ghp_{DRAWN}"
    tracemalloc.start()
    for _ in range(TOTAL_BYTES // len(value) + 2):
        notes.add("a", value)
    assert tracemalloc.get_traced_memory()[1] < 2 << 20
    tracemalloc.stop()
    assert notes.is_full
    assert notes.content() is None
