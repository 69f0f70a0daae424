"""The live feed on Postgres: numbered messages, none lost to who comes back, none across a gap; and
who is gone or slow holds nobody up.
"""

import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest

from bifrost.adapters.ids import RandomIds
from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.market.live_feed import PostgresFeed
from bifrost.adapters.postgres.market.rollups import PostgresRollUps
from bifrost.adapters.postgres.market.series import PostgresSeriesReader
from bifrost.adapters.postgres.market.streams import PostgresStreams
from bifrost.adapters.postgres.market.ticks import PostgresTickReader
from bifrost.adapters.vendors.bar_rows import xnys_sessions
from bifrost.core.errors import InvalidInputError, NotFoundError, UnauthenticatedError
from bifrost.data.ingest.taking import Occasion, take
from bifrost.data.series.columns import BarColumns, instant_of
from bifrost.data.series.ports import SeriesKey
from bifrost.data.series.rolling import RollUps
from bifrost.data.series.timeframes import Timeframe
from bifrost.data.series.trades import REGULAR
from bifrost.data.streaming.channels import INTRADAY, Asked, Kind, channel_of
from bifrost.data.streaming.feed import KEPT, LEFT_ALONE, LiveFeed
from bifrost.data.streaming.feed_ports import Connection, Pushed
from bifrost.data.streaming.holes import MINUTE
from bifrost.data.streaming.messages import QuoteTold, Subscribed, TradeTold
from bifrost.data.streaming.telling import StoredTellings
from bifrost.events import BarsTaken, TicksTaken, read_event
from tests.stream_desk import OPEN, OPEN_AT, StreamDesk, minutes

Json = dict[str, Any]


class HandPushes:
    """Clients in memory; `trouble` says what becomes of pushes to some."""

    def __init__(self) -> None:
        self.told: dict[str, list[Json]] = {}
        self.trouble: dict[str, Pushed] = {}

    def push(self, told: Sequence[tuple[str, str]]) -> list[Pushed]:
        """Hand each message over."""
        outcomes = []
        for connection_id, text in told:
            outcome = self.trouble.get(connection_id, Pushed.SENT)
            if outcome is Pushed.SENT:
                self.told.setdefault(connection_id, []).append(json.loads(text))
            outcomes.append(outcome)
        return outcomes


class FeedDesk:
    """A feed of AAPL, and what its clients heard."""

    def __init__(self, database: Database) -> None:
        self.desk = StreamDesk(database, "AAPL")
        self.database = database
        self.pushes = HandPushes()
        tellings = StoredTellings(
            PostgresSeriesReader(database),
            PostgresTickReader(database),
            PostgresStreams(database),
            xnys_sessions,
            self.desk.clock,
        )
        self.feed = LiveFeed(PostgresFeed(database), self.pushes, tellings, self.desk.clock)

    def connect(self, name: str = "ann", hours: float = 1) -> None:
        """Let somebody listen."""
        ends = self.desk.clock.now() + timedelta(hours=hours)
        self.feed.connect(Connection(name, f"owner of {name}", ends))

    def subscribe(self, *channels: str, name: str = "ann", after: int | None = None) -> None:
        """Subscribe."""
        self.feed.subscribe(name, Asked(tuple(map(channel_of, channels)), after))

    def take(self, bars: BarColumns) -> None:
        """Take minutes in, and tell of what the event of it says."""
        occasion = Occasion(self.desk.clock.now(), "test", RandomIds().new())
        with PostgresStreams(self.database).transaction(self._lease()) as books:
            key = SeriesKey("AAPL", Timeframe.M1, "stream")
            take(books.taking(), key, bars, occasion)
        rows = self.database.fetch_all(
            "SELECT detail_type, detail FROM data.outbox WHERE event_id = %s", (occasion.event_id,)
        )
        for row in rows:
            event = read_event(row["detail_type"], row["detail"])
            assert isinstance(event, BarsTaken)
            self.feed.publish(Kind.BARS, "AAPL", INTRADAY, event.first, event.last)

    def heard(self, name: str = "ann") -> list[tuple[str, int]]:
        """Return (channel, sequence) of the bars that a client heard, in their order."""
        told = self.pushes.told.get(name, [])
        return [(one["channel"], one["sequence"]) for one in told if one["type"] == "bar"]

    def _lease(self) -> Any:
        return self.desk.leases.take("streams", "one", 60)


