"""From findings to edits: which can be mended, with what, and why the others cannot."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from runcheck.convention.unit_paths import unit_around
from runcheck.errors import RuncheckError
from runcheck.findings import Finding
from runcheck.fixes.draft import Draft
from runcheck.fixes.edits import CannotFixError, Edit
from runcheck.fixes.fix import all_fixes


class Refusal(NamedTuple):
    """A finding that is fixable by its clause, and why it is not mended all the same."""

    finding: Finding
    reason: str


class Plan(NamedTuple):
    """What would be done: the edits in their order, those of one unit together; and whether the registry is built."""

    edits: tuple[tuple[Edit, ...], ...]
    needs_registry: bool
    mended: tuple[Finding, ...]
    refused: tuple[Refusal, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing would be done."""
        return not self.edits and not self.needs_registry


def plan(root: str, findings: Iterable[Finding], *, is_daring: bool = False) -> Plan:
    """Plan what mends these findings of the tree at ``root``; with what rests on a guess where ``is_daring``."""
    draft, daring = Draft(root, is_daring=is_daring), Draft(root, is_daring=True)
    mended: list[Finding] = []
    refused: list[Refusal] = []
    for finding in findings:
        if finding.fix is None:
            continue
        is_too_daring = finding.fix == "unsafe" and not is_daring
        attempted = daring if is_too_daring else draft  # tried all the same: nobody is sent to what will refuse it too
        try:
            with attempted.attempt():
                _mend(attempted, finding)
        except CannotFixError as error:
            refused.append(Refusal(finding, str(error)))
        except RuncheckError as error:  # what it would be made from cannot be read
            refused.append(Refusal(finding, str(error)))
        else:
            if is_too_daring:
                refused.append(Refusal(finding, "rests on a guess; --unsafe-fixes does it"))
            else:
                mended.append(finding)
    return Plan(together(draft.edits()), draft.needs_registry, tuple(mended), tuple(refused))


def _mend(draft: Draft, finding: Finding) -> None:
    unit = unit_around(finding.path)
    if unit is not None:
        draft.require_quiet(unit)
    all_fixes()[finding.clause.name](draft, finding)


def together(edits: Sequence[Edit]) -> tuple[tuple[Edit, ...], ...]:
    """Return the edits of each unit together, in their order; what lies in none is for itself."""
    groups: dict[str, list[Edit]] = {}
    for edit in edits:
        groups.setdefault(unit_around(edit.path) or edit.path, []).append(edit)
    return tuple(tuple(group) for group in groups.values())
