"""Files of ``torch.save``: a zip with a ``data.pkl``, or the older sequence of pickles (``torch/serialization.py``)."""

from dataclasses import dataclass

from collections.abc import Sequence

from runcheck.probes.packed import PackedContent
from runcheck.probes.pickle_values import Listed
from runcheck.probes.torch_values import TorchValues

DATA = "data.pkl"
OLD_TORCH = ("pickle", "tensors", "storages")  # the members of the tar archive of the first versions
LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
LEGACY_PICKLES = 5  # magic number, version, machine, value, keys of the storages that follow
_COUNT = 8  # the bytes in front of each storage


@dataclass(frozen=True, slots=True, kw_only=True)
class TorchContent(PackedContent):
    """The tensors of a file, named by the keys above them with dots between."""


def is_legacy(values: Sequence[object]) -> bool:
    """Say whether these are the first values of a file of the older format."""
    return bool(values) and values[0] == LEGACY_MAGIC


def legacy_bytes(values: Sequence[object], found: TorchValues) -> int | None:
    """Return how many bytes of storages must follow the pickles, or None where pickles are missing."""
    keys = values[LEGACY_PICKLES - 1] if len(values) == LEGACY_PICKLES else None
    if not isinstance(keys, Listed):
        return None
    known = [found.storages[key] for key in keys.items if isinstance(key, str) and key in found.storages]
    return sum(storage.size + _COUNT for storage in known)
