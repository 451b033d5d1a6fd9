"""What every format of arrays has in common."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tensor:
    """An array as its file describes it: its name there, its shape, and its dtype in NumPy's words (``float32``)."""

    name: str
    shape: tuple[int, ...]
    dtype: str
