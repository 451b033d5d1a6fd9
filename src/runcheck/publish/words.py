"""What a transfer did, in words."""

from collections.abc import Iterator

from runcheck.publish.sealed import CHECKSUMS
from runcheck.publish.transfer import Transferred
from runcheck.report.words import count_in_words


def lines_of(transferred: Transferred) -> Iterator[str]:
    """Yield a line for each thing that was done."""
    there = count_in_words(transferred.there, "file")
    sent = f"{count_in_words(transferred.sent, 'file')} of {transferred.sent_bytes:,} bytes"
    if transferred.was_whole and not transferred.sent:
        yield f"nothing to send: it is there, and its {there} are those of {CHECKSUMS}"
    elif transferred.was_whole:
        yield f"sent {sent} anew that were damaged or gone; {there} were there"
    else:
        yield f"sent {sent}, read them back, and sealed it" + (f"; {there} were there" if transferred.there else "")
    yield from transferred.done
