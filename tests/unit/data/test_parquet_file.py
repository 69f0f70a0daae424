"""Parquet files of bars: dates and timestamps of any unit, with a zone or New York's, and each row
that cannot be believed by its number."""

from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest

from bifrost.adapters.calendars import xnys
from bifrost.core.errors import InvalidInputError
from bifrost.data.providers.csv_times import Stamp
from bifrost.data.providers.file_rows import REFUSED_MAX
from bifrost.data.providers.parquet_columns import ROWS_MAX
from bifrost.data.providers.parquet_file import read_parquet
from bifrost.data.series.columns import exactly, instant_of
from bifrost.data.series.timeframes import Timeframe

# Its authors ship no types.
pa: Any = pytest.importorskip("pyarrow")
pq: Any = pytest.importorskip("pyarrow.parquet")

SESSIONS = list(xnys.sessions(date(2019, 2, 11), date(2019, 2, 15)))
DAY = date(2019, 2, 15)


def wall(hour: int, minute: int = 0) -> datetime:
    """What a clock shows, without a zone."""
    return datetime(2019, 2, 15, hour, minute, tzinfo=UTC).replace(tzinfo=None)


def stored(times: Any, **columns: Any) -> bytes:
    """A file with a column of times, all other numbers 1 but those given."""
    one = {name: [1.0] * len(times) for name in ("open", "high", "low", "close", "volume")}
    target = BytesIO()
    pq.write_table(pa.table({"timestamp": times, **one, **columns}), target)
    return target.getvalue()


def packed(rows: int, last: str = "volume") -> bytes:
    """A file of equal rows, whose last column is called so."""
    ones, days = pa.repeat(1.0, rows), pa.repeat(pa.scalar(DAY), rows)
    target = BytesIO()
    names = ("open", "high", "low", "close", last)
    pq.write_table(pa.table({"timestamp": days, **dict.fromkeys(names, ones)}), target)
    return target.getvalue()


@pytest.mark.parametrize(
    "times",
    [
        pa.array([DAY]),
        pa.array([wall(0)], pa.timestamp("ms")),
        pa.array([datetime(2019, 2, 15, tzinfo=UTC)], pa.timestamp("ns", "UTC")),
        pa.array([datetime(2019, 2, 15, 5, tzinfo=UTC)], pa.timestamp("us", "America/New_York")),
    ],
)
def test_a_day_may_be_stored_as_a_date_or_as_its_beginning(times: Any) -> None:
    read = read_parquet(stored(times), Timeframe.D1, SESSIONS)

    assert [instant_of(at) for at in read.bars.starts_at] == [SESSIONS[-1].opens_at]


def test_decimals_and_integers_are_exact() -> None:
    content = stored(
        pa.array([DAY]),
        open=pa.array([Decimal("181.8901")], pa.decimal128(12, 4)),
        volume=pa.array([987654321], pa.int64()),
    )

    read = read_parquet(content, Timeframe.D1, SESSIONS).bars

    assert exactly(int(read.open[0])) == Decimal("181.8901")
    assert exactly(int(read.volume[0])) == 987654321


def test_a_minute_without_a_zone_is_new_yorks() -> None:
    naive = stored(pa.array([wall(9, 30)], pa.timestamp("us")))
    aware = stored(pa.array([datetime(2019, 2, 15, 14, 30, tzinfo=UTC)], pa.timestamp("us", "UTC")))

    for content in (naive, aware):
        read = read_parquet(content, Timeframe.M1, SESSIONS)
        assert instant_of(read.bars.starts_at[0]) == datetime(2019, 2, 15, 14, 30, tzinfo=UTC)
        assert read.note == "times are the beginnings of bars"


def test_a_time_said_to_be_an_end_is_one() -> None:
    content = stored(pa.array([wall(12, 1)], pa.timestamp("us")))

    read = read_parquet(content, Timeframe.M1, SESSIONS, Stamp.END)

    assert instant_of(read.bars.starts_at[0]) == datetime(2019, 2, 15, 17, 0, tzinfo=UTC)


