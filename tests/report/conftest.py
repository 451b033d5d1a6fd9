"""A report with a bit of everything."""

import pytest

from runcheck.convention.clauses import clauses
from runcheck.findings import Finding, Report, Unverified

UNIT = "model/digits_logreg_baseline/v1"


@pytest.fixture
def report() -> Report:
    """A report with errors, a warning, a name made to mislead a terminal, and things that nothing looked into."""
    syntax, commit, unlisted = (clauses()[code] for code in ("RC301", "RC208", "RC303"))
    name = f"{UNIT}/plots/\x1b[2Ka\n\u202eb\udcff.png"
    message = "line 3 is not '<64 hex digits>  <path>': '<<<<<<< HEAD'"
    return Report(
        root="/srv/artefacts",
        findings=(
            Finding(syntax, f"{UNIT}/SHA256SUMS", message, syntax.mend, line=3),
            Finding(
                commit, f"{UNIT}/metadata.json", "does not say which commit the code was at", commit.mend, None, "/git"
            ),
            Finding(unlisted, name, "is not in SHA256SUMS", "Remove \t it.", concerns=UNIT),
        ),
        unverified=(
            Unverified("checksums, which are not computed at this depth", ("dataset/a/v1",)),
            Unverified(
                "Git LFS pointers, checked as pointers; their objects are not here", ("a", "b", "c\n", "d", "e")
            ),
        ),
        units=3,
        files=1234,
        recalled=2,
        hashed_bytes=1536,
        seconds=0.25,
    )
