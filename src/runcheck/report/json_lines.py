"""A report for programs that read lines: each finding a JSON object, with the fields that it has in ``json``."""

import json
from collections.abc import Iterable, Iterator

from runcheck.findings import Report
from runcheck.report.json import objects_of
from runcheck.report.setting import Setting


def render(reports: Iterable[Report], _setting: Setting) -> Iterator[str]:
    """Yield one line a finding, ASCII throughout."""
    for report in reports:
        yield "".join(f"{json.dumps(each)}\n" for each in objects_of(report))
