"""The streaming ingester on Postgres: bars of trades are stored once their minute is whole, a gap
is a row until a vendor filled it, and whoever lost the lease writes nothing.
"""

import contextlib
from collections.abc import Callable
from datetime import timedelta

import pytest

from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.market.leases import PostgresLeases
from bifrost.adapters.postgres.market.streams import PostgresStreams
from bifrost.core.errors import ConflictError, UnavailableError
from bifrost.data.ingest.leases import Lease
from bifrost.data.providers.answers import Failed, Partial
from bifrost.data.series.columns import instant_of
from bifrost.data.series.trades import REGULAR
from bifrost.data.streaming.holes import MINUTE, GapCause
from bifrost.data.streaming.messages import Missed, QuoteTold, Subscribed, TradeTold
from tests.stream_desk import OPEN_AT, SILENCE_SECONDS, StreamDesk, minutes

SECOND = 1_000_000


@pytest.fixture
def desk(make_database: Callable[[str], Database]) -> StreamDesk:
    """An ingester of AAPL at the session's open, with nothing written."""
    return StreamDesk(make_database("data"), "AAPL")


def trade(at_second: float, price: float, number: int) -> TradeTold:
    """Make a trade so many seconds after the open."""
    at = OPEN_AT + round(at_second * SECOND)
    return TradeTold("AAPL", at, f"V:{number}", round(price * SECOND), 100 * SECOND, REGULAR)


def subscribed(desk: StreamDesk) -> Subscribed:
    """Say that the line tells of AAPL from now on."""
    return Subscribed(desk.now, ("AAPL",))


def live(desk: StreamDesk) -> None:
    """Subscribe at the open, and fill what came before it."""
    desk.hear(subscribed(desk))
    desk.pass_by(5)
    desk.pass_by(1)


def test_a_minute_is_stored_when_a_later_trade_proves_it_over(desk: StreamDesk) -> None:
    live(desk)
    desk.pass_by(50)
    desk.hear(trade(10, 100.0, 1), trade(50, 101.0, 2))
    stored = [desk.bars()]

    desk.pass_by(10)
    stored.append(desk.bars())
    desk.hear(trade(63, 102.0, 3))
    stored.append(desk.bars())

    assert stored == [[], [], [(0, 101.0)]]


def test_a_late_trade_is_appended_as_a_correction(desk: StreamDesk) -> None:
    live(desk)
    desk.pass_by(60)
    desk.hear(trade(10, 100.0, 1), trade(63, 102.0, 2))

    desk.hear(trade(59, 99.0, 3))
    rows = desk.rows("SELECT close FROM data.intraday_bars ORDER BY recorded_at, close DESC")

    assert desk.bars() == [(0, 99.0)]
    assert [row["close"] for row in rows] == [100_000_000, 99_000_000]


def test_a_minute_with_a_gap_waits_for_the_vendors_history(desk: StreamDesk) -> None:
    live(desk)
    desk.hear(trade(10, 100.0, 1))
    desk.pass_by(14)
    desk.hear(Missed(desk.now, GapCause.DISCONNECTED, "cut", ended=True))
    desk.pass_by(10)
    desk.hear(subscribed(desk))
    desk.history.next_answers = [Failed("503", retryable=True)]
    desk.pass_by(40)
    desk.hear(trade(70, 103.0, 2))
    in_the_gap = desk.bars()
    (gap,) = desk.rows("SELECT state, holes <> '[]' AS has FROM data.market_streams")
    desk.history.bars_of["AAPL"] = minutes(0, [101.5])
    desk.pass_by(3)
    desk.pass_by(1)

    assert in_the_gap == []
    assert gap == {"state": "gap", "has": True}
    assert desk.bars() == [(0, 101.5)]
    states = desk.rows("SELECT state, holes FROM data.market_streams")
    assert states == [{"state": "live", "holes": []}]
    causes = desk.rows("SELECT cause FROM data.stream_gaps WHERE closed_at IS NOT NULL")
    assert [row["cause"] for row in causes] == ["not_connected", "disconnected"]


