"""What a kind of check is, and the list of all of them."""

from collections.abc import Callable, Iterator, Mapping
from typing import Literal, NamedTuple, TypeAlias, TypeVar

from runcheck.conventions.definition import Check
from runcheck.conventions.told import OwnTree, Told, UnitRead
from runcheck.probes.metric_rows import short


class Flaw(NamedTuple):
    """What a check found: the path below the root, the words for its message, and where in the file it is.

    ``message`` is what the kind says by itself; a convention may say it otherwise, with ``words``.
    """

    path: str
    message: str
    words: Mapping[str, str] = {}
    pointer: str | None = None
    line: int | None = None


JudgeUnit: TypeAlias = Callable[[Check, UnitRead], Iterator[Flaw]]
JudgeTree: TypeAlias = Callable[[Check, Told, OwnTree], Iterator[Flaw]]
_Judge = TypeVar("_Judge", bound=Callable[..., Iterator[Flaw]])


class Kind(NamedTuple):
    """A kind of check: whether it looks at one unit or at all, its function, and the words of its messages."""

    scope: Literal["unit", "tree"]
    judge: Callable[..., Iterator[Flaw]]
    words: frozenset[str]


KINDS: dict[str, Kind] = {}


def unit_check(*words: str) -> Callable[[_Judge], _Judge]:
    """Register the kind of a function's name, which is called for each unit; ``words`` may stand in its messages."""
    return _registering("unit", words)


def tree_check(*words: str) -> Callable[[_Judge], _Judge]:
    """Register the kind of a function's name, which is called for each unit with all that the units say."""
    return _registering("tree", words)


def _registering(scope: Literal["unit", "tree"], words: tuple[str, ...]) -> Callable[[_Judge], _Judge]:
    def register(judge: _Judge) -> _Judge:
        KINDS[judge.__name__.replace("_", "-")] = Kind(scope, judge, frozenset((*words, "path", "unit")))
        return judge

    return register


def shown(value: object) -> str:
    """Return a value as a message has it: cut where it is long."""
    if isinstance(value, dict):
        return f"an object of {len(value):,}"
    if isinstance(value, list) and len(value) > 10:  # noqa: PLR2004
        return f"a list of {len(value):,}"
    return short(value)
