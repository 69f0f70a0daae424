"""However a line mistreats its messages, the bars end as those of the complete stream; and no bar
that was built from trades is ever told of while something of its minute may be missing.
"""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from bifrost.data.streaming.holes import MINUTE, GapCause
from bifrost.data.streaming.machine import StreamState
from bifrost.data.streaming.messages import (
    Missed,
    Subscribed,
    TradeCorrected,
    TradeTold,
    TradeWithdrawn,
)
from tests.stream_world import BEGIN, SECOND, Sent, Store, Vendor, a_trade, new_streams

NAMES = ("AAPL", "IBM")
MINUTES = 4
END = BEGIN + MINUTES * MINUTE


@dataclass(frozen=True)
class Line:
    """A vendor's messages and how its line delivers them.

    cuts: stretches in which nobody is connected; dropped: of counted messages, those lost alone.
    """

    vendor: Vendor
    sent: list[Sent]
    cuts: list[tuple[int, int]]
    dropped: set[int]
    counted: bool


@st.composite
def lines(draw: st.DrawFn, *, counted: bool, changes: bool) -> Line:
    """Draw trades of two instruments over some minutes, delays, doubles, cuts and losses."""
    count = draw(st.integers(1, 25))
    sequences = dict.fromkeys(NAMES, 0)
    vendor, sent, trades = Vendor(), [], []
    times = sorted(draw(st.lists(st.integers(0, MINUTES * 60 - 1), min_size=count, max_size=count)))
    for number, second in enumerate(times):
        name = draw(st.sampled_from(NAMES))
        sequences[name] += 1
        place = sequences[name] if counted else None
        at = BEGIN + second * SECOND + number
        kind = draw(st.sampled_from(("trade", "trade", "correct", "withdraw"))) if changes else ""
        old = draw(st.sampled_from(trades)) if trades and kind in ("correct", "withdraw") else None
        message: TradeTold | TradeCorrected | TradeWithdrawn
        if old is None:
            message = a_trade(name, at, number, draw(st.integers(100, 110)), place)
            trades.append(message)
        elif kind == "correct":
            sequences[name] -= 1
            sequences[old.instrument] += 1
            place = sequences[old.instrument] if counted else None
            new = a_trade(old.instrument, old.at, number, draw(st.integers(100, 110)), None)
            message = TradeCorrected(old.instrument, at, old.trade_id, new, place)
            trades[trades.index(old)] = new
        else:
            sequences[name] -= 1
            sequences[old.instrument] += 1
            place = sequences[old.instrument] if counted else None
            message = TradeWithdrawn(old.instrument, at, old.trade_id, place)
            trades.remove(old)
        vendor.messages.append(message)
        for _ in range(draw(st.integers(1, 2))):
            # Never later than a message may be; a changed trade comes after the trade itself.
            late = 0 if changes else draw(st.integers(0, 2)) * SECOND
            sent.append(Sent(message, at + late))
    cuts = draw(st.lists(st.tuples(st.integers(0, MINUTES * 60), st.integers(1, 70)), max_size=3))
    spans = [(BEGIN + a * SECOND, BEGIN + (a + length) * SECOND) for a, length in cuts]
    dropped = draw(st.sets(st.integers(0, len(sent) - 1), max_size=3)) if counted else set()
    order = sorted(range(len(sent)), key=lambda n: (sent[n].arrives, n))
    return Line(vendor, [sent[n] for n in order], spans, dropped, counted)


