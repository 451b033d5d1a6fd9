"""A plugin of pytest for people who test their training scripts: ``runcheck_tree`` and ``assert_conforms``.

It comes with the package, by an entry point, so every run of pytest imports it: the linter is loaded by the first
assertion and not before. PYTEST_DONT_REWRITE: there is no assert in it.
"""

import os
from collections.abc import Iterable
from pathlib import Path

import pytest

TYPE_CHECKING = False  # as in the package
if TYPE_CHECKING:
    from runcheck.depth import Depth
    from runcheck.findings import Report

__all__ = ["assert_conforms", "runcheck_tree"]


@pytest.fixture
def runcheck_tree(tmp_path: Path) -> Path:
    """A root of artefacts of this test alone, for ``start_run`` and ``new_dataset``: a folder that is empty."""
    root = tmp_path / "artefacts"
    root.mkdir()
    return root


def assert_conforms(
    path: str | os.PathLike[str], *, depth: "Depth" = "content", ignore: Iterable[str] = (), strict: bool = False
) -> None:
    """Fail the test, with the findings as ``runcheck check`` prints them, unless a tree or a unit conforms.

    Args:
        path: The root of a tree, or a unit, or anything in one.
        depth: As of :func:`runcheck.check`: ``structure``, ``content`` or ``deep``.
        ignore: Codes of clauses or families that do not count: ``["RC208"]``.
        strict: Warnings, and what could not be verified, fail too.

    Raises:
        AssertionError: it does not conform, or nothing is there that could.
    """
    __tracebackhide__ = True
    from runcheck.errors import CannotCheckError  # noqa: PLC0415 - pytest imports this where no test asks for it
    from runcheck.pipeline import check  # noqa: PLC0415

    try:
        report = _without(check(path, depth=depth), ignore)
    except CannotCheckError as error:
        raise AssertionError(str(error)) from None
    if report.errors or (strict and (report.findings or report.unverified)):
        from runcheck.report.setting import setting_of  # noqa: PLC0415
        from runcheck.report.text import render  # noqa: PLC0415

        raise AssertionError(f"{os.fspath(path)} does not conform:\n\n{''.join(render((report,), setting_of()))}")


def _without(report: "Report", ignore: Iterable[str]) -> "Report":
    """Return the report without the findings of clauses that do not count."""
    from runcheck.rules.selection import select  # noqa: PLC0415

    ignored = list(ignore)
    if not ignored:
        return report
    left_out = select(ignored)
    return report._replace(findings=tuple(each for each in report.findings if not left_out.has(each.code)))
