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

__all__ = ["assert_conforms", "runcheck_tree"]


@pytest.fixture
def runcheck_tree(tmp_path: Path) -> Path:
    """A root of artefacts of this test alone, for ``start_run`` and ``new_dataset``: a folder that is empty."""
    root = tmp_path / "artefacts"
    root.mkdir()
    return root


def assert_conforms(
    path: str | os.PathLike[str],
    *,
    depth: "Depth" = "content",
    ignore: Iterable[str] = (),
    strict: bool = False,
    config: str | os.PathLike[str] | None = None,
) -> None:
    """Fail the test, with the findings as ``runcheck check`` prints them, unless a tree or a unit conforms.

    It judges as that command does, and so reads the configuration: clauses, levels, tags, what is ignored by its path,
    the baseline, the convention of one's own. :func:`runcheck.check` reads none.

    Args:
        path: The root of a tree, or a unit, or anything in one.
        depth: As of :func:`runcheck.check`: ``structure``, ``content`` or ``deep``.
        ignore: Codes of clauses or families that do not count: ``["RC208"]``.
        strict: Warnings, and what could not be verified, fail too.
        config: What the tree is judged by: ``runcheck.toml`` or ``pyproject.toml``. By default what lies above the
            tree, as on the command line, so for one in a temporary folder nothing.

    Raises:
        AssertionError: it does not conform, or nothing is there that could.
    """
    __tracebackhide__ = True
    from runcheck.configuration.judgement import Asked, judgement_for  # noqa: PLC0415 - as the module says
    from runcheck.errors import CannotCheckError  # noqa: PLC0415
    from runcheck.pipeline import check_in  # noqa: PLC0415
    from runcheck.tree.quarantine import Quarantine  # noqa: PLC0415

    asked = Asked(depth, ignore=tuple(ignore), config=None if config is None else os.fspath(config))
    try:
        judgement = judgement_for(os.fspath(path), asked)
        with Quarantine() as quarantine:
            report = check_in(quarantine, path, judgement)
    except CannotCheckError as error:
        raise AssertionError(str(error)) from None
    if report.errors or (strict and (report.findings or report.unverified)):
        from runcheck.report.setting import setting_of  # noqa: PLC0415
        from runcheck.report.text import render  # noqa: PLC0415

        found = "".join(render([report], setting_of(is_strict=strict)))
        raise AssertionError(f"{os.fspath(path)} does not conform:\n\n{found}")
