"""Roll-ups: buckets hang from the session's open and end at its close; each has the open of its
first bar, the extremes, the close of its last and all volume, and is complete when its time is up.
In which order and parts bars came, `test_rolling` asks.
"""

from datetime import UTC, date, datetime

import numpy as np
import pytest

from bifrost.adapters.calendars import xnys
from bifrost.data.series.columns import BarColumns, instant_of, micros
from bifrost.data.series.rollup import roll_up
from bifrost.data.series.timeframes import Timeframe
from bifrost.data.series.trading_hours import TradingHours

MINUTE = 60_000_000
# The day before Independence Day 2012 closes at 13:00, the day after it is an ordinary one.
SESSIONS = list(xnys.sessions(date(2012, 7, 2), date(2012, 7, 5)))
GRID = TradingHours.regular(SESSIONS)
LONGER = (Timeframe.M5, Timeframe.M15, Timeframe.M30, Timeframe.H1, Timeframe.D1)


def minutes(*starts: int) -> BarColumns:
    """Bars of a minute, each with numbers that only its start gives."""
    at = np.array(starts, dtype=np.int64)
    low = 1_000_000 + at // MINUTE % 997
    return BarColumns(at, low + 3, low + 9, low, low + 5, np.full(len(at), 7_000_000))


def whole(session: int) -> BarColumns:
    """Every minute of a session."""
    opens, closes = micros(SESSIONS[session].opens_at), micros(SESSIONS[session].closes_at)
    return minutes(*range(opens, closes, MINUTE))


def utc(day: int, hour: int, minute: int) -> int:
    return micros(datetime(2012, 7, day, hour, minute, tzinfo=UTC))


def test_a_bucket_begins_at_the_open_and_not_at_the_full_hour() -> None:
    made = roll_up(whole(0), Timeframe.H1, GRID).bars

    assert [instant_of(at).strftime("%H:%M") for at in made.starts_at] == [
        "13:30", "14:30", "15:30", "16:30", "17:30", "18:30", "19:30",
    ]  # fmt: skip


def test_a_bar_has_the_first_open_the_extremes_the_last_close_and_all_volume() -> None:
    bars = BarColumns(
        np.array([utc(2, 13, 30), utc(2, 13, 31), utc(2, 13, 44)]),
        np.array([10, 12, 11]),
        np.array([13, 15, 12]),
        np.array([9, 11, 8]),
        np.array([12, 11, 10]),
        np.array([100, 50, 7]),
    )

    made = roll_up(bars, Timeframe.M15, GRID).bars

    assert [column.tolist() for column in made.columns()] == [
        [utc(2, 13, 30)], [10], [15], [8], [10], [157],
    ]  # fmt: skip


def test_an_early_close_cuts_the_last_hour_short() -> None:
    made = roll_up(whole(1), Timeframe.H1, GRID)

    assert instant_of(made.bars.starts_at[-1]) == datetime(2012, 7, 3, 16, 30, tzinfo=UTC)
    assert instant_of(made.ends_at[-1]) == SESSIONS[1].closes_at
    assert made.bars.volume[-1] == 30 * 7_000_000


def test_a_daily_bar_is_its_session_from_the_open() -> None:
    made = roll_up(BarColumns.concatenated([whole(0), whole(1)]), Timeframe.D1, GRID).bars

    assert [instant_of(at) for at in made.starts_at] == [one.opens_at for one in SESSIONS[:2]]
    assert made.volume.tolist() == [390 * 7_000_000, 210 * 7_000_000]


def test_what_trades_outside_the_session_is_kept_apart() -> None:
    early, first, late = utc(2, 12, 0), utc(2, 13, 30), utc(2, 20, 0)

    made = roll_up(minutes(early, first, late), Timeframe.H1, GRID)

    assert made.bars.starts_at.tolist() == [first]
    assert made.outside.starts_at.tolist() == [early, late]


def test_extended_hours_have_buckets_that_cross_neither_open_nor_close() -> None:
    grid = TradingHours.extended(SESSIONS)
    bars = minutes(utc(2, 13, 29), utc(2, 13, 30), utc(2, 19, 59), utc(2, 20, 0))

    made = roll_up(bars, Timeframe.H1, grid)

    assert len(made.outside) == 0
    assert [instant_of(at).strftime("%H:%M") for at in made.bars.starts_at] == [
        "13:00", "13:30", "19:30", "20:00",
    ]  # fmt: skip
    assert instant_of(made.ends_at[0]).strftime("%H:%M") == "13:30"


def test_a_bucket_is_complete_when_its_time_has_passed_and_not_before() -> None:
    made = roll_up(minutes(utc(2, 13, 30), utc(2, 13, 44)), Timeframe.M15, GRID)

    assert made.complete(utc(2, 13, 45) - 1).tolist() == [False]
    assert made.complete(utc(2, 13, 45)).tolist() == [True]
    assert len(made.closed(utc(2, 13, 45) - 1)) == 0


def test_hours_of_five_minutes_are_hours_of_minutes() -> None:
    bars = BarColumns.concatenated([whole(0), whole(1)])
    fives = roll_up(bars, Timeframe.M5, GRID).bars

    assert roll_up(fives, Timeframe.H1, GRID).bars.equals(roll_up(bars, Timeframe.H1, GRID).bars)


def test_bars_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match="begin after"):
        roll_up(minutes(utc(2, 13, 31), utc(2, 13, 30)), Timeframe.M5, GRID)


def test_nothing_makes_nothing() -> None:
    assert len(roll_up(BarColumns.empty(), Timeframe.M5, GRID).bars) == 0
    assert len(roll_up(whole(0), Timeframe.M5, TradingHours.regular([])).bars) == 0
