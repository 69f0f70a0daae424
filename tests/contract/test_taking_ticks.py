"""Quotes and trades enter by one door: what the gate blocks is in no series, and kept apart as it
was told; told again it is no news; and what a source said a moment ago is known to the gate.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import numpy as np
import psycopg
import pytest

from bifrost.adapters.calendars import xnys
from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.market.quality_reads import PostgresQualityReader
from bifrost.adapters.postgres.market.taking_ticks import PostgresTickBooks
from bifrost.adapters.postgres.market.ticks import PostgresTickReader
from bifrost.core.errors import NotFoundError
from bifrost.data.ingest.taking_ticks import TakenTicks, take_quotes, take_trades
from bifrost.data.quality.report import QualityQuery
from bifrost.data.series.columns import micros
from bifrost.data.series.ticks import QuoteColumns, TickQuery, TradeColumns, numbered, taken
from tests.data_desk import DataDesk

DAY = next(iter(xnys.sessions(date(2024, 1, 3), date(2024, 1, 3))))
NOW = datetime(2024, 7, 1, 12, tzinfo=UTC)
SECOND = 1_000_000
ALL = TickQuery("AAPL", DAY.opens_at - timedelta(days=1), DAY.closes_at + timedelta(days=1))


@pytest.fixture
def database(make_database: Callable[[str], Database]) -> Database:
    """Data's database, where AAPL is listed."""
    made = make_database("data")
    DataDesk(made).stock()
    return made


def trades(count: int) -> TradeColumns:
    """A trade a second from the open on, of 1.5 shares at 100."""
    at = micros(DAY.opens_at) + np.arange(count, dtype=np.int64) * SECOND
    price, size = np.full(count, 100 * SECOND), np.full(count, 1_500_000)
    venue = np.full(count, b"XNAS", dtype="S4")
    return TradeColumns(at, numbered(at), price, size, venue, np.full(count, 1 << 62))


def quotes(*seconds: int) -> QuoteColumns:
    """Quotes a cent apart, so many seconds after the open."""
    at = micros(DAY.opens_at) + np.array(seconds, dtype=np.int64) * SECOND
    bid, size = np.full(len(at), 100 * SECOND), np.full(len(at), 100 * SECOND)
    venue = np.full(len(at), b"XNAS", dtype="S4")
    return QuoteColumns(
        at, numbered(at), bid, size, bid + 10_000, size, venue, venue, np.zeros(len(at), np.int64)
    )


def take(database: Database, given: TradeColumns) -> TakenTicks[TradeColumns]:
    """Take trades in."""
    with database.transaction() as cursor:
        return take_trades(PostgresTickBooks(cursor), "AAPL", "alpaca", given, NOW)


def take_told(database: Database, given: QuoteColumns, at: datetime = NOW) -> int:
    """Take quotes in; say how many are flagged."""
    with database.transaction() as cursor:
        return take_quotes(PostgresTickBooks(cursor), "AAPL", "alpaca", given, at).flagged


def test_what_the_gate_blocks_is_quarantined_as_it_was_told_and_in_no_series(
    database: Database,
) -> None:
    given = trades(20)
    given.price[7] *= 100

    done = take(database, given)
    again = take(database, given)

    assert (done.written, done.kept_apart, done.flagged) == (19, 1, 0)
    assert (again.written, again.kept_apart) == (0, 1)
    found = PostgresTickReader(database).trades(ALL)
    assert np.array_equal(found.occurred_at, np.delete(given.occurred_at, 7))
    (row,) = database.fetch_all("SELECT * FROM data.quarantined_ticks")
    (shown,) = PostgresQualityReader(database).quarantined_ticks(
        QualityQuery(DAY.session, DAY.session, "AAPL")
    )
    assert (shown.told, shown.kinds, shown.number) == (row["told"], ("bad_tick",), row["number"])
    assert (row["instrument"], row["kind"], row["source"]) == ("AAPL", "trade", "alpaca")
    assert (row["session"], row["kinds"]) == (DAY.session, ["bad_tick"])
    assert "1.5 traded at 10000, far from the trades around it" in row["reason"]
    assert row["told"] == {
        "price": "10000",
        "size": "1.5",
        "venue": "XNAS",
        "conditions": str(1 << 62),
    }


def test_the_same_place_told_with_two_prices_is_neither(database: Database) -> None:
    given = trades(20)
    given.occurred_at[4], given.price[4] = given.occurred_at[3], 101 * SECOND

    assert take(database, given).kept_apart == 2
    rows = database.fetch_all("SELECT told ->> 'price' AS price FROM data.quarantined_ticks")
    assert sorted(row["price"] for row in rows) == ["100", "101"]


def test_a_batch_is_judged_by_what_its_source_said_a_moment_before(database: Database) -> None:
    given = trades(40)
    take(database, taken(given, slice(0, 39)))
    given.price[39] *= 3

    assert take(database, taken(given, slice(39, 40))).kept_apart == 1


def test_a_stale_quote_is_flagged_where_it_was_told_once_the_next_one_comes(
    database: Database,
) -> None:
    late = DAY.opens_at + timedelta(seconds=59)
    assert take_told(database, quotes(0), DAY.opens_at) == 0
    assert take_told(database, quotes(58), late) == 0
    assert take_told(database, quotes(118), late + timedelta(seconds=60)) == 0
    assert take_told(database, quotes(178, 300), NOW) == 2

    flags = database.fetch_all("SELECT * FROM data.quality_flags ORDER BY occurred_at")
    assert [(row["timeframe"], row["kind"]) for row in flags] == [("quote", "stale_quote")] * 2
    assert flags[0]["occurred_at"] == DAY.opens_at + timedelta(seconds=178)


def test_who_is_not_listed_gets_no_messages(database: Database) -> None:
    with database.transaction() as cursor, pytest.raises(NotFoundError, match="called ACME"):
        take_trades(PostgresTickBooks(cursor), "ACME", "alpaca", trades(1), NOW)


@pytest.mark.parametrize(
    "verb", ["UPDATE data.quarantined_ticks SET reason = ''", "DELETE FROM data.quarantined_ticks"]
)
def test_what_is_kept_apart_is_neither_changed_nor_deleted(database: Database, verb: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        database.fetch_all(f"{verb} RETURNING 1")
