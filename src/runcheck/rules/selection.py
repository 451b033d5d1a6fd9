"""Which clauses a check judges by."""

from collections.abc import Iterable
from typing import NamedTuple

from runcheck.convention.clauses import clauses
from runcheck.errors import RuncheckError


class UnknownClauseError(RuncheckError):
    """No clause has such a code."""


class Selection(NamedTuple):
    """The clauses whose codes begin with one of these prefixes; all clauses where there is no prefix."""

    prefixes: tuple[str, ...] = ()

    def has(self, code: str) -> bool:
        """Say whether the clause of a code is among them."""
        return not self.prefixes or code.startswith(self.prefixes)

    def touches(self, family: str) -> bool:
        """Say whether a clause whose code begins with ``family`` may be among them."""
        return self.has(family) or any(prefix.startswith(family) for prefix in self.prefixes)

    def __str__(self) -> str:
        """Return the prefixes as they were given."""
        return ", ".join(self.prefixes)


EVERYTHING = Selection()


def select(prefixes: Iterable[str]) -> Selection:
    """Return the clauses that ``prefixes`` of their codes stand for: a clause (RC304), a family (RC3).

    Raises:
        UnknownClauseError: no clause begins so.
    """
    found = tuple(sorted(set(prefixes)))
    for prefix in found:
        if not prefix or not any(code.startswith(prefix) for code in clauses()):
            families = ", ".join(sorted({code[:3] for code in clauses()}))
            raise UnknownClauseError(
                f"no clause has the code {prefix!r}; the families are {families}; 'runcheck rules' lists the clauses"
            )
    return Selection(found)
