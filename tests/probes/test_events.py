"""Event files: every damage of a byte is seen at its record, and the points are those that TensorBoard reads."""

import struct
import tempfile
import tracemalloc
from collections.abc import Iterator
from itertools import accumulate, pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.plugins.scalar.summary_v2 import scalar_pb
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from runcheck.convention.layout import Layout, layout
from runcheck.convention.tfrecord import HEADER, crc32c, crc32c_by_table, masked_crc32c, record
from runcheck.probes import events as module
from runcheck.probes.contents import EventsContent
from runcheck.probes.events import EventsProbe
from runcheck.probes.points import OrderedPoints
from runcheck.writer.log.tensorboard import EventFile, scalar_event
from tests.drawing import examples

VERSION = record(b"\x09" + struct.pack("<d", 1.0) + b"\x1a\x0dbrain.Event:2")
RECORDS = [
    VERSION,
    *(
        record(scalar_event(step, [(b"train/loss", step / 7), (b"train/lr", 0.1)], 1.0))
        for step in (1, 2, 127, 128, 300)
    ),
]
GOOD = b"".join(RECORDS)
ENDS = list(accumulate(map(len, RECORDS)))

Series = dict[str, list[tuple[int, float]]]


def read(content: bytes, *cuts: int) -> EventsContent:
    """Read a file, cut into chunks."""
    probe = EventsProbe()
    places = [0, *sorted(min(cut, len(content)) for cut in cuts), len(content)]
    for start, end in pairwise(places):
        probe.feed(content[start:end])
    return probe.content()


def points_in(content: bytes) -> Series:
    """Return every point by its tag."""
    found: Series = {}

    class Keeping(OrderedPoints):
        def __init__(self, tag: str) -> None:
            super().__init__()
            self.found = found.setdefault(tag, [])

        def take(self, steps: list[int], values: list[float]) -> None:
            self.found += zip(steps, values, strict=True)

    probe = EventsProbe(Keeping)
    probe.feed(content)
    probe.content()
    return found


def state(content: EventsContent) -> tuple[object, ...]:
    points = {tag: (each.count, each.digest, each.low, each.high) for tag, each in content.points.items()}
    return content.records, content.bad_records, content.first_break, content.restarts_from, points


def whole_records(folder: Path, content: bytes) -> int:
    """Return how many records TensorBoard's own reader gets out of a file before it stops."""
    path = folder / "events.out.tfevents.1.x"
    path.write_bytes(content)
    return sum(1 for _ in EventFileLoader(str(path)).Load())


def test_a_sound_file_has_no_break() -> None:
    content = read(GOOD)
    assert (content.records, content.bad_records, content.first_break) == (6, 0, None)
    assert {tag: (each.count, each.low, each.high) for tag, each in content.points.items()} == {
        "train/loss": (5, 1, 300),
        "train/lr": (5, 1, 300),
    }


@settings(max_examples=examples(100), deadline=None)
@given(st.lists(st.integers(0, len(GOOD)), max_size=8), st.integers(0, len(GOOD)))
def test_chunks_make_no_difference(cuts: list[int], end: int) -> None:
    assert state(read(GOOD, *cuts)) == state(read(GOOD))
    assert state(read(GOOD[:end], *cuts)) == state(read(GOOD[:end]))


def test_byte_by_byte_is_the_same() -> None:
    assert state(read(GOOD, *range(len(GOOD)))) == state(read(GOOD))


def test_a_file_cut_anywhere_is_torn_but_at_the_end_of_a_record(tmp_path: Path) -> None:
    for end in range(len(GOOD)):
        content = read(GOOD[:end])
        whole = sum(1 for each in ENDS if each <= end)
        assert content.records == whole
        if end in ENDS:
            assert content.first_break is None
        else:
            assert content.first_break is not None
            assert (content.first_break.kind, content.first_break.record) == ("torn", whole + 1)
            assert content.first_break.offset == max((each for each in ENDS if each <= end), default=0)


def test_each_flipped_bit_is_found_at_its_record_where_tensorboard_stops(tmp_path: Path) -> None:
    for at in range(len(GOOD)):
        damaged = bytearray(GOOD)
        damaged[at] ^= 1 << at % 8
        broken = read(bytes(damaged)).first_break
        number = next(index for index, end in enumerate(ENDS) if at < end)
        assert broken is not None, at
        assert (broken.record, broken.offset) == (number + 1, [0, *ENDS][number])
        if at % 13 == 0:
            assert whole_records(tmp_path, bytes(damaged)) == number


