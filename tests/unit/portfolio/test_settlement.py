"""A trade settles when the published schedules say, and the ladder accounts for every cent.

The schedules are NASD's Notices to Members 95-77, 99-83 and 97-93, with their Regulation T dates.
"""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifrost.adapters.calendars.baked import BakedSessions
from bifrost.core.money import exact_sum
from bifrost.portfolio.settlement import (
    CashMove,
    Cycle,
    NotCoveredError,
    Settling,
    cycle_on,
    is_bank_holiday,
    ladder,
    settles_on,
)

CYCLES = [
    Cycle(date(1995, 6, 7), 3, "T+3"),
    Cycle(date(2017, 9, 5), 2, "T+2"),
    Cycle(date(2024, 5, 28), 1, "T+1"),
]
CALENDAR = BakedSessions().calendar(date(1999, 1, 1), date(2027, 12, 31))
BY = Settling(CYCLES, CALENDAR)


def at(day: str, hour: int = 20) -> datetime:
    """An instant of the session, by its date."""
    return datetime.fromisoformat(f"{day}T{hour:02}:00:00+00:00")


@pytest.mark.parametrize(
    ("traded", "settles", "regulation_t"),
    [
        # Columbus Day of 1999: the exchanges trade, nothing settles (Notice 99-83).
        ("1999-10-05", "1999-10-08", "1999-10-12"),
        ("1999-10-06", "1999-10-12", "1999-10-13"),
        ("1999-10-07", "1999-10-13", "1999-10-14"),
        ("1999-10-08", "1999-10-14", "1999-10-15"),
        ("1999-10-11", "1999-10-14", "1999-10-18"),
        ("1999-10-12", "1999-10-15", "1999-10-19"),
        # The change to T+2: Friday the 1st settled with Tuesday the 5th (SEC 34-80295).
        ("2017-08-31", "2017-09-06", None),
        ("2017-09-01", "2017-09-07", None),
        ("2017-09-05", "2017-09-07", None),
        # The change to T+1: Friday the 24th settled with Tuesday the 28th (SEC 34-96930).
        ("2024-05-23", "2024-05-28", None),
        ("2024-05-24", "2024-05-29", None),
        ("2024-05-28", "2024-05-29", None),
        # Independence Day 2024, a Thursday; Veterans Day 2024, a Monday.
        ("2024-07-03", "2024-07-05", None),
        ("2024-11-08", "2024-11-12", None),
        ("2024-11-11", "2024-11-12", None),
    ],
)
def test_a_trade_settles_as_the_schedules_have_it(
    traded: str, settles: str, regulation_t: str | None
) -> None:
    trade_date = date.fromisoformat(traded)

    assert settles_on(CYCLES, CALENDAR, trade_date) == date.fromisoformat(settles)
    if regulation_t:
        payment = cycle_on(CYCLES, trade_date).days + 2
        assert CALENDAR.business_day(trade_date, payment) == date.fromisoformat(regulation_t)


def test_banks_close_on_a_sundays_veterans_day_on_the_monday_after() -> None:
    assert is_bank_holiday(date(2018, 11, 12))
    assert not is_bank_holiday(date(2024, 11, 12))
    assert is_bank_holiday(date(2025, 10, 13))
    assert not is_bank_holiday(date(2025, 10, 6))


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2024-06-03T20:00:00+00:00", "2024-06-03"),  # the close
        ("2024-06-03T23:59:00+00:00", "2024-06-03"),  # after hours
        ("2024-06-04T00:00:00+00:00", "2024-06-04"),  # 20:00 in New York: the night session
        ("2024-06-08T01:00:00+00:00", "2024-06-10"),  # Friday's night is Monday's
    ],
)
def test_a_night_sessions_trades_carry_the_next_trade_date(moment: str, expected: str) -> None:
    assert CALENDAR.trade_date(datetime.fromisoformat(moment)) == date.fromisoformat(expected)


def test_what_the_calendar_or_the_cycles_do_not_reach_is_an_error() -> None:
    with pytest.raises(NotCoveredError, match="do not reach"):
        settles_on(CYCLES, CALENDAR, date(2027, 12, 31))
    with pytest.raises(NotCoveredError, match="do not reach"):
        CALENDAR.trade_date(datetime(1998, 6, 1, tzinfo=UTC))
    with pytest.raises(NotCoveredError, match="no settlement cycle"):
        cycle_on(CYCLES, date(1995, 6, 6))


def test_the_ladder_names_each_day_on_which_something_settles() -> None:
    trades = [
        CashMove(at("2024-06-03"), "USD", Decimal(-500)),
        CashMove(at("2024-06-04"), "USD", Decimal(800)),
        CashMove(at("2024-06-04"), "USD", Decimal(-100)),
        CashMove(at("2024-06-04"), "EUR", Decimal(7)),
    ]

    made = ladder(Decimal(1200), "USD", trades, BY, date(2024, 6, 4))

    # The purchase of the 3rd settles on the 4th: it is paid.
    assert (made.settled, made.unsettled) == (Decimal(500), Decimal(700))
    (rung,) = made.rungs
    assert rung.settles_on == date(2024, 6, 5)
    assert rung.sales == 800
    assert rung.purchases == 100
    assert rung.settled == 1200


MOVES = st.lists(st.tuples(st.integers(0, 30), st.decimals(-(10**6), 10**6, places=4)), max_size=30)


@given(st.decimals(-(10**9), 10**9, places=2), MOVES, st.integers(0, 40))
def test_a_ladder_ends_at_all_of_the_cash(
    total: Decimal, moves: list[tuple[int, Decimal]], days: int
) -> None:
    sessions = CALENDAR.sessions[3000:3060]
    trades = [CashMove(at(str(sessions[n])), "USD", amount) for n, amount in moves]

    made = ladder(total, "USD", trades, BY, sessions[days])

    assert made.settled + exact_sum(r.sales - r.purchases for r in made.rungs) == total
    assert not made.rungs or made.rungs[-1].settled == total
    assert all(rung.settles_on > sessions[days] for rung in made.rungs)
