"""What an input of a rule is where there is none."""

from typing import Generic, NamedTuple, TypeVar

_Value = TypeVar("_Value")


class Absent:
    """An input that is not there."""


class NotVerified(NamedTuple):
    """An input that nothing could look into, and why."""

    path: str
    reason: str


class Partly(NamedTuple, Generic[_Value]):
    """An input of which some could be looked into, which is judged, and some could not."""

    value: _Value
    lacking: tuple[NotVerified, ...]


ABSENT = Absent()
POINTER = "Git LFS pointers, checked as pointers; their objects are not here"
