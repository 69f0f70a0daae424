"""Trades amid a halt wait a second for the word that it is over, and nothing else waits."""

from bifrost.data.series.trades import REGULAR
from bifrost.data.streaming.held_trades import HeldTrades
from bifrost.data.streaming.messages import QuoteTold, TradeTold

SECOND = 1_000_000


def trade(instrument: str, at: float) -> TradeTold:
    """Trade so many seconds after an instant."""
    at_micros = round(at * SECOND)
    return TradeTold(instrument, at_micros, f"V:{at}", 100 * SECOND, SECOND, REGULAR)


def quote(instrument: str, at: float) -> QuoteTold:
    """Quote so many seconds after an instant."""
    return QuoteTold(instrument, round(at * SECOND), 99 * SECOND, 101 * SECOND, SECOND, SECOND)


def test_trades_of_who_is_not_halted_and_quotes_do_not_wait() -> None:
    held = HeldTrades({"AAPL"}.__contains__)
    told = [trade("MSFT", 1), quote("AAPL", 1), trade("MSFT", 2)]

    assert held.due(told, 2 * SECOND) == told


def test_trades_of_a_halt_wait_for_a_second_from_when_they_were_heard() -> None:
    held = HeldTrades({"AAPL"}.__contains__)
    first, second = trade("AAPL", 1), trade("AAPL", 1.5)

    assert held.due([first], 2 * SECOND) == []
    assert held.due([second], 3 * SECOND - 1) == []
    assert held.due([], 3 * SECOND) == [first]
    assert held.due([], 4 * SECOND - 1) == [second]
    assert held.due([], 9 * SECOND) == []


def test_with_the_word_that_it_trades_again_they_come_before_what_is_heard_with_it() -> None:
    halted = {"AAPL", "MSFT"}
    held = HeldTrades(halted.__contains__)
    first, other, second = trade("AAPL", 1), trade("MSFT", 1), trade("AAPL", 1.2)
    held.due([first, other], 2 * SECOND)
    halted.remove("AAPL")

    assert held.due([second], 2 * SECOND + 1) == [first, second]
