"""What does not count in a report, and why: said shortly behind its last line, and at length where somebody asks."""

from collections.abc import Iterable, Iterator

from runcheck.findings import Report
from runcheck.report.escape import printable
from runcheck.report.words import count_in_words

_FIT = ("fits", "fit")


def notes(report: Report) -> list[str]:
    """Return in a few words each by what else a tree was judged, and what is not shown: nothing is silent."""
    waived = report.waived
    said = [
        (bool(report.convention), f"by the convention {printable(report.convention or '')}"),
        (len(report.ignored), f"without {', '.join(report.ignored)}"),
        (len(waived.excepted), f"{count_in_words(len(waived.excepted), 'finding')} excepted"),
        (waived.by_path, f"{count_in_words(waived.by_path, 'finding')} ignored by path"),
        (waived.known, f"{count_in_words(waived.known, 'finding')} in the baseline"),
        (len(waived.gone), f"{len(waived.gone):,} of the baseline not found any more"),
        (len(waived.idle), f"per-path-ignores {_quoted(waived.idle)} {_FIT[len(waived.idle) > 1]} no path"),
    ]
    return [words for count, words in said if count]


def waived_lines(report: Report) -> Iterator[str]:
    """Yield each exception that kept a finding from counting, with its reason, and what the baseline has in excess."""
    for finding, exception in report.waived.excepted:
        until = f" until {exception['until']}" if "until" in exception else ""
        yield f"excepted: {printable(finding.path)}: {finding.code} {finding.clause.name}: {printable(finding.message)}"
        yield f"    since {exception['date']}{until}: {printable(exception['reason'])}"
    for gone in report.waived.gone:
        yield f"not found any more: {printable(gone)}"


def _quoted(patterns: Iterable[str]) -> str:
    return ", ".join(f'"{printable(each)}"' for each in patterns)
