"""What tells a finding from all others, and is the same again in the next report."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator

from runcheck.findings import Finding, Report
from runcheck.report.setting import Setting


def fingerprinted(reports: Iterable[Report], setting: Setting) -> Iterator[tuple[Report, Finding, str]]:
    """Yield each finding with its fingerprint.

    That is made of the clause, the path in the repository and the pointer. Lines and messages have no part in it: they
    change with what stands around them. What is alike in all three is numbered, so that none is taken for another.
    """
    seen: Counter[tuple[str, ...]] = Counter()
    for report in reports:
        for finding in report.findings:
            same = (finding.code, setting.in_repository(report, finding.path), finding.pointer or "")
            seen[same] += 1
            text = "\0".join((*same, str(seen[same])))
            yield report, finding, hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
