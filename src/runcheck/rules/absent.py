"""What an input of a rule is where there is none."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Absent:
    """An input that is not there."""


@dataclass(frozen=True, slots=True)
class NotVerified:
    """An input that nothing could look into, and why."""

    path: str
    reason: str


ABSENT = Absent()
POINTER = "Git LFS pointers, checked as pointers; their objects are not here"