@settings(max_examples=examples(60), deadline=None)
@given(st.integers(0, len(GOOD) - 1), st.integers(1, len(GOOD)))
def test_zeros_over_any_part_are_found(start: int, size: int) -> None:
    damaged = GOOD[:start] + bytes(len(GOOD[start : start + size])) + GOOD[start + size :]
    assert (read(damaged).first_break is None) == (damaged == GOOD)


@pytest.mark.parametrize("tail", [b"\0", bytes(12), bytes(4096), b"Killed\n", b"\n" * 30, VERSION[:-1], b"\xff" * 12])
def test_what_follows_the_last_record_is_found(tail: bytes) -> None:
    broken = read(GOOD + tail).first_break
    assert broken is not None
    assert (broken.record, broken.offset) == (len(RECORDS) + 1, len(GOOD))


def test_after_bad_content_the_records_go_on_and_are_counted() -> None:
    bad = RECORDS[1][:-1] + b"\0"
    content = read(VERSION + bad + RECORDS[2] + bad + RECORDS[3])
    assert (content.records, content.bad_records) == (3, 2)
    assert content.first_break is not None
    assert (content.first_break.kind, content.first_break.record) == ("content", 2)


def test_a_record_that_is_no_event_is_found_where_its_checksums_are_right() -> None:
    broken = read(GOOD + record(b"not an event")).first_break
    assert broken is not None
    assert broken.kind == "event"


@pytest.mark.parametrize("size", [10**6, 2**40, 2**63, 2**64 - 1])
def test_a_length_that_lies_takes_no_memory(size: int) -> None:
    length = size.to_bytes(8, "little")
    head = length + masked_crc32c(length).to_bytes(4, "little")
    tracemalloc.start()
    content = read(GOOD + head + bytes(1000), len(GOOD) + 20)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1 << 20
    assert content.first_break is not None
    assert (content.first_break.kind, content.first_break.record) == ("torn", len(RECORDS) + 1)


@pytest.fixture
def small_limits(monkeypatch: pytest.MonkeyPatch) -> Layout:
    limits = layout().limits._replace(event_bytes=100, metric_series=3)
    small = layout()._replace(limits=limits)
    monkeypatch.setattr(module, "layout", lambda: small)
    return small


LONG = record(b"\x22\xc8\x01" + b"g" * 200)


@pytest.mark.usefixtures("small_limits")
def test_a_long_record_is_walked_over_and_its_checksum_computed() -> None:
    whole = VERSION + LONG + RECORDS[1] + LONG
    sound = read(whole)
    assert (sound.records, sound.first_break) == (4, None)
    for cut in range(len(whole)):
        assert state(read(whole, cut, cut + 1, cut + 7)) == state(sound)
    for at in range(len(VERSION), len(VERSION) + len(LONG)):
        broken = read(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :], 70).first_break
        assert broken is not None
        assert (broken.record, broken.offset) == (2, len(VERSION))
    for end in range(len(VERSION) + 1, len(VERSION) + len(LONG)):
        broken = read(whole[:end]).first_break
        assert broken is not None
        assert (broken.kind, broken.record) == ("torn", 2)


def test_a_record_of_gigabytes_is_never_held() -> None:
    size = 64 << 20
    length = size.to_bytes(8, "little")
    chunk = bytes(1 << 20)
    crc = 0
    probe = EventsProbe()
    tracemalloc.start()
    probe.feed(VERSION + HEADER.pack(size, masked_crc32c(length)))
    for _ in range(64):
        crc = crc32c()(crc, chunk)
        probe.feed(chunk)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 << 20
    probe.feed(b"\0\0\0\0" + RECORDS[1])
    content = probe.content()
    assert (content.records, content.bad_records) == (2, 1)


@pytest.mark.usefixtures("small_limits")
def test_tags_beyond_the_limit_are_said_to_be_unverified() -> None:
    three = b"".join(record(scalar_event(1, [(b"train/%d" % number, 0.5)], 1.0)) for number in range(3))
    assert read(three).unverified is None
    four = read(three + record(scalar_event(1, [(b"train/3", 0.5)], 1.0)))
    assert four.unverified is not None
    assert len(four.points) == 3


