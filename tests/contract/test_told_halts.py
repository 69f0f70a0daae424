"""What a person tells of halts: the last word of one counts, beside what a line tells; and one
without an end is believed for a while only, and not against what trades.
"""

from collections.abc import Callable
from datetime import timedelta

import pytest

from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.market.halts import PostgresHalts
from bifrost.adapters.postgres.market.quality_reads import PostgresQualityReader
from bifrost.adapters.postgres.market.streams import PostgresStreams
from bifrost.adapters.postgres.market.subscriptions import PostgresSubscriptions
from bifrost.data.halts.statuses import ToldHalt
from bifrost.data.ingest.subscriptions import Subscription
from bifrost.data.quality.report import QualityQuery
from bifrost.data.series.timeframes import Timeframe
from bifrost.data.streaming.holes import MINUTE
from bifrost.data.streaming.messages import Subscribed
from tests.contract.test_halts import HaltDesk
from tests.contract.test_unknown_minutes import SESSION, MinuteDesk
from tests.contract.test_unknown_minutes import minutes as session_minutes
from tests.stream_desk import OPEN, OPEN_AT

# The close, in minutes of the session.
CLOSE = 390


@pytest.fixture
def desk(make_database: Callable[[str], Database]) -> HaltDesk:
    """A stream that hears AAPL from the open on."""
    made = HaltDesk(make_database("data"), "AAPL")
    made.hear(Subscribed(made.now, ("AAPL",)))
    return made


def trade_on(desk: HaltDesk, first: int, before: int) -> None:
    """Trade thrice in each of these minutes."""
    for minute in range(first, before):
        for part in (0.1, 0.5, 0.9):
            desk.trade(minute + part)


@pytest.mark.parametrize("second", [8, 20])
def test_an_end_that_is_told_again_takes_the_place_of_the_earlier(
    desk: HaltDesk, second: int
) -> None:
    desk.at(30)
    desk.say(5, 10)
    between = desk.clock.now()
    desk.at(31)
    desk.say(5, second)

    assert desk.halts() == [("ended", 5, second)]
    assert desk.halts(between) == [("ended", 5, 10)]


def test_a_halt_that_was_none_and_is_told_again_is_one(desk: HaltDesk) -> None:
    desk.at(30)
    desk.say(5, 5)
    none = desk.halts()
    desk.at(31)
    desk.say(5, 10)

    assert none == []
    assert desk.halts() == [("ended", 5, 10)]


def test_what_is_told_last_in_one_instant_counts(desk: HaltDesk) -> None:
    desk.at(30)
    desk.say(5, 10)
    desk.say(5, 20)
    desk.say(5)
    desk.say(5, 15)

    assert desk.halts() == [("ended", 5, 15)]


def test_a_halt_that_a_person_tells_ends_no_other_that_a_line_heard(desk: HaltDesk) -> None:
    desk.word(5, halted=True)
    desk.quote(9)
    desk.say(3, 6)
    desk.word(20, halted=False)

    assert sorted(desk.halts()) == [("ended", 3, 6), ("ended", 5, 20)]


def test_a_word_of_a_line_that_it_trades_again_ends_what_a_person_said_lasts(
    desk: HaltDesk,
) -> None:
    desk.at(19.5)
    desk.say(5)
    desk.hear(Subscribed(desk.now, ("AAPL",)))
    desk.word(20, halted=False)

    assert desk.halts() == [("ended", 5, 20)]


def test_a_halt_without_an_end_is_believed_until_the_close_and_then_is_unknown(
    desk: HaltDesk,
) -> None:
    desk.at(6)
    desk.say(5)
    lasting = desk.halts()
    during = desk.clock.now()
    desk.at(CLOSE - 1)
    before = desk.clock.now()
    desk.at(CLOSE)

    assert lasting == [("halted", 5, None)]
    assert desk.halts() == desk.halts(desk.clock.now()) == [("unknown", 5, CLOSE)]
    assert desk.halts(during) == desk.halts(before) == [("halted", 5, None)]


def test_a_halt_without_an_end_that_is_told_again_is_believed_until_the_next_close(
    desk: HaltDesk,
) -> None:
    desk.at(6)
    desk.say(5)
    desk.at(CLOSE + 60)
    desk.say(5)
    monday = CLOSE + 3 * 24 * 60
    desk.at(monday - 1)
    lasting = desk.halts()
    desk.at(monday)

    assert lasting == [("halted", 5, None)]
    assert desk.halts() == [("unknown", 5, monday)]


