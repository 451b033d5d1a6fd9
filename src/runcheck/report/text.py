"""A report for people: a paragraph a unit, three lines a finding, and a line that says what was done."""

from collections.abc import Iterable, Iterator
from typing import Literal, TypeAlias

from runcheck.findings import Finding, Report, Unverified
from runcheck.report.escape import printable
from runcheck.report.setting import Setting, place
from runcheck.report.waived import notes, waived_lines
from runcheck.report.words import count_in_words, size_in_words

_SHOWN = 3  # of the paths that could not be verified

Style: TypeAlias = Literal["error", "warning", "perhaps", "strong", "faint", "good"]
# ECMA-48, 8.3.117, "Select graphic rendition".
_STYLES: dict[Style, str] = {
    "error": "1;31",
    "warning": "1;33",
    "perhaps": "1;36",
    "strong": "1",
    "faint": "2",
    "good": "1;32",
}


def render(reports: Iterable[Report], setting: Setting) -> Iterator[str]:
    """Yield each report as text."""
    for report in reports:
        parts = [_group(report, unit, findings, setting) for unit, findings in _by_unit(report).items()]
        parts += [f"{line}\n" for line in unverified_lines(report, setting)]
        if setting.is_telling_of_waived and (told := [*waived_lines(report)]):
            parts.append("".join(f"{line}\n" for line in told))
        if not setting.is_quiet:
            parts.append(closing(report, setting))
        yield "".join(f"{part}\n" for part in parts)


def _by_unit(report: Report) -> dict[str, list[tuple[Finding, bool]]]:
    """Return the findings by the unit that they are about, or by the root, each with whether it can be mended."""
    groups: dict[str, list[tuple[Finding, bool]]] = {}
    for finding, fix in zip(report.findings, report.fixes(), strict=True):
        groups.setdefault(finding.concerns or ".", []).append((finding, fix == "safe"))
    return groups


def _group(report: Report, unit: str, findings: Iterable[tuple[Finding, bool]], setting: Setting) -> str:
    head = painted(printable(setting.here(report, unit)), "strong", setting)
    return "\n".join((head, *(_finding(report, unit, *each, setting) for each in findings), ""))


def _finding(report: Report, unit: str, finding: Finding, is_fixable: bool, setting: Setting) -> str:  # noqa: FBT001
    where = printable(f"{_within(report, unit, finding.path, setting)}{place(finding)}")
    level: Style = finding.level.value if finding.is_certain else "perhaps"
    what = f"{painted(f'{level} {finding.code}', level, setting)} {finding.clause.name}"
    what += " [*]" if is_fixable else ""
    help_ = painted(f"help: {printable(finding.help)}", "faint", setting)
    return f"  {where}: {what}\n      {printable(finding.message)}\n      {help_}"


def _within(report: Report, unit: str, path: str, setting: Setting) -> str:
    """Return a path as it is in its group: within the unit, or from here where it is not in it."""
    if unit == ".":
        return path
    if not f"{path}/".startswith(f"{unit}/"):
        return setting.here(report, path)
    return path.removeprefix(unit).removeprefix("/") or "."


def unverified_lines(report: Report, setting: Setting) -> list[str]:
    """Return a line a reason why something could not be verified; none where that is neither asked for nor counts."""
    if setting.is_quiet and not setting.is_strict:
        return []
    return [unverified_line(each) for each in report.unverified]


def unverified_line(unverified: Unverified) -> str:
    """Return a reason why something could not be verified, with some of what it is."""
    shown = ", ".join(map(printable, unverified.paths[:_SHOWN]))
    rest = len(unverified.paths) - _SHOWN
    return f"not verified: {printable(unverified.reason)} ({shown}{f' and {rest} more' if rest > 0 else ''})"


def closing(report: Report, setting: Setting) -> str:
    """Return the line that says what was found and what was done."""
    recalled = f" ({report.recalled:,} unchanged since the last check)" if report.recalled else ""
    counts = f"{count_in_words(report.units, 'unit')}{recalled}, {count_in_words(report.files, 'file')}"
    vouched = f", {size_in_words(report.vouched_bytes)} by checksums of the store" if report.vouched_bytes else ""
    scope = f"{counts}, {size_in_words(report.hashed_bytes)} hashed{vouched}, {report.seconds:.2f} s"
    if report.selected:
        scope += f"; judged by {', '.join(report.selected)} alone"
    left_out = notes(report)
    scope = "; ".join((scope, *left_out))
    if not report.findings:
        return f"{painted('Clean' if report.selected or left_out else 'All clean', 'good', setting)}: {scope}."
    found = f"Found {count_in_words(report.errors, 'error')} and {count_in_words(report.warnings, 'warning')}"
    fixable = sum(fix == "safe" for fix in report.fixes())
    fixes = f" [*] {fixable:,} fixable with `runcheck check --fix`." if fixable else ""
    return f"{painted(found, 'error' if report.errors else 'warning', setting)}: {scope}.{fixes}"


def painted(text: str, style: Style, setting: Setting) -> str:
    """Return a text in a style where colours are wanted."""
    return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if setting.is_coloured else text
