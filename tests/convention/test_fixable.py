"""Which findings are marked as fixable."""

import pytest

from runcheck.cli import main
from runcheck.convention.clauses import clauses_by_name
from runcheck.convention.fixable import FIXES
from runcheck.findings import Finding


def finding(name: str, path: str, message: str = "") -> Finding:
    """Return a finding of the clause of this name."""
    return Finding(clauses_by_name()[name], path, message, "")


@pytest.mark.parametrize(
    ("name", "path", "message", "fix"),
    [
        ("latest-stale", "model/a_b_c/latest", "", "safe"),
        ("latest-dangling", "model/a_b_c/latest", "", "unsafe"),
        ("registry-missing", "runs.parquet", "", "safe"),
        ("required-file", "model/a_b_c/v1/README.md", "is missing", "safe"),
        ("required-file", "experiments_of_ada/exp_001_a/README.md", "is missing", None),
        ("required-file", "model/a_b_c/v1/summary.yaml", "is missing", "unsafe"),
        ("required-file", "model/a_b_c/v1/metrics.jsonl", "is missing", None),
        ("metrics-syntax", "model/a_b_c/v1/metrics.jsonl", "line 3 is cut short: no line feed ends it", "safe"),
        ("metrics-syntax", "model/a_b_c/v1/metrics.jsonl", "line 3 is blank", None),
        ("checksum-syntax", "model/a_b_c/v1/SHA256SUMS", "line 3 is ended by a carriage return too", "safe"),
        ("checksum-syntax", "model/a_b_c/v1/SHA256SUMS", "line 3 is not '<64 hex digits>  <path>': '<<<<<<<'", None),
        ("checksum-mismatch", "model/a_b_c/v1/README.md", "", None),
        ("raw-weights", "model/a_b_c/v1/extra/a.csv", "", None),
    ],
)
def test_a_finding_says_whether_it_can_be_fixed(name: str, path: str, message: str, fix: str | None) -> None:
    assert finding(name, path, message).fix == fix


def test_every_fixable_clause_is_a_clause() -> None:
    assert set(FIXES) <= set(clauses_by_name())


def test_rule_says_what_the_fix_does(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rule", "required-file"]) == 0
    page = " ".join(capsys.readouterr().out.split())
    assert "Fix: `runcheck check --fix` writes a README from what the documents of the unit say." in page
    assert "`runcheck check --fix --unsafe-fixes` writes the summary from the metrics." in page
    assert main(["rule", "RC304"]) == 0
    assert "Fix:" not in capsys.readouterr().out
