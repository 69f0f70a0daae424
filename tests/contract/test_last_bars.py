"""The newest bar of each instrument: kept with the bars, never moved back, asked for at once."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import psycopg
import pytest

from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.market.last_bars import PostgresLastBars
from bifrost.adapters.postgres.market.series import PostgresSeries
from bifrost.data.series.columns import BarColumns, micros
from bifrost.data.series.ports import SeriesKey
from bifrost.data.series.timeframes import Timeframe
from tests.data_desk import SESSIONS, DataDesk

OPEN = datetime(2024, 1, 31, 14, 30, tzinfo=UTC)
NOW = datetime(2024, 2, 2, tzinfo=UTC)


@pytest.fixture
def database(make_database: Callable[[str], Database]) -> Database:
    """Data's database."""
    return make_database("data")


def put(database: Database, *minutes: int, close: int = 100, source: str = "alpaca") -> None:
    """Put bars that begin so many minutes after the open."""
    times = [micros(OPEN + timedelta(minutes=minute)) for minute in minutes]
    price = np.full(len(times), close * 1_000_000, dtype=np.int64)
    bars = BarColumns(np.array(times, dtype=np.int64), price, price, price, price, price)
    with database.transaction() as cursor:
        PostgresSeries(cursor).put(SeriesKey("AAPL", Timeframe.M1, source), bars, NOW)


def last(database: Database) -> tuple[int, Decimal, str]:
    """Return of AAPL's newest minute its place, its close and its source."""
    found = PostgresLastBars(database).read(["AAPL"], Timeframe.M1)["AAPL"]
    return (found.occurred_at - OPEN) // timedelta(minutes=1), found.close, found.source


def test_newest_bar_of_a_load_is_kept(database: Database) -> None:
    put(database, 0, 1, 2)

    assert last(database) == (2, Decimal(100), "alpaca")


def test_bar_that_is_older_does_not_move_it_back(database: Database) -> None:
    put(database, 5)
    put(database, 3, close=101)
    put(database, 3, close=102, source="csv")

    assert last(database) == (5, Decimal(100), "alpaca")


def test_correction_of_the_newest_bar_is_kept(database: Database) -> None:
    put(database, 5)
    put(database, 5, close=101)

    assert last(database) == (5, Decimal(101), "alpaca")


def test_better_source_takes_the_place_and_a_worse_one_does_not(database: Database) -> None:
    put(database, 5)
    put(database, 5, close=101, source="yahoo")
    assert last(database) == (5, Decimal(100), "alpaca")

    put(database, 5, close=102, source="csv")
    assert last(database) == (5, Decimal(102), "csv")


def test_load_that_is_undone_leaves_it_as_it_was(database: Database) -> None:
    put(database, 5)

    with database.transaction():
        put(database, 6)
        assert last(database)[0] == 6
        raise psycopg.Rollback

    assert last(database) == (5, Decimal(100), "alpaca")


def test_file_of_daily_bars_keeps_its_newest(database: Database) -> None:
    DataDesk(database).stock("AAPL", "IBM")

    found = PostgresLastBars(database).read(["AAPL", "IBM", "NOBODY"], Timeframe.D1)

    assert sorted(found) == ["AAPL", "IBM"]
    assert found["IBM"].occurred_at.date() == SESSIONS[-1]
    assert (found["IBM"].close, found["IBM"].volume) == (Decimal("411.23"), Decimal(10793600))
