"""Files that are pickles: one, or several one after the other."""

from runcheck.probes.contents import ArchiveContent, PickleContent, Pickled, TorchContent
from runcheck.probes.packed.forward import Forward
from runcheck.probes.packed.found import Found, Thing
from runcheck.probes.packed.pickle_opcodes import walk
from runcheck.probes.packed.torch_archive import LEGACY_PICKLES, check_legacy, is_legacy


def look_at_pickles(found: Found, thing: Thing, source: Forward) -> object:
    """Note what the pickles from here on do, and return what the first of them is of.

    Bytes that are no pickle are no damage, unless there is reason to think that they should be one.
    """
    imports: dict[str, None] = {}
    hidden: dict[str, None] = {}
    values: list[object] = []
    while source.peek(1) and not (is_legacy(values) and len(values) == LEGACY_PICKLES):
        each = walk(source, found.budget)
        if each.bound is not None:
            found.doubt(each.bound)
        if each.is_pickle or each.bound is not None:
            imports |= dict.fromkeys(each.named())
            hidden |= dict.fromkeys(each.hidden)
        if each.ending is not None:
            if not values and (each.is_pickle or each.begun or thing.maybe_pickle):
                found.damage(thing, each.ending)
            break
        values = [*values, each.value][:LEGACY_PICKLES]
    legacy = is_legacy(values)
    if imports or hidden:
        found.pickle(Pickled(thing.name, "torch" if legacy else thing.serves, tuple(imports), tuple(hidden)))
    if not thing.name and legacy:
        found.kind = TorchContent
    elif not thing.name and found.kind is ArchiveContent and (imports or hidden or values):
        found.kind = PickleContent
    if legacy and not thing.name:
        check_legacy(found, values, thing, source)
    return values[0] if values else None
