"""What dead writers left: temporaries and heartbeats. What other programs left is not ours to remove."""

from runcheck.findings import Finding
from runcheck.fixes.draft import Draft
from runcheck.fixes.edits import TEMPORARY, CannotFixError
from runcheck.fixes.fix import fixes


@fixes("leftover")
def leftover(draft: Draft, finding: Finding) -> None:
    """Remove a temporary file."""
    if not finding.path.endswith(TEMPORARY):
        raise CannotFixError("was left by another program, or is a checkpoint; remove or rename it")
    draft.remove(finding.path)


@fixes("heartbeat-left")
def heartbeat(draft: Draft, finding: Finding) -> None:
    """Remove the heartbeat of a unit that nobody writes."""
    draft.remove(finding.path)
