"""``README.md``: what is missing of it, in the words of the documents of the unit; nobody's text is changed."""

from collections.abc import Sequence
from typing import cast

from runcheck.convention.documents import Metadata, Summary
from runcheck.convention.layout import layout
from runcheck.convention.markdown import fence_after
from runcheck.convention.unit_paths import unit_around
from runcheck.convention.validation import violations
from runcheck.findings import Finding
from runcheck.fixes.draft import README, Draft
from runcheck.fixes.edits import CannotFixError
from runcheck.fixes.fix import fixes
from runcheck.probes.text import TextProbe
from runcheck.writer.readme import readme_of_dataset, readme_of_run, section_of


@fixes("readme-sections")
def sections(draft: Draft, finding: Finding) -> None:
    """Add the sections that are missing, at the end."""
    unit = unit_around(finding.path) or ""
    text = draft.text(finding.path)
    missing = _missing(text)
    whole = _whole(draft, unit)
    added = [f"## {heading}\n\n{section_of(whole, heading)}\n" for heading in missing]
    draft.write(finding.path, "\n".join([_closed(text), *added]) if text.strip() else whole)


def readme(draft: Draft, finding: Finding) -> None:
    """Write a README where there is none."""
    unit = unit_around(finding.path) or ""
    draft.require_listed(finding.path)
    draft.write(f"{unit}/{README}", _whole(draft, unit))


def _missing(text: str) -> Sequence[str]:
    probe = TextProbe()
    probe.feed(text.encode())
    content = probe.content()
    if content.error or content.too_large:
        raise CannotFixError("is no text that can be added to")
    there = {section.heading.casefold().rstrip(":") for section in content.sections}
    return [heading for heading in layout().readme_sections if heading.casefold() not in there]


def _closed(text: str) -> str:
    """Return a text that ends with a line feed, and leaves no block of code open."""
    fence = ""
    for line in text.splitlines():
        fence = fence_after(line, fence)
    text = text if text.endswith("\n") else f"{text}\n"
    return f"{text}{fence}\n" if fence else text


def _whole(draft: Draft, unit: str) -> str:
    """Return the README that the writer would write; where nobody can tell, one that waits to be filled in."""
    try:
        metadata = draft.metadata(unit)
    except CannotFixError:
        todo = [f"## {heading}\n\n{layout().readme_placeholder}\n" for heading in layout().readme_sections]
        return "\n".join([f"# {unit.split('/', 1)[1]}\n", *todo])
    if metadata["kind"] == "dataset":
        return readme_of_dataset(metadata, "")
    return readme_of_run(metadata, _summary(draft, unit, metadata), (), "")


def _summary(draft: Draft, unit: str, metadata: Metadata) -> Summary | None:
    path = f"{unit}/{layout().path('summary')}"
    if metadata["status"] == "running" or draft.read(path) is None:
        return None
    document = draft.document(path)
    if next(iter(violations("summary", document)), None) is not None:
        raise CannotFixError(f"{layout().path('summary')} breaks its schema; mend that first")
    return cast("Summary", document)
