"""What the live feed says of stored bars, quotes and trades.

A longer bar is told of when its time has passed and nothing of its minutes may be missing: across
a gap of the stream nothing derived is told. Quotes and trades are the stream's own, whatever a
vendor's history says of the day: it was they that came.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Protocol

import numpy as np

from bifrost.core.sessions import Session, exchange_date
from bifrost.data.ports import Clock
from bifrost.data.series.asked import SeriesQuery
from bifrost.data.series.columns import BarColumns, Integers, exactly, instant_of, micros
from bifrost.data.series.ports import SeriesReader
from bifrost.data.series.rollup import roll_up
from bifrost.data.series.ticks import TickQuery, TickReader
from bifrost.data.series.timeframes import Timeframe
from bifrost.data.series.trading_hours import TradingHours
from bifrost.data.streaming.channels import Channel, Kind
from bifrost.data.streaming.feed import AT_ONCE_MAX
from bifrost.data.streaming.feed_ports import Message
from bifrost.data.streaming.holes import MINUTE
from bifrost.data.streaming.ports import SOURCE, StoredStream

_A_DAY = timedelta(days=1)
_MICROSECOND = timedelta(microseconds=1)
# A snapshot is of the newest session; older ones are GET /v1/bars's.
_RECENT = timedelta(days=5)

Keyed = tuple[str, Message]


class StreamReader(Protocol):
    """How streams and the desk's market stand."""

    def standing(self, instrument: str) -> StoredStream | None:
        """Return the instrument's stream; None where none was ever heard."""

    def missed(self, instrument: str, at: datetime) -> Sequence[tuple[int, int]]:
        """Return the stretches of which its stream may have missed minutes (microseconds)."""

    def last_closed(self, instrument: str) -> datetime | None:
        """Return when the last session of the desk's market closed that was published."""


class StoredTellings:
    """Tellings. sessions: gives every session of [first, last]."""

    def __init__(
        self,
        series: SeriesReader,
        ticks: TickReader,
        streams: StreamReader,
        sessions: Callable[[date, date], Sequence[Session]],
        clock: Clock,
    ) -> None:
        self._series = series
        self._ticks = ticks
        self._streams = streams
        self._sessions = sessions
        self._clock = clock

    def last(self, channel: Channel) -> Message | None:
        """Return the newest bar, quote or trade of the last days; None: there is none."""
        last = self._newest(channel)
        if last is None:
            return None
        back = _A_DAY if channel.timeframe == Timeframe.D1 else _RECENT
        found = self._told(channel, last - back, last, most=1)
        return found[-1][1] if found else None

    def between(self, channel: Channel, first: datetime, last: datetime) -> Sequence[Keyed]:
        """Return what is stored of [first, last], and is whole: nothing across a gap.

        Of quotes and trades that is the newest, as many as are told at once.
        """
        return self._told(channel, first, last, most=AT_ONCE_MAX)

    def _told(
        self, channel: Channel, first: datetime, last: datetime, *, most: int
    ) -> Sequence[Keyed]:
        if channel.kind is Kind.BARS:
            rows = _rows(self._bars(channel, first, last))
            return [_bar(row, is_daily=channel.timeframe == Timeframe.D1) for row in rows]
        before = last + _MICROSECOND
        asked = TickQuery(channel.instrument, first, before, source=SOURCE, newest=most)
        if channel.kind is Kind.QUOTES:
            quotes = self._ticks.quotes(asked)
            names = ("occurred_at", "sequence", "bid", "bid_size", "ask", "ask_size")
            told = zip(*(getattr(quotes, name).tolist() for name in names), strict=True)
            return [_quote(row) for row in told]
        trades = self._ticks.trades(asked)
        columns = (trades.occurred_at, trades.sequence, trades.price, trades.size)
        return [_trade(row) for row in zip(*(one.tolist() for one in columns), strict=True)]

    def _newest(self, channel: Channel) -> datetime | None:
        if channel.timeframe == Timeframe.D1:
            return self._streams.last_closed(channel.instrument)
        standing = self._streams.standing(channel.instrument)
        return None if standing is None else instant_of(standing.settled_to + MINUTE)

    def _bars(self, channel: Channel, first: datetime, last: datetime) -> BarColumns:
        timeframe = Timeframe(channel.timeframe)
        asked = SeriesQuery(channel.instrument, timeframe, first, last + _MICROSECOND)
        if timeframe.is_daily or timeframe is Timeframe.M1:
            return self._series.read(asked)
        return self._rolled_up(asked, timeframe)

    def _rolled_up(self, asked: SeriesQuery, timeframe: Timeframe) -> BarColumns:
        """Roll up the buckets that these minutes are of, from their sessions' minutes."""
        days = exchange_date(asked.first), exchange_date(asked.before)
        sessions = self._sessions(*days)
        if not sessions:
            return BarColumns.empty()
        whole = replace(
            asked,
            timeframe=Timeframe.M1,
            first=sessions[0].opens_at,
            before=sessions[-1].closes_at,
        )
        minutes = self._series.read(whole)
        rolled = roll_up(minutes, timeframe, TradingHours.regular(sessions))
        ended = int(minutes.starts_at[-1]) + MINUTE if len(minutes) else 0
        missed = self._streams.missed(asked.instrument, self._clock.now())
        whole_bars = rolled.closed(ended, missed)
        width = timeframe.minutes * MINUTE
        first, before = _with_silence(minutes.starts_at, asked)
        is_asked = (whole_bars.starts_at < before) & (whole_bars.starts_at + width > first)
        return whole_bars.take(is_asked)


def _with_silence(starts: Integers, asked: SeriesQuery) -> tuple[int, int]:
    """Widen what is asked by the minutes beside it in which nobody traded (microseconds).

    A bucket that ends in them is whole by the minute behind them, and told of with that one.
    """
    first, before = micros(asked.first), micros(asked.before)
    place, behind = np.searchsorted(starts, [first, before])
    if place:
        first = min(first, int(starts[place - 1]) + MINUTE)
    if behind < len(starts):
        before = max(before, int(starts[behind]))
    return first, before


def _rows(bars: BarColumns) -> Sequence[tuple[int, ...]]:
    return list(zip(*(column.tolist() for column in bars.columns()), strict=True))


def _bar(row: tuple[int, ...], *, is_daily: bool) -> Keyed:
    """Word a bar as `GET /v1/bars` does: a daily one's time is its session's date."""
    names = ("open", "high", "low", "close", "volume")
    values = {name: _written(value) for name, value in zip(names, row[1:], strict=True)}
    key = "/".join(map(str, row))
    at = exchange_date(instant_of(row[0])).isoformat() if is_daily else _instant(row[0])
    return key, {"type": "bar", "bar": {"t": at, **values}}


def _quote(row: tuple[int, ...]) -> Keyed:
    names = ("bid", "bid_size", "ask", "ask_size")
    values = {name: _written(value) for name, value in zip(names, row[2:], strict=True)}
    return f"{row[0]}/{row[1]}", {"type": "quote", "quote": {"t": _instant(row[0]), **values}}


def _trade(row: tuple[int, ...]) -> Keyed:
    values = {"price": _written(row[2]), "size": _written(row[3])}
    key = "/".join(map(str, row))
    return key, {"type": "trade", "trade": {"t": _instant(row[0]), **values}}


def _instant(at: int) -> str:
    return instant_of(at).isoformat().replace("+00:00", "Z")


def _written(count: int) -> str:
    return f"{exactly(count):f}"