@pytest.fixture
def feed(make_database: Callable[[str], Database]) -> FeedDesk:
    """A feed, some minutes after the session's open."""
    made = FeedDesk(make_database("data"))
    made.desk.clock.pass_by(1000)
    return made


def test_a_client_is_told_of_each_new_bar_with_its_number(feed: FeedDesk) -> None:
    feed.connect()
    feed.subscribe("bars:AAPL:1m")

    feed.take(minutes(0, [100.0]))
    feed.take(minutes(1, [101.0]))
    _, first, second = feed.pushes.told["ann"]

    assert first["bar"] == {
        "t": "2026-11-20T14:30:00Z",
        "open": "100",
        "high": "100.01",
        "low": "99.99",
        "close": "100",
        "volume": "100",
    }
    assert [one["sequence"] for one in (first, second)] == [1, 2]


def test_a_bar_told_twice_has_the_same_number(feed: FeedDesk) -> None:
    feed.connect()
    feed.subscribe("bars:AAPL:1m")

    feed.take(minutes(0, [100.0]))
    feed.feed.publish(Kind.BARS, "AAPL", INTRADAY, OPEN, OPEN)

    assert feed.heard() == [("bars:AAPL:1m", 1)] * 2


def test_bars_that_come_again_with_a_new_one_are_not_told_again(feed: FeedDesk) -> None:
    feed.connect()
    feed.subscribe("bars:AAPL:1m")

    feed.take(minutes(0, [100.0, 101.0]))
    feed.take(minutes(0, [100.0, 101.0, 102.0]))
    feed.take(minutes(0, [100.0, 101.0, 102.0]))

    assert feed.heard() == [("bars:AAPL:1m", 1), ("bars:AAPL:1m", 2), ("bars:AAPL:1m", 3)]


def test_a_longer_bar_that_ends_with_a_minute_without_trade_is_told_with_the_next_minute(
    feed: FeedDesk,
) -> None:
    feed.connect()
    feed.subscribe("bars:AAPL:5m")

    feed.take(minutes(0, [100.0, 101.0, 102.0]))
    feed.take(minutes(3, [103.0]))
    feed.take(minutes(6, [104.0]))

    assert feed.heard() == [("bars:AAPL:5m", 1)]
    assert feed.pushes.told["ann"][-1]["bar"]["close"] == "103"


def test_a_corrected_bar_is_told_anew(feed: FeedDesk) -> None:
    feed.connect()
    feed.subscribe("bars:AAPL:1m")
    feed.take(minutes(0, [100.0]))
    feed.desk.clock.pass_by(1)
    feed.take(minutes(0, [99.0]))

    assert feed.heard() == [("bars:AAPL:1m", 1), ("bars:AAPL:1m", 2)]
    assert feed.pushes.told["ann"][-1]["bar"]["close"] == "99"


def test_who_comes_back_is_told_what_it_missed_and_no_more(feed: FeedDesk) -> None:
    feed.connect()
    feed.subscribe("bars:AAPL:1m")
    feed.take(minutes(0, [100.0]))
    feed.feed.disconnect("ann")
    feed.connect("bob")
    feed.subscribe("bars:AAPL:1m", name="bob")
    feed.take(minutes(1, [101.0, 102.0]))
    feed.connect("ann again")
    feed.subscribe("bars:AAPL:1m", name="ann again", after=1)
    said, *missed = feed.pushes.told["ann again"]

    assert (said["type"], said["sequence"], said["resumed"]) == ("subscribed", 3, True)
    assert [one["sequence"] for one in missed] == [2, 3]


