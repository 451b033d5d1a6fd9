"""Moments in UTC."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runcheck.convention.names import is_name
from runcheck.convention.timestamps import date_of, format_timestamp, now, parse_timestamp

EARLIEST, LATEST = datetime(1000, 1, 2), datetime(9999, 12, 30)  # noqa: DTZ001 - Hypothesis adds the zone
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(min_value=EARLIEST, max_value=LATEST, timezones=ZONES)


@settings(max_examples=200, deadline=None)
@given(MOMENTS)
def test_a_moment_survives_being_written(moment: datetime) -> None:
    text = format_timestamp(moment)
    assert is_name("timestamp", text)
    assert parse_timestamp(text) == moment
    assert date_of(text) == moment.astimezone(UTC).strftime("%Y%m%d")


def test_a_moment_is_written_in_utc_with_a_fraction_only_where_it_has_one() -> None:
    moment = datetime(2026, 5, 27, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    assert format_timestamp(moment) == "2026-05-26T23:30:00Z"
    assert format_timestamp(moment.replace(microsecond=5)) == "2026-05-26T23:30:00.000005Z"


def test_now_knows_its_zone() -> None:
    assert now().utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-01-32T00:00:00Z",
        "2026-01-01T25:00:00Z",
        "2026-01-01T00:60:00Z",
        "2026-01-01T00:00:61Z",
        "0000-01-01T00:00:00Z",
        "",
        "yesterday",
    ],
)
def test_what_the_calendar_does_not_have_is_no_moment(text: str) -> None:
    assert parse_timestamp(text) is None


def test_a_leap_day_and_short_fractions_are_moments() -> None:
    assert parse_timestamp("2028-02-29T00:00:00Z") == datetime(2028, 2, 29, tzinfo=UTC)
    assert parse_timestamp("2026-01-01T00:00:00.5Z") == datetime(2026, 1, 1, microsecond=500_000, tzinfo=UTC)
