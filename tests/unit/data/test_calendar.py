"""The baked calendar is the exchange's: every session of its range opens and closes when it did."""

import socket
from datetime import UTC, date, datetime, timedelta
from typing import Never

import exchange_calendars
import pandas_market_calendars  # type: ignore[import-untyped] # ships no types
import pytest

from bifrost.adapters.calendars import xnys
from bifrost.adapters.calendars.baked import session_of
from bifrost.core.sessions import Session


def only(day: date) -> list[Session]:
    """Return the sessions of one day: one, or none."""
    return list(xnys.sessions(day, day))


# The oracle's own use of a pandas idiom that pandas 3 deprecates.
@pytest.mark.filterwarnings("ignore:Series.values returning")
def test_every_session_from_1990_to_2028_opens_and_closes_as_exchange_calendars_says() -> None:
    oracle = exchange_calendars.get_calendar(
        "XNYS", start=xnys.FIRST.isoformat(), end=xnys.LAST.isoformat()
    ).schedule
    expected = [
        (day.date(), row["open"].to_pydatetime(), row["close"].to_pydatetime())
        for day, row in oracle.iterrows()
    ]

    baked = [(one.session, one.opens_at, one.closes_at) for one in xnys.sessions()]

    assert len(baked) > 9800
    assert baked == expected


def test_39_years_of_sessions_equal_pandas_market_calendars_without_a_network(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unplugged(*_: object, **__: object) -> Never:
        raise AssertionError("a calendar asked the network")

    monkeypatch.setattr(socket, "socket", unplugged)
    schedule = pandas_market_calendars.get_calendar("XNYS").schedule(
        xnys.FIRST.isoformat(), xnys.LAST.isoformat()
    )
    expected = [
        (day.date(), row["market_open"].to_pydatetime(), row["market_close"].to_pydatetime())
        for day, row in schedule.iterrows()
    ]

    baked = [(one.session, one.opens_at, one.closes_at) for one in xnys.sessions()]

    early = [one for one in baked if one[2] - one[1] < timedelta(hours=6, minutes=30)]
    assert (baked[0][0], baked[-1][0]) == (date(1990, 1, 2), date(2028, 12, 29))
    assert len(early) == 82
    assert baked == expected


def test_hours_follow_new_york_through_daylight_saving() -> None:
    (winter,) = only(date(2012, 3, 9))
    (summer,) = only(date(2012, 3, 12))

    assert winter.opens_at == datetime(2012, 3, 9, 14, 30, tzinfo=UTC)
    assert summer.opens_at == datetime(2012, 3, 12, 13, 30, tzinfo=UTC)
    assert summer.closes_at == datetime(2012, 3, 12, 20, 0, tzinfo=UTC)


def test_day_after_thanksgiving_closes_at_one_o_clock() -> None:
    (short,) = only(date(2012, 11, 23))

    assert short.closes_at - short.opens_at == timedelta(hours=3, minutes=30)


@pytest.mark.parametrize(
    "day",
    [
        date(1994, 4, 27),  # mourning of Nixon
        *(date(2001, 9, day) for day in (11, 12, 13, 14)),  # attacks
        date(2004, 6, 11),  # mourning of Reagan
        date(2007, 1, 2),  # mourning of Ford
        *(date(2012, 10, day) for day in (29, 30)),  # Hurricane Sandy
        date(2018, 12, 5),  # mourning of Bush
        date(2022, 6, 20),  # Juneteenth, observed
        date(2025, 1, 9),  # mourning of Carter
        date(2028, 4, 14),  # Good Friday, as announced
        date(2012, 1, 7),  # a Saturday
    ],
)
def test_closed_day_has_no_session(day: date) -> None:
    assert only(day) == []


def test_good_friday_of_every_year_has_no_session() -> None:
    for year in range(xnys.FIRST.year, xnys.LAST.year + 1):
        assert only(easter(year) - timedelta(days=2)) == []


@pytest.mark.parametrize(
    ("first", "last"),
    [(xnys.FIRST - timedelta(days=1), xnys.FIRST), (xnys.LAST, xnys.LAST + timedelta(days=1))],
)
def test_one_day_beyond_what_is_baked_is_refused(first: date, last: date) -> None:
    with pytest.raises(ValueError, match="is baked from 1990-01-01 to 2028-12-31"):
        list(xnys.sessions(first, last))


def easter(year: int) -> date:
    """Easter Sunday (Meeus 1991, p. 67)."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    m = (a + 11 * h) // 319
    r = (2 * e + 2 * i - k - h + m + 32) % 7
    month = (h - m + r + 90) // 25
    return date(year, month, (h - m + r + month + 19) % 32)


@pytest.mark.parametrize(
    ("at", "session"),
    [
        (datetime(2024, 1, 5, 0, 30, tzinfo=UTC), date(2024, 1, 4)),  # Thursday, 19:30
        (datetime(2024, 1, 5, 1, 0, tzinfo=UTC), date(2024, 1, 5)),  # Thursday, 20:00
        (datetime(2024, 1, 6, 1, 30, tzinfo=UTC), date(2024, 1, 8)),  # Friday, 20:30
        (datetime(2024, 1, 6, 15, 0, tzinfo=UTC), date(2024, 1, 8)),  # Saturday
        (datetime(2024, 7, 4, 15, 0, tzinfo=UTC), date(2024, 7, 5)),  # Independence Day
        (datetime(2001, 9, 11, 15, 0, tzinfo=UTC), date(2001, 9, 17)),  # closed until Monday
        (datetime(1989, 12, 30, 15, 0, tzinfo=UTC), date(1989, 12, 30)),  # before what is baked
        (datetime(2030, 1, 6, 15, 0, tzinfo=UTC), date(2030, 1, 6)),  # after it
    ],
)
def test_what_trades_after_twenty_in_new_york_is_of_the_next_session(
    at: datetime, session: date
) -> None:
    assert session_of(at) == session
