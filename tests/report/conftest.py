"""A report with a bit of everything."""

from pathlib import Path

import pytest

from runcheck.convention.clauses import clauses
from runcheck.findings import Finding, Report, Unverified
from runcheck.report.setting import Setting

UNIT = "model/digits_logreg_baseline/v1"
GOLDEN = Path(__file__).parent / "golden"
SCHEMAS = Path(__file__).parent / "schemas"


@pytest.fixture
def setting() -> Setting:
    """A folder beside the tree, in no repository."""
    return Setting("/home/ada", "/home/ada")


@pytest.fixture
def around() -> Setting:
    """A repository that the tree is in, and a folder in it that the tree is not in."""
    return Setting("/srv/work", "/srv")


@pytest.fixture
def report() -> Report:
    """A report with errors, warnings, a name made to mislead a terminal, and things that nothing looked into."""
    syntax, commit, unlisted, stale = (clauses()[code] for code in ("RC301", "RC208", "RC303", "RC113"))
    name = f"{UNIT}/plots/\x1b[2Ka\n\u202eb\udcff.png"
    message = "line 3 is not '<64 hex digits>  <path>': '<<<<<<< HEAD'"
    return Report(
        root="/srv/artefacts",
        findings=(
            Finding(syntax, f"{UNIT}/SHA256SUMS", message, syntax.mend, line=3, concerns=UNIT),
            Finding(
                commit,
                f"{UNIT}/metadata.json",
                "does not say which commit the code was at",
                commit.mend,
                pointer="/git",
                concerns=UNIT,
            ),
            Finding(unlisted, name, "is not in SHA256SUMS", "Remove \t it.", concerns=UNIT),
            Finding(
                stale,
                "dataset/digits/latest",
                "names v1, |*`<b>`*| 100%, a::b, @ada and ##[add-mask]x",
                "ln -sfn v2 dataset/digits/latest",
                is_certain=False,
            ),
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
