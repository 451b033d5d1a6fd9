"""``runcheck rule CODE``: one clause, why it exists, what fails it and how to mend that."""

import argparse
from collections.abc import Iterable

from runcheck.cli import CLEAN
from runcheck.convention.clauses import Clause, clauses
from runcheck.convention.fixable import words_of_fixes
from runcheck.errors import CannotCheckError

_SHORT = len("RC304")  # a code has too many neighbours to guess
_ALL = "; 'runcheck rules' lists them all"
_OWN = ", and --convention names a convention of one's own"


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser("rule", help="explain one clause")
    parser.add_argument("clause", metavar="CODE|NAME", help="RC304, or checksum-mismatch")
    parser.add_argument("--convention", metavar="NAME|FILE", help="of a convention of one's own")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the clause."""
    known = known_to(options.convention)
    names = {clause.name: clause for clause in known.values()}
    clause = known.get(options.clause.upper()) or names.get(options.clause.lower())
    if clause is None:
        own = "" if options.convention or options.clause.upper().startswith("RC") else _OWN
        meant = _meant(options.clause, names)
        raise CannotCheckError(f"{options.clause}: no clause has this code or name{meant or _ALL + own}")
    print(_page(clause))
    return CLEAN


def known_to(convention: str | None) -> "dict[str, Clause]":
    """Return the clauses of a convention of one's own by their codes, or those of the main one."""
    if convention is None:
        return clauses()
    from runcheck.conventions.load import clauses_of, load  # noqa: PLC0415 - few ask for it

    return clauses_of(load(convention))


def _meant(word: str, names: Iterable[str]) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - nobody else mistypes

    near = get_close_matches(word.lower(), names, n=1)
    return f"; did you mean {near[0]}?" if near and len(word) > _SHORT else ""


def _page(clause: Clause) -> str:
    import textwrap  # noqa: PLC0415 - no other command wraps

    parts = [f"{clause.code} {clause.name} ({clause.level.name}: {clause.level.value}, {_where(clause)})"]
    parts += [clause.text, f"Why: {clause.why}", f"Fails: {clause.fails}", f"Mend: {clause.mend}"]
    if fixes := words_of_fixes(clause.name):
        parts.append(f"Fix: {fixes}")
    return "\n\n".join(textwrap.fill(part, 100, break_long_words=False) for part in parts)


def _where(clause: Clause) -> str:
    return f"spec/{clause.chapter}" if clause.chapter.endswith(".md") else clause.chapter
