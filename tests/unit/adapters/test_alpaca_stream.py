"""Alpaca's live line through its own client, against a server that speaks its protocol: what is
told arrives in our words, what is lost is said, and a refused key ends it with a reason.
"""

import time
from collections.abc import Callable, Iterator

import pytest

from bifrost.adapters.clock import SystemClock
from bifrost.adapters.vendors import alpaca_stream
from bifrost.adapters.vendors.alpaca_messages import conditions_of
from bifrost.adapters.vendors.alpaca_stream import AlpacaLine, LinePatience, StreamAccess, Wanted
from bifrost.core.errors import InvalidInputError
from bifrost.data.series.trades import OFFICIAL_CLOSE, REGULAR, TRADE_THROUGH_EXEMPT
from bifrost.data.streaming.holes import MINUTE, GapCause
from bifrost.data.streaming.messages import (
    BarTold,
    Missed,
    QuoteTold,
    StatusTold,
    Subscribed,
    Told,
    TradeCorrected,
    TradeTold,
    TradeWithdrawn,
)
from tests.twins.alpaca_stream import KEYS, StreamTwin, bar, quote, stamp, status, trade

AT = 29_000_000 * MINUTE
QUICK = LinePatience(open_seconds=5, pause_seconds=0.05, pause_max_seconds=0.2)
WANTED = Wanted({"AAPL": "AAPL", "META": "FB"})


@pytest.fixture
def twin() -> Iterator[StreamTwin]:
    """A vendor."""
    with StreamTwin() as made:
        yield made


Open = Callable[..., AlpacaLine]


@pytest.fixture
def open_line(twin: StreamTwin) -> Iterator[Open]:
    """Opens lines, and closes them."""
    opened: list[AlpacaLine] = []

    def make(wanted: Wanted = WANTED, keys: tuple[str, str] = KEYS) -> AlpacaLine:
        opened.append(AlpacaLine(StreamAccess(*keys, twin.url), wanted, SystemClock(), QUICK))
        return opened[-1]

    yield make
    for line in opened:
        line.close()


def taken(line: AlpacaLine, count: int, seconds: float = 10) -> list[Told]:
    """Take until so much has come."""
    told: list[Told] = []
    deadline = time.monotonic() + seconds
    while len(told) < count and time.monotonic() < deadline:
        told += line.take(0.2)
    return told


def test_what_is_told_arrives_in_our_words_and_under_our_names(
    twin: StreamTwin, open_line: Open
) -> None:
    line = open_line()
    twin.wait_subscribed()

    twin.send(trade("META", AT + 5, 7, 150.25), quote("AAPL", AT + 6, 99.5, 99.75))
    twin.send(status("AAPL", AT + 7, "H"), trade("TSLA", AT, 1, 1.0), {"T": "n", "S": "AAPL"})
    said = taken(line, 4)

    assert isinstance(said[0], Subscribed)
    assert said[0].instruments == ("AAPL", "FB")
    assert said[1:] == [
        TradeTold("FB", AT + 5, "V:7", 150_250_000, 100_000_000, REGULAR),
        QuoteTold("AAPL", AT + 6, 99_500_000, 99_750_000, 3_000_000, 2_000_000),
        StatusTold("AAPL", AT + 7, is_halted=True, reason="Trading Halt", code="T12"),
    ]


def test_corrections_and_cancels_name_the_trade_that_they_change(
    twin: StreamTwin, open_line: Open
) -> None:
    line = open_line()
    twin.wait_subscribed()

    old = {"oi": 7, "op": 150.0, "os": 100, "oc": ["@"]}
    new = {"ci": 8, "cp": 151.0, "cs": 50, "cc": ["@"]}
    twin.send({"T": "c", "S": "AAPL", "x": "V", **old, **new, "t": stamp(AT), "z": "C"})
    twin.send({"T": "x", "S": "AAPL", "x": "V", "i": 9, "p": 1.0, "s": 1, "t": stamp(AT + 1)})
    _, corrected, cancelled = taken(line, 3)

    now = TradeTold("AAPL", AT, "V:8", 151_000_000, 50_000_000, REGULAR)
    assert corrected == TradeCorrected("AAPL", AT, "V:7", now)
    assert cancelled == TradeWithdrawn("AAPL", AT + 1, "V:9")


def test_vendor_bars_come_where_bars_are_asked_for_and_so_do_their_updates(
    twin: StreamTwin, open_line: Open
) -> None:
    line = open_line(Wanted({"AAPL": "AAPL"}, trades=False, quotes=False))
    twin.wait_subscribed()

    twin.send(bar("AAPL", AT, 100.0))
    twin.send({**bar("AAPL", AT, 101.0), "T": "u"})
    told = taken(line, 3)[1:]

    assert set(twin.asked[0]) == {"action", "bars", "updatedBars", "statuses"}
    assert [one.close for one in told if isinstance(one, BarTold)] == [100_000_000, 101_000_000]


