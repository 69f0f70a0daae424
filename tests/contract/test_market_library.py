"""Market data for research: numpy arrays in two lines, exact below, and nothing to write by."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.market.series import PostgresSeries
from bifrost.adapters.postgres.market.ticks import PostgresTicks
from bifrost.core.errors import InvalidInputError, NotFoundError
from bifrost.data.series.columns import BarColumns, micros
from bifrost.data.series.ports import SeriesKey
from bifrost.data.series.ticks import QuoteColumns, TradeColumns
from bifrost.data.series.timeframes import Timeframe
from bifrost.local import market as local_market
from bifrost.runtime.market import Market
from tests.architecture.project import ROOT
from tests.data_desk import DataDesk

OPEN = datetime(2024, 1, 31, 14, 30, tzinfo=UTC)
NOW = datetime(2024, 2, 2, tzinfo=UTC)


@pytest.fixture
def market(
    make_database: Callable[[str], Database], database_url: Callable[[str], str]
) -> Iterator[Market]:
    """Give the library over a desk with two minutes, a day and a trade of AAPL."""
    database = make_database("data")
    DataDesk(database).stock()
    minutes = np.array([micros(OPEN), micros(OPEN + timedelta(minutes=1))], dtype=np.int64)
    price = np.array([14_550_000, 14_560_000], dtype=np.int64)
    one = np.ones(1, dtype=np.int64)
    venue = np.array([b"XNAS"], dtype="S4")
    bars = BarColumns(minutes, price, price, price, price, price * 1_000_000)
    with database.transaction() as cursor:
        series, ticks = PostgresSeries(cursor), PostgresTicks(cursor)
        series.put(SeriesKey("AAPL", Timeframe.M1, "alpaca"), bars, NOW)
        series.put(SeriesKey("AAPL", Timeframe.D1, "alpaca"), bars.take(slice(0, 1)), NOW)
        trade = TradeColumns(minutes[:1], 0 * one, one, one, venue, one)
        ticks.put_trades("AAPL", "alpaca", trade, NOW)
        quote = QuoteColumns(minutes[:1], 0 * one, one, one, one, one, venue, venue, one)
        ticks.put_quotes("AAPL", "alpaca", quote, NOW)
    opened = Market(database_url("data"))
    yield opened
    opened.close()


def test_bars_are_arrays_of_times_and_floats(market: Market) -> None:
    bars = market.bars("AAPL", "1m")

    assert len(bars) == 2
    assert [str(time) for time in bars.t] == [
        "2024-01-31T14:30:00.000000",
        "2024-01-31T14:31:00.000000",
    ]
    assert bars.close.tolist() == [14.55, 14.56]
    assert bars.volume.tolist() == [14_550_000.0, 14_560_000.0]
    assert bars.exact.close.tolist() == [14_550_000, 14_560_000]


def test_times_are_the_columns_own_memory_and_nobody_writes_to_any(market: Market) -> None:
    bars = market.stored("AAPL", "1m")

    assert np.shares_memory(bars.t, bars.exact.starts_at)
    for array in (bars.t, bars.close, bars.volume, bars.exact.close):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


@pytest.mark.parametrize(
    ("first", "last", "found"),
    [
        ("2024-01-31", "2024-01-31", 2),
        (date(2024, 2, 1), None, 0),
        (None, "2024-01-30", 0),
        (None, None, 2),
    ],
)
def test_bars_are_asked_for_in_sessions(
    market: Market, first: str | date | None, last: str | date | None, found: int
) -> None:
    assert len(market.bars("AAPL", "1m", first, last)) == found


@pytest.mark.parametrize(
    ("first", "before", "found"),
    [
        ("2024-01-31", "2024-02-01", 2),
        (date(2024, 1, 31), date(2024, 1, 31), 0),
        ("2024-01-31T14:31:00+00:00", None, 1),
        (None, OPEN + timedelta(minutes=1), 1),
    ],
)
def test_what_is_stored_is_asked_for_in_days_or_instants(
    market: Market, first: str | date | None, before: str | date | None, found: int
) -> None:
    assert len(market.stored("AAPL", "1m", first, before)) == found


def test_day_is_known_at_its_end(market: Market) -> None:
    assert len(market.bars("AAPL", as_of="2024-01-30")) == 0
    assert len(market.bars("AAPL", as_of="2024-01-31")) == 1
    assert len(market.bars("AAPL", as_of="2024-01-31", knowledge="recorded")) == 0


def test_two_lines_of_the_page_give_arrays(
    market: Market, database_url: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    state = SimpleNamespace(database_urls={"data": database_url("data")})
    stack = SimpleNamespace(state=lambda: state)
    monkeypatch.setattr("bifrost.local.market.this_stack", lambda: stack)
    page = (ROOT / "docs" / "market-data.md").read_text()
    (lines,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    told: dict[str, Any] = {}

    local_market.market.cache_clear()
    exec(lines, told)  # noqa: S102 - our own page
    local_market.market().close()
    local_market.market.cache_clear()

    assert len(lines.split("\n\n")) == 2
    assert told["aapl"].close.tolist() == [14.55]


def test_longer_bars_are_made_of_the_minutes(market: Market) -> None:
    bars = market.bars("AAPL", "5m", adjust="splits")

    assert (bars.instrument, bars.open.tolist(), bars.close.tolist()) == ("AAPL", [14.55], [14.56])
    assert len(market.stored("AAPL", "5m")) == 0


def test_answer_says_which_of_the_two_times_was_meant(market: Market) -> None:
    assert market.bars("AAPL").notes == ()
    assert "effective time" in market.bars("AAPL", as_of="2024-01-31").notes[0]


def test_newest_bars_quotes_and_trades_are_there(market: Market) -> None:
    last = market.last(["AAPL", "IBM"], "1m")

    assert {name: bar.close for name, bar in last.items()} == {"AAPL": Decimal("14.56")}
    assert market.trades("AAPL").venue.tolist() == [b"XNAS"]
    assert market.quotes("AAPL", "2024-01-31", "2024-02-01").bid.tolist() == [1]


def test_what_is_asked_wrongly_is_told(market: Market) -> None:
    with pytest.raises(NotFoundError, match="NOBODY"):
        market.bars("NOBODY")
    with pytest.raises(InvalidInputError, match="timeframe: '2m' is none"):
        market.bars("AAPL", "2m")
    with pytest.raises(InvalidInputError, match="'soon' is no date"):
        market.bars("AAPL", first="soon")
    with pytest.raises(InvalidInputError, match="'2024' is no date and no instant"):
        market.bars("AAPL", as_of="2024")
    with pytest.raises(InvalidInputError, match="adjust: 'some' is none"):
        market.bars("AAPL", adjust="some")
    with pytest.raises(InvalidInputError, match="is of no zone"):
        market.stored("AAPL", "1m", first="2024-01-31T14:30:00")


def test_notebook_writes_nothing(market: Market) -> None:
    with pytest.raises(Exception, match="read-only transaction"):
        market._database.fetch_one("DELETE FROM data.outbox RETURNING 1")
