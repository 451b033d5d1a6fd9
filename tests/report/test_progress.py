"""The line that says how far a check is."""

import io
import pickle

import pytest

from runcheck.report.progress import ProgressLine
from runcheck.watch import Nobody


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def line(stream: io.StringIO, clock: Clock) -> ProgressLine:
    """A line of a check of eight units, that began just now."""
    line = ProgressLine(stream, clock)
    line.begin(8)
    return line


def shown(stream: io.StringIO) -> str:
    """Return what stands on the terminal's last line."""
    return stream.getvalue().rpartition("\r\x1b[K")[2]


def test_what_is_over_soon_shows_nothing(line: ProgressLine, stream: io.StringIO, clock: Clock) -> None:
    clock.now += 0.4
    line.done(25, 1000)
    line.end()
    assert stream.getvalue() == ""


def test_units_files_bytes_rate_and_time_left(line: ProgressLine, stream: io.StringIO, clock: Clock) -> None:
    clock.now += 2
    line.done(25, 4 << 20)
    assert shown(stream) == "1 of 8 units, 25 files, 4.0 MiB, 2.0 MiB/s, 14 s left"


def test_a_large_unit_moves_while_it_is_read(line: ProgressLine, stream: io.StringIO, clock: Clock) -> None:
    line.expect(4 << 30)
    clock.now += 1
    line.read(1 << 30)
    assert shown(stream) == "0 of 8 units, 0 files, 1.0 GiB, 1.0 GiB/s, 31 s left"
    clock.now += 3
    line.done(8, 4 << 30)
    assert shown(stream) == "1 of 8 units, 8 files, 4.0 GiB, 1.0 GiB/s, 28 s left"


def test_long_times_are_in_minutes(line: ProgressLine, stream: io.StringIO, clock: Clock) -> None:
    clock.now += 60
    line.done(1, 0)
    assert shown(stream).endswith(", 7 min 0 s left")


def test_it_is_drawn_ten_times_a_second_at_most(line: ProgressLine, stream: io.StringIO, clock: Clock) -> None:
    clock.now += 1
    for _ in range(50):
        clock.now += 0.01
        line.read(1)
    assert stream.getvalue().count("\r") <= 6


def test_the_line_is_taken_away_at_the_end(line: ProgressLine, stream: io.StringIO, clock: Clock) -> None:
    clock.now += 1
    line.done(1, 1)
    line.end()
    assert shown(stream) == ""


def test_in_another_process_nobody_draws(line: ProgressLine) -> None:
    assert isinstance(pickle.loads(pickle.dumps(line)), Nobody)