def play(line: Line, answers: list[bool], store: Store, *, exact: bool) -> None:
    """Live through the line, second by second, and until everything is filled."""
    streams = new_streams(*NAMES)
    tries = iter(answers)
    connected_from: int | None = None
    waiting = list(enumerate(line.sent))
    last = END + 10 * SECOND
    for now in range(BEGIN, last + 200 * SECOND, SECOND):
        is_cut = any(first <= now < before for first, before in line.cuts) and now < END
        if is_cut and connected_from is not None:
            streams.hear(Missed(now, GapCause.DISCONNECTED, "cut", ended=True), now)
            connected_from = None
        elif not is_cut and connected_from is None:
            streams.hear(Subscribed(now, NAMES), now)
            connected_from = now
        while waiting and waiting[0][1].arrives <= now:
            place, sent = waiting.pop(0)
            lost = place in line.dropped or is_cut or sent.message.at < (connected_from or now)
            if not lost:
                streams.hear(sent.message, now)
        if now >= END and connected_from is not None:
            # The market goes on: what trades later proves that the minutes before are over.
            for name in NAMES:
                mine = [m for m in line.vendor.messages if m.instrument == name]
                count = len(mine) + 1 + (now - END) // SECOND if line.counted else None
                streams.hear(a_trade(name, now, 1000 + now % 977, 105, count), now)
        publish(streams, line, store, now, exact=exact)
        refill(streams, line, store, now, tries)
        if now > last and not any(stream.holes for stream in streams):
            return


def publish(streams: object, line: Line, store: Store, now: int, *, exact: bool) -> None:
    """Store what is whole; where nothing is changed afterwards, it must be the truth at once."""
    for name in NAMES:
        bars = streams.whole(name)  # type: ignore[attr-defined]  # Streams
        early = bars.take(bars.starts_at < END)
        if exact and len(early):
            truth = line.vendor.truth(name, now)
            for at, bar in zip(early.starts_at.tolist(), range(len(early)), strict=True):
                told = tuple(int(column[bar]) for column in list(early.columns())[1:])
                assert told == truth[at], f"{name} at {at - BEGIN}: told {told} of {truth[at]}"
        store.put_streamed(name, early)


def refill(streams: object, line: Line, store: Store, now: int, tries: object) -> None:
    """Ask the vendor's history for what it may be asked now; sometimes it does not answer."""
    for asked in streams.refills(now):  # type: ignore[attr-defined]  # Streams
        stream = streams.stream(asked.instrument)  # type: ignore[attr-defined]  # Streams
        if not next(tries, True):  # type: ignore[call-overload]  # an iterator
            stream.failed(now)
            continue
        found = line.vendor.answer(asked, now)
        store.put_history(asked.instrument, {at: b for at, b in found.items() if at < END})
        stream.filled(asked.before)


@given(lines(counted=False, changes=False), st.lists(st.booleans(), max_size=8))
def test_cuts_delays_and_doubles_leave_the_bars_of_the_complete_stream(
    line: Line, answers: list[bool]
) -> None:
    store = Store()

    play(line, answers, store, exact=True)

    assert {n: store.standing(n) for n in NAMES} == {n: line.vendor.truth(n, END) for n in NAMES}


@given(lines(counted=True, changes=False), st.lists(st.booleans(), max_size=8))
def test_single_losses_are_seen_by_the_vendors_count_and_filled(
    line: Line, answers: list[bool]
) -> None:
    store = Store()

    play(line, answers, store, exact=True)

    assert {n: store.standing(n) for n in NAMES} == {n: line.vendor.truth(n, END) for n in NAMES}


@given(lines(counted=True, changes=True), st.lists(st.booleans(), max_size=8))
def test_corrected_and_withdrawn_trades_end_as_their_vendor_has_them(
    line: Line, answers: list[bool]
) -> None:
    store = Store()

    play(line, answers, store, exact=False)

    for name in NAMES:
        stood, true = store.standing(name), line.vendor.truth(name, END)
        # Where every trade of a minute was withdrawn, what stood before is nobody's to delete.
        assert {at: bar for at, bar in stood.items() if at in true} == true


def test_a_stream_says_where_it_stands() -> None:
    streams = new_streams("AAPL")
    stream = streams.stream("AAPL")
    said = [stream.state]

    streams.hear(Subscribed(BEGIN, ("AAPL",)), BEGIN)
    (asked,) = streams.refills(BEGIN + 70 * SECOND)
    said.append(stream.state)
    stream.filled(asked.before)
    said.append(stream.state)

    assert said == [StreamState.GAP, StreamState.RECOVERING, StreamState.LIVE]
