"""A file by ranges: the same bytes as the file has, few requests, bounded memory, and no failure taken for its end."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runcheck.tree import ranged
from runcheck.tree.ranged import BLOCK, SOUGHT, RangedFile


class Served:
    """Bytes that are served by ranges, and the ranges that were asked for."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.ranges: list[tuple[int, int]] = []

    def __call__(self, start: int, end: int) -> bytes:
        assert 0 <= start < end
        self.ranges.append((start, end))
        return self.content[start:end]


MOVES = st.lists(
    st.tuples(st.sampled_from(["read", "seek", "end", "by"]), st.integers(-50, 400)), min_size=1, max_size=30
)


@given(st.integers(0, 300), MOVES)
def test_any_reads_and_seeks_give_what_the_bytes_give(size: int, moves: list[tuple[str, int]]) -> None:
    content = bytes(at % 251 for at in range(size))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranged, "BLOCK", 40)
        patch.setattr(ranged, "SOUGHT", 7)
        patch.setattr(ranged, "_KEPT", 54)
        plain, file = io.BytesIO(content), RangedFile(Served(content), size)
        for move, number in moves:
            if move == "read":
                assert file.read(number if number >= 0 else -1) == plain.read(number if number >= 0 else -1)
                continue
            whence = {"seek": 0, "by": 1, "end": 2}[move]
            base = {"seek": 0, "by": plain.tell(), "end": size}[move]
            if base + number < 0:
                with pytest.raises(ValueError, match="before the start"):
                    file.seek(number, whence)
                continue
            assert file.seek(number, whence) == plain.seek(number, whence)
            assert file.tell() == plain.tell()
        assert sum(map(len, file._blocks.values())) <= 40 + 54


def test_a_file_that_is_read_on_is_asked_for_in_large_blocks_each_byte_once() -> None:
    served = Served(bytes(5 * BLOCK))
    file = RangedFile(served, 5 * BLOCK)
    while file.read(1 << 20):
        assert sum(map(len, file._blocks.values())) <= 2 * BLOCK
    assert sum(end - start for start, end in served.ranges) == 5 * BLOCK
    assert len(served.ranges) <= 8


def test_a_footer_is_read_without_what_lies_before_it() -> None:
    size = 100 << 20
    served = Served(b"")
    served.content = bytes(size)
    file = RangedFile(served, size)
    file.read(4)
    file.seek(-8, io.SEEK_END)
    file.read(8)
    file.seek(-1000, io.SEEK_END)
    file.read(1000)
    file.seek(0)
    file.read(4)
    assert served.ranges == [(0, SOUGHT), (size - SOUGHT, size)]


def test_a_file_that_became_shorter_ends_there() -> None:
    file = RangedFile(Served(b"abc"), 1000)
    assert file.read() == b"abc"
    assert file.read(5) == b""


def test_a_failure_is_raised_and_kept_and_told() -> None:
    def fail(start: int, end: int) -> bytes:
        raise OSError("no answer")

    told: list[OSError] = []
    file = RangedFile(fail, 10, told.append)
    with pytest.raises(OSError, match="no answer"):
        file.read(1)
    assert [str(file.failure)] == [str(each) for each in told] == ["no answer"]
