"""``.npy`` files, and ``.npz`` archives of them."""

from dataclasses import dataclass

from runcheck.probes.packed import PackedContent


@dataclass(frozen=True, slots=True, kw_only=True)
class NumpyContent(PackedContent):
    """The arrays of a file, named by their member."""
