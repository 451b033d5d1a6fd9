"""A check that mends what it finds: check, plan, apply, and check again until nothing is left that can be mended."""

from collections.abc import Callable
from typing import NamedTuple

from runcheck.errors import CannotWriteError, MissingLibraryError
from runcheck.findings import Finding, Report
from runcheck.fixes.apply import apply, finish_interrupted, fixing, is_interrupted
from runcheck.fixes.plan import Plan, Refusal, plan
from runcheck.tree.locate import is_url
from runcheck.writer.registry import rebuild_registry

_ROUNDS = 4  # a mended document may show what nobody could see before


class Mended(NamedTuple):
    """What came of it: the report of the last check, how many findings were mended, and a line for what to tell."""

    report: Report
    fixed: int
    refused: tuple[Refusal, ...]
    told: tuple[str, ...]


def require_local(path: str) -> None:
    """Refuse to fix what lies at a URL.

    Raises:
        CannotWriteError: it does.
    """
    if is_url(path):
        raise CannotWriteError(f"{path}: nothing is written to a URL; fix the tree where it is written, then copy it")


def mend(path: str, check: Callable[[], Report], *, is_daring: bool = False) -> Mended:
    """Mend what ``check`` finds in the tree at ``path``.

    Raises:
        CannotWriteError: it lies at a URL, or cannot be written.
    """
    require_local(path)
    report = check()
    told: list[str] = []
    mended: list[Finding] = []
    if not is_interrupted(report.root) and all(each.fix is None for each in report.findings):
        return Mended(report, 0, (), ())
    with fixing(report.root):
        if finished := finish_interrupted(report.root):
            told += finished
            report = check()
        for _ in range(_ROUNDS):
            todo = plan(report.root, report.findings, is_daring=is_daring)
            if todo.is_empty:
                break
            done = _do(report.root, todo, told)
            mended += todo.mended
            seen, report = {_key(each) for each in report.findings}, check()
            if not done or {_key(each) for each in report.findings} == seen:
                break
        left = {_key(each) for each in report.findings}
        fixed = len({_key(each) for each in mended} - left)
        return Mended(report, fixed, plan(report.root, report.findings, is_daring=is_daring).refused, tuple(told))


def preview(path: str, check: Callable[[], Report], *, is_daring: bool = False) -> tuple[Report, Plan]:
    """Return what ``check`` finds in the tree at ``path``, and what would be done about it.

    Raises:
        CannotWriteError: it lies at a URL.
    """
    require_local(path)
    report = check()
    return report, plan(report.root, report.findings, is_daring=is_daring)


def _do(root: str, todo: Plan, told: list[str]) -> bool:
    for group in todo.edits:
        apply(root, group)
    if todo.needs_registry:
        try:
            rebuild_registry(root)
        except MissingLibraryError as error:
            told.append(str(error))
            return bool(todo.edits)
        except OSError as error:
            raise CannotWriteError(f"{root}: the registry cannot be written: {error.strerror or error}") from error
    return True


def _key(finding: Finding) -> tuple[str, str, str, str]:
    return finding.code, finding.path, finding.message, finding.pointer or ""
