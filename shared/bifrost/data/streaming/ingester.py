"""The streaming ingester: hear, keep what is whole once a second, ask a vendor for what is missing.

It keeps nothing that the books do not: after a kill -9 anywhere, what they say and one question
to the vendor's history make the series whole again.
"""

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from datetime import datetime

from bifrost.data.halts.statuses import TradingStatus
from bifrost.data.ingest.leases import Lease
from bifrost.data.ingest.taking import Occasion, take
from bifrost.data.ports import Clock, Ids
from bifrost.data.providers.answers import Absent, Answer, Failed, Found, Partial, RateLimited
from bifrost.data.providers.ports import BarProvider, BarRequest
from bifrost.data.series.columns import BarColumns, instant_of, micros
from bifrost.data.series.ports import SeriesKey
from bifrost.data.series.timeframes import Timeframe
from bifrost.data.streaming.held_trades import HeldTrades
from bifrost.data.streaming.holes import MINUTE
from bifrost.data.streaming.machine import InstrumentStream, Pace, Refill
from bifrost.data.streaming.market_hours import MarketHours
from bifrost.data.streaming.messages import QuoteTold, Told, TradeTold
from bifrost.data.streaming.ports import (
    SOURCE,
    LiveLine,
    StoredStream,
    StreamBooks,
    StreamSheet,
    StreamStore,
    Ticks,
)
from bifrost.data.streaming.streams import Streams

_logger = logging.getLogger(__name__)

# How often a stream's newest quote is written down where nothing else changed.
_KEEP_EVERY = 5_000_000


@dataclass(slots=True)
class Counts:
    """What was done since the ingester began."""

    heard: int = 0
    bars: int = 0
    refilled: int = 0
    kept_apart: int = 0
    missed: int = 0


@dataclass(frozen=True, slots=True)
class Plugs:
    """What an ingester works with. symbols: what the vendor calls each instrument."""

    line: LiveLine
    store: StreamStore
    history: BarProvider
    symbols: Mapping[str, str]
    hours: MarketHours
    clock: Clock
    ids: Ids
    asking: Executor
    pace: Pace = field(default_factory=Pace)


