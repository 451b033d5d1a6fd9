"""What becomes of findings once they are made: passed over by their paths, known already, of another level."""

import os
from collections.abc import Callable, Mapping
from functools import cache
from typing import NamedTuple

from runcheck.configuration.baseline import Baseline, read_baseline
from runcheck.configuration.configuration import Configuration
from runcheck.configuration.globs import Glob
from runcheck.convention.clauses import Level
from runcheck.findings import Finding, Waived
from runcheck.tree.locate import is_url


class Treatment(NamedTuple):
    """Codes by patterns of paths below ``folder``, levels by codes, and what is known already."""

    folder: str
    ignored_paths: tuple[tuple[Glob, tuple[str, ...]], ...] = ()
    levels: Mapping[str, str] = {}
    baseline: Baseline | None = None

    def applied(
        self, root: str, findings: list[Finding], is_looked_for: Callable[[str], bool]
    ) -> tuple[list[Finding], Waived]:
        """Return the findings of the tree at ``root`` that are left, at their levels, and what the others were.

        What of the baseline is there no more can be said of those clauses alone that were looked for everywhere, and so
        can be which pattern of paths fits nothing.
        """
        shown = [each for each in findings if not self._is_ignored(root, each)] if self.ignored_paths else findings
        left, gone = self.baseline.without_known(root, shown) if self.baseline else (shown, [])
        return [self._levelled(each) for each in left], Waived(
            by_path=len(findings) - len(shown),
            known=len(shown) - len(left),
            gone=tuple(str(each) for each in gone if is_looked_for(each.code)),
            idle=self._idle(root, findings, is_looked_for),
        )

    def _idle(self, root: str, findings: list[Finding], is_looked_for: Callable[[str], bool]) -> tuple[str, ...]:
        asked = [each for each, codes in self.ignored_paths if all(map(is_looked_for, codes))]
        paths = {self._path(root, each) for each in findings} if asked else set()
        unused = [each for each in asked if not any(map(each.fits, paths))]
        if not unused or is_url(root):
            return ()
        from runcheck.configuration.idle import idle_among  # noqa: PLC0415 - most patterns fit a finding

        return idle_among(unused, self.folder, root, _start(self.folder, root))

    def _is_ignored(self, root: str, finding: Finding) -> bool:
        codes = tuple(
            code for each, of_path in self.ignored_paths if each.fits(self._path(root, finding)) for code in of_path
        )
        return bool(codes) and finding.code.startswith(codes)

    def _path(self, root: str, finding: Finding) -> str:
        """Return a path as patterns have it: below the folder; of a tree elsewhere, from the name of its root on."""
        start = _start(self.folder, root)
        return "/".join(part for part in (start, finding.path) if part not in ("", ".")) or "."

    def _levelled(self, finding: Finding) -> Finding:
        fitting = [code for code in self.levels if finding.code.startswith(code)]
        if not fitting:
            return finding
        return finding._replace(given_level=Level(self.levels[max(fitting, key=len)]))


@cache
def _start(folder: str, root: str) -> str:
    if is_url(root):
        return root.rstrip("/").rpartition("/")[2]
    path = os.path.relpath(root, os.path.realpath(folder)).replace(os.sep, "/")
    return os.path.basename(root) if path.startswith("..") else path


def treatment_of(configuration: Configuration | None, baseline: str | None) -> Treatment | None:
    """Return what a configuration, and the baseline in a file, make of findings; None where that is nothing.

    Raises:
        ConfigurationError: the baseline cannot be read.
    """
    known = read_baseline(baseline) if baseline else None
    if configuration is None:
        return Treatment(os.getcwd(), baseline=known) if known else None
    if not (configuration.ignored_paths or configuration.levels or known):
        return None
    return Treatment(configuration.folder, configuration.ignored_paths, configuration.levels, known)
