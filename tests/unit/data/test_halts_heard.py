"""What a line tells of halts, in whatever order and however often: which words are kept, when the
end of one is no longer known, and that a trade that is reported late ends none.
"""

import tracemalloc
from datetime import UTC, datetime

from bifrost.data.halts.statuses import Trading
from bifrost.data.series.columns import micros
from bifrost.data.series.trades import REGULAR, TRADE_THROUGH_EXEMPT
from bifrost.data.streaming.halted import HaltWatch
from bifrost.data.streaming.messages import StatusTold, TradeTold

BEGAN = micros(datetime(2026, 11, 20, 15, 15, 23, tzinfo=UTC))
SECOND = 1_000_000


def word(second: float, *, halted: bool) -> StatusTold:
    """Say so many seconds after the halt began that it is halted, or trades again."""
    at = BEGAN + round(second * SECOND)
    return StatusTold("AAPL", at, is_halted=halted, reason="news", code="T1")


def trade(second: float, conditions: int = REGULAR) -> TradeTold:
    """Trade so many seconds after the halt began."""
    at = BEGAN + round(second * SECOND)
    return TradeTold("AAPL", at, f"V:{second}", 100 * SECOND, SECOND, conditions)


def halted() -> HaltWatch:
    """A watch that heard of a halt, whose word was written down."""
    watch = HaltWatch("AAPL")
    watch.told(word(0, halted=True))
    assert [one.trading for one in watch.news()] == [Trading.HALTED]
    return watch


def seconds(watch: HaltWatch) -> list[tuple[str, float]]:
    """Return what is to be written down: the status, and seconds after the halt began."""
    return [(one.trading.value, (micros(one.at) - BEGAN) / SECOND) for one in watch.news()]


def test_a_word_keeps_its_code_and_its_reason() -> None:
    watch = HaltWatch("AAPL")
    watch.told(word(0, halted=True))

    (kept,) = watch.news()

    assert (kept.instrument, kept.code, kept.reason) == ("AAPL", "T1", "news")
    assert watch.news() == []


def test_the_latest_word_counts_and_not_the_one_that_came_last() -> None:
    watch = halted()
    watch.told(word(600, halted=False))
    watch.told(word(0, halted=True))

    assert not watch.is_halted
    assert seconds(watch) == [("resumed", 600), ("halted", 0)]


def test_a_resumption_without_a_halt_halts_nothing() -> None:
    watch = HaltWatch("AAPL")
    watch.told(word(0, halted=False))
    watch.missed(BEGAN + 5 * SECOND)

    assert not watch.is_halted
    assert seconds(watch) == [("resumed", 0)]


def test_after_a_cut_nobody_knows_and_the_next_trade_says_that_it_trades() -> None:
    watch = halted()
    watch.missed(BEGAN + 30 * SECOND)
    still = watch.is_halted
    watch.told(word(0, halted=True))
    watch.missed(BEGAN + 40 * SECOND)
    watch.traded(trade(900))

    assert still
    assert not watch.is_halted
    assert seconds(watch) == [("unknown", 30), ("halted", 0)]


def test_a_cut_before_the_halt_was_said_to_begin_leaves_no_stretch_of_it() -> None:
    watch = halted()
    watch.missed(BEGAN - SECOND)

    assert seconds(watch) == [("unknown", 0)]


def test_trades_that_are_reported_late_end_no_halt() -> None:
    watch = halted()
    for late in (trade(-1), trade(0.9), trade(20), trade(30), trade(40)):
        watch.traded(late)
    for derived in range(100, 200, 10):
        watch.traded(trade(derived, TRADE_THROUGH_EXEMPT))

    assert watch.is_halted
    assert seconds(watch) == []


def test_trading_for_a_minute_says_that_nobody_knows_since_its_first_trade() -> None:
    watch = halted()
    for one in (300, 310, 340, 360):
        watch.traded(trade(one))

    assert not watch.is_halted
    assert seconds(watch) == [("unknown", 300)]


def test_a_new_word_of_a_halt_begins_the_count_of_trades_anew() -> None:
    watch = halted()
    watch.traded(trade(30))
    watch.told(word(60, halted=True))
    for one in (90, 95, 100):
        watch.traded(trade(one))

    assert watch.is_halted


def test_thousands_of_trades_against_a_halt_leave_no_more_behind_than_three() -> None:
    few, many = halted(), halted()
    tracemalloc.start()
    for at in (30, 40, 89):
        few.traded(trade(at))
    start = tracemalloc.get_traced_memory()[0]
    for at in range(5000):
        many.traded(trade(30 + at / 100))
    kept = tracemalloc.get_traced_memory()[0] - start
    tracemalloc.stop()

    many.traded(trade(90))

    assert few.is_halted
    assert seconds(many) == [("unknown", 30)]
    assert kept < 5000
