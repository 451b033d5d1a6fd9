"""``.gitattributes`` of the tree: what of it goes through Git LFS."""

from runcheck.convention.git_lines import lfs_lines, placed
from runcheck.convention.layout import layout
from runcheck.convention.unit_paths import unit_around, within_unit
from runcheck.findings import Finding
from runcheck.fixes.draft import Draft
from runcheck.fixes.edits import ATTRIBUTES, CannotFixError
from runcheck.fixes.fix import fixes


@fixes("lfs-attributes")
def attributes(draft: Draft, finding: Finding) -> None:
    """Add the patterns of the role that the file has. What Git holds already is changed by the next ``git add``."""
    unit = unit_around(finding.path)
    folder = finding.path.partition("/")[0]
    kind = layout().kind_of_folder(folder)
    role = layout().role_of(within_unit(finding.path), kind.name) if unit and kind else None
    if role is None or kind is None:
        raise CannotFixError("has no role that goes through Git LFS")
    draft.write(ATTRIBUTES, placed(draft.text(ATTRIBUTES), lfs_lines((role.name,), {kind.name: folder})))
