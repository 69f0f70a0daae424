"""Snapshots of what is stored: the same answer for a past day whatever came later, kept by session
as they came out, with facts that are added and never changed.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import psycopg
import pytest

from bifrost.adapters.memory.clock import SetClock
from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.market.facts import PostgresFacts
from bifrost.adapters.postgres.market.series import PostgresSeries
from bifrost.adapters.postgres.market.snapshots import PostgresSnapshotMaker, PostgresSnapshots
from bifrost.core.errors import ConflictError
from bifrost.data.series.columns import BarColumns
from bifrost.data.series.ports import SeriesKey
from bifrost.data.series.timeframes import Timeframe
from bifrost.data.snapshots.making import Facts, make_snapshots
from bifrost.data.snapshots.panel import History
from bifrost.data.snapshots.service import SnapshotService
from tests.clean_series import clean
from tests.data_desk import DataDesk

DAYS, BARS = clean("IBM")
NOW = datetime(2013, 3, 4, 12, tzinfo=UTC)
JUNE = datetime(2012, 6, 16, 3, 59, tzinfo=UTC)
HEADER = "instrument,metric,period_end,value,currency,reported_at\n"
SHARES = HEADER + "IBM,shares_outstanding,2012-03-31,1153000000,,2012-04-24T20:30Z\n"


def last(count: int) -> BarColumns:
    """The last bars of IBM."""
    return BARS.take(slice(-count, None))


@pytest.fixture
def database(make_database: Callable[[str], Database]) -> Database:
    """Data's database with six hundred bars of IBM."""
    made = make_database("data")
    DataDesk(made).stock()
    with made.transaction() as cursor:
        PostgresSeries(cursor).put(SeriesKey("IBM", Timeframe.D1, "csv"), last(600), NOW)
    return made


@pytest.fixture
def service(database: Database) -> SnapshotService:
    """The service, the day after the last bar."""
    return SnapshotService(
        PostgresSnapshotMaker(database),
        PostgresSnapshots(database),
        PostgresFacts(database),
        SetClock(NOW),
    )


def test_stored_bars_make_the_snapshot_that_their_series_makes(service: SnapshotService) -> None:
    (shown,) = service.snapshots(JUNE)
    (expected,) = make_snapshots([History("IBM", last(600))], Facts(), DAYS, JUNE)

    assert str(shown.session) == "2012-06-15"
    assert shown == expected
    assert set(shown.technicals) >= {"sma_200", "rsi_14", "atr_14", "volatility_20"}


def test_bar_that_comes_later_changes_no_past_day(
    service: SnapshotService, database: Database
) -> None:
    before = service.snapshots(JUNE)
    later = last(100)
    doubled = {name: getattr(later, name) * 2 for name in ("open", "high", "low", "close")}
    with database.transaction() as cursor:
        key = SeriesKey("IBM", Timeframe.D1, "csv")
        PostgresSeries(cursor).put(key, replace(later, **doubled), NOW)

    assert service.snapshots(JUNE) == before
    assert service.snapshots(NOW) != before


def test_one_instrument_is_made_as_among_all(service: SnapshotService) -> None:
    assert service.snapshots(JUNE, "IBM") == service.snapshots(JUNE)
    assert service.snapshots(JUNE, "AAPL") == []
    assert service.snapshots(datetime(1995, 1, 1, tzinfo=UTC)) == []


def test_newest_sessions_are_kept_once_and_again_where_they_came_out_otherwise(
    service: SnapshotService, database: Database
) -> None:
    assert service.record() == {"sessions": 5, "snapshots_written": 5}
    assert service.record() == {"sessions": 5, "snapshots_written": 0}
    assert service.recorded(None) == service.snapshots(NOW)
    was = service.recorded(None)

    later = last(1)
    corrected = replace(later, close=later.close - 10_000)
    with database.transaction() as cursor:
        PostgresSeries(cursor).put(SeriesKey("IBM", Timeframe.D1, "csv"), corrected, NOW)
    tomorrow = replace(service, clock=SetClock(NOW.replace(day=5)))

    assert tomorrow.record() == {"sessions": 5, "snapshots_written": 1}
    assert tomorrow.recorded(NOW) == was
    assert tomorrow.recorded(None) != was


def test_facts_are_known_from_their_report_on(service: SnapshotService) -> None:
    assert service.take_facts(SHARES) == (1, 1)
    assert service.take_facts(SHARES) == (1, 0)

    (shown,) = service.snapshots(JUNE)
    (early,) = service.snapshots(datetime(2012, 4, 24, 20, tzinfo=UTC))
    close = shown.overview["last_close"].value
    assert shown.fundamentals["shares_outstanding"].value == 1_153_000_000
    assert shown.overview["market_cap"].value == pytest.approx(close * 1_153_000_000)
    assert early.fundamentals == {}


def test_row_that_says_otherwise_of_the_same_report_is_refused_and_takes_its_file_with_it(
    service: SnapshotService, database: Database
) -> None:
    service.take_facts(SHARES)
    revenue = "IBM,revenue,2012-03-31,24673000000,USD,2012-04-17T20:30Z\n"
    other = "IBM,shares_outstanding,2012-03-31,7,,2012-04-24T20:30Z\n"

    with pytest.raises(ConflictError, match="a restatement has a later reported_at"):
        service.take_facts(HEADER + revenue + other)

    assert [
        row["metric"] for row in database.fetch_all("SELECT metric FROM data.fundamentals")
    ] == ["shares_outstanding"]


def test_earnings_are_taken_and_their_contradiction_refused(service: SnapshotService) -> None:
    header = "instrument,earnings_at,eps_estimate,eps_actual,reported_at\n"
    row = "IBM,2012-07-18T20:30Z,3.42,{},{}\n"
    expected = header + row.format("", "2012-06-01T00:00Z")
    told = header + row.format("3.51", "2012-07-18T20:30Z")

    assert service.take_facts(expected) == (1, 1)
    assert service.take_facts(told) == (1, 1)
    with pytest.raises(ConflictError, match="earnings of IBM"):
        service.take_facts(header + row.format("9", "2012-07-18T20:30Z"))

    (june,) = service.snapshots(JUNE)
    assert june.next_earnings is not None
    assert june.next_earnings.eps_actual is None
    (now,) = service.snapshots(NOW)
    assert now.last_earnings is not None
    assert now.last_earnings.eps_actual == 3.51


def test_kept_snapshots_and_facts_are_neither_changed_nor_deleted(
    service: SnapshotService, database: Database
) -> None:
    service.record()

    for table in ("snapshots", "fundamentals", "earnings"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            database.fetch_all(f"DELETE FROM data.{table} RETURNING 1")
