"""How often each clause is broken, for people."""

from collections import Counter
from collections.abc import Iterable, Iterator

from runcheck.convention.clauses import Clause, Level
from runcheck.findings import Report
from runcheck.report.setting import Setting
from runcheck.report.text import painted


def render(reports: Iterable[Report], setting: Setting) -> Iterator[str]:
    """Yield one line a clause: how often, code, level and name."""
    for (clause, level), count in counts(reports):
        yield f"{count:>7,}  {painted(clause.code, level.value, setting)}  {level.value:<7}  {clause.name}\n"


def counts(reports: Iterable[Report]) -> list[tuple[tuple[Clause, Level], int]]:
    """Return how often each clause is broken at each level, the most frequent first."""
    found = Counter((finding.clause, finding.level) for report in reports for finding in report.findings)
    return sorted(found.items(), key=lambda each: (-each[1], each[0][0].code, each[0][1].value))
