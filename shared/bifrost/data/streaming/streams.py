"""All instruments of one live line: what one message proves for the others, and when to worry.

A line tells in order. So whatever comes on it proves that all it told before has come too, of
every instrument: a quiet stock's minute is over once a busy one trades in the next.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from bifrost.data.halts.statuses import TradingStatus
from bifrost.data.series.columns import BarColumns
from bifrost.data.streaming.holes import MINUTE, GapCause
from bifrost.data.streaming.machine import InstrumentStream, Pace, Refill, StreamState
from bifrost.data.streaming.messages import BarTold, Market, Missed, QuoteTold, Subscribed, Told

# A stamp from further ahead than this is no time: a vendor's clock and ours differ by less.
AHEAD_MAX = 5_000_000

IsOpen = Callable[[int], bool]


@dataclass(slots=True)
class _Heard:
    """When an instrument's newest bar and quote were of, in microseconds since 1970."""

    bar_to: int | None = None
    quote_at: int | None = None


class Streams:
    """The streams of one line; not for two threads. Instants are microseconds since 1970."""

    def __init__(self, streams: Iterable[InstrumentStream], pace: Pace, is_open: IsOpen) -> None:
        self._streams: Mapping[str, InstrumentStream] = {one.instrument: one for one in streams}
        self._heard = {name: _Heard() for name in self._streams}
        self._pace = pace
        self._is_open = is_open
        self._proven_to: int | None = None
        self._heard_at = 0

    @property
    def is_subscribed(self) -> bool:
        """Whether the line tells of anything now."""
        return self._proven_to is not None

    def stream(self, instrument: str) -> InstrumentStream:
        """Return one instrument's stream."""
        return self._streams[instrument]

    def __iter__(self) -> Iterator[InstrumentStream]:
        return iter(self._streams.values())

    def hear(self, message: Told, now: int) -> None:
        """Take in a message of the line."""
        match message:
            case Subscribed():
                self._proven_to = message.at
                self._heard_at = now
                for name in message.instruments:
                    if name in self._streams:
                        self._streams[name].subscribed(message.at)
            case Missed():
                self._miss(message)
            case _:
                self._market(message, now)

    def check(self, now: int) -> Missed | None:
        """Return why the line must be opened anew, where it has been silent for too long."""
        for one in self._streams.values():
            one.unproven(now)
        is_late = self.is_subscribed and now - self._heard_at > self._pace.silence
        all_halted = all(one.state is StreamState.HALTED for one in self._streams.values())
        if not is_late or all_halted or not (self._is_open(now) and self._is_open(self._heard_at)):
            return None
        silent = (now - self._heard_at) // 1_000_000
        missed = Missed(now, GapCause.SILENCE, f"nothing came for {silent} s", ended=True)
        self._miss(missed)
        return missed

    def whole(self, instrument: str) -> BarColumns:
        """Return the instrument's bars that are whole, and new or different."""
        if self._proven_to is None:
            return BarColumns.empty()
        bars = self._streams[instrument].whole(self._proven_to)
        if len(bars):
            self.note_bars(instrument, bars)
        return bars

    def note_bars(self, instrument: str, bars: BarColumns) -> None:
        """Remember how new the newest bar is."""
        heard = self._heard[instrument]
        heard.bar_to = max(heard.bar_to or 0, int(bars.starts_at[-1]) + MINUTE)

    def statuses(self) -> list[TradingStatus]:
        """Return what is to be written down of halts since last asked."""
        return [word for one in self._streams.values() for word in one.halts.news()]

    def refills(self, now: int) -> list[Refill]:
        """Return what vendors are to be asked now."""
        asked = (one.refill(now) for one in self._streams.values())
        return [one for one in asked if one is not None]

    def newest(self, instrument: str) -> tuple[int | None, int | None]:
        """Return when its newest bar ended and its newest quote was of; None: none yet."""
        heard = self._heard[instrument]
        return heard.bar_to, heard.quote_at

    def lags(self, now: int, began: int) -> dict[str, float]:
        """Return for how many seconds a minute of each instrument has been owed since `began`.

        The minute under way is owed once it is over, unless its venue does not trade it.
        """
        return {one.instrument: _lag(one, now, began) for one in self._streams.values()}

    def _miss(self, missed: Missed) -> None:
        proven_to = missed.at if self._proven_to is None else self._proven_to
        concerned = self._streams if missed.instruments is None else missed.instruments
        for name in concerned:
            if name in self._streams and self.is_subscribed:
                stream = self._streams[name]
                stream.missed(proven_to, missed.at, missed.cause, ended=missed.ended)
        if missed.ended:
            self._proven_to = None

    def _market(self, message: Market, now: int) -> None:
        if self._proven_to is None:
            return  # the rest of a line that is given up: its hole lasts, and covers it
        if message.instrument not in self._streams:
            return
        at = message.told_at if isinstance(message, BarTold) else message.at
        if at > now + AHEAD_MAX:
            detail = f"a message from {(at - now) // 1_000_000} s ahead"
            named = (message.instrument,)
            self._miss(Missed(now, GapCause.UNREADABLE, detail, named))
            return
        self._streams[message.instrument].hear(message)
        self._proven_to = max(self._proven_to, at)
        self._heard_at = now
        if isinstance(message, QuoteTold):
            heard = self._heard[message.instrument]
            heard.quote_at = max(heard.quote_at or 0, message.at)


def _lag(stream: InstrumentStream, now: int, began: int) -> float:
    if stream.state is StreamState.HALTED:
        return 0.0
    whole_to = min([stream.settled_to, *(hole.first for hole in stream.holes)])
    return max(now - max(whole_to, began) - MINUTE, 0) / 1_000_000