def test_a_vendor_that_fails_leaves_the_gap_open_and_is_asked_again(desk: StreamDesk) -> None:
    desk.pass_by(10)
    desk.history.next_answers = [Failed("503", retryable=True)] * 3
    desk.history.bars_of["AAPL"] = minutes(0, [100.0])
    desk.hear(subscribed(desk))
    desk.pass_by(60)
    open_gaps = []
    for _ in range(20):
        desk.pass_by(1)
        open_gaps.append(len(desk.rows("SELECT 1 FROM data.stream_gaps WHERE closed_at IS NULL")))

    assert open_gaps[0] == 1
    assert open_gaps[-1] == 0


def test_half_an_answer_fills_half_the_gap(desk: StreamDesk) -> None:
    desk.history.bars_of["AAPL"] = minutes(0, [100.0, 101.0, 102.0])
    resume = instant_of(OPEN_AT + 2 * MINUTE)
    desk.history.next_answers = [Partial(minutes(0, [100.0, 101.0]), resume, "a page")]
    desk.pass_by(190)
    desk.pass_by(1)
    desk.pass_by(1)

    assert desk.bars() == [(0, 100.0), (1, 101.0), (2, 102.0)]
    assert desk.history.asked[1].first >= resume


def test_who_begins_anew_fills_what_nobody_heard(desk: StreamDesk) -> None:
    live(desk)
    desk.pass_by(60)
    desk.hear(trade(10, 100.0, 1), trade(63, 102.0, 2), trade(65, 102.5, 3))
    desk.begin()
    desk.clock.pass_by(120)
    desk.history.bars_of["AAPL"] = minutes(0, [100.0, 104.0, 105.0])
    desk.hear(subscribed(desk))
    desk.pass_by(70)
    desk.pass_by(1)

    assert desk.bars() == [(0, 100.0), (1, 104.0), (2, 105.0)]


def test_silence_during_a_session_opens_the_line_anew(desk: StreamDesk) -> None:
    live(desk)
    desk.hear(trade(10, 100.0, 1))
    desk.pass_by(SILENCE_SECONDS + 1)

    assert desk.line.reopened == 1
    assert desk.rows("SELECT state FROM data.market_streams") == [{"state": "gap"}]


def test_nothing_is_silent_after_the_close(desk: StreamDesk) -> None:
    live(desk)
    desk.clock.pass_by(8 * 3600)
    desk.hear(trade(8 * 3600, 100.0, 1))
    desk.pass_by(3600)

    assert desk.line.reopened == 0
    assert max(desk.ingester.lags().values()) == 0
    assert desk.bars() == []


def test_early_and_late_minutes_are_kept_as_every_history_keeps_them(desk: StreamDesk) -> None:
    early, late, night = -90 * 60, 7 * 3600, 12 * 3600
    desk.clock.pass_by(early)
    desk.begin()
    desk.hear(subscribed(desk))
    desk.pass_by(70)
    for number, minute in enumerate((early + 120, late, night)):
        desk.clock.pass_by(minute + 30 - (desk.now - OPEN_AT) / SECOND)
        desk.hear(trade(minute + 20, 100.0 + number / 100, number))
        desk.clock.pass_by(40)
        desk.hear(QuoteTold("AAPL", desk.now, 99_990_000, 100_010_000, SECOND, SECOND))

    stored = desk.rows("SELECT occurred_at FROM data.intraday_bars ORDER BY occurred_at")
    (apart,) = desk.rows("SELECT occurred_at, kinds FROM data.quarantine")
    assert [row["occurred_at"] for row in stored] == [
        instant_of(OPEN_AT + at * SECOND) for at in (early + 120, late)
    ]
    assert apart == {
        "occurred_at": instant_of(OPEN_AT + night * SECOND),
        "kinds": ["outside_session"],
    }


