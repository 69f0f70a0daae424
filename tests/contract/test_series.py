"""Series in Postgres: what is put once stands, what corrects it is kept beside it, and what was
known at any instant can be read again.
"""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.market.series import PostgresSeries, PostgresSeriesReader
from bifrost.adapters.postgres.market_data import PostgresMarketData
from bifrost.core.errors import InvalidInputError, NotFoundError
from bifrost.data.series.asked import Knowledge, SeriesQuery
from bifrost.data.series.columns import BarColumns, micros
from bifrost.data.series.ports import SeriesKey
from bifrost.data.series.timeframes import Timeframe
from tests.data_desk import DataDesk

OPEN = datetime(2024, 1, 31, 14, 30, tzinfo=UTC)
NOW = datetime(2024, 3, 1, tzinfo=UTC)
MINUTES = SeriesKey("AAPL", Timeframe.M1, "alpaca")
DAYS = SeriesKey("AAPL", Timeframe.D1, "alpaca")
ALL = SeriesQuery(
    "AAPL", Timeframe.M1, datetime(1990, 1, 1, tzinfo=UTC), datetime(2050, 1, 1, tzinfo=UTC)
)


@pytest.fixture
def database(make_database: Callable[[str], Database]) -> Database:
    """Data's database, where AAPL is listed."""
    made = make_database("data")
    DataDesk(made).stock()
    return made


def minutes(count: int, *, first: datetime = OPEN, close: int = 100) -> BarColumns:
    """Make bars of one minute each; close: in whole dollars."""
    starts = micros(first) + np.arange(count, dtype=np.int64) * 60_000_000
    price = np.full(count, close * 1_000_000, dtype=np.int64)
    return BarColumns(starts, price, price, price, price, price)


def days(*opens: datetime, close: int = 100) -> BarColumns:
    """Make daily bars of the sessions that opened then."""
    starts = np.array([micros(one) for one in opens], dtype=np.int64)
    price = np.full(len(opens), close * 1_000_000, dtype=np.int64)
    return BarColumns(starts, price, price, price, price, price)


def put(
    database: Database,
    bars: BarColumns,
    key: SeriesKey = MINUTES,
    at: datetime = NOW,
    repair_id: str | None = None,
) -> int:
    """Put bars in a transaction of their own."""
    with database.transaction() as cursor:
        return len(PostgresSeries(cursor).put(key, bars, at, repair_id))


def read(database: Database, asked: SeriesQuery = ALL) -> BarColumns:
    """Read outside any transaction."""
    return PostgresSeriesReader(database).read(asked)


def test_minutes_come_back_over_the_end_of_a_month(database: Database) -> None:
    bars = minutes(3_000)

    assert put(database, bars) == 3_000

    assert read(database).equals(bars)


def test_days_come_back(database: Database) -> None:
    bars = days(OPEN, OPEN + timedelta(days=1))

    assert put(database, bars, DAYS) == 2

    assert read(database, SeriesQuery("AAPL", Timeframe.D1, ALL.first, ALL.before)).equals(bars)


def test_part_of_a_series_is_what_begins_in_it(database: Database) -> None:
    bars = minutes(3_000)
    put(database, bars)

    first, before = OPEN + timedelta(minutes=10), OPEN + timedelta(minutes=20)
    found = read(database, SeriesQuery("AAPL", Timeframe.M1, first, before))

    assert found.equals(bars.take(slice(10, 20)))


@pytest.mark.parametrize("key", [MINUTES, DAYS])
def test_what_is_put_again_writes_nothing(database: Database, key: SeriesKey) -> None:
    bars = days(OPEN) if key is DAYS else minutes(3_000)
    put(database, bars, key)

    assert put(database, bars, key, NOW + timedelta(days=1)) == 0


@pytest.mark.parametrize("key", [MINUTES, DAYS])
def test_correction_is_a_row_beside_the_one_that_it_corrects(
    database: Database, key: SeriesKey
) -> None:
    put(database, days(OPEN), key)

    assert put(database, days(OPEN, close=101), key) == 1

    asked = SeriesQuery("AAPL", key.timeframe, ALL.first, ALL.before)
    assert read(database, asked).equals(days(OPEN, close=101))
    table = "bars" if key is DAYS else "intraday_bars"
    rows = database.fetch_all(f"SELECT close, recorded_at FROM data.{table} ORDER BY recorded_at")
    # Of one instant by the caller's clock, and yet the correction is the later one.
    assert len(rows) == 2
    assert rows[1]["recorded_at"] - rows[0]["recorded_at"] == timedelta(microseconds=1)


