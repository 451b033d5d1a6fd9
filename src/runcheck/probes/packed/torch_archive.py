"""Files of ``torch.save``: a zip with a ``data.pkl``, or the older sequence of pickles (``torch/serialization.py``)."""

from collections.abc import Mapping, Sequence

from runcheck.probes.packed.forward import Forward
from runcheck.probes.packed.found import Found, Thing
from runcheck.probes.packed.pickle_values import Listed
from runcheck.probes.packed.torch_values import TorchValues, tensors_in

DATA = "data.pkl"
OLD_TORCH = ("pickle", "tensors", "storages")  # the members of the tar archive of the first versions
LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
LEGACY_PICKLES = 5  # magic number, version, machine, value, keys of the storages that follow
_VALUE, _KEYS = 3, 4
_COUNT = 8  # the bytes in front of each storage


def is_data(name: str) -> bool:
    """Say whether a member is the pickle that PyTorch loads; its reader does not mind the case."""
    return f"/{name}".lower().endswith(f"/{DATA}")


def is_legacy(values: Sequence[object]) -> bool:
    """Say whether these are the first values of a file of the older format."""
    return bool(values) and values[0] == LEGACY_MAGIC


def check_storages(found: Found, value: object, data: str, sizes: Mapping[str, int]) -> None:
    """Note the tensors of an archive, and where the members that hold them are not as large as they must be.

    ``value`` is what the member ``data`` is the pickle of, ``sizes`` the bytes of each member.
    """
    there = _note_tensors(found, value)
    folder = data[: -len(DATA)]
    for storage in there.storages.values():
        member = f"{folder}data/{storage.key}"
        size = sizes.get(member)
        if size is None:
            found.damage(Thing(), f"lacks the member {member}, which holds a tensor")
        elif size != storage.size:
            found.damage(Thing(), f"has {size:,} bytes in {member}, where its tensors need {storage.size:,}")


def check_legacy(found: Found, values: Sequence[object], thing: Thing, source: Forward) -> None:
    """Note the tensors of a file of the older format, and whether their bytes follow."""
    if len(values) < LEGACY_PICKLES:
        found.damage(thing, "is cut short: it ends before its tensors")
        return
    there, keys = _note_tensors(found, values[_VALUE]), values[_KEYS]
    listed = keys.items if isinstance(keys, Listed) else []
    needed = sum(there.storages[key].size + _COUNT for key in listed if isinstance(key, str) and key in there.storages)
    if thing.size is not None and thing.size - source.position < needed:
        found.damage(thing, f"is cut short: {thing.size - source.position:,} of {needed:,} bytes of its tensors")


def _note_tensors(found: Found, value: object) -> TorchValues:
    there = tensors_in(value)
    if there.whole:
        found.tensors = there.tensors
    if there.error:
        found.damage(Thing(), there.error)
    return there
