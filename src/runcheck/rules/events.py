"""RC4, the event files of TensorBoard: framing, and the same series as the metrics."""

from collections.abc import Iterator, Mapping

from runcheck.convention.documents import Status
from runcheck.probes.events import EventsContent
from runcheck.rules.rule import Problem, unit_rule


@unit_rule
def events_framing(events: Mapping[str, EventsContent], known_status: Status | None) -> Iterator[Problem]:
    """Records that no reader gets past. A running unit may be in the middle of its last record."""
    for path, content in events.items():
        broken = content.first_break
        if broken is None or (broken.kind == "torn" and known_status == "running"):
            continue
        more = f"; {content.bad_records:,} records of the file are bad" if content.bad_records > 1 else ""
        help_ = None
        if broken.kind == "torn" and broken.offset:
            help_ = f"Restore the file, or cut it to its whole records: `truncate -s {broken.offset}`."
        yield Problem(path, f"record {broken.record:,} at byte {broken.offset:,} {broken.message}{more}", help=help_)
