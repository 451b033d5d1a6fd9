"""``latest``: the newest completed version, by a link; where there was a text file, by a text file."""

from runcheck.convention.layout import layout
from runcheck.convention.versions import in_order
from runcheck.findings import Finding
from runcheck.fixes.draft import Draft
from runcheck.fixes.edits import CannotFixError, place
from runcheck.fixes.fix import fixes
from runcheck.tree.walk import entry_at, folders_in

_MAX_TEXT = 300  # bytes of a file that may have been meant for the name of a version


@fixes("latest-form", "latest-dangling", "latest-stale", "latest-missing")
def latest(draft: Draft, finding: Finding) -> None:
    """Let ``latest`` name the newest completed version."""
    slug = finding.path.rpartition("/")[0]
    version = _newest_completed(draft, slug)
    there = entry_at(draft.root, finding.path)
    if there is None or not there.is_file:
        draft.link(finding.path, version)
    elif there.size > _MAX_TEXT:
        raise CannotFixError(f"is a file of {there.size:,} bytes; look at what it holds")
    else:
        draft.write(finding.path, f"{version}\n")


def _newest_completed(draft: Draft, slug: str) -> str:
    versions = [name for name in folders_in(place(draft.root, slug)) if name != layout().latest]
    ordered = in_order(versions)
    if ordered is None:
        raise CannotFixError("the versions beside it are not of one scheme, so none is the newest")
    for version in reversed(ordered):
        status = draft.status(f"{slug}/{version}")
        if status is None:
            raise CannotFixError(f"the status of {version} cannot be read; mend its metadata first")
        if status == "completed":
            return version
    raise CannotFixError("no version beside it is completed")