def test_what_trades_on_for_minutes_is_stored_and_owed_whatever_a_person_said(
    desk: HaltDesk,
) -> None:
    desk.say(5)
    trade_on(desk, 8, 10)
    waiting, still = desk.apart(), desk.halts()
    then = desk.clock.now()
    trade_on(desk, 10, 21)

    assert (waiting[0], still) == (8, [("halted", 5, None)])
    assert desk.apart() == []
    assert [minute for minute, _ in desk.bars()] == list(range(8, 20))
    assert desk.halts() == [("unknown", 5, 8)]
    assert desk.halts(then) == [("halted", 5, None)]
    assert PostgresSubscriptions(desk.database).halted(desk.clock.now()) == set()


def test_a_vendors_bars_that_a_forgotten_end_kept_apart_come_in_when_they_are_fetched_again(
    desk: HaltDesk,
) -> None:
    desk.at(30)
    desk.say(5)
    first = desk.vendor(0, 20)
    contradicted = desk.halts()
    again = desk.vendor(0, 20)

    assert (first.written, first.kept_apart) == (5, 15)
    assert contradicted == [("unknown", 5, 5)]
    assert (again.written, again.kept_apart) == (15, 0)
    assert desk.apart() == []


def test_the_day_after_a_halt_without_an_end_is_expected_and_a_gap(desk: HaltDesk) -> None:
    desk.at(6)
    desk.say(5)
    monday = OPEN + timedelta(days=3)
    closed = monday + timedelta(hours=7)
    wanted = [
        Subscription("AAPL", one, "alpaca", "AAPL", OPEN.date(), False, "XNYS")
        for one in (Timeframe.D1, Timeframe.M1)
    ]
    subscriptions = PostgresSubscriptions(desk.database)
    for one in wanted:
        subscriptions.put(one, "owner-1", desk.clock.now())
    asked = QualityQuery(monday.date(), monday.date(), "AAPL")

    days = PostgresQualityReader(desk.database).days(asked, closed)
    excused = [subscriptions.accounted(one, monday, closed)[1] for one in wanted]
    silent = PostgresStreams(desk.database).silent("AAPL", OPEN, closed)

    assert [(one.timeframe, one.expected) for one in days] == [("1d", 1), ("1m", CLOSE)]
    assert [[end for _, end in one if end > OPEN_AT + CLOSE * MINUTE] for one in excused] == [
        [],
        [],
    ]
    assert silent == [(OPEN_AT + 5 * MINUTE, OPEN_AT + CLOSE * MINUTE)]


def test_what_was_known_of_a_halt_stays_known_when_its_runner_ends_and_another_begins(
    desk: HaltDesk,
) -> None:
    desk.word(5, halted=True)
    desk.quote(9)
    desk.pass_by(60)
    then = desk.clock.now()
    streams = PostgresStreams(desk.database)
    closed = OPEN + timedelta(minutes=CLOSE)

    def known() -> tuple[object, object]:
        return desk.halts(then), streams.silent("AAPL", OPEN, closed, then)

    before = known()
    desk.database.fetch_all("UPDATE data.leases SET ends_at = now() RETURNING 1")
    died = known()
    desk.begin("another")
    desk.at(30)

    assert before == ([("halted", 5, None)], [(OPEN_AT + 5 * MINUTE, OPEN_AT + 10 * MINUTE)])
    assert died == known() == before
    assert [state for state, *_ in desk.halts()] == ["unknown"]


def test_a_day_that_was_made_without_a_halts_minutes_is_judged_anew_when_there_was_none(
    make_database: Callable[[str], Database],
) -> None:
    desk = MinuteDesk(make_database("data"))
    desk.take(session_minutes(0, 100))
    desk.take(session_minutes(110, 280))
    began, ended = SESSION.opens_at - timedelta(days=1), SESSION.opens_at + timedelta(minutes=110)
    book = PostgresHalts(desk.database)
    book.tell(ToldHalt("AAPL", began, ended, "known"), "owner-1", ended)
    desk.database.fetch_all("DELETE FROM data.touched_sessions RETURNING 1")

    book.tell(ToldHalt("AAPL", began, began, "none"), "owner-1", ended)

    touched = desk.database.fetch_all("SELECT session FROM data.touched_sessions")
    assert SESSION.session in [row["session"] for row in touched]
