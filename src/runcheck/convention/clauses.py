"""The clauses of the convention, parsed from the chapters of ``spec/``.

Code, name and level stand there and nowhere else.
"""

import os
import re
from collections.abc import Callable
from enum import Enum
from functools import cache
from typing import NamedTuple

from runcheck.convention.files import convention_folder, convention_text
from runcheck.convention.patterns import late

_CLAUSE = late(
    r"^### (?P<code>RC\d{3}) (?P<name>[a-z0-9-]+)\n\n"
    r"\*\*(?P<level>MUST|SHOULD)\*\* (?P<text>.+)\n\n"
    r"\*Why:\* (?P<why>.+)\n\n"
    r"\*Fails:\* (?P<fails>.+)\n\n"
    r"\*Mend:\* (?P<mend>.+)$",
    re.MULTILINE,
)


class Level(Enum):
    """How binding a clause is: MUST is an error, SHOULD a warning."""

    MUST = "error"
    SHOULD = "warning"


class Clause(NamedTuple):
    """One numbered clause: its rule, its reason, a case that fails it and the way out."""

    code: str
    name: str
    level: Level
    chapter: str
    text: str
    why: str
    fails: str
    mend: str

    def __reduce__(self) -> tuple[Callable[[str], "Clause"], tuple[str]]:
        """Travel between processes by the code alone."""
        return clause, (self.code,)


def clause(code: str) -> Clause:
    """Return the clause of a code."""
    return clauses()[code]


@cache
def clauses() -> dict[str, Clause]:
    """Return every clause by its code, in the order of the codes."""
    found: dict[str, Clause] = {}
    for chapter in sorted(os.listdir(convention_folder("spec"))):
        is_chapter = chapter[:1].isdigit() and chapter.endswith(".md")
        for match in _CLAUSE.finditer(convention_text("spec", chapter)) if is_chapter else ():
            fields = match.groupdict()
            level = Level[fields.pop("level")]
            found[fields["code"]] = Clause(level=level, chapter=chapter, **fields)
    return found


@cache
def clauses_by_name() -> dict[str, Clause]:
    """Return every clause by its name."""
    return {clause.name: clause for clause in clauses().values()}