def test_a_row_that_cannot_be_believed_is_named_by_its_number() -> None:
    times = pa.array([DAY, date(2019, 2, 14), date(2019, 2, 13), date(2019, 2, 10), None])
    content = stored(
        times, high=[1.0, float("nan"), -1.0, 1.0, 1.0], close=pa.array([1, 1, 1, 1, 1])
    )

    read = read_parquet(content, Timeframe.D1, SESSIONS)

    assert (len(read.bars), read.rows_read) == (1, 5)
    assert [(one.line, one.reason) for one in read.rejected] == [
        (2, "column high: nan is not a number of at least 0"),
        (3, "column high: -1.0 is not a number of at least 0"),
        (4, "its time is missing, or is of no session"),
        (5, "its time is missing, or is of no session"),
    ]


@pytest.mark.parametrize(
    ("content", "field", "said"),
    [
        (b"timestamp,open", "file", "it is not Parquet, or cut off"),
        (stored([DAY])[:-9], "file", "it is not Parquet, or cut off"),
        (stored([DAY])[:-12] + b"\xff" * 8 + b"PAR1", "file", "it cannot be read as Parquet: "),
        (stored(["x"]), "column timestamp", "it is text, not a time"),
        (stored([DAY], low=["a"]), "column low", "it is text, not a number"),
        (stored([DAY], Open=[True], open=[True]), "column Open", "it is true or false, not a"),
        (stored([DAY], close=[[1.0]]), "column close", "it is nested, not a number"),
        (stored([DAY], volume=pa.nulls(1)), "column volume", "it is nothing, not a number"),
        (packed(1, "volumes"), "columns", "it lacks volume"),
    ],
)
def test_what_is_no_file_of_bars_is_refused_in_a_line_that_names_its_column(
    content: bytes, field: str, said: str
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        read_parquet(content, Timeframe.D1, SESSIONS)

    (problem,) = refused.value.problems
    assert problem.field == field
    assert problem.message.startswith(said)
    assert not {"\n", "arro3", "unwrap", "Err"} & {problem.message, *problem.message.split()}


@pytest.mark.parametrize(
    "times",
    [
        pa.array([DAY, None]),
        pa.array([17942, 2**31 - 1], pa.int32()).cast(pa.date32()),
        pa.array([datetime(2019, 2, 15, 5, tzinfo=UTC), None], pa.timestamp("ms", "UTC")),
        pa.array([1550206800, 2**40], pa.int64()).cast(pa.timestamp("s", "UTC")),
    ],
    ids=["no day", "a day beyond calendars", "no instant", "an instant beyond calendars"],
)
def test_a_time_that_no_calendar_has_costs_its_row_alone(times: Any) -> None:
    read = read_parquet(stored(times), Timeframe.D1, SESSIONS)

    assert [instant_of(at) for at in read.bars.starts_at] == [SESSIONS[-1].opens_at]
    assert [(one.line, one.reason) for one in read.rejected] == [
        (2, "its time is missing, or is of no session")
    ]


def test_a_file_of_equal_rows_is_refused_before_each_of_them_is_told() -> None:
    with pytest.raises(InvalidInputError, match=f"more than {REFUSED_MAX} other rows"):
        read_parquet(packed(REFUSED_MAX + 3), Timeframe.D1, SESSIONS)


def test_more_rows_than_a_function_can_hold_are_refused_however_small_they_are_packed() -> None:
    content = packed(ROWS_MAX + 1)
    assert len(content) < 1_000_000

    with pytest.raises(InvalidInputError, match=f"more than {ROWS_MAX} rows"):
        read_parquet(content, Timeframe.D1, SESSIONS)


def test_bars_of_another_timeframe_than_told_are_refused() -> None:
    times = pa.array([wall(10 + at // 4, 15 * (at % 4)) for at in range(16)], pa.timestamp("us"))

    with pytest.raises(InvalidInputError, match="of 1m bars, but most are 15 minutes") as caught:
        read_parquet(stored(times), Timeframe.M1, SESSIONS, Stamp.BEGIN)

    assert "`--timeframe 15m`" in caught.value.problems[0].fix
    assert len(read_parquet(stored(times), Timeframe.M15, SESSIONS, Stamp.BEGIN).bars) == 16
