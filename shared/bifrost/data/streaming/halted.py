"""Whether an instrument trades, as one line tells it, and what is to be written down of it.

A line that was cut may have told of the end while nobody heard: from there on it is not known. Nor
is it where it trades on for a minute without a word. A trade or two amid a halt are reported late.
"""

from dataclasses import dataclass
from datetime import timedelta

from bifrost.data.halts.statuses import STOPPING, Trading, TradingStatus
from bifrost.data.series.columns import instant_of
from bifrost.data.series.trades import REGULAR
from bifrost.data.streaming.holes import MINUTE
from bifrost.data.streaming.messages import StatusTold, TradeTold

# So many trades, a minute apart, say that the end of a halt was not told.
_TRADES_MIN = 3
_STOPPING = STOPPING // timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class _Trades:
    """What traded against a halt: of thousands in a minute no more is kept."""

    first: int
    last: int
    count: int = 0

    def with_one(self, at: int) -> "_Trades":
        return _Trades(min(self.first, at), max(self.last, at), self.count + 1)


class HaltWatch:
    """One instrument's halts.

    is_halted: the last word that came said so, and nothing has traded against it since.
    """

    def __init__(self, instrument: str) -> None:
        self.is_halted = False
        self._instrument = instrument
        self._told_at = 0
        # Since when a halt is known to last; None: there is none, or nobody knows.
        self._since: int | None = None
        self._unheard_at = 0
        self._against: _Trades | None = None
        self._news: list[TradingStatus] = []

    def told(self, word: StatusTold) -> None:
        """Take in a word, in whatever order, however often."""
        trading = Trading.HALTED if word.is_halted else Trading.RESUMED
        self._note(word.at, trading, word.code, word.reason)
        if word.at < self._told_at:
            return
        self._told_at, self.is_halted = word.at, word.is_halted
        self._against = None
        if not word.is_halted:
            self._since = None
        elif self._since is None and word.at > self._unheard_at:
            self._since = word.at

    def traded(self, trade: TradeTold) -> None:
        """Take in a trade: many, for a minute, are no reports that came late."""
        if not self.is_halted or trade.at <= self._told_at + _STOPPING:
            return
        if self._since is None:
            self.is_halted = False
        elif trade.conditions & REGULAR:
            against = self._against or _Trades(trade.at, trade.at)
            self._against = against = against.with_one(trade.at)
            if against.count >= _TRADES_MIN and against.last - against.first >= MINUTE:
                self._lose(against.first, "it trades, and nobody said that its halt had ended")
                self.is_halted = False

    def missed(self, heard_to: int) -> None:
        """Something after this may not have been heard: the end of a halt, too."""
        if self._since is not None:
            self._lose(max(heard_to, self._since), "the line was not heard from then on")

    def news(self) -> list[TradingStatus]:
        """Return what is to be written down since last asked."""
        told, self._news = self._news, []
        return told

    def _lose(self, at: int, why: str) -> None:
        self._note(at, Trading.UNKNOWN, "", why)
        self._since, self._unheard_at, self._against = None, at, None

    def _note(self, at: int, trading: Trading, code: str, reason: str) -> None:
        self._news.append(TradingStatus(self._instrument, instant_of(at), trading, code, reason))
