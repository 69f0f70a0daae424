"""Lines as Hypothesis draws them, and a life along one: each second something comes, or nothing."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from hypothesis import strategies as st

from bifrost.data.streaming.holes import MINUTE, GapCause
from bifrost.data.streaming.messages import (
    Market,
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
# After the end everything is filled within so many seconds, however often a vendor fails.
AFTERWARDS = 200


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


@dataclass
class _Teller:
    """Makes a vendor's messages, each with the next number of its instrument."""

    draw: st.DrawFn
    counted: bool
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(NAMES, 0))
    trades: list[TradeTold] = field(default_factory=list)

    def trade(self, at: int, number: int) -> Market:
        """Tell of a trade."""
        name = self.draw(st.sampled_from(NAMES))
        self.trades.append(a_trade(name, at, number, self._price(), self._count(name)))
        return self.trades[-1]

    def change(self, at: int, number: int) -> Market:
        """Correct or withdraw one of the trades."""
        old = self.draw(st.sampled_from(self.trades))
        count = self._count(old.instrument)
        if self.draw(st.booleans()):
            self.trades.remove(old)
            return TradeWithdrawn(old.instrument, at, old.trade_id, count)
        new = a_trade(old.instrument, old.at, number, self._price(), None)
        self.trades[self.trades.index(old)] = new
        return TradeCorrected(old.instrument, at, old.trade_id, new, count)

    def _price(self) -> int:
        return self.draw(st.integers(100, 110))

    def _count(self, name: str) -> int | None:
        self.counts[name] += 1
        return self.counts[name] if self.counted else None


@st.composite
def lines(draw: st.DrawFn, *, counted: bool, changes: bool) -> Line:
    """Draw trades of two instruments over some minutes, delays, doubles, cuts and losses."""
    teller, vendor, sent = _Teller(draw, counted), Vendor(), []
    times = draw(st.lists(st.integers(0, MINUTES * 60 - 1), min_size=1, max_size=25))
    for number, second in enumerate(sorted(times)):
        at = BEGIN + second * SECOND + number
        is_change = changes and bool(teller.trades) and draw(st.booleans())
        message = teller.change(at, number) if is_change else teller.trade(at, number)
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


class Life:
    """Streams along a line. answers: whether the vendor's history answers, each time it is asked.

    exact: what is published of a minute must be the truth at once, for nothing changes later.
    """

    def __init__(self, line: Line, answers: list[bool], *, exact: bool) -> None:
        self.line = line
        self.store = Store()
        self._streams = new_streams(*NAMES)
        self._answers: Iterator[bool] = iter(answers)
        self._exact = exact
        self._connected_from: int | None = None
        self._waiting = list(enumerate(line.sent))

    def live(self) -> None:
        """Live second by second, until everything is filled."""
        for now in range(BEGIN, END + AFTERWARDS * SECOND, SECOND):
            self._connect(now)
            self._hear(now)
            self._publish(now)
            self._refill(now)
            if now > END + 10 * SECOND and not any(one.holes for one in self._streams):
                return

    def truth(self) -> dict[str, dict[int, tuple[int, ...]]]:
        """Return what truly happened."""
        return {name: self.line.vendor.truth(name, END) for name in NAMES}

    def stored(self) -> dict[str, dict[int, tuple[int, ...]]]:
        """Return what stands."""
        return {name: self.store.standing(name) for name in NAMES}

    def _connect(self, now: int) -> None:
        is_cut = now < END and any(first <= now < before for first, before in self.line.cuts)
        if is_cut and self._connected_from is not None:
            self._streams.hear(Missed(now, GapCause.DISCONNECTED, "cut", ended=True), now)
            self._connected_from = None
        elif not is_cut and self._connected_from is None:
            self._streams.hear(Subscribed(now, NAMES), now)
            self._connected_from = now

    def _hear(self, now: int) -> None:
        since = self._connected_from
        while self._waiting and self._waiting[0][1].arrives <= now:
            place, sent = self._waiting.pop(0)
            if since is not None and since <= sent.message.at and place not in self.line.dropped:
                self._streams.hear(sent.message, now)
        if now >= END and since is not None:
            self._hear_what_follows(now)

    def _hear_what_follows(self, now: int) -> None:
        """The market goes on: what trades later proves that the minutes before are over."""
        for name in NAMES:
            told = sum(one.instrument == name for one in self.line.vendor.messages)
            count = told + 1 + (now - END) // SECOND if self.line.counted else None
            self._streams.hear(a_trade(name, now, 1000 + now % 977, 105, count), now)

    def _publish(self, now: int) -> None:
        for name in NAMES:
            bars = self._streams.whole(name)
            early = bars.take(bars.starts_at < END)
            told = dict(self.store.put_streamed(name, early))
            if self._exact and told:
                truth = self.line.vendor.truth(name, now)
                assert told == {at: truth[at] for at in told}, f"{name} at {now - BEGIN}"

    def _refill(self, now: int) -> None:
        for asked in self._streams.refills(now):
            stream = self._streams.stream(asked.instrument)
            if not next(self._answers, True):
                stream.failed(now)
                continue
            found = self.line.vendor.answer(asked, now)
            self.store.put_history(asked.instrument, {at: b for at, b in found.items() if at < END})
            stream.filled(asked.before)
