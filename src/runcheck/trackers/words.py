"""What a mirror came to, in a line."""

from runcheck.report.words import count_in_words
from runcheck.trackers.sending import Sent


def line_of(tracker: str, sent: Sent) -> str:
    """Return in one line what was sent, what was there already, and what could not be carried as it is."""
    where = ", ".join(f"{name} {value}" for name, value in sent.about.items())
    there = count_in_words(sent.there, "row")
    if sent.is_all_there:
        return f"{tracker} ({where}): all is there, {there}"
    parts = [f"{tracker} ({where}): {count_in_words(sent.sent, 'row')} sent"]
    if sent.there:
        parts.append(f"{there} {'was' if sent.there == 1 else 'were'} there")
    return "; ".join([*parts, *sent.notes])
