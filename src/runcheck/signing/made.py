"""What a key makes."""

from typing import NamedTuple


class Made(NamedTuple):
    """The bytes of a signature, and by whom it is, in words."""

    content: bytes
    by: str
