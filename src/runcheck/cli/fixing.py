"""``runcheck check --fix`` and ``--diff``: a check that mends, or says what it would mend."""

import sys

from runcheck.cli import CLEAN, FINDINGS
from runcheck.errors import CannotCheckError

TYPE_CHECKING = False  # as in the package
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from runcheck.cli.check import Options
    from runcheck.findings import Report
    from runcheck.judgement import Judgement


def assert_fixable(options: "Options", *, is_of_change: bool) -> None:
    """Refuse what fixes do not go with.

    Raises:
        CannotCheckError: there is such a thing.
    """
    if is_of_change:
        raise CannotCheckError("--fix and --diff are for a folder: give them without --since, --staged and --hook")
    if options.convention:
        raise CannotCheckError("--fix and --diff know the main convention alone: give them without --convention")
    if not options.fix and not options.diff:
        raise CannotCheckError("--unsafe-fixes says which fixes; give --fix to make them, or --diff to see them")


def refuse_convention(path: str, judgement: "Judgement") -> None:
    """Refuse to mend a tree of a convention of one's own, of which no fix knows anything.

    Raises:
        CannotCheckError: always.
    """
    raise CannotCheckError(
        f"{path}: is judged by the convention {judgement.convention}, as {judgement.path} says, and --fix and --diff "
        "know the main convention alone; mend it by hand"
    )


def mended(options: "Options", path: str, check: "Callable[[], Report]") -> "Report":
    """Mend what is found at a path, and return the report of what is left."""
    from runcheck.fixes.session import mend  # noqa: PLC0415 - few checks mend
    from runcheck.fixes.words import words_of_mended  # noqa: PLC0415

    result = mend(path, check, is_daring=options.unsafe_fixes)
    _tell(words_of_mended(result))
    return result.report


def show_diff(options: "Options", checks: "Iterable[tuple[str, Callable[[], Report]]]") -> int:
    """Show what would change, and return the exit status: that there is something to change, or an error, is one."""
    from runcheck.cli.checking import tell_of_interrupted  # noqa: PLC0415
    from runcheck.fixes.diff import diff_of  # noqa: PLC0415
    from runcheck.fixes.session import preview  # noqa: PLC0415
    from runcheck.fixes.words import words_of_plan  # noqa: PLC0415

    is_clean = True
    for path, check in checks:
        report, plan = preview(path, check, is_daring=options.unsafe_fixes)
        tell_of_interrupted(report.root)
        print(diff_of(plan), end="")
        _tell(words_of_plan(plan))
        is_clean = is_clean and plan.is_empty and report.is_clean
    return CLEAN if is_clean or options.exit_zero else FINDINGS


def _tell(lines: "Iterable[str]") -> None:
    for line in lines:
        print(f"runcheck: {line}", file=sys.stderr)
