"""Lean's zips: exact to the deci-cent, in New York's time, each unbelievable row at its place; and
single trades make the minutes that their vendor made of them, in all five fields."""

from datetime import UTC, date, datetime
from io import BytesIO
from zipfile import ZipFile

import numpy as np
import pytest

from bifrost.adapters.calendars import xnys
from bifrost.core.errors import InvalidInputError
from bifrost.data.providers.lean_ticks import quotes, trades
from bifrost.data.providers.lean_zip import (
    LeanKind,
    daily_bars,
    minute_bars,
    open_zip,
)
from bifrost.data.series import trades as single_trades
from bifrost.data.series.columns import exactly, instant_of, micros
from tests.shared_data import shared_data

SESSIONS = list(xnys.sessions(date(2013, 10, 7), date(2013, 10, 9)))


def zipped(name: str, *lines: str) -> bytes:
    held = BytesIO()
    with ZipFile(held, "w") as archive:
        archive.writestr(name, "\n".join(lines) + "\n")
    return held.getvalue()


def minute(*lines: str) -> bytes:
    return zipped("20131008_ibm_minute_trade.csv", *lines)


def test_a_price_is_exact_to_the_deci_cent() -> None:
    read = minute_bars(open_zip(minute("34200000,1818901,1819000,1816300,1817000,7978")))

    assert str(exactly(int(read.bars.open[0]))) == "181.8901"
    assert str(exactly(int(read.bars.volume[0]))) == "7978"


def test_milliseconds_count_from_new_yorks_midnight_in_summer_and_winter() -> None:
    summer = minute_bars(open_zip(minute("34200000,1,1,1,1,1"))).bars
    winter = zipped("20131202_ibm_minute_trade.csv", "34200000,1,1,1,1,1")

    assert instant_of(summer.starts_at[0]) == datetime(2013, 10, 8, 13, 30, tzinfo=UTC)
    opened = minute_bars(open_zip(winter)).bars.starts_at[0]
    assert instant_of(opened) == datetime(2013, 12, 2, 14, 30, tzinfo=UTC)


def test_a_daily_bar_begins_at_its_sessions_open() -> None:
    content = zipped("ibm.csv", "20131008 00:00,1818900,1818900,1790000,1790000,5000")

    read = daily_bars(open_zip(content), SESSIONS)

    assert read.bars.starts_at.tolist() == [micros(SESSIONS[1].opens_at)]


def test_a_day_that_is_no_session_is_rejected_and_named() -> None:
    content = zipped("ibm.csv", "20131006 00:00,1,1,1,1,1", "20131007 00:00,1,1,1,1,1")

    read = daily_bars(open_zip(content), SESSIONS)

    assert len(read.bars) == 1
    assert [(one.line, one.reason) for one in read.rejected] == [
        (1, "20131006 is not a session of the calendar")
    ]


def test_a_row_that_cannot_be_read_names_line_and_column() -> None:
    read = minute_bars(open_zip(minute("34200000,1,1,1,1,1", "34260000,1,x,1,1,1", "3426,1")))

    assert read.rows_read == 3
    assert [(one.line, one.reason) for one in read.rejected] == [
        (2, "column 3, high: 'x' is not a whole number"),
        (3, "it has 2 fields, not 6"),
    ]


def test_two_rows_of_one_minute_that_differ_are_both_rejected() -> None:
    read = minute_bars(open_zip(minute("34200000,1,1,1,1,1", "34200000,2,2,2,2,1")))

    assert len(read.bars) == 0
    assert [one.line for one in read.rejected] == [1, 2]


@pytest.mark.parametrize(
    "content",
    [b"no zip", zipped("20131008_ibm_hourly.csv", "1"), zipped("20131399_ibm_minute_trade.csv")],
)
def test_what_lean_does_not_write_is_refused_with_its_reason(content: bytes) -> None:
    with pytest.raises(InvalidInputError, match="zip"):
        open_zip(content)


def test_trades_of_ibm_make_the_vendors_minutes_in_all_five_fields() -> None:
    ticks = open_zip(
        shared_data("tick_trades_quotes/lean_tick_ibm/20131008_trade.zip").read_bytes()
    )
    folder = "minute_bars/lean_us_equity/ibm/"
    wanted = minute_bars(open_zip(shared_data(folder + "20131008_trade.zip").read_bytes())).bars

    told, reading = trades(ticks)
    made = single_trades.minute_bars(told, micros(SESSIONS[1].closes_at))

    assert (len(told), reading.rejected, len(wanted)) == (33381, [], 424)
    assert made.equals(wanted)


def test_sweeps_and_exempt_trades_count_as_volume_and_set_no_price() -> None:
    told, reading = trades(
        open_zip(
            zipped(
                "20131008_ibm_Trade_Tick.csv",
                "34200000,1000000,100,N,1,0",
                "34210000,1100000,50,D,20000020,0",
                "34220000,1200000,10,D,1,1",
                "34230000,1300000,10,D,20000001,0",
            )
        )
    )

    made = single_trades.minute_bars(told, None)

    assert [exactly(int(one)) for one in (made.high[0], made.volume[0])] == [130, 160]
    assert [(one.line, one.reason) for one in reading.rejected] == [
        (3, "the vendor itself marks it as suspicious")
    ]
    assert told.venue.tolist() == [b"XNYS", b"FINR", b"FINR"]


def test_the_closing_auction_belongs_to_the_minute_before_the_close() -> None:
    told, _ = trades(
        open_zip(
            zipped(
                "20131008_ibm_Trade_Tick.csv",
                "57540000,1000000,100,N,1,0",
                "57647795,1010000,5000,N,80,0",
            )
        )
    )

    made = single_trades.minute_bars(told, micros(SESSIONS[1].closes_at))

    assert [instant_of(at) for at in made.starts_at] == [datetime(2013, 10, 8, 19, 59, tzinfo=UTC)]
    assert exactly(int(made.close[0])) == 101


def test_quotes_of_ibm_are_read_as_ticks_and_at_the_end_of_each_minute() -> None:
    path = "tick_trades_quotes/lean_tick_ibm/20131008_quote.zip"
    ticks = open_zip(shared_data(path).read_bytes())
    bars = open_zip(shared_data("minute_bars/lean_us_equity/ibm/20131008_quote.zip").read_bytes())

    read, refused = quotes(ticks)
    ends, of_bars = quotes(bars)

    assert (ticks.kind, bars.kind) == (LeanKind.TICK_QUOTE, LeanKind.MINUTE_QUOTE)
    assert (len(read), refused.rejected, of_bars.rejected) == (125750, [], [])
    assert instant_of(ends.occurred_at[0]) == datetime(2013, 10, 8, 8, 1, tzinfo=UTC)
    # The bid that stands at a minute's end is the last that a tick before it told.
    told = read.occurred_at[read.bid > 0]
    last = np.searchsorted(told, ends.occurred_at[50]) - 1
    assert read.bid[read.bid > 0][last] == ends.bid[50]
