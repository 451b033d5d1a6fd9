"""SHA-256 beside a probe: the same as the standard library's, whatever the pieces."""

import hashlib
import io
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runcheck.tree.digest import Digest


@given(st.binary(max_size=2000), st.lists(st.integers(1, 600), max_size=8))
def test_pieces_of_any_size_give_the_digest_of_the_whole(content: bytes, sizes: list[int]) -> None:
    stream = io.BytesIO(content)
    with Digest() as digest:
        for size in sizes:
            digest.take(stream.read(size))
        digest.take_rest(stream)
        assert digest.hexdigest() == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("pieces", [(1 << 20, 1 << 20, 3), (5, 1 << 18, 1 << 19)])
def test_large_pieces_are_hashed_in_their_order(pieces: tuple[int, ...]) -> None:
    whole = hashlib.sha256()
    with Digest() as digest:
        for number, size in enumerate(pieces):
            digest.take(bytes([number]) * size)
            whole.update(bytes([number]) * size)
        assert digest.hexdigest() == whole.hexdigest()


def test_no_thread_is_left() -> None:
    before = threading.active_count()
    with Digest() as digest:
        digest.take(bytes(1 << 20))
        assert threading.active_count() == before + 1
    assert threading.active_count() == before
