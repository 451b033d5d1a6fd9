"""The registry: derived, so it is built again, by the code that builds it anyway."""

from runcheck.convention.fixable import paths_of_a_row
from runcheck.convention.layout import layout
from runcheck.convention.units import classify, is_above_units
from runcheck.findings import Finding
from runcheck.fixes.draft import Draft
from runcheck.fixes.edits import CannotFixError
from runcheck.fixes.fix import fixes
from runcheck.tree.store import LocalStore
from runcheck.tree.walk import entry_at


@fixes("registry-readable", "registry-row-missing", "registry-row-extra", "registry-row-stale", "registry-missing")
def registry(draft: Draft, _finding: Finding) -> None:
    """Build the registry again, once all else is done, unless a damage would go into it."""
    if draft.needs_registry:
        return
    there = entry_at(draft.root, layout().registry)
    if there is not None and there.is_folder:
        raise CannotFixError("is a folder; look at what it holds")
    draft.registry_refusal = draft.registry_refusal or _damage(draft)
    if draft.registry_refusal:
        raise CannotFixError(draft.registry_refusal)
    draft.needs_registry = True


def _damage(draft: Draft) -> str | None:
    """Return why a document that a row is made from is not to be believed: it is not the one that was sealed."""
    for unit in classify(LocalStore(draft.root).walk("", is_above_units)).units:
        for path in paths_of_a_row():
            try:
                draft.require_listed(f"{unit.path}/{path}")
            except CannotFixError as error:
                return f"{unit.path}/{path} would go into it, and {error}"
    return None