def test_a_tag_longer_than_every_name_is_not_held() -> None:
    content = read(GOOD + record(scalar_event(1, [(b"x" * 2000, 0.5), (b"train/loss", 0.5)], 1.0)))
    assert content.first_break is None
    assert {tag: each.count for tag, each in content.points.items()} == {"train/loss": 6, "train/lr": 5}


def test_without_the_library_the_same_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    damaged = GOOD[:-9] + b"\1" + GOOD[-8:]
    with_it = state(read(GOOD)), state(read(damaged))
    monkeypatch.setattr(module, "crc32c", lambda: crc32c_by_table)
    assert (state(read(GOOD)), state(read(damaged))) == with_it


# --- points -----------------------------------------------------------------------------------------------------------

ROWS = st.lists(
    st.tuples(
        st.integers(0, 2**63 - 1) | st.integers(0, 400),
        st.lists(
            st.tuples(st.sampled_from(["a", "train/loss", "x@1", "train/loss2"]), st.floats(width=32)), max_size=3
        ),
    ),
    max_size=20,
)


def expected(rows: list[tuple[int, list[tuple[str, float]]]]) -> Series:
    found: Series = {}
    for step, values in rows:
        for tag, value in values:
            found.setdefault(tag, []).append((step, value))
    return found


@settings(max_examples=examples(150), deadline=None)
@given(ROWS)
def test_points_are_those_that_were_written(rows: list[tuple[int, list[tuple[str, float]]]]) -> None:
    content = VERSION + b"".join(
        record(scalar_event(step, [(tag.encode(), value) for tag, value in values], 1.5)) for step, values in rows
    )
    assert repr(points_in(content)) == repr(expected(rows))


@settings(max_examples=20, deadline=None)
@given(ROWS)
def test_points_of_tensorflow_2_are_those_that_were_written(rows: list[tuple[int, list[tuple[str, float]]]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        writer = EventFileWriter(folder)
        for step, values in rows:
            for tag, value in values:
                writer.add_event(Event(wall_time=1.0, step=step, summary=scalar_pb(tag, value)))
        writer.close()
        (path,) = Path(folder).iterdir()
        assert repr(points_in(path.read_bytes())) == repr(expected(rows))


def test_a_loop_is_read_as_tensorboard_reads_it(tmp_path: Path) -> None:
    events = EventFile(str(tmp_path), 1.0)
    for step in range(20_000):
        events.write(step, "train", [("loss", 1 / (step + 1)), ("lr", 0.1)], 1.0 + step)
        if step % 100 == 0:
            events.write(step, "test", [("loss", np.sin(step))], 1.0 + step)
    events.close()
    (path,) = tmp_path.iterdir()
    accumulator = EventAccumulator(str(path), size_guidance={"scalars": 0})
    accumulator.Reload()
    assert points_in(path.read_bytes()) == {
        tag: [(each.step, each.value) for each in accumulator.Scalars(tag)] for tag in accumulator.Tags()["scalars"]
    }


@settings(max_examples=examples(200), deadline=None)
@given(st.data())
def test_a_record_of_a_known_shape_with_any_byte_changed_is_read_as_it_would_be_alone(data: st.DataObject) -> None:
    message = scalar_event(data.draw(st.sampled_from([5, 300, 70_000])), [(b"a", 0.5), (b"b", 0.25)], 1.0)
    changed = bytearray(message)
    changed[data.draw(st.integers(0, len(message) - 1))] = data.draw(st.integers(0, 255))
    alone = points_in(record(bytes(changed)))
    known = points_in(record(message) * 3 + record(bytes(changed)))
    before = points_in(record(message) * 3)
    assert repr({tag: points[len(before.get(tag, [])) :] for tag, points in known.items() if points}) == repr(
        {**{tag: [] for tag in before}, **alone}
    )


def sessions() -> Iterator[bytes]:
    yield b"".join(RECORDS)
    yield record(b"\x09" + struct.pack("<d", 1.0) + b"\x10\x7f\x3a\x02\x08\x01")
    yield RECORDS[4]


def test_a_session_that_starts_again_contests_the_steps_before_it() -> None:
    content = read(b"".join(sessions()))
    assert content.restarts_from == 127
    assert content.points["train/lr"].contested == (127, 300)
