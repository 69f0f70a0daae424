"""Months of bars and ticks: made when they are needed, once, by a role that may make no table."""

import importlib.util
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import numpy as np
import psycopg
import pytest

from bifrost.adapters.postgres import migrate
from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.market.chunks import PostgresChunks
from bifrost.adapters.postgres.market.partitions import make_months, months_of
from bifrost.adapters.postgres.market.series import PostgresSeries, PostgresSeriesReader
from bifrost.core.errors import InvalidInputError
from bifrost.data.series.asked import SeriesQuery
from bifrost.data.series.columns import BarColumns, micros
from bifrost.data.series.ports import SeriesKey
from bifrost.data.series.timeframes import Timeframe

TABLES = ("intraday_rows", "quotes", "trades")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
_PARTITIONS = """
SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'data.intraday_rows'::regclass ORDER BY 1
"""


@pytest.fixture
def database(make_database: Callable[[str], Database]) -> Database:
    """Data's database."""
    return make_database("data")


@pytest.fixture
def migration() -> ModuleType:
    """Load the migration as the file that it is."""
    path = Path(migrate.MIGRATIONS) / "versions" / "0140_series.py"
    found = importlib.util.spec_from_file_location("series_migration", path)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def bars(*times: datetime) -> BarColumns:
    """Make a bar at each time."""
    starts = np.array([micros(one) for one in times], dtype=np.int64)
    price = np.full(len(starts), 10_000_000, dtype=np.int64)
    return BarColumns(starts, price, price, price, price, price)


def names(database: Database) -> list[str]:
    """Return the partitions that there are."""
    return [row["name"] for row in database.fetch_all(_PARTITIONS)]


def put(database: Database, instrument: str, given: BarColumns) -> None:
    """Put bars in a transaction of their own."""
    with database.transaction() as cursor:
        PostgresSeries(cursor).put(SeriesKey(instrument, Timeframe.M1, "alpaca"), given, NOW)


def test_months_are_made_of_the_days_of_utc() -> None:
    end = datetime(2024, 1, 31, 23, 59, 59, 999_999, tzinfo=UTC)
    times = bars(end, datetime(2024, 2, 1, tzinfo=UTC), datetime(2025, 2, 28, tzinfo=UTC)).starts_at

    assert [month.isoformat() for month in months_of(times)] == [
        "2024-01-01",
        "2024-02-01",
        "2025-02-01",
    ]


def test_month_is_made_when_its_first_bar_comes(database: Database) -> None:
    put(database, "AAPL", bars(datetime(2024, 1, 31, 23, 59, tzinfo=UTC)))
    put(database, "MSFT", bars(datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 3, 1, tzinfo=UTC)))

    assert names(database) == ["intraday_rows_2024_01", "intraday_rows_2024_03"]


def test_many_who_need_a_month_at_once_make_it_once(
    database: Database, make_database: Callable[[str], Database]
) -> None:
    together = threading.Barrier(6)
    failed: list[Exception] = []

    def fill(number: int) -> None:
        own = make_database("data")
        together.wait()
        try:
            put(own, f"I{number}", bars(datetime(2024, 1, 2, tzinfo=UTC)))
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=fill, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failed == []
    assert names(database) == ["intraday_rows_2024_01"]
    assert len(database.fetch_all("SELECT FROM data.intraday_bars")) == 6


def test_reader_does_not_wait_for_a_month_that_is_being_made(
    database: Database, make_database: Callable[[str], Database]
) -> None:
    other = make_database("data")
    with other.transaction() as cursor:
        make_months(cursor, "intraday_rows", bars(datetime(2024, 1, 2, tzinfo=UTC)).starts_at)

        with database.transaction() as reading:
            reading.execute("SET LOCAL lock_timeout = '2s'")
            rows = reading.execute("SELECT FROM data.intraday_bars").fetchall()

    assert rows == []


@pytest.mark.parametrize("table", TABLES)
def test_partition_is_reached_through_its_parent_only(database: Database, table: str) -> None:
    with database.transaction() as cursor:
        make_months(cursor, table, bars(datetime(2024, 1, 2, tzinfo=UTC)).starts_at)

    assert database.fetch_all(f"SELECT FROM data.{table}") == []
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        database.fetch_all(f"SELECT FROM data.{table}_2024_01")


@pytest.mark.parametrize(
    "asked",
    ["'outbox', '{2024-01-01}'", "'trades', '{2024-01-02}'", "'trades', '{1969-12-01}'",
     "'trades; DROP TABLE data.outbox', '{2024-01-01}'"],
)  # fmt: skip
def test_nothing_else_is_made_by_who_may_make_no_table(database: Database, asked: str) -> None:
    with pytest.raises(InvalidInputError, match="no month"):
        database.fetch_all(f"SELECT data.make_months({asked})")


def test_server_without_timescaledb_keeps_months_as_partitions(
    database: Database, migration: ModuleType
) -> None:
    row = database.fetch_one(f"SELECT ({migration.OFFERED}) AS offered")

    assert row == {"offered": False}
    whole = "\n".join(migration.statements(hypertables=False))
    assert whole.count("PARTITION BY RANGE (occurred_at)") == 3
    assert "timescaledb" not in whole


def test_server_with_timescaledb_is_asked_for_hypertables_of_the_same_tables(
    migration: ModuleType,
) -> None:
    made = migration.statements(hypertables=True)

    whole = "\n".join(made)
    assert "PARTITION BY" not in whole
    assert made[0] == "CREATE EXTENSION IF NOT EXISTS timescaledb"
    for table in TABLES:
        asked = f"create_hypertable('data.{table}', by_range('occurred_at', INTERVAL '1 month')"
        assert whole.index(f"CREATE TABLE data.{table} ") < whole.index(asked)
    # It can be added to a hypertable, and no hypertable be made of a table that has it.
    assert whole.rindex("create_hypertable(") < whole.index("REFERENCING NEW TABLE")


# What timescaledb offers, as far as these tables ask for it: a table stays one table.
_STAND_IN = """
CREATE FUNCTION public.by_range(name, interval) RETURNS text LANGUAGE sql AS 'SELECT $1::text';
CREATE FUNCTION public.create_hypertable(regclass, text, create_default_indexes boolean)
    RETURNS void LANGUAGE sql AS '';
"""
_UNMAKE = """
DROP TABLE data.intraday_rows, data.quotes, data.trades, data.series, data.bar_months,
    data.last_bars CASCADE;
DROP VIEW data.standing_bars;
DROP FUNCTION data.make_months, data.unpack_months, data.unpack_all CASCADE;
DROP INDEX data.sessions_by_open;
ALTER TABLE data.sources DROP COLUMN number;
"""


def test_same_code_reads_and_writes_tables_that_make_their_own_months(
    database: Database, database_url: Callable[[str], str], migration: ModuleType
) -> None:
    owner = database_url("data").replace("bifrost_data", "postgres")
    with psycopg.connect(owner) as connection:
        connection.execute(_UNMAKE)
        connection.execute(_STAND_IN)
        for statement in migration.statements(hypertables=True)[1:]:
            connection.execute(statement)
    given = bars(datetime(2024, 1, 31, tzinfo=UTC), datetime(2024, 2, 1, tzinfo=UTC))
    reader = PostgresSeriesReader(database)

    put(database, "AAPL", given)
    asked = SeriesQuery("AAPL", Timeframe.M1, datetime(2024, 1, 1, tzinfo=UTC), NOW)
    assert reader.read(asked).equals(given)

    assert PostgresChunks(database).pack_closed(NOW, 10).months == 2
    assert reader.read(asked).equals(given)
    assert names(database) == []
