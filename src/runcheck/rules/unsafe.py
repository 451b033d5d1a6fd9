"""RC9: pickles, objects, and paths that lead out of the unit."""

from collections.abc import Iterator, Mapping, Sequence

from runcheck.convention.pickles import is_needed
from runcheck.probes.contents import Pickled
from runcheck.rules.rule import Problem, unit_rule

_SHOWN = 3
_WIDTH = 80


@unit_rule
def unsafe_pickle(pickles: Mapping[str, tuple[Pickled, ...]]) -> Iterator[Problem]:
    """A pickle imports nothing but what its format needs, and hides nothing that it imports."""
    for path, each in pickles.items():
        for pickled in each:
            surplus = [name for name in pickled.imports if not is_needed(pickled.serves, name)]
            found = ([f"imports {_listed(surplus)}"] if surplus else []) + list(pickled.hidden[:_SHOWN])
            if found:
                where = f" (in {_short(pickled.member)})" if pickled.member else ""
                yield Problem(path, " and ".join(map(_short, found)) + where)


@unit_rule
def object_array(object_arrays: Mapping[str, tuple[str, ...]]) -> Iterator[Problem]:
    """No array is of objects."""
    for path, names in object_arrays.items():
        named = [name for name in names if name]
        yield Problem(path, f"holds objects in {_listed(named)}" if named else "is an array of objects")


@unit_rule
def path_escape(outside_references: Mapping[str, tuple[str, ...]]) -> Iterator[Problem]:
    """Nothing refers by path to what is outside."""
    for path, references in outside_references.items():
        yield Problem(path, f"refers to {_listed(references)}")


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(map(_short, names[:_SHOWN])) + (f" and {more:,} more" if more > 0 else "")


def _short(name: str) -> str:
    return name if len(name) <= _WIDTH else f"{name[:_WIDTH]}..."