def test_who_was_away_for_too_long_gets_the_newest_and_is_told_so(feed: FeedDesk) -> None:
    feed.connect()
    feed.subscribe("bars:AAPL:1m")
    feed.desk.hear(Subscribed(feed.desk.now, ("AAPL",)))
    feed.take(minutes(0, [100.0, 101.0]))
    feed.desk.clock.pass_by(KEPT.total_seconds() + 1)
    feed.feed.prune()
    feed.connect("late")
    feed.subscribe("bars:AAPL:1m", name="late", after=1)
    (said,) = feed.pushes.told["late"]

    assert (said["resumed"], said["sequence"]) == (False, 2)
    assert said["snapshot"]["bar"]["close"] == "101"


def test_a_longer_bar_is_told_when_its_time_is_over_and_not_before(feed: FeedDesk) -> None:
    feed.connect()
    feed.subscribe("bars:AAPL:5m")

    feed.take(minutes(0, [100.0, 101.0, 102.0, 103.0]))
    before = feed.heard()
    feed.take(minutes(4, [104.0]))

    assert before == []
    assert feed.heard() == [("bars:AAPL:5m", 1)]
    bar = feed.pushes.told["ann"][-1]["bar"]
    assert (bar["open"], bar["close"], bar["volume"]) == ("100", "104", "500")


def test_no_longer_bar_is_told_across_a_gap_until_it_is_filled(feed: FeedDesk) -> None:
    feed.connect()
    feed.subscribe("bars:AAPL:5m")
    # Heard from the tenth minute on: nobody knows yet what was before.
    feed.desk.clock.at = OPEN + timedelta(minutes=10)
    feed.desk.hear(Subscribed(feed.desk.now, ("AAPL",)))
    feed.database.fetch_all("UPDATE data.market_streams SET recorded_at = now() RETURNING 1")

    feed.take(minutes(0, [100.0, 101.0, 102.0, 103.0, 104.0]))
    in_the_gap = feed.heard()
    feed.database.fetch_all(
        "UPDATE data.market_streams SET holes = '[]', settled_to = settled_to + interval '1 hour',"
        " recorded_at = now()"
        " RETURNING 1"
    )
    feed.feed.publish(Kind.BARS, "AAPL", INTRADAY, OPEN, instant_of(OPEN_AT + 4 * MINUTE))

    assert in_the_gap == []
    assert feed.heard() == [("bars:AAPL:5m", 1)]


def test_who_is_gone_is_forgotten_and_others_are_told(feed: FeedDesk) -> None:
    for name in ("ann", "bob"):
        feed.connect(name)
        feed.subscribe("bars:AAPL:1m", name=name)
    feed.pushes.trouble["ann"] = Pushed.GONE

    feed.take(minutes(0, [100.0]))
    left = feed.database.fetch_all("SELECT connection_id FROM data.feed_connections")

    assert feed.heard("bob") == [("bars:AAPL:1m", 1)]
    assert [row["connection_id"] for row in left] == ["bob"]


def test_who_is_slow_is_left_alone_for_a_while_and_sees_its_gap(feed: FeedDesk) -> None:
    feed.connect()
    feed.subscribe("bars:AAPL:1m")
    feed.pushes.trouble["ann"] = Pushed.SLOW
    feed.take(minutes(0, [100.0]))
    feed.pushes.trouble.clear()
    feed.take(minutes(1, [101.0]))
    feed.desk.clock.pass_by(LEFT_ALONE.total_seconds() + 1)
    feed.take(minutes(2, [102.0]))

    assert feed.heard() == [("bars:AAPL:1m", 3)]


def test_nobody_is_told_of_anything_once_their_token_has_ended(feed: FeedDesk) -> None:
    feed.connect(hours=0.1)
    feed.subscribe("bars:AAPL:1m")
    feed.desk.clock.pass_by(361)
    feed.take(minutes(0, [100.0]))

    assert feed.heard() == []
    with pytest.raises(UnauthenticatedError, match="connect anew"):
        feed.subscribe("bars:AAPL:1m")


