"""``runcheck check --fix`` and ``--diff``: a check of one path that mends, or says what it would mend."""

import sys

from runcheck.errors import CannotCheckError

TYPE_CHECKING = False  # as in the package
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from runcheck.cli.check import Options
    from runcheck.findings import Report


def check_and_fix(options: "Options", path: str, check: "Callable[[], Report]") -> "Report | None":
    """Return the report of what is left; None where the changes were only shown, and there are some."""
    from runcheck.fixes.session import mend, preview  # noqa: PLC0415 - few checks mend
    from runcheck.fixes.words import words_of_mended, words_of_plan  # noqa: PLC0415

    if not (options.fix or options.diff):
        raise CannotCheckError("--unsafe-fixes says which fixes; give --fix to make them, or --diff to see them")
    if not options.diff:
        mended = mend(path, check, is_daring=options.unsafe_fixes)
        _tell(words_of_mended(mended))
        return mended.report
    from runcheck.fixes.diff import diff_of  # noqa: PLC0415

    report, plan = preview(path, check, is_daring=options.unsafe_fixes)
    print(diff_of(plan), end="")
    _tell(words_of_plan(plan))
    return report if plan.is_empty else None


def _tell(lines: "Iterable[str]") -> None:
    for line in lines:
        print(f"runcheck: {line}", file=sys.stderr)