def test_better_source_stands_whichever_came_first(database: Database) -> None:
    put(database, minutes(3, close=100), SeriesKey("AAPL", Timeframe.M1, "csv"))
    put(database, minutes(4, close=101), SeriesKey("AAPL", Timeframe.M1, "yahoo"), NOW)

    found = read(database)

    assert (found.close // 1_000_000).tolist() == [100, 100, 100, 101]


@pytest.mark.parametrize("key", [MINUTES, DAYS])
def test_vendor_that_repeats_itself_does_not_undo_a_repair(
    database: Database, key: SeriesKey
) -> None:
    asked = SeriesQuery("AAPL", key.timeframe, ALL.first, ALL.before)
    put(database, days(OPEN, close=10_000), key)
    put(database, days(OPEN, close=100), key, repair_id="repair-1")

    assert put(database, days(OPEN, close=10_000), key) == 0
    assert read(database, asked).equals(days(OPEN, close=100))

    assert put(database, days(OPEN, close=10_000), key, repair_id="repair-1") == 1
    assert read(database, asked).equals(days(OPEN, close=10_000))


def test_vendor_that_corrects_itself_is_believed_over_a_repair(database: Database) -> None:
    put(database, minutes(1, close=10_000))
    put(database, minutes(1, close=100), repair_id="repair-1")

    assert put(database, minutes(1, close=102)) == 1

    assert read(database).equals(minutes(1, close=102))


@pytest.mark.parametrize("key", [MINUTES, DAYS])
def test_what_was_recorded_later_was_not_known(database: Database, key: SeriesKey) -> None:
    put(database, days(OPEN), key, NOW)
    put(database, days(OPEN, close=101), key, NOW + timedelta(hours=1))

    def known(by: datetime) -> BarColumns:
        span = (ALL.first, ALL.before, by, Knowledge.RECORDED)
        return read(database, SeriesQuery("AAPL", key.timeframe, *span))

    assert len(known(NOW - timedelta(microseconds=1))) == 0
    assert known(NOW).equals(days(OPEN))
    assert known(NOW + timedelta(hours=1)).equals(days(OPEN, close=101))


@pytest.mark.parametrize(
    ("timeframe", "begins", "ends"),
    [
        (Timeframe.M1, OPEN, OPEN + timedelta(minutes=1)),
        (Timeframe.D1, OPEN, datetime(2024, 1, 31, 21, tzinfo=UTC)),
        # The last hour of a session has half an hour.
        (Timeframe.H1, datetime(2024, 1, 31, 20, 30, tzinfo=UTC),
         datetime(2024, 1, 31, 21, tzinfo=UTC)),
    ],
)  # fmt: skip
def test_bar_is_known_from_its_end_on(
    database: Database, timeframe: Timeframe, begins: datetime, ends: datetime
) -> None:
    put(database, days(begins), SeriesKey("AAPL", timeframe, "alpaca"))

    def known(by: datetime) -> int:
        return len(read(database, SeriesQuery("AAPL", timeframe, ALL.first, ALL.before, by)))

    assert known(ends - timedelta(microseconds=1)) == 0
    assert known(ends) == 1


@pytest.mark.parametrize("key", [MINUTES, DAYS])
def test_many_who_put_the_same_bars_at_once_store_them_once(
    database: Database, make_database: Callable[[str], Database], key: SeriesKey
) -> None:
    desks = [make_database("data") for _ in range(4)]
    written: list[int] = []
    threads = [
        threading.Thread(target=lambda own=own: written.append(put(own, days(OPEN), key)))
        for own in desks
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(written) == [0, 0, 0, 1]


def test_instruments_bars_are_counted_by_session_and_not_by_row(database: Database) -> None:
    put(database, days(OPEN), DAYS)
    put(database, days(OPEN, OPEN + timedelta(days=1), close=101), DAYS)
    put(database, days(OPEN, close=101), SeriesKey("AAPL", Timeframe.D1, "yahoo"))

    listing = PostgresMarketData(database).listing("AAPL")

    sessions = (OPEN.date(), OPEN.date() + timedelta(days=1))
    assert (listing.first_session, listing.last_session, listing.bars) == (*sessions, 2)


def test_source_that_is_not_known_is_refused_with_those_that_are(database: Database) -> None:
    with pytest.raises(InvalidInputError, match="'nobody'; there are alpaca, "):
        put(database, minutes(1), SeriesKey("AAPL", Timeframe.M1, "nobody"))


def test_daily_bar_at_no_session_is_refused(database: Database) -> None:
    with pytest.raises(InvalidInputError, match="2024-01-31T14:31"):
        put(database, days(OPEN + timedelta(minutes=1)), DAYS)
    with pytest.raises(NotFoundError):
        put(database, days(OPEN), SeriesKey("NOBODY", Timeframe.D1, "csv"))


def test_time_of_another_age_is_refused(database: Database) -> None:
    with pytest.raises(InvalidInputError, match="not between 1970 and 2099"):
        put(database, minutes(1, first=datetime(1969, 12, 31, tzinfo=UTC)))


@pytest.mark.parametrize("table", ["bars", "intraday_rows", "intraday_rows_2024_01", "trades"])
@pytest.mark.parametrize(
    "change", ["UPDATE data.{} SET recorded_at = now()", "DELETE FROM data.{}", "TRUNCATE data.{}"]
)
def test_rows_are_only_added(database: Database, table: str, change: str) -> None:
    put(database, minutes(1))

    with pytest.raises(Exception, match=r"permission denied|append-only"):
        database.fetch_all(change.format(table) + " RETURNING 1" * ("TRUNCATE" not in change))
