"""What an input of a rule is where there is none."""

from dataclasses import dataclass
from typing import Generic, TypeVar

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class Absent:
    """An input that is not there."""


@dataclass(frozen=True, slots=True)
class NotVerified:
    """An input that nothing could look into, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Partly(Generic[_Value]):
    """An input of which some could be looked into, which is judged, and some could not."""

    value: _Value
    lacking: tuple[NotVerified, ...]


ABSENT = Absent()
POINTER = "Git LFS pointers, checked as pointers; their objects are not here"
