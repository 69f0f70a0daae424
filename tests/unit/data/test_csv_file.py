"""CSV files of bars: the headers that vendors write, in either order, times at either end of a bar,
each bad row at its line and column; and minutes rolled up are the vendor's own quarters."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from bifrost.adapters.calendars import xnys
from bifrost.core.errors import InvalidInputError
from bifrost.data.providers.csv_claims import Claim
from bifrost.data.providers.csv_file import read_csv
from bifrost.data.providers.csv_times import Stamp
from bifrost.data.series.columns import exactly, instant_of, micros
from bifrost.data.series.rollup import roll_up
from bifrost.data.series.timeframes import Timeframe
from bifrost.data.series.trading_hours import TradingHours
from tests.shared_data import shared_data

SESSIONS = list(xnys.sessions(date(2019, 1, 2), date(2019, 2, 15)))
HEADER = "timestamp,open,high,low,close,volume"


def daily(*lines: str, header: str = HEADER) -> bytes:
    return "\n".join([header, *lines]).encode()


@pytest.mark.parametrize("name", ["timestamp", "date", "datetime", "Date"])
def test_the_first_column_may_be_called_as_vendors_call_it(name: str) -> None:
    header = HEADER.replace("timestamp", name)

    read = read_csv(daily("2019-02-15,1,2,0.5,1.5,100", header=header), Timeframe.D1, SESSIONS)

    assert read.bars.bars.starts_at.tolist() == [micros(SESSIONS[-1].opens_at)]
    assert exactly(int(read.bars.bars.low[0])) == Decimal("0.5")


def test_rows_may_come_newest_first() -> None:
    read = read_csv(
        daily("2019-02-15,1,2,0.5,1.5,100", "2019-02-14,3,4,3,3,7"), Timeframe.D1, SESSIONS
    ).bars

    assert [exactly(int(one)) for one in read.bars.open] == [3, 1]
    assert read.lines.tolist() == [3, 2]


def test_a_vendors_float_loses_its_noise_and_a_large_volume_no_digit() -> None:
    row = "2019-02-15,14.5500004291534,14.5500004291534,14.5500004291534,14.5500004291534,"
    read = read_csv(daily(row + "987654321987"), Timeframe.D1, SESSIONS).bars.bars

    assert exactly(int(read.open[0])) == Decimal("14.55")
    assert exactly(int(read.volume[0])) == 987654321987


def test_a_price_too_small_to_be_stored_is_rejected_and_never_a_zero() -> None:
    read = read_csv(
        daily("2019-02-14,1,2,1e-8,1.5,100", "2019-02-15,1,2,0.000001,1.5,0"),
        Timeframe.D1,
        SESSIONS,
    ).bars

    assert (read.lines.tolist(), read.bars.low.tolist()) == ([3], [1])
    (one,) = read.rejected
    assert (one.line, one.reason) == (
        2,
        "column 4, low: 1e-8 is less than half a millionth, and prices are kept in millionths",
    )


def test_a_price_that_a_reverse_split_made_storable_alone_is_rejected() -> None:
    header = "Date,Open,High,Low,Close,Adj Close,Volume,Dividends,Stock Splits"
    content = daily(
        "2019-02-13,1,2,0.00001,1,1,4000,0.0,0.0",
        "2019-02-14,1,2,1,1,1,4000,0.0,0.0",
        "2019-02-15,1,2,1,1,1,4000,0.0,0.01",
        header=header,
    )

    read = read_csv(content, Timeframe.D1, SESSIONS).bars

    assert (read.lines.tolist(), read.bars.low.tolist()) == ([3, 4], [10_000, 1_000_000])
    assert [(one.line, one.reason) for one in read.rejected] == [
        (
            2,
            "a price before the file's splits is less than half a millionth, and prices are kept"
            " in millionths",
        )
    ]


def test_dividends_and_splits_beside_bars_are_claims() -> None:
    header = "Date,Open,High,Low,Close,Adj Close,Volume,Dividends,Stock Splits"
    content = daily(
        "2019-02-14 00:00:00-05:00,1,2,1,1,1,5.0,0.0,0.0",
        "2019-02-15 00:00:00-05:00,1,2,1,1,1,5.0,0.25,4.0",
        header=header,
    )

    read = read_csv(content, Timeframe.D1, SESSIONS)

    assert len(read.bars.bars) == 2
    assert read.claims == (
        Claim(3, date(2019, 2, 15), "dividend", Decimal("0.25")),
        Claim(3, date(2019, 2, 15), "split", Decimal("4.0")),
    )


def test_what_yfinance_divided_by_a_files_splits_is_as_it_was_traded() -> None:
    header = "Date,Open,High,Low,Close,Adj Close,Volume,Dividends,Stock Splits"
    content = daily(
        "2019-02-13,111.25250244140625,112.5,110.0,111.24250030517578,1,4000,0.5,0.0",
        "2019-02-14,111.0,113.0,110.0,112.0,1,4400,0.0,4.0",
        header=header,
    )

    read = read_csv(content, Timeframe.D1, SESSIONS)

    assert [exactly(int(one)) for one in read.bars.bars.open] == [Decimal("445.01"), 111]
    assert [exactly(int(one)) for one in read.bars.bars.close] == [Decimal("444.97"), 112]
    assert [exactly(int(one)) for one in read.bars.bars.volume] == [1000, 4400]
    assert [(one.kind, one.value) for one in read.claims] == [
        ("dividend", Decimal(2)),
        ("split", Decimal("4.0")),
    ]


def test_a_row_that_cannot_be_read_names_line_and_column() -> None:
    read = read_csv(
        daily("2019-02-15,1,2,0.5,1.5,100", "2019-02-14,1,nan,1,1,1", "2019-02-16,1,1,1,1,1", "x"),
        Timeframe.D1,
        SESSIONS,
    ).bars

    assert len(read.bars) == 1
    said = [(one.line, one.reason) for one in read.rejected]
    assert [line for line, _ in said] == [3, 4, 5]
    assert said[0][1].startswith("column 3, high: 'nan' is not a number")
    assert "2019-02-16 is not a session" in said[1][1]
    assert said[2][1] == "it has 1 fields, the header has 6"


@pytest.mark.parametrize(
    ("header", "named"),
    [
        ("timestamp,open,high,low,close", "volume"),
        ("timestamp,open,high,low,close,volume,mood", "column 7"),
        ("open,timestamp,high,low,close,volume", "header"),
        ("timestamp,open,high,,close,volume", "it has no name"),
    ],
)
def test_a_header_that_is_none_names_the_column(header: str, named: str) -> None:
    with pytest.raises(InvalidInputError, match=named):
        read_csv(daily("2019-02-15,1,1,1,1,1", header=header), Timeframe.D1, SESSIONS)


def test_times_at_the_end_of_their_minutes_are_known_by_the_close() -> None:
    ends = daily("2019-02-15 16:00:00,1,1,1,1,1", "2019-02-15 09:31:00,1,1,1,1,1")
    begins = daily("2019-02-15 15:59:00,1,1,1,1,1", "2019-02-15 09:30:00,1,1,1,1,1")

    of_ends = read_csv(ends, Timeframe.M1, SESSIONS).bars
    of_begins = read_csv(begins, Timeframe.M1, SESSIONS).bars

    assert of_ends.bars.equals(of_begins.bars)
    assert instant_of(of_ends.bars.starts_at[0]) == datetime(2019, 2, 15, 14, 30, tzinfo=UTC)
    assert (of_ends.note, of_begins.note) == (
        "times are the ends of bars",
        "times are the beginnings of bars",
    )


def test_with_early_and_late_sessions_the_edges_of_the_day_decide() -> None:
    rows = ["09:30", "16:00"]
    begins = [f"2019-02-15 {at}:00,1,1,1,1,1" for at in ("04:00", *rows, "19:59")]
    ends = [f"2019-02-15 {at}:00,1,1,1,1,1" for at in ("04:01", *rows, "20:00")]

    assert read_csv(daily(*begins), Timeframe.M1, SESSIONS).bars.note.endswith("beginnings of bars")
    assert read_csv(daily(*ends), Timeframe.M1, SESSIONS).bars.note.endswith("ends of bars")


def test_times_that_may_be_either_end_are_refused_until_it_is_said() -> None:
    content = daily("2019-02-15 12:00:00,1,1,1,1,1")

    with pytest.raises(InvalidInputError, match="beginning or its end"):
        read_csv(content, Timeframe.M1, SESSIONS)
    read = read_csv(content, Timeframe.M1, SESSIONS, Stamp.END).bars.bars
    assert instant_of(read.starts_at[0]) == datetime(2019, 2, 15, 16, 59, tzinfo=UTC)


def test_a_time_with_a_zone_is_of_that_zone() -> None:
    content = daily("2019-02-15T14:30:00Z,1,1,1,1,1", "2019-02-15T16:31:00+02:00,1,1,1,1,1")

    read = read_csv(content, Timeframe.M1, SESSIONS).bars.bars

    assert [f"{instant_of(at):%H:%M}" for at in read.starts_at] == ["14:30", "14:31"]


@pytest.mark.parametrize("symbol", ["SPY", "MSFT", "JPM"])
def test_minutes_rolled_up_are_the_vendors_quarters_of_an_hour(symbol: str) -> None:
    folder = "minute_bars/us_5_days_2019/"
    minutes = shared_data(f"{folder}{symbol}_1min.csv").read_bytes()
    theirs = shared_data(f"{folder}{symbol}_15min.csv").read_bytes()
    hours = TradingHours.regular(SESSIONS)
    read = read_csv(minutes, Timeframe.M1, SESSIONS).bars
    wanted = read_csv(theirs, Timeframe.M15, SESSIONS).bars

    made = roll_up(read.bars, Timeframe.M15, hours)

    assert (len(made.bars), len(made.outside), read.rejected, wanted.rejected) == (130, 0, (), ())
    first = instant_of(made.bars.starts_at[0])
    assert made.bars.equals(wanted.bars.between(first, datetime(2019, 2, 16, tzinfo=UTC)))


def test_bars_of_another_timeframe_than_told_are_refused() -> None:
    times = [f"2019-02-15 {10 + at // 4}:{15 * (at % 4):02}" for at in range(16)]
    content = "\n".join(["date,open,high,low,close,volume", *(f"{t},1,1,1,1,1" for t in times)])

    with pytest.raises(InvalidInputError, match="of 1m bars, but most are 15 minutes") as caught:
        read_csv(content.encode(), Timeframe.M1, SESSIONS, Stamp.BEGIN)

    assert "`--timeframe 15m`" in caught.value.problems[0].fix
    assert len(read_csv(content.encode(), Timeframe.M15, SESSIONS, Stamp.BEGIN).bars.bars) == 16


def test_a_number_with_an_exponent_is_refused_and_said_how_to_write() -> None:
    read = read_csv(
        daily("2019-02-14,1,2,1,1,5", "2019-02-15,1,2,1,1,1e5"), Timeframe.D1, SESSIONS
    ).bars

    ((line, reason),) = [(one.line, one.reason) for one in read.rejected]
    assert line == 3
    assert reason.startswith("column 6, volume: '1e5' is not a number")
    assert reason.endswith("write 1e5 as 100000")


def test_a_number_below_zero_is_told_what_a_number_is_and_nothing_of_exponents() -> None:
    read = read_csv(daily("2019-02-14,1,2,1,1,-10"), Timeframe.D1, SESSIONS).bars

    (row,) = read.rejected
    assert row.reason.endswith("'-10' is not a number of at least 0 in plain digits, at most 12"
                               " before the point")  # fmt: skip


@pytest.mark.parametrize("content", [b"\n\n", b"\xef\xbb\xbf", b" \n"])
def test_a_file_without_a_line_says_so_and_what_to_send(content: bytes) -> None:
    with pytest.raises(InvalidInputError, match="no line that is not blank") as caught:
        read_csv(content, Timeframe.D1, SESSIONS)

    assert "date,open,high,low,close,volume" in caught.value.problems[0].fix


@pytest.mark.parametrize("time", ["9999-12-31 23:59:00-05:00", "0001-01-01 00:00:00+14:00"])
def test_a_minute_of_a_year_that_no_calendar_has_costs_its_row_alone(time: str) -> None:
    read = read_csv(
        daily("2019-02-15 09:30:00,1,2,1,1,5", f"{time},1,2,1,1,5"),
        Timeframe.M1,
        SESSIONS,
        Stamp.BEGIN,
    ).bars

    assert (len(read.bars), [one.line for one in read.rejected]) == (1, [3])


def test_bars_of_days_sent_as_minutes_are_told_what_they_are() -> None:
    read = read_csv(daily("2019-02-14,1,2,1,1,5", "2019-02-15,1,2,1,1,5"), Timeframe.M1, SESSIONS)

    assert (len(read.bars.bars), len(read.bars.rejected)) == (0, 2)
    assert read.bars.rejected[0].reason == (
        "column 1: 2019-02-14 names no time of a day; bars of days are of `--timeframe 1d`"
    )
