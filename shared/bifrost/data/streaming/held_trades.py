"""Trades of an instrument that is halted wait for a moment: the word that it trades again may come
after the first of them, by another channel, and the reopening's print is often the day's largest.
"""

from collections.abc import Callable, Sequence

from bifrost.data.streaming.messages import Told, TradeTold

# A word and the trades that it allows reach us within it (microseconds).
_WAIT = 1_000_000


class HeldTrades:
    """Trades that are judged by halts a moment after they were heard."""

    def __init__(self, is_halted: Callable[[str], bool]) -> None:
        self._is_halted = is_halted
        # Of whoever was halted: when each was heard, and what it is.
        self._held: list[tuple[int, TradeTold]] = []

    def due(self, told: Sequence[Told], now: int) -> list[Told]:
        """Return what is to be kept now, in its order; told: what was just heard."""
        due: list[Told] = []
        held: list[tuple[int, TradeTold]] = []
        for heard_at, trade in self._held:
            if self._waits(trade, heard_at, now):
                held.append((heard_at, trade))
            else:
                due.append(trade)
        for message in told:
            if isinstance(message, TradeTold) and self._waits(message, now, now):
                held.append((now, message))
            else:
                due.append(message)
        self._held = held
        return due

    def _waits(self, trade: TradeTold, heard_at: int, now: int) -> bool:
        return now - heard_at < _WAIT and self._is_halted(trade.instrument)
