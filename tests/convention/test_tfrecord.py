"""TFRecord framing: the checksum of the RFC, with the library and without it."""

import sys
from collections.abc import Iterator

import google_crc32c
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runcheck.convention.tfrecord import crc32c, crc32c_by_table, masked_crc32c, record

MASK_DELTA = 0xA282EAD8


def unmasked(crc: int) -> int:
    """Undo the mask of TFRecord: take the constant away and rotate back."""
    rotated = (crc - MASK_DELTA) & 0xFFFFFFFF
    return ((rotated >> 17) | (rotated << 15)) & 0xFFFFFFFF


@pytest.mark.parametrize(
    ("content", "crc"),
    [
        (b"123456789", 0xE3069283),
        (b"", 0),
        # RFC 3720, appendix B.4.
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (bytes(reversed(range(32))), 0x113FDB5C),
    ],
)
def test_the_checksum_is_crc_32c(content: bytes, crc: int) -> None:
    assert unmasked(masked_crc32c(content)) == crc


def test_a_record_is_length_content_and_their_checksums() -> None:
    framed = record(b"123456789")
    assert framed[:8] == (9).to_bytes(8, "little")
    assert unmasked(int.from_bytes(framed[8:12], "little")) == unmasked(masked_crc32c(framed[:8]))
    assert framed[12:21] == b"123456789"
    assert unmasked(int.from_bytes(framed[21:], "little")) == 0xE3069283


@given(st.binary(max_size=300), st.integers(0, 300))
def test_by_the_library_or_the_table_in_one_piece_or_two_the_checksum_is_the_same(content: bytes, cut: int) -> None:
    whole = crc32c_by_table(0, content)
    assert crc32c_by_table(crc32c_by_table(0, content[:cut]), content[cut:]) == whole
    assert google_crc32c.value(content) == whole
    assert crc32c()(crc32c()(0, content[:cut]), content[cut:]) == whole


@pytest.fixture
def chosen_anew() -> Iterator[None]:
    crc32c.cache_clear()
    yield
    crc32c.cache_clear()


@pytest.mark.usefixtures("chosen_anew")
def test_without_the_library_the_table_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "google_crc32c", None)
    assert crc32c() is crc32c_by_table


@pytest.mark.usefixtures("chosen_anew")
def test_a_library_that_is_no_faster_than_the_table_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(google_crc32c, "implementation", "python")
    assert crc32c() is crc32c_by_table
