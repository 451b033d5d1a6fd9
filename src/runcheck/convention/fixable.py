"""Which clauses ``runcheck check --fix`` can mend, and how: so that a report can mark what is found.

The functions that mend are in ``fixes/``, each named as its clause; a test holds both to the same clauses.
"""

import re
from collections.abc import Iterable
from typing import Literal, NamedTuple, TypeAlias

from runcheck.convention.layout import layout

Fixability: TypeAlias = Literal["safe", "unsafe"]


class Fix(NamedTuple):
    """What is done about the findings of a clause.

    It is ``unsafe`` where it rests on a guess. It is for findings about the file of ``role`` only, where that is given,
    and whose message says ``words``, a regular expression.
    """

    fixability: Fixability
    does: str
    role: str | None = None
    words: str = ""


_LATEST = Fix("safe", "lets `latest` name the newest completed version, by a relative link")
_REGISTRY = Fix("safe", "builds the registry again from the metadata, as `runcheck index` does")
_SUMMARY = Fix("unsafe", "writes the summary, and the best values in the metadata, again from the metrics")

FIXES: dict[str, tuple[Fix, ...]] = {
    "required-file": (
        Fix("safe", "writes a README from what the documents of the unit say", role="readme"),
        Fix("unsafe", "writes the summary from the metrics", role="summary"),
    ),
    "latest-form": (_LATEST,),
    "latest-dangling": (_LATEST._replace(fixability="unsafe"),),  # the version may only not be in this copy
    "latest-stale": (_LATEST,),
    "latest-missing": (_LATEST,),
    "leftover": (Fix("unsafe", "removes files `*.tmp`, which an interrupted write left"),),
    "heartbeat-left": (Fix("unsafe", "removes the heartbeat of a process that ended"),),
    "checksum-syntax": (
        Fix(
            "safe",
            "ends lines with a line feed alone, and writes digits in lower case",
            words="carriage return|not ended by a line feed|: '[0-9A-Fa-f]{64} [ *]",
        ),
    ),
    "checksum-order": (Fix("safe", "sorts the lines, and drops one that stands twice"),),
    "unlisted-file": (Fix("unsafe", "adds the file to the checksum list of a run"),),
    "metrics-syntax": (
        Fix("safe", "ends a whole last row by a line feed, and sets a torn one aside", words="no line feed ends it"),
    ),
    "summary-disagrees": (_SUMMARY,),
    "summary-series": (_SUMMARY,),
    "metadata-metrics": (_SUMMARY,),
    "registry-readable": (_REGISTRY,),
    "registry-row-missing": (_REGISTRY,),
    "registry-row-extra": (_REGISTRY,),
    "registry-row-stale": (_REGISTRY,),
    "registry-missing": (_REGISTRY,),
    "readme-sections": (Fix("safe", "adds the section, with what the documents of the unit say"),),
    "machine-path": (Fix("safe", "writes a path below the repository relative to it, in a document"),),
    "lfs-attributes": (Fix("safe", "writes the patterns of the role into `.gitattributes` of the tree"),),
}

# A file that is not the one that was sealed is not mended beside that: its new line would seal the damage.
DAMAGES = frozenset({"checksum-mismatch", "listed-file-missing"})
_OF_THE_REGISTRY = frozenset(clause for clause, fixes in FIXES.items() if _REGISTRY in fixes)
ROLES_OF_A_ROW = ("metadata", "config", "summary")  # of the documents that a row of the registry is made from


def paths_of_a_row() -> tuple[str, ...]:
    """Return the documents of a unit that its row in the registry is made from."""
    return tuple(path for role in ROLES_OF_A_ROW for path in layout().roles[role].paths)


def spreads(clause: str, damaged: Iterable[str]) -> bool:
    """Say whether to mend what breaks a clause would carry a damage on: from one of these paths into the registry."""
    documents = tuple(f"/{path}" for path in paths_of_a_row())
    return clause in _OF_THE_REGISTRY and any(path.endswith(documents) for path in damaged)


def fix_of(clause: str, path: str, message: str) -> Fix | None:
    """Return what can be done about a finding of the clause of this name at ``path``; None where nothing can.

    Nothing is done in a tree of another convention, where other folders lie.
    """
    if path != layout().registry and layout().kind_of_folder(path.partition("/")[0]) is None:
        return None
    for fix in FIXES.get(clause, ()):
        paths = layout().roles[fix.role].paths if fix.role else ()
        if (not paths or path.endswith(tuple(f"/{each}" for each in paths))) and re.search(fix.words, message):
            return fix
    return None


def words_of_fixes(clause: str) -> str:
    """Return in words what ``check --fix`` does about the clause of this name, "" where it does nothing."""
    sentences = []
    for fix in FIXES.get(clause, ()):
        command = "runcheck check --fix" + ("" if fix.fixability == "safe" else " --unsafe-fixes")
        sentences.append(f"`{command}` {fix.does}.")
    return " ".join(sentences)
