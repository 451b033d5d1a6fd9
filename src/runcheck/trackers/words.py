"""What a mirror came to, in a line."""

from runcheck.trackers.sending import Sent


def line_of(tracker: str, sent: Sent) -> str:
    """Return in one line what was sent, what was there already, and what could not be carried as it is."""
    where = ", ".join(f"{name} {value}" for name, value in sent.about.items())
    there = f"{sent.there:,} {'row was' if sent.there == 1 else 'rows were'} there"
    if sent.is_all_there:
        return f"{tracker} ({where}): all is there, {sent.there:,} rows"
    parts = [f"{tracker} ({where}): {sent.sent:,} {'row' if sent.sent == 1 else 'rows'} sent"]
    if sent.there:
        parts.append(there)
    return "; ".join([*parts, *sent.notes])
