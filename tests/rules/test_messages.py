"""Messages name the value of this very file, and what would be right where that is known."""

from pathlib import Path

import pytest

from runcheck.findings import Finding
from tests.checking import check

SUITE = Path(__file__).parents[2] / "fixtures"


def finding(tree: str, code: str) -> Finding:
    """Return what a tree of the suite is found for by a clause."""
    return next(each for each in check(SUITE / tree / "tree", depth="structure").findings if each.code == code)


@pytest.mark.parametrize(
    ("tree", "words"),
    [
        ("RC112-latest-dangling/fail-a-latest-that-dangles", "; the newest version is 2026-05-27T12-34-56Z_0123456"),
        (
            "RC220-restart-order/fail-a-restart-after-the-run-finished",
            "before the 2026-05-27T12:40:01Z of /restarts/0/at, which",
        ),
        (
            "RC410-summary-checkpoint/fail-a-checkpoint-that-the-summary-does-not-name",
            "names no checkpoint; there are checkpoints of step 3",
        ),
    ],
)
def test_what_would_be_right_is_named(tree: str, words: str) -> None:
    assert words in finding(tree, tree[:5]).message


def test_where_no_version_is_completed_latest_is_to_go() -> None:
    found = finding("RC113-latest-stale/fail-a-latest-that-failed", "RC113")
    assert found.message.endswith(", which is failed")
    assert found.help == "Remove it: there is no completed version that it could name."


def test_a_list_that_never_was_comes_of_sealing() -> None:
    assert "`runcheck seal`" in finding("RC105-required-file/fail-no-checksums", "RC105").help
    assert "`runcheck seal`" not in finding("RC105-required-file/fail-no-summary", "RC105").help
