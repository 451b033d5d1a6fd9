"""Moments in UTC as the documents have them: ``YYYY-MM-DDTHH:MM:SS[.ffffff]Z`` (RFC 3339)."""

from datetime import UTC, datetime


def now() -> datetime:
    """Return the present moment in UTC."""
    return datetime.now(UTC)


def format_timestamp(moment: datetime) -> str:
    """Return ``moment`` as a document has it, with microseconds where it has any."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def parse_timestamp(text: str) -> datetime | None:
    """Return the moment that ``text`` names, or None where the calendar has no such moment."""
    try:
        return datetime.fromisoformat(text.removesuffix("Z")).replace(tzinfo=UTC)
    except ValueError:
        return None


def date_of(timestamp: str) -> str:
    """Return the UTC date of a timestamp as names have it, ``YYYYMMDD``."""
    return timestamp[:10].replace("-", "")
