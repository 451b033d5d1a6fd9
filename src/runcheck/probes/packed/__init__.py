"""What every file has in common that may hold pickles, or other files: archives, PyTorch and NumPy files."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from runcheck.probes.tensors import Tensor

# Which list of imports a pickle is held to: that of plain data, or that of PyTorch.
Serves: TypeAlias = Literal["pickle", "torch"]


@dataclass(frozen=True, slots=True)
class Pickled:
    """A pickle: in which member of its file it stands, empty for the file itself, and what loading it would reach.

    ``imports`` are the names that it looks up, in order and once each; ``hidden`` says in words what it does to reach
    what no name tells.
    """

    member: str
    serves: Serves
    imports: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedContent:
    """What was found in a file, as far as it could be read.

    ``object_names`` are the arrays of objects in it, empty for the one array that a file is; ``outside`` the paths in
    it that lead out of where it is unpacked, with what bears them; ``tensors`` the arrays of a file that is of arrays,
    None where they could not be told. Both ``error`` and ``unverified`` leave what was seen until then.
    """

    pickles: tuple[Pickled, ...] = ()
    object_names: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    tensors: tuple[Tensor, ...] | None = None
    error: str | None = None
    unverified: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveContent(PackedContent):
    """What an archive holds that is of no format of ours, or a file that turned out to be nothing of the kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PickleContent(PackedContent):
    """What a pickle, or several one after the other, would do."""
