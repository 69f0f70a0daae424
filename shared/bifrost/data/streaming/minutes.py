"""Minutes under construction: trades of one instrument, kept until their minute cannot change.

A minute that is published is kept a while longer: a trade that comes late, is corrected or
withdrawn then makes the bar anew, and the store appends it as a correction.
"""

from dataclasses import replace

import numpy as np

from bifrost.data.series.columns import BarColumns
from bifrost.data.series.ticks import NO_VENUE, TradeColumns
from bifrost.data.series.trades import minute_bars
from bifrost.data.streaming.holes import minute_of
from bifrost.data.streaming.messages import TradeTold


class TradedMinutes:
    """The trades of some minutes, each once, in whatever order they came."""

    def __init__(self) -> None:
        self._minutes: dict[int, dict[str, TradeTold]] = {}
        self._withdrawn: set[str] = set()
        self._changed: set[int] = set()

    def add(self, trade: TradeTold) -> None:
        """Keep a trade; one that is there already, or was withdrawn before it came, is no news."""
        minute = minute_of(trade.at)
        kept = self._minutes.setdefault(minute, {})
        if trade.trade_id in self._withdrawn or kept.get(trade.trade_id) == trade:
            return
        kept.setdefault(trade.trade_id, trade)
        self._changed.add(minute)

    def correct(self, trade_id: str, corrected: TradeTold) -> bool:
        """Put another trade in the place of one, at its time; say whether that one was kept here.

        A vendor may stamp a correction with its own time, which is no trade's.
        """
        known = self._find(trade_id)
        if known is None:
            return False
        self._take_out(known)
        if corrected.trade_id != trade_id:
            self._withdrawn.add(trade_id)
        trade = replace(corrected, at=known.at)
        self._minutes[minute_of(known.at)][trade.trade_id] = trade
        return True

    def withdraw(self, trade_id: str) -> bool:
        """Take a trade out, for good; say whether it was kept here."""
        self._withdrawn.add(trade_id)
        known = self._find(trade_id)
        if known is not None:
            self._take_out(known)
        return known is not None

    def changed(self) -> list[int]:
        """Return the minutes that changed since they were last built, oldest first."""
        return sorted(self._changed)

    def build(self, minute: int) -> BarColumns:
        """Return the minute's bar, none where no trade set a price; it is unchanged from now on.

        Two trades of one instant are put in the order of the vendor's count, else of their ids:
        whichever came first, the bar is the same.
        """
        self._changed.discard(minute)
        trades = sorted(self._minutes.get(minute, {}).values(), key=_place)
        columns = TradeColumns(
            occurred_at=np.array([trade.at for trade in trades], dtype=np.int64),
            sequence=np.arange(len(trades), dtype=np.int64),
            price=np.array([trade.price for trade in trades], dtype=np.int64),
            size=np.array([trade.size for trade in trades], dtype=np.int64),
            venue=np.full(len(trades), NO_VENUE),
            conditions=np.array([trade.conditions for trade in trades], dtype=np.int64),
        )
        return minute_bars(columns, None)

    def forget(self, first: int, before: int) -> None:
        """Drop the minutes of [first, before)."""
        for minute in [one for one in self._minutes if first <= one < before]:
            gone = self._minutes.pop(minute)
            self._withdrawn.difference_update(gone)
            self._changed.discard(minute)

    def _find(self, trade_id: str) -> TradeTold | None:
        found = (trades.get(trade_id) for trades in self._minutes.values())
        return next((trade for trade in found if trade is not None), None)

    def _take_out(self, trade: TradeTold) -> None:
        minute = minute_of(trade.at)
        del self._minutes[minute][trade.trade_id]
        self._changed.add(minute)


def _place(trade: TradeTold) -> tuple[int, int, str]:
    return trade.at, trade.sequence or 0, trade.trade_id
