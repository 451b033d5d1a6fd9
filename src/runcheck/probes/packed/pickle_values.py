"""What a pickle would build, as far as it is known without building it."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value of which nothing is known but what it is."""

    kind: str


OTHER = Unknown("other")  # a number with a fraction, bytes, a set, a truth value, nothing
TEXT = Unknown("text")  # a string too long to be kept, so none that names anything
LOST = Unknown("lost")  # a value that a bound made us forget


@dataclass(frozen=True, slots=True)
class Global:
    """What is looked up by its name: a function or a class."""

    name: str


@dataclass(slots=True, eq=False)
class Listed:
    """A list."""

    items: list[object] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Mapped:
    """A dictionary, ordered or not."""

    items: list[tuple[object, object]] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Made:
    """What a call returns; ``is_new`` where it makes an instance without calling its initialiser."""

    function: object
    arguments: object
    is_new: bool = False
    state: object = None


@dataclass(frozen=True, slots=True, eq=False)
class Persistent:
    """What the reader of the format puts in for an identifier."""

    identifier: object
