"""What was mended, and what was not and why, in lines for people."""

from collections.abc import Iterator

from runcheck.fixes.plan import Plan, Refusal
from runcheck.fixes.session import Mended
from runcheck.report.escape import printable

_MOST = 20  # refusals that are named


def words_of_mended(mended: Mended) -> Iterator[str]:
    """Yield the lines of what was done."""
    yield from map(printable, mended.told)
    yield from _refusals(mended.refused)
    yield f"fixed {mended.fixed:,}, left {len(mended.report.findings):,}"


def words_of_plan(plan: Plan) -> Iterator[str]:
    """Yield the lines of what would be done."""
    yield from _refusals(plan.refused)
    yield f"would fix {len(plan.mended):,}; nothing was changed"


def _refusals(refused: tuple[Refusal, ...]) -> Iterator[str]:
    for finding, reason in refused[:_MOST]:
        yield f"not fixed: {printable(finding.path)}: {finding.code} {finding.clause.name}: {printable(reason)}"
    if len(refused) > _MOST:
        yield f"not fixed: {len(refused) - _MOST:,} more"
