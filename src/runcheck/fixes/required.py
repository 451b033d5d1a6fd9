"""A file that a unit must have, and that can be made from the others."""

from runcheck.convention.layout import layout
from runcheck.convention.unit_paths import within_unit
from runcheck.findings import Finding
from runcheck.fixes.draft import Draft
from runcheck.fixes.edits import CannotFixError
from runcheck.fixes.fix import fixes
from runcheck.fixes.readme import readme
from runcheck.fixes.summary import summary


@fixes("required-file")
def required(draft: Draft, finding: Finding) -> None:
    """Make the file."""
    made_by = {layout().path("readme"): readme, layout().path("summary"): summary}
    make = made_by.get(within_unit(finding.path))
    if make is None:
        raise CannotFixError("cannot be made from the other files")
    make(draft, finding)
