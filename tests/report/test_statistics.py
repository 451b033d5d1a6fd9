"""How often each clause is broken."""

import json

from runcheck.findings import Report
from runcheck.report import statistics, statistics_json
from runcheck.report.setting import Setting


def test_the_most_frequent_clause_comes_first_and_equals_by_code(report: Report, setting: Setting) -> None:
    more = report._replace(findings=(*report.findings, report.findings[2]))
    assert "".join(statistics.render((more,), setting)).splitlines() == [
        "      2  RC303  error    unlisted-file",
        "      1  RC113  error    latest-stale",
        "      1  RC208  warning  commit-unknown",
        "      1  RC301  error    checksum-syntax",
    ]


def test_several_trees_are_counted_together(report: Report, setting: Setting) -> None:
    rows = json.loads("".join(statistics_json.render((report, report), setting)))
    assert rows[-1] == {"code": "RC303", "name": "unlisted-file", "level": "error", "count": 2}
    assert sum(row["count"] for row in rows) == 8


def test_of_a_clean_tree_there_is_nothing_to_count(report: Report, setting: Setting) -> None:
    clean = report._replace(findings=())
    assert list(statistics.render((clean,), setting)) == []
    assert json.loads("".join(statistics_json.render((clean,), setting))) == []
