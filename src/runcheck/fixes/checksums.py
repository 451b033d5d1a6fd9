"""``SHA256SUMS``: the form of its lines and their order. No digest is ever changed here."""

import re

from runcheck.convention.checksums import CHECKSUM_LINE
from runcheck.findings import Finding
from runcheck.fixes.draft import Draft
from runcheck.fixes.edits import CannotFixError
from runcheck.fixes.fix import fixes

_UPPER = re.compile(r"[0-9A-Fa-f]{64}(?= [ *])")


@fixes("checksum-syntax", "checksum-order")
def lines(draft: Draft, finding: Finding) -> None:
    """Write each line in its form, sorted by the bytes of the paths, and each once."""
    kept: dict[str, str] = {}
    for number, raw in enumerate(draft.text(finding.path).removesuffix("\n").split("\n"), start=1):
        line = _UPPER.sub(lambda digits: digits[0].lower(), raw.removesuffix("\r"), count=1)
        match = CHECKSUM_LINE.fullmatch(line)
        if match is None:
            raise CannotFixError(f"line {number} is no line of a checksum list, and nobody knows what it was")
        same = kept.setdefault(match["path"], line)
        if same[:64] != line[:64]:
            raise CannotFixError(f"lists {match['path']} with two digests, of which one is wrong")
    draft.write(finding.path, "".join(f"{kept[path]}\n" for path in sorted(kept, key=str.encode)))


@fixes("unlisted-file")
def unlisted(draft: Draft, finding: Finding) -> None:
    """Add a file to the list of a run: the guess is that it belongs there."""
    draft.list_file(finding.path)
