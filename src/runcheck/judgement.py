"""What a tree is judged by, and how deep."""

from typing import TYPE_CHECKING, NamedTuple

from runcheck.convention.settings import Settings
from runcheck.depth import Depth
from runcheck.findings import Finding, Waived
from runcheck.rules.selection import EVERYTHING, Selection

if TYPE_CHECKING:
    from runcheck.configuration.treatment import Treatment


class Judgement(NamedTuple):
    """The clauses and settings that a tree is judged by, and what then becomes of findings.

    Those of a heuristic that is not certain are left out, unless it is ``pedantic``; ``treatment`` is what a team says
    of them, in the configuration at ``path``. Where a convention of one's own is named, the clauses are those of it.
    """

    depth: Depth = "content"
    pedantic: bool = False
    selection: Selection = EVERYTHING
    settings: Settings = Settings()
    treatment: "Treatment | None" = None
    path: str | None = None
    convention: str | None = None

    def treated(self, root: str, findings: list[Finding], *, is_whole: bool) -> tuple[tuple[Finding, ...], Waived]:
        """Return the findings of the tree at ``root`` that count, in their order, and what became of the others.

        ``is_whole`` says whether all of the tree was looked at: what of the baseline is there no more can be told then.
        """
        left, waived = findings, Waived()
        if self.treatment:
            known = self.treatment.baseline
            is_told = is_whole and (known is None or known.is_as_deep(self.depth))
            left, waived = self.treatment.applied(root, findings, lambda code: is_told and self.selection.has(code))
        wanted = (each for each in left if self.pedantic or each.is_certain)
        return tuple(sorted(wanted, key=Finding.sort_key)), waived
