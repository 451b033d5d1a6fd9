"""What a check says: findings, what could not be verified, and the report of both."""

import re
from typing import TYPE_CHECKING, NamedTuple

from runcheck.card import Card
from runcheck.convention.clauses import Clause, Level
from runcheck.convention.documents import StatedException

if TYPE_CHECKING:
    from runcheck.convention.fixable import Fixability


_RUN = re.compile(r"[A-Za-z0-9_/+-]{16}")  # no key is shorter


def without_certain_secrets(text: str) -> str:
    """Return a message, or a pointer, without the secrets that it names: a log is read by more people than a tree.

    The path of a finding stays whole, whatever it holds: nobody could find the file otherwise.
    """
    if _RUN.search(text) is None:
        return text
    from runcheck.convention.words import without_words, words_in  # noqa: PLC0415 - most messages have no long values

    return without_words(text, [each for each in words_in(text) if each.kind == "secret" and each.is_certain])


class Finding(NamedTuple):
    """One place where a tree breaks a clause.

    ``path`` is relative to the root of the tree; ``line`` counts from 1; ``pointer`` is a JSON pointer (RFC 6901)
    into the document. ``concerns`` is the unit that it is about, in it or not, if it is about one. A finding that is
    not certain comes from a heuristic and never fails a check. ``given_level`` is the level that a configuration gives.
    """

    clause: Clause
    path: str
    message: str
    help: str
    line: int | None = None
    pointer: str | None = None
    concerns: str | None = None
    is_certain: bool = True
    given_level: Level | None = None

    @property
    def code(self) -> str:
        """The code of the clause."""
        return self.clause.code

    @property
    def level(self) -> Level:
        """The level that it counts by."""
        return self.given_level or self.clause.level

    @property
    def fix(self) -> "Fixability | None":
        """Whether ``check --fix`` can mend it: ``safe``, ``unsafe`` where that rests on a guess, or None."""
        from runcheck.convention.fixable import fix_of  # noqa: PLC0415 - a clean tree has nothing to mend

        fix = fix_of(self.clause.name, self.path, self.message)
        return (fix.fixability if self.is_certain else "unsafe") if fix else None

    @property
    def is_error(self) -> bool:
        """Whether it fails a check: it is of level MUST, and certain."""
        return self.level is Level.MUST and self.is_certain

    def sort_key(self) -> tuple[str, int, str, str]:
        """Order by path, then place, then code."""
        return self.path, self.line or 0, self.code, self.pointer or ""


class Unverified(NamedTuple):
    """Something that nothing could look into: the paths, and why. It is neither clean nor broken."""

    reason: str
    paths: tuple[str, ...]


class Excepted(NamedTuple):
    """A finding that does not count, since its unit states an exception."""

    finding: Finding
    exception: StatedException


class Waived(NamedTuple):
    """Findings that are not among those of the report.

    Each that its unit excepts itself from; how many a configuration ignores by their paths; how many are in the
    baseline. ``gone`` are those of the baseline that are there no more, ``idle`` the patterns of paths that fit no
    path.
    """

    excepted: tuple[Excepted, ...] = ()
    by_path: int = 0
    known: int = 0
    gone: tuple[str, ...] = ()
    idle: tuple[str, ...] = ()


class Survey(NamedTuple):
    """What came out of one unit: findings, what nothing could look into, its card, and how much was read.

    ``vouched_bytes`` is how much was not read, since the store has checksums of it. ``kept`` is the key and the text
    that it may be recalled by. One that is not ``is_lasting`` may come out otherwise although no file changed.
    ``exceptions`` are those that the unit states.
    """

    findings: tuple[Finding, ...]
    unverified: tuple[Unverified, ...]
    card: Card
    files: int
    hashed_bytes: int
    kept: tuple[bytes, str] | None = None
    is_recalled: bool = False
    is_lasting: bool = True
    vouched_bytes: int = 0
    exceptions: tuple[StatedException, ...] = ()


class Report(NamedTuple):
    """The result of a check of one tree.

    ``selected`` are the codes of the clauses that it was checked by, all where there are none, ``ignored`` those that
    it was not. ``recalled`` counts the units that did not change since the last check, ``hashed_bytes`` what was read
    for checksums, ``vouched_bytes`` what was not since the store has checksums of its own; ``seconds`` is wall-clock
    time. ``waived`` are the findings that do not count. ``configuration`` is the file that says so, ``convention`` the
    one that was checked by where that is one of somebody's own.
    """

    root: str
    findings: tuple[Finding, ...]
    unverified: tuple[Unverified, ...] = ()
    units: int = 0
    files: int = 0
    recalled: int = 0
    hashed_bytes: int = 0
    seconds: float = 0.0
    selected: tuple[str, ...] = ()
    vouched_bytes: int = 0
    ignored: tuple[str, ...] = ()
    waived: Waived = Waived()
    configuration: str | None = None
    convention: str | None = None

    @property
    def errors(self) -> int:
        """How many findings are errors."""
        return sum(finding.is_error for finding in self.findings)

    @property
    def warnings(self) -> int:
        """How many findings are warnings."""
        return len(self.findings) - self.errors

    def fixes(self) -> "list[Fixability | None]":
        """Return what ``check --fix`` may do about each finding: nothing about a file that is damaged, or from one."""
        from runcheck.convention.fixable import DAMAGES, spreads  # noqa: PLC0415 - as above

        damaged = {each.path for each in self.findings if each.clause.name in DAMAGES}
        return [
            None if each.path in damaged or spreads(each.clause.name, damaged) else each.fix for each in self.findings
        ]

    @property
    def is_clean(self) -> bool:
        """Whether no clause of level MUST is broken."""
        return self.errors == 0
