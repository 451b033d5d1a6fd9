"""A report for people: one finding a paragraph, and a line that says what was done."""

from runcheck.findings import Finding, Report
from runcheck.report.escape import printable
from runcheck.report.waived import notes

_KIB = 1024


def render_text(report: Report) -> str:
    """Return the report as text."""
    parts = [_finding(finding) for finding in report.findings]
    parts += [_unverified(each.reason, each.paths) for each in report.unverified]
    parts.append(_closing(report))
    return "\n".join(parts) + "\n"


def _finding(finding: Finding) -> str:
    place = printable(finding.path)
    if finding.line is not None:
        place += f":{finding.line}"
    elif finding.pointer:
        place += f":{printable(finding.pointer)}"
    level = finding.level.value if finding.is_certain else "perhaps"
    head = f"{place}: {level} {finding.code} {finding.clause.name}"
    return f"{head}\n    {printable(finding.message)}\n    help: {printable(finding.help)}\n"


def _unverified(reason: str, paths: tuple[str, ...]) -> str:
    shown = ", ".join(map(printable, paths[:3]))
    more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""  # noqa: PLR2004
    return f"not verified: {printable(reason)} ({shown}{more})\n"


def _closing(report: Report) -> str:
    recalled = f" ({report.recalled:,} unchanged since the last check)" if report.recalled else ""
    counts = f"{_count(report.units, 'unit')}{recalled}, {_count(report.files, 'file')}"
    vouched = f", {size_in_words(report.vouched_bytes)} by checksums of the store" if report.vouched_bytes else ""
    scope = f"{counts}, {size_in_words(report.hashed_bytes)} hashed{vouched}, {report.seconds:.2f} s"
    if report.selected:
        scope += f"; judged by {', '.join(report.selected)} alone"
    left_out = notes(report)
    scope = "; ".join((scope, *left_out))
    if not report.findings:
        return f"{'Clean' if report.selected or left_out else 'All clean'}: {scope}."
    return f"Found {_count(report.errors, 'error')} and {_count(report.warnings, 'warning')}: {scope}."


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def size_in_words(size: float) -> str:
    """Return a number of bytes in the unit that suits it."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < _KIB:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= _KIB
    return f"{size:.1f} TiB"