class StreamIngester:
    """One line's work, as the holder of a lease."""

    def __init__(self, plugs: Plugs, lease: Lease) -> None:
        self._plugs = plugs
        self._lease = lease
        self._asked: dict[str, tuple[Refill, Future[Answer[BarColumns]]]] = {}
        self._kept: dict[str, StreamSheet] = {}
        self._kept_at = 0
        self.counts = Counts()
        self.streams = Streams(self._begun(), plugs.pace, plugs.hours.is_open)
        self._trades = HeldTrades(self._is_halted)

    def step(self, seconds: float) -> None:
        """Hear for at most so long, and keep what is whole.

        Raises ConflictError where another process has the lease by now, and UnavailableError
        where the books do not answer: what was in memory only is then to be thrown away.
        """
        told = self._plugs.line.take(seconds)
        now = self._now()
        for message in told:
            self.streams.hear(message, now)
        self.counts.heard += len(told)
        missed = self.streams.check(now)
        if missed is not None:
            self.counts.missed += 1
            _logger.warning("the line is opened anew: %s", missed.detail)
            self._plugs.line.reopen()
        self._keep(told, now)
        self._ask(now)

    def close(self) -> None:
        """End the line; what a vendor still answers is heard by nobody."""
        self._plugs.line.close()
        self._plugs.asking.shutdown(wait=False, cancel_futures=True)

    def lags(self) -> dict[str, float]:
        """Return for how many seconds a minute of each instrument has been owed.

        Nothing is owed while the market is closed.
        """
        now = self._now()
        if not self._plugs.hours.is_open(now):
            return dict.fromkeys(self._plugs.symbols, 0.0)
        return self.streams.lags(now, self._plugs.hours.began(now))

    def _begun(self) -> list[InstrumentStream]:
        plugs = self._plugs
        stored = plugs.store.stored(tuple(plugs.symbols), SOURCE)
        began = plugs.hours.began(self._now())
        return [
            InstrumentStream(name, plugs.pace, settled_to=known.settled_to, holes=known.holes)
            for name in plugs.symbols
            for known in [stored.get(name) or StoredStream(name, began)]
        ]

    def _keep(self, told: Sequence[Told], now: int) -> None:
        """Write one batch: bars of the stream and of the vendor's history, and how it stands."""
        whole = {one.instrument: self.streams.whole(one.instrument) for one in self.streams}
        answers = self._answers(now)
        ticks = _ticks_of(self._trades.due(told, now), self._plugs.symbols)
        sheets, statuses = self._news(now), self.streams.statuses()
        has_bars = any(len(bars) for bars in whole.values()) or bool(answers)
        if not (has_bars or ticks or sheets or statuses):
            return
        with self._plugs.store.transaction(self._lease) as books:
            # Before what is judged by it, and before how far the former listener heard is gone.
            self._note(books, statuses, instant_of(now))
            for name, bars in whole.items():
                self.counts.bars += self._take(books, SeriesKey(name, Timeframe.M1, SOURCE), bars)
            for refill, bars in answers:
                key = SeriesKey(refill.instrument, Timeframe.M1, self._plugs.history.name)
                self.counts.refilled += self._take(books, key, bars)
            for one in ticks:
                books.add_ticks(one, SOURCE, self._occasion())
            books.keep(sheets, SOURCE, instant_of(now))
        self._kept.update({sheet.stream.instrument: sheet for sheet in sheets})
        self._kept_at = now if sheets else self._kept_at

    def _note(self, books: StreamBooks, statuses: Sequence[TradingStatus], at: datetime) -> None:
        if not self._kept:
            books.lose_halts(SOURCE, at)
        if statuses:
            books.note(statuses, SOURCE, at)

    def _take(self, books: StreamBooks, key: SeriesKey, bars: BarColumns) -> int:
        if not len(bars):
            return 0
        taken = take(books.taking(), key, bars, self._occasion())
        self.counts.kept_apart += taken.kept_apart
        return taken.written

    def _occasion(self) -> Occasion:
        at = instant_of(self._now())
        return Occasion(at, f"stream-{self._lease.token}", self._plugs.ids.new())

    def _news(self, now: int) -> list[StreamSheet]:
        """Return the streams that stand otherwise than is written down."""
        is_due = now - self._kept_at >= _KEEP_EVERY
        sheets = []
        for one in self.streams:
            bar_to, quote_at = self.streams.newest(one.instrument)
            stored = StoredStream(one.instrument, one.settled_to, one.holes)
            sheet = StreamSheet(stored, one.state, bar_to, quote_at)
            known = self._kept.get(one.instrument)
            if known is None or _stands(known) != _stands(sheet) or (is_due and known != sheet):
                sheets.append(sheet)
        return sheets

    def _ask(self, now: int) -> None:
        """Ask the vendor's history, beside the line, for what is missing."""
        for refill in self.streams.refills(now):
            if not self._plugs.hours.any_of(refill.first, refill.before):
                self.streams.stream(refill.instrument).filled(refill.before)
                continue
            request = BarRequest(
                refill.instrument,
                self._plugs.symbols[refill.instrument],
                Timeframe.M1,
                instant_of(refill.first),
                instant_of(refill.before),
            )
            asked = self._plugs.asking.submit(self._plugs.history.bars, request)
            self._asked[refill.instrument] = (refill, asked)

    def _answers(self, now: int) -> list[tuple[Refill, BarColumns]]:
        """Return what the vendor's history has said, and move each stream on by it."""
        found = []
        for name, (refill, asked) in list(self._asked.items()):
            if not asked.done():
                continue
            del self._asked[name]
            bars = self._moved_on(refill, asked.result(), now)
            if bars is not None:
                found.append((refill, bars))
        return found

    def _moved_on(self, refill: Refill, answer: Answer[BarColumns], now: int) -> BarColumns | None:
        """Move the stream on by what its vendor said; None: it said nothing of the hole."""
        stream = self.streams.stream(refill.instrument)
        match answer:
            case Found(bars):
                stream.filled(refill.before)
            case Partial(bars, resume_from):
                stream.filled(micros(resume_from) // MINUTE * MINUTE)
            case Absent():
                stream.filled(refill.before)
                return BarColumns.empty()
            case RateLimited(seconds):
                stream.failed(now, int(seconds * 1_000_000))
                return None
            case Failed(reason):
                stream.failed(now)
                _logger.warning("%s is not refilled yet: %s", refill.instrument, reason)
                return None
        if len(bars):
            self.streams.note_bars(refill.instrument, bars)
        return bars

    def _is_halted(self, instrument: str) -> bool:
        watched = instrument in self._plugs.symbols
        return watched and self.streams.stream(instrument).halts.is_halted

    def _now(self) -> int:
        return micros(self._plugs.clock.now())


def _stands(sheet: StreamSheet) -> tuple[object, ...]:
    return sheet.stream, sheet.state, sheet.bar_to


def _ticks_of(told: Sequence[Told], instruments: Mapping[str, str]) -> list[Ticks]:
    quotes: dict[str, list[QuoteTold]] = defaultdict(list)
    trades: dict[str, list[TradeTold]] = defaultdict(list)
    for message in told:
        if isinstance(message, QuoteTold):
            quotes[message.instrument].append(message)
        elif isinstance(message, TradeTold):
            trades[message.instrument].append(message)
    return [
        Ticks(name, quotes[name], trades[name])
        for name in instruments
        if name in quotes or name in trades
    ]
