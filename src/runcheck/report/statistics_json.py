"""How often each clause is broken, for programs."""

import json
from collections.abc import Iterable, Iterator

from runcheck.findings import Report
from runcheck.report.setting import Setting
from runcheck.report.statistics import counts


def render(reports: Iterable[Report], _setting: Setting) -> Iterator[str]:
    """Yield a JSON list of code, name, level and count, the most frequent first."""
    rows = [
        {"code": clause.code, "name": clause.name, "level": level.value, "count": count}
        for (clause, level), count in counts(reports)
    ]
    yield json.dumps(rows, indent=2) + "\n"
