"""A vendor and its line, simulated: every message of some minutes, and what a bad line makes of it.

The vendor's history answers what is true by then; so whoever asks it for a hole gets whole minutes.
"""

from dataclasses import dataclass, field, replace

import numpy as np

from bifrost.data.series.columns import BarColumns
from bifrost.data.series.ticks import NO_VENUE, TradeColumns, numbered
from bifrost.data.series.trades import REGULAR, minute_bars
from bifrost.data.streaming.holes import MINUTE
from bifrost.data.streaming.machine import InstrumentStream, Pace, Refill
from bifrost.data.streaming.messages import (
    Market,
    TradeCorrected,
    TradeTold,
    TradeWithdrawn,
)
from bifrost.data.streaming.streams import Streams

BEGIN = 29_000_000 * MINUTE  # a whole minute in 2025
SECOND = 1_000_000
PACE = Pace(late_by=2 * SECOND, silence=20 * SECOND, settle=3 * SECOND, retry=2 * SECOND)


@dataclass(frozen=True, slots=True)
class Sent:
    """A message, when it is put on the line, and when it arrives (microseconds since 1970)."""

    message: Market
    arrives: int


@dataclass(slots=True)
class Vendor:
    """What happened, in the order in which it happened."""

    messages: list[Market] = field(default_factory=list)

    def truth(self, instrument: str, by: int) -> dict[int, tuple[int, ...]]:
        """Return each minute's bar, of what had happened by then."""
        kept: dict[str, TradeTold] = {}
        for message in self.messages:
            if message.instrument != instrument or message.at > by:
                continue
            if isinstance(message, TradeTold):
                kept[message.trade_id] = message
            elif isinstance(message, TradeWithdrawn):
                kept.pop(message.trade_id, None)
            elif isinstance(message, TradeCorrected) and message.trade_id in kept:
                at = kept.pop(message.trade_id).at
                kept[message.corrected.trade_id] = replace(message.corrected, at=at)
        return rows_of(bars_of(list(kept.values())))

    def answer(self, asked: Refill, by: int) -> dict[int, tuple[int, ...]]:
        """Return its history of what was asked."""
        found = self.truth(asked.instrument, by)
        return {at: bar for at, bar in found.items() if asked.first <= at < asked.before}


class Store:
    """What a store of bars holds: of each minute the vendor's history before the stream's."""

    def __init__(self) -> None:
        self.streamed: dict[tuple[str, int], tuple[int, ...]] = {}
        self.history: dict[tuple[str, int], tuple[int, ...]] = {}

    def standing(self, instrument: str) -> dict[int, tuple[int, ...]]:
        """Return what stands: the newest word of each minute."""
        both = {**self.streamed, **self.history}
        return {at: bar for (name, at), bar in both.items() if name == instrument}

    def put_streamed(self, instrument: str, bars: BarColumns) -> dict[int, tuple[int, ...]]:
        """Keep and return what the stream made; it is newer than what the history said before."""
        rows = rows_of(bars) if len(bars) else {}
        for at, bar in rows.items():
            self.streamed[instrument, at] = bar
            self.history.pop((instrument, at), None)
        return rows

    def put_history(self, instrument: str, bars: dict[int, tuple[int, ...]]) -> None:
        """Keep what the vendor's history said."""
        self.history.update({(instrument, at): bar for at, bar in bars.items()})


def a_trade(instrument: str, at: int, number: int, price: int, sequence: int | None) -> TradeTold:
    """Make a trade of 100 shares."""
    return TradeTold(instrument, at, f"t{number}", price * 10_000, 100 * SECOND, REGULAR, sequence)


def bars_of(trades: list[TradeTold]) -> BarColumns:
    """Roll all trades up at once, in the order in which they happened."""
    ordered = sorted(trades, key=lambda one: (one.at, one.sequence or 0, one.trade_id))
    at, price, size, conditions = (
        np.array([getattr(one, name) for one in ordered], dtype=np.int64)
        for name in ("at", "price", "size", "conditions")
    )
    venue = np.full(len(ordered), NO_VENUE)
    return minute_bars(TradeColumns(at, numbered(at), price, size, venue, conditions), None)


def rows_of(bars: BarColumns) -> dict[int, tuple[int, ...]]:
    """Return each bar by its beginning."""
    rows = zip(*(column.tolist() for column in bars.columns()), strict=True)
    return {row[0]: tuple(row[1:]) for row in rows}


def new_streams(*instruments: str) -> Streams:
    """Begin streams that have stored everything up to BEGIN."""
    made = (InstrumentStream(name, PACE, settled_to=BEGIN) for name in instruments)
    return Streams(made, PACE, lambda _at: True)
