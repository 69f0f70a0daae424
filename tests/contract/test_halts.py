"""Halts are heard, kept word by word, and judged by: what is told of a halt is kept apart, what
follows it is not, and where nobody heard how it went on, nothing is called halted. A minute of a
halt is no gap.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

import numpy as np
import psycopg
import pytest

from bifrost.adapters.ids import RandomIds
from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.market.halts import PostgresHalts
from bifrost.adapters.postgres.market.quality_reads import PostgresQualityReader
from bifrost.adapters.postgres.market.subscriptions import PostgresSubscriptions
from bifrost.adapters.postgres.market.taking import PostgresTakingBooks
from bifrost.data.halts.statuses import HaltQuery, ToldHalt
from bifrost.data.ingest.subscriptions import Subscription
from bifrost.data.ingest.taking import Occasion, Taken, take
from bifrost.data.quality.context import GateContext, SessionGrid
from bifrost.data.quality.report import QualityQuery
from bifrost.data.series.columns import micros
from bifrost.data.series.ports import SeriesKey
from bifrost.data.series.timeframes import Timeframe
from bifrost.data.series.trades import REGULAR
from bifrost.data.streaming.holes import MINUTE, GapCause
from bifrost.data.streaming.messages import (
    Missed,
    QuoteTold,
    StatusTold,
    Subscribed,
    Told,
    TradeTold,
)
from tests.clean_series import clean, received
from tests.contract.test_unknown_minutes import SESSION, MinuteDesk
from tests.contract.test_unknown_minutes import minutes as session_minutes
from tests.data_desk import DataDesk
from tests.defect_injectors import INJECTORS
from tests.stream_desk import OPEN, OPEN_AT, StreamDesk, minutes

SECOND = 1_000_000
ALPACA = SeriesKey("AAPL", Timeframe.M1, "alpaca")


class HaltDesk(StreamDesk):
    """A stream of AAPL, with times in minutes of its session."""

    def at(self, minute: float, *told: Told) -> None:
        """Let it be then, and hear what the line tells."""
        self.clock.pass_by((OPEN_AT - self.now) / SECOND + minute * 60)
        self.hear(*told)

    def word(self, minute: float, *, halted: bool, heard: float | None = None) -> None:
        """Hear that it was halted then, or traded again."""
        at = OPEN_AT + round(minute * MINUTE)
        self.at(heard or minute, StatusTold("AAPL", at, halted, "news pending", "T1"))

    def quote(self, minute: float) -> None:
        """Hear a quote, which proves that the line lives."""
        at = OPEN_AT + round(minute * MINUTE)
        self.at(minute, QuoteTold("AAPL", at, 99_990_000, 100_010_000, SECOND, SECOND))

    def trade(self, minute: float, price: float = 100.0) -> None:
        """Hear a trade."""
        at = OPEN_AT + round(minute * MINUTE)
        told = TradeTold("AAPL", at, f"V:{at}", round(price * SECOND), 100 * SECOND, REGULAR)
        self.at(minute, told)

    def vendor(self, first: int, before: int) -> Taken:
        """Take a vendor's minutes of [first, before) in, once they are over."""
        self.clock.pass_by(max(0.0, (OPEN_AT - self.now) / SECOND + before * 60))
        told = minutes(first, [100 + 0.01 * (one * 7 % 5) for one in range(first, before)])
        with self.database.transaction() as cursor:
            occasion = Occasion(self.clock.now(), "request-1", RandomIds().new())
            return take(PostgresTakingBooks(cursor), ALPACA, told, occasion)

    def apart(self) -> list[int]:
        """Return the minutes that are kept apart because it was halted."""
        rows = self.rows(
            "SELECT occurred_at FROM data.quarantine WHERE released_at IS NULL"
            " AND kinds = ARRAY['traded_in_halt'] ORDER BY occurred_at"
        )
        return [(micros(row["occurred_at"]) - OPEN_AT) // MINUTE for row in rows]

    def halts(self, known_by: datetime | None = None) -> list[tuple[str, float, float | None]]:
        """Return each halt's state, when it began, and until when it is known to have lasted."""
        found = PostgresHalts(self.database).listing(
            HaltQuery(known_by=known_by), 10**18, 10, self.clock.now()
        )
        return [(one.state.value, _minute(one.begins_at), _ended(one.known_to)) for one in found]

    def say(self, begins: float, ends: float | None = None) -> None:
        """Tell of a halt as a person does."""
        ends_at = None if ends is None else OPEN + timedelta(minutes=ends)
        halt = ToldHalt("AAPL", OPEN + timedelta(minutes=begins), ends_at, "known")
        PostgresHalts(self.database).tell(halt, "owner-1", self.clock.now())


def _minute(at: datetime) -> float:
    return (micros(at) - OPEN_AT) / MINUTE


def _ended(at: datetime | None) -> float | None:
    return None if at is None else _minute(at)


@pytest.fixture
def desk(make_database: Callable[[str], Database]) -> HaltDesk:
    """A stream that hears AAPL from the open on."""
    made = HaltDesk(make_database("data"), "AAPL")
    made.hear(Subscribed(made.now, ("AAPL",)))
    made.pass_by(5)
    made.pass_by(1)
    return made


def test_a_vendors_bars_within_a_halt_are_kept_apart_with_the_reason(desk: HaltDesk) -> None:
    desk.word(5.4, halted=True)
    desk.word(10.5, halted=False)

    taken = desk.vendor(0, 20)

    assert (taken.written, taken.kept_apart) == (16, 4)
    assert desk.apart() == [6, 7, 8, 9]
    (first, *_) = desk.rows("SELECT reason FROM data.quarantine ORDER BY occurred_at")
    assert "it traded while it was halted" in first["reason"]
    assert desk.halts() == [("ended", 5.4, 10.5)]


def test_a_halt_that_lasts_has_no_end_and_what_comes_until_now_is_judged_so(
    desk: HaltDesk,
) -> None:
    desk.word(5.4, halted=True)

    desk.vendor(0, 20)

    assert desk.halts() == [("halted", 5.4, None)]
    assert desk.apart() == list(range(6, 20))


def test_words_come_twice_and_in_any_order_and_make_one_halt(desk: HaltDesk) -> None:
    desk.word(10.5, halted=False)
    desk.word(5.4, halted=True, heard=10.6)
    desk.word(5.4, halted=True, heard=10.7)
    desk.word(10.5, halted=False, heard=10.8)

    assert len(desk.rows("SELECT 1 FROM data.trading_statuses")) == 2
    assert desk.halts() == [("ended", 5.4, 10.5)]


def test_a_resumption_without_a_halt_is_none(desk: HaltDesk) -> None:
    desk.word(5.4, halted=False)

    assert desk.halts() == []
    assert desk.vendor(0, 10).kept_apart == 0


def test_after_a_cut_a_halt_is_known_as_far_as_it_was_heard_and_is_not_for_ever(
    desk: HaltDesk,
) -> None:
    desk.word(5.4, halted=True)
    desk.quote(8.5)
    desk.at(8.9, Missed(desk.now + 24 * SECOND, GapCause.DISCONNECTED, "cut", ended=True))
    desk.at(9.2, Subscribed(OPEN_AT + round(9.2 * MINUTE), ("AAPL",)))

    desk.vendor(0, 20)

    assert desk.halts() == [("unknown", 5.4, 8.5)]
    assert desk.apart() == [6, 7]


def test_a_stream_that_died_amid_a_halt_speaks_for_no_minute_after_the_last_it_settled(
    desk: HaltDesk,
) -> None:
    desk.word(5.4, halted=True)
    desk.quote(9.5)
    desk.database.fetch_all("UPDATE data.leases SET ends_at = now() RETURNING 1")
    before = desk.halts()
    desk.vendor(0, 20)

    desk.begin("another")
    desk.at(30)

    assert before == desk.halts() == [("unknown", 5.4, 9.0)]
    assert desk.apart() == [6, 7, 8]
    assert [row["status"] for row in desk.rows("SELECT status FROM data.trading_statuses")] == [
        "halted",
        "unknown",
    ]


def test_trades_of_a_halt_are_kept_apart_and_those_after_it_are_stored(desk: HaltDesk) -> None:
    desk.trade(5.2)
    desk.word(5.4, halted=True)
    desk.trade(5.41)
    desk.trade(7.2)
    desk.word(10.5, halted=False)
    desk.trade(10.52)

    (apart,) = desk.rows("SELECT occurred_at, kinds FROM data.quarantined_ticks")
    stored = desk.rows("SELECT occurred_at FROM data.trades ORDER BY occurred_at")

    assert (_minute(apart["occurred_at"]), apart["kinds"]) == (7.2, ["traded_in_halt"])
    assert [_minute(row["occurred_at"]) for row in stored] == [5.2, 5.41, 10.52]


def test_a_reopenings_trades_that_are_heard_before_its_word_are_stored(desk: HaltDesk) -> None:
    desk.word(5.4, halted=True)
    desk.trade(10.5)
    desk.word(10.499, halted=False, heard=10.51)
    desk.trade(10.52)

    stored = desk.rows("SELECT occurred_at FROM data.trades ORDER BY occurred_at")

    assert [_minute(row["occurred_at"]) for row in stored] == [10.5, 10.52]
    assert desk.rows("SELECT 1 FROM data.quarantined_ticks") == []


def test_a_share_that_trades_for_a_minute_without_a_word_is_not_called_halted_any_more(
    desk: HaltDesk,
) -> None:
    desk.word(5.4, halted=True)
    for at in (12.5, 12.9, 13.1):
        desk.trade(at)
    waited = desk.apart()
    desk.trade(13.6, 100.1)
    desk.trade(14.2)

    assert waited == [12]
    assert desk.halts() == [("unknown", 5.4, 12.5)]
    assert [minute for minute, _ in desk.bars()] == [12, 13]
    (row,) = desk.rows("SELECT released_by, release_reason FROM data.quarantine")
    assert row == {"released_by": "gate", "release_reason": "its halt was over"}


def test_bars_that_came_before_the_word_of_the_end_are_let_in_by_the_next(desk: HaltDesk) -> None:
    desk.word(5.4, halted=True)
    desk.vendor(0, 8)
    before = desk.apart()
    desk.word(6.0, halted=False, heard=8.5)
    desk.vendor(8, 9)

    assert (before, desk.apart()) == ([6, 7], [])
    assert [minute for minute, _ in desk.bars()] == list(range(9))


def test_what_was_known_at_an_instant_stays_known_so(desk: HaltDesk) -> None:
    desk.word(5.4, halted=True)
    between = desk.clock.now()
    desk.word(10.5, halted=False)

    assert desk.halts(between - timedelta(minutes=1)) == []
    assert desk.halts(between) == [("halted", 5.4, None)]
    assert desk.halts(desk.clock.now()) == [("ended", 5.4, 10.5)]


def test_a_person_ends_a_halt_and_says_that_one_was_none(desk: HaltDesk) -> None:
    desk.word(5.4, halted=True)
    desk.at(30)
    desk.say(5.4, 9.0)
    ended = desk.halts()
    desk.say(5.4, 5.4)

    assert ended == [("ended", 5.4, 9.0)]
    assert desk.halts() == []


def test_minutes_of_a_halt_are_expected_by_nobody_and_are_no_gap(desk: HaltDesk) -> None:
    desk.say(6.4, 10.5)
    desk.vendor(0, 6)
    desk.vendor(11, 390)
    closed = OPEN + timedelta(hours=7)
    asked = QualityQuery(OPEN.date(), OPEN.date(), "AAPL")
    wanted = Subscription("AAPL", Timeframe.M1, "alpaca", "AAPL", OPEN.date(), False, "XNYS")

    (day,) = PostgresQualityReader(desk.database).days(asked, closed)
    _, ranges = PostgresSubscriptions(desk.database).accounted(wanted, OPEN, closed)

    # Of five minutes nobody can expect a bar; in the two that it touched there may be one to fetch.
    assert (day.expected, day.stored) == (385, 385)
    assert [((one - OPEN_AT) / MINUTE, (end - OPEN_AT) / MINUTE) for one, end in ranges] == [
        (7, 10)
    ]


def test_a_session_that_was_halted_whole_owes_no_bar(desk: HaltDesk) -> None:
    desk.at(400)
    desk.say(-60, 400)
    reader, closed = PostgresQualityReader(desk.database), OPEN + timedelta(hours=7)
    subscriptions = PostgresSubscriptions(desk.database)
    wanted = [
        Subscription("AAPL", one, "alpaca", "AAPL", OPEN.date(), False, "XNYS")
        for one in (Timeframe.D1, Timeframe.M1)
    ]
    for one in wanted:
        subscriptions.put(one, "owner-1", desk.clock.now())

    found = reader.days(QualityQuery(OPEN.date(), OPEN.date(), "AAPL"), closed)
    _, ranges = subscriptions.accounted(wanted[0], OPEN, closed)

    assert found == []
    assert [first for first, _ in ranges] == [OPEN_AT]


def test_nothing_is_owed_of_who_is_halted_nor_in_the_minute_after_it(desk: HaltDesk) -> None:
    subscriptions = PostgresSubscriptions(desk.database)
    desk.word(5.4, halted=True)
    during = subscriptions.halted(OPEN + timedelta(minutes=6))
    desk.word(10.5, halted=False)

    assert during == {"AAPL"}
    assert subscriptions.halted(OPEN + timedelta(minutes=10)) == {"AAPL"}
    assert subscriptions.halted(OPEN + timedelta(minutes=11)) == set()


def test_a_day_with_a_halt_is_made_of_its_minutes(
    make_database: Callable[[str], Database],
) -> None:
    desk = MinuteDesk(make_database("data"))
    desk.take(session_minutes(0, 100))
    desk.take(session_minutes(110, 280))
    before = len(desk.days())
    times = [SESSION.opens_at + timedelta(minutes=at) for at in (100, 110)]
    halt = ToldHalt("AAPL", times[0], times[1], "known")
    PostgresHalts(desk.database).tell(halt, "owner-1", desk.clock.now())

    assert (before, len(desk.days())) == (0, 1)


def test_every_injected_halt_is_found_on_the_way_in(
    make_database: Callable[[str], Database],
) -> None:
    database = make_database("data")
    desk = DataDesk(database)
    desk.stock()
    sessions, bars = clean("IBM")
    places = np.arange(80, len(bars) - 1, 60).tolist()
    context = GateContext(Timeframe.D1, SessionGrid.of(sessions), received("IBM"))
    injected = INJECTORS["trades_in_a_halt"].inject(bars, places, np.random.default_rng(1), context)
    tell_all(database, injected.context, desk.clock.now())

    with database.transaction() as cursor:
        occasion = Occasion(desk.clock.now(), "request-1", RandomIds().new())
        key = SeriesKey("IBM", Timeframe.D1, "yahoo")
        taken = take(PostgresTakingBooks(cursor), key, injected.bars, occasion)

    rows = database.fetch_all(
        "SELECT occurred_at FROM data.quarantine WHERE kinds = ARRAY['traded_in_halt']"
        " ORDER BY occurred_at"
    )
    assert [micros(row["occurred_at"]) for row in rows] == bars.starts_at[places].tolist()
    assert (taken.kept_apart, taken.written) == (len(places), len(bars) - len(places))


def tell_all(database: Database, context: GateContext, now: datetime) -> None:
    """Tell of the halts that were injected."""
    for halt in context.halts:
        told = ToldHalt("IBM", halt.begins_at, halt.ends_at, "injected")
        PostgresHalts(database).tell(told, "owner-1", now)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE data.trading_statuses SET status = 'resumed'",
        "DELETE FROM data.trading_statuses",
        "INSERT INTO data.trading_statuses (instrument, occurred_at, status, source, recorded_at)"
        " VALUES ('AAPL', now(), 'paused', 'stream', now())",
        "INSERT INTO data.trading_statuses (instrument, occurred_at, status, source, recorded_at)"
        " VALUES ('AAPL', now(), 'halted', 'person', now())",
    ],
)
def test_the_database_refuses_to_change_a_word_or_to_keep_one_that_is_none(
    desk: HaltDesk, statement: str
) -> None:
    desk.word(5.4, halted=True)

    with pytest.raises(psycopg.Error), desk.database.transaction() as cursor:
        cursor.execute(statement)