def test_an_instrument_that_is_not_listed_and_too_many_channels_are_refused(
    feed: FeedDesk,
) -> None:
    feed.connect()

    with pytest.raises(NotFoundError, match="NOPE"):
        feed.subscribe("bars:NOPE:1m")
    feed.database.fetch_all(
        "INSERT INTO data.feed_channels (channel) SELECT 'x' || n FROM generate_series(1, 100) n"
        " RETURNING 1"
    )
    feed.database.fetch_all(
        "INSERT INTO data.feed_subscriptions SELECT channel, 'ann' FROM data.feed_channels"
        " RETURNING 1"
    )
    with pytest.raises(InvalidInputError, match="101 channels"):
        feed.subscribe("bars:AAPL:1m")
    assert feed.pushes.told == {}


def test_who_unsubscribes_is_told_so_and_of_nothing_else(feed: FeedDesk) -> None:
    feed.connect()
    feed.subscribe("bars:AAPL:1m")
    feed.feed.unsubscribe("ann", Asked((channel_of("bars:AAPL:1m"),)))
    feed.take(minutes(0, [100.0]))

    assert feed.pushes.told["ann"][-1] == {"type": "unsubscribed", "channels": ["bars:AAPL:1m"]}


def test_bars_kept_at_rest_do_not_span_a_gap_either(feed: FeedDesk) -> None:
    feed.desk.clock.at = OPEN + timedelta(minutes=10)
    feed.desk.hear(Subscribed(feed.desk.now, ("AAPL",)))
    feed.database.fetch_all("UPDATE data.market_streams SET recorded_at = now() RETURNING 1")
    feed.take(minutes(0, [100.0, 101.0, 102.0, 103.0, 104.0]))
    roll_ups = RollUps(PostgresRollUps(feed.database), feed.desk.clock)
    stored = "SELECT count(*) AS bars FROM data.intraday_bars WHERE timeframe = 5"
    in_the_gap = roll_ups.run(), feed.database.fetch_all(stored)
    feed.database.fetch_all("UPDATE data.market_streams SET holes = '[]' RETURNING 1")
    filled = roll_ups.run(), feed.database.fetch_all(stored)

    assert in_the_gap == ({"sessions": 1, "bars_written": 0}, [{"bars": 0}])
    assert filled == ({"sessions": 1, "bars_written": 1}, [{"bars": 1}])


def test_quotes_and_trades_that_somebody_wants_are_told(feed: FeedDesk) -> None:
    feed.connect()
    feed.subscribe("quotes:AAPL", "trades:AAPL")
    feed.desk.hear(Subscribed(feed.desk.now, ("AAPL",)))
    at = feed.desk.now
    feed.desk.hear(
        QuoteTold("AAPL", at, 99_990_000, 100_010_000, 3_000_000, 2_000_000),
        TradeTold("AAPL", at, "V:1", 100_000_000, 50_000_000, REGULAR),
    )
    told = feed.database.fetch_all("SELECT detail_type, detail FROM data.outbox ORDER BY position")
    events = [read_event(row["detail_type"], row["detail"]) for row in told]
    ticks = [event for event in events if isinstance(event, TicksTaken)]
    for event in ticks:
        none = frozenset[str]()
        feed.feed.publish(Kind(event.kind), event.instrument, none, event.first, event.last)
    quote, trade = sorted(feed.pushes.told["ann"][2:], key=lambda one: str(one["type"]))

    assert [event.kind for event in ticks] == ["trades", "quotes"]
    assert quote["quote"] == {
        "t": "2026-11-20T14:46:40Z",
        "bid": "99.99",
        "bid_size": "3",
        "ask": "100.01",
        "ask_size": "2",
    }
    assert (trade["trade"]["price"], trade["trade"]["size"]) == ("100", "50")


def test_nobody_is_told_of_quotes_that_nobody_wants(feed: FeedDesk) -> None:
    feed.desk.hear(Subscribed(feed.desk.now, ("AAPL",)))
    feed.desk.hear(QuoteTold("AAPL", feed.desk.now, 1, 2, 3, 4))

    assert feed.database.fetch_all("SELECT 1 FROM data.outbox WHERE detail_type ~ 'Ticks'") == []
    assert len(feed.database.fetch_all("SELECT 1 FROM data.quotes")) == 1