def test_what_was_missed_before_the_open_is_asked_of_the_vendor(desk: StreamDesk) -> None:
    desk.clock.pass_by(-3600)
    desk.begin()
    desk.history.bars_of["AAPL"] = minutes(-65, [100.0])
    desk.hear(subscribed(desk))
    desk.pass_by(70)
    desk.pass_by(1)

    rows = desk.rows("SELECT occurred_at FROM data.intraday_bars")
    assert [row["occurred_at"] for row in rows] == [instant_of(OPEN_AT - 65 * MINUTE)]


def test_who_lost_the_lease_writes_nothing(desk: StreamDesk) -> None:
    live(desk)
    old, line = desk.ingester, desk.line
    desk.database.fetch_all("UPDATE data.leases SET ends_at = now() RETURNING 1")
    desk.begin("another")
    desk.clock.pass_by(60)
    line.waiting += [trade(10, 100.0, 1), trade(63, 102.0, 2)]

    with pytest.raises(ConflictError, match="lost the lease"):
        old.step(0)

    assert desk.bars() == []


def test_only_one_of_two_gets_the_lease_until_it_is_given_back(desk: StreamDesk) -> None:
    mine = desk.leases.take("work", "one", 60)
    assert mine is not None
    while_held = desk.leases.take("work", "two", 60)
    kept = desk.leases.take("work", "one", 60)
    desk.leases.give_back(mine)
    then = desk.leases.take("work", "two", 60)

    assert (while_held, kept) == (None, mine)
    assert then is not None
    assert then.token == mine.token + 1


def test_a_halt_is_a_state_and_silence_then_is_none(desk: StreamDesk) -> None:
    from bifrost.data.streaming.messages import StatusTold

    live(desk)
    desk.hear(StatusTold("AAPL", desk.now, is_halted=True, reason="news pending"))
    halted = desk.rows("SELECT state FROM data.market_streams")
    desk.pass_by(300)

    assert halted == [{"state": "halted"}]
    assert desk.line.reopened == 0
    assert desk.ingester.lags() == {"AAPL": 0.0}


def test_quotes_and_trades_are_kept_once_however_often_they_are_told(desk: StreamDesk) -> None:
    live(desk)
    quote = QuoteTold("AAPL", desk.now, 99_990_000, 100_010_000, 3 * SECOND, 2 * SECOND)
    desk.hear(trade(6, 100.0, 1), quote)
    desk.hear(trade(6, 100.0, 1), quote, trade(6, 100.0, 2))

    assert len(desk.rows("SELECT 1 FROM data.trades")) == 2
    assert len(desk.rows("SELECT 1 FROM data.quotes")) == 1


def taken_from_who_stops_amid_a_transaction(
    desk: StreamDesk, others: PostgresLeases
) -> list[Lease | None]:
    """Let the holder of a lease of two seconds stop, and another wait for its row; return both."""
    leases = [desk.leases.take("work", "one", 2)]
    assert leases[0] is not None
    with contextlib.suppress(UnavailableError):
        with PostgresStreams(desk.database).transaction(leases[0]):
            # It waits for the row until the server ends who proved that it holds the lease.
            leases.append(others.take("work", "two", 60))
        pytest.fail("a transaction outlived its lease")
    return leases


def test_who_stops_amid_a_transaction_keeps_nobody_from_the_lease_for_longer_than_it_lasts(
    desk: StreamDesk, make_database: Callable[[str], Database]
) -> None:
    others = PostgresLeases(make_database("data"))

    mine, taken = taken_from_who_stops_amid_a_transaction(desk, others)

    assert mine is not None
    assert taken is not None
    assert taken.token == mine.token + 1


def test_a_lease_lasts_from_when_it_was_got_not_from_when_its_row_was_waited_for(
    desk: StreamDesk, make_database: Callable[[str], Database]
) -> None:
    others = PostgresLeases(make_database("data"))
    (before,) = desk.rows("SELECT clock_timestamp() AS at")

    taken_from_who_stops_amid_a_transaction(desk, others)

    (held,) = desk.rows("SELECT holder, ends_at FROM data.leases WHERE name = 'work'")
    assert held["holder"] == "two"
    # Two seconds of waiting and the sixty that it asked for.
    assert held["ends_at"] >= before["at"] + timedelta(seconds=62)
