"""What every format of arrays has in common."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Tensor:
    """An array as its file describes it: its name there, its shape, and its dtype in NumPy's words (``float32``).

    ``digest`` is the SHA-256 of its numbers as they lie in memory in C order, little-endian, where they were decoded.
    It is no part of the description by which two tensors are the same one.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    digest: str | None = field(default=None, compare=False)
