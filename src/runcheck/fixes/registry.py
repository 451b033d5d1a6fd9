"""The registry: derived, so it is built again, by the code that builds it anyway."""

from runcheck.convention.layout import layout
from runcheck.findings import Finding
from runcheck.fixes.draft import Draft
from runcheck.fixes.edits import CannotFixError
from runcheck.fixes.fix import fixes
from runcheck.tree.walk import entry_at


@fixes("registry-readable", "registry-row-missing", "registry-row-extra", "registry-row-stale", "registry-missing")
def registry(draft: Draft, _finding: Finding) -> None:
    """Build the registry again, once all else is done."""
    there = entry_at(draft.root, layout().registry)
    if there is not None and there.is_folder:
        raise CannotFixError("is a folder; look at what it holds")
    draft.needs_registry = True
