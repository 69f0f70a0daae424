"""What the live feed tells of quotes and trades: the stream's own, whatever else is stored of the
day, and it reads no more than it tells.
"""

from collections.abc import Callable
from datetime import timedelta

import pytest

from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.market import ticks
from bifrost.adapters.postgres.market.series import PostgresSeriesReader
from bifrost.adapters.postgres.market.streams import PostgresStreams
from bifrost.adapters.postgres.market.ticks import PostgresTickReader, PostgresTicks
from bifrost.adapters.vendors.bar_rows import xnys_sessions
from bifrost.data.series.tick_revisions import TickRevisions
from bifrost.data.series.ticks import TradeColumns
from bifrost.data.series.trades import REGULAR
from bifrost.data.streaming.channels import channel_of
from bifrost.data.streaming.feed import AT_ONCE_MAX
from bifrost.data.streaming.messages import Subscribed, TradeTold
from bifrost.data.streaming.telling import StoredTellings
from bifrost.data.streaming.tick_columns import trade_columns
from tests.stream_desk import OPEN, OPEN_AT, StreamDesk

CHANNEL = channel_of("trades:AAPL")


class TickDesk:
    """Stored trades, one each tenth of a second from the open on, and what is told of them."""

    def __init__(self, database: Database) -> None:
        self.desk = StreamDesk(database, "AAPL")
        self.desk.clock.pass_by(1000)
        self.database = database
        self.tellings = StoredTellings(
            PostgresSeriesReader(database),
            PostgresTickReader(database),
            PostgresStreams(database),
            xnys_sessions,
            self.desk.clock,
        )

    def store(self, source: str, count: int, price: int) -> None:
        """Store so many; each one's size is its number."""
        given = [
            TradeTold("AAPL", at, "V:1", price * 1_000_000, (place + 1) * 1_000_000, REGULAR)
            for place, at in enumerate(range(OPEN_AT, OPEN_AT + 100_000 * count, 100_000))
        ]
        with self.database.transaction() as cursor:
            PostgresTicks(cursor).put_trades("AAPL", source, trade_columns(given), OPEN)

    def told(self, first: int, last: int) -> list[tuple[str, str]]:
        """Return (price, size) of what is told of the trades with these numbers."""
        begins, ends = (OPEN + timedelta(seconds=0.1 * (one - 1)) for one in (first, last))
        found = [message["trade"] for _, message in self.tellings.between(CHANNEL, begins, ends)]
        return [(trade["price"], trade["size"]) for trade in found]


@pytest.fixture
def desk(make_database: Callable[[str], Database]) -> TickDesk:
    return TickDesk(make_database("data"))


@pytest.fixture
def rows_read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many stored trades each question read."""
    read: list[int] = []
    standing = ticks.standing

    def counted(found: TickRevisions[TradeColumns]) -> TradeColumns:
        read.append(len(found))
        return standing(found)

    monkeypatch.setattr(ticks, "standing", counted)
    return read


@pytest.mark.parametrize("fetched", [3, 9])
def test_the_streams_own_trades_are_told_whatever_was_fetched_of_the_day(
    desk: TickDesk, fetched: int
) -> None:
    desk.store("stream", 6, price=100)
    desk.store("alpaca", fetched, price=101)

    assert desk.told(4, 6) == [("100", "4"), ("100", "5"), ("100", "6")]


def test_one_telling_reads_no_more_than_it_tells(desk: TickDesk, rows_read: list[int]) -> None:
    desk.store("stream", 3 * AT_ONCE_MAX, price=100)

    assert desk.told(8, 9) == [("100", "8"), ("100", "9")]
    newest = desk.told(1, 3 * AT_ONCE_MAX)

    assert [size for _, size in newest] == [f"{201 + place}" for place in range(AT_ONCE_MAX)]
    assert rows_read == [2, AT_ONCE_MAX]


def test_who_subscribes_gets_the_streams_newest_trade_and_no_other_is_read(
    desk: TickDesk, rows_read: list[int]
) -> None:
    desk.desk.hear(Subscribed(desk.desk.now, ("AAPL",)))
    desk.store("stream", 5, price=100)
    desk.store("alpaca", 3, price=101)

    newest = desk.tellings.last(CHANNEL)

    assert newest is not None
    assert (newest["trade"]["price"], newest["trade"]["size"]) == ("100", "5")
    assert rows_read == [1]
