"""TFRecord framing: the checksum of the RFC, with the library and without it, and what TensorFlow's readers read."""

import pytest

from runcheck.convention.tfrecord import masked_crc32c, record

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
