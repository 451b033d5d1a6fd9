"""Which clauses a check judges by."""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from runcheck.convention.clauses import Clause, clauses
from runcheck.errors import RuncheckError


class UnknownClauseError(RuncheckError):
    """No clause has such a code, or none is left to judge by."""


class Selection(NamedTuple):
    """The clauses whose codes begin with one of ``prefixes``, all where there is none, or with one of ``further``.

    Those that begin with one of ``ignored`` are not among them, unless a longer prefix names them.
    """

    prefixes: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    further: tuple[str, ...] = ()

    def has(self, code: str) -> bool:
        """Say whether the clause of a code is among them."""
        if not self.ignored:
            return not self.prefixes or code.startswith((*self.prefixes, *self.further))
        chosen = max(_longest(code, self.prefixes or ("",)), _longest(code, self.further))
        return chosen > _longest(code, self.ignored)

    def touches(self, family: str) -> bool:
        """Say whether a clause whose code begins with ``family`` may be among them."""
        return self.has(family) or any(prefix.startswith(family) for prefix in (*self.prefixes, *self.further))

    def without(self, codes: Iterable[str]) -> "Selection":
        """Return these clauses without those of some codes."""
        return self._replace(ignored=(*self.ignored, *codes))

    def __str__(self) -> str:
        """Return what tells these clauses from others."""
        return " ".join(
            (*self.prefixes, *(f"+{each}" for each in self.further), *(f"-{each}" for each in self.ignored))
        )


EVERYTHING = Selection()
NOTHING = Selection(("-",))  # no code begins so


def select(
    prefixes: Iterable[str],
    ignored: Iterable[str] = (),
    further: Iterable[str] = (),
    known: Mapping[str, Clause] | None = None,
) -> Selection:
    """Return the clauses that ``prefixes`` of their codes stand for: a clause (RC304), a family (RC3).

    The clauses are those ``known`` by their codes, all of the convention where that is None.

    Raises:
        UnknownClauseError: no clause begins so, or none is left.
    """
    found = Selection(*(tuple(sorted(set(each))) for each in (prefixes, ignored, further)))
    codes = clauses() if known is None else known
    for each in found:
        assert_known(each, codes)
    if not any(map(found.has, codes)):
        raise UnknownClauseError(f"no clause is left to judge by: {', '.join(found.ignored)} are ignored")
    return found


def assert_known(prefixes: Iterable[str], codes: Collection[str]) -> None:
    """Hold prefixes to the codes of clauses.

    Raises:
        UnknownClauseError: no clause begins so.
    """
    for prefix in prefixes:
        if not prefix or not any(code.startswith(prefix) for code in codes):
            families = ", ".join(sorted({code[:3] for code in codes}))
            raise UnknownClauseError(
                f"no clause has the code {prefix!r}; the families are {families}; 'runcheck rules' lists the clauses"
            )


def _longest(code: str, prefixes: Iterable[str]) -> int:
    return max((len(prefix) for prefix in prefixes if code.startswith(prefix)), default=-1)