def test_a_cut_line_is_said_to_have_missed_something_and_opens_again(
    twin: StreamTwin, open_line: Open
) -> None:
    line = open_line()
    twin.wait_subscribed()
    taken(line, 1)

    twin.cut()
    missed, again = taken(line, 2)

    assert isinstance(missed, Missed)
    assert (missed.cause, missed.ended) == (GapCause.DISCONNECTED, True)
    assert isinstance(again, Subscribed)
    assert twin.signed_in == 2


def test_a_line_that_is_given_up_opens_another(twin: StreamTwin, open_line: Open) -> None:
    line = open_line()
    twin.wait_subscribed()
    taken(line, 1)

    line.reopen()
    missed, again = taken(line, 2)

    assert isinstance(missed, Missed)
    assert isinstance(again, Subscribed)


@pytest.mark.parametrize("frame", [b"\xc1garbage", "a text", b"\x05"])
def test_a_frame_that_cannot_be_read_is_something_missed_and_the_line_goes_on(
    twin: StreamTwin, open_line: Open, frame: bytes | str
) -> None:
    line = open_line()
    twin.wait_subscribed()

    twin.send_bytes(frame)
    twin.send(trade("AAPL", AT, 1, 100.0))
    _, missed, told = taken(line, 3)

    assert isinstance(missed, Missed)
    assert (missed.cause, missed.ended) == (GapCause.UNREADABLE, False)
    assert isinstance(told, TradeTold)
    assert twin.signed_in == 1


@pytest.mark.parametrize("change", [{"p": "100"}, {"t": None}, {"p": float("nan")}, {"s": -1}])
def test_a_message_of_another_shape_is_missed_of_its_instrument(
    twin: StreamTwin, open_line: Open, change: dict[str, object]
) -> None:
    line = open_line()
    twin.wait_subscribed()

    twin.send(trade("AAPL", AT, 1, 100.0, **change), trade("META", AT, 2, 100.0))
    _, missed, told = taken(line, 3)

    assert isinstance(missed, Missed)
    assert (missed.cause, missed.instruments) == (GapCause.UNREADABLE, ("AAPL",))
    assert isinstance(told, TradeTold)


def test_a_refused_key_is_told_in_words_and_not_tried_again(
    twin: StreamTwin, open_line: Open
) -> None:
    line = open_line(keys=("AKWRONG", "x"))

    with pytest.raises(InvalidInputError, match="auth failed") as refused:
        taken(line, 1)

    assert "ALPACA_SECRET_KEY" in refused.value.problems[0].fix
    assert twin.signed_in == 0


def test_a_line_that_is_one_too_many_is_tried_again(twin: StreamTwin, open_line: Open) -> None:
    twin.refuse = (406, "connection limit exceeded")
    line = open_line()
    (missed,) = taken(line, 1)
    twin.refuse = None
    twin.wait_subscribed()

    assert isinstance(missed, Missed)
    assert "limit" in missed.detail


def test_what_is_not_subscribed_ends_it_with_the_vendors_reason(
    twin: StreamTwin, open_line: Open
) -> None:
    twin.after_subscribing = [{"T": "error", "code": 409, "msg": "insufficient subscription"}]
    line = open_line()

    with pytest.raises(InvalidInputError, match="insufficient subscription"):
        taken(line, 3)


def test_what_does_not_fit_is_missed_and_says_of_whom(
    twin: StreamTwin, open_line: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alpaca_stream, "WAITING_MAX", 3)
    line = open_line()
    twin.wait_subscribed()
    time.sleep(0.2)

    twin.send(*(trade("AAPL", AT + n, n, 100.0) for n in range(10)))
    time.sleep(0.5)
    told = taken(line, 4)

    assert len([one for one in told if isinstance(one, TradeTold)]) == 2
    (missed,) = (one for one in told if isinstance(one, Missed))
    assert (missed.cause, missed.instruments) == (GapCause.SLOW_CONSUMER, ("AAPL",))


def test_sale_conditions_say_what_a_trade_counts_in() -> None:
    assert conditions_of(["@"]) == conditions_of(["@", "F"]) == conditions_of(None) == REGULAR
    assert conditions_of(["@", "I"]) == TRADE_THROUGH_EXEMPT  # an odd lot: volume, and no price
    assert conditions_of(["M"]) == OFFICIAL_CLOSE
