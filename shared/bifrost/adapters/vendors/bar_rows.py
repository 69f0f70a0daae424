"""From a vendor's rows to bars: counted, cut to what was asked, and refused where they are odd."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np

from bifrost.adapters.calendars import xnys
from bifrost.core.sessions import EXCHANGE, Session
from bifrost.data.providers.answers import Absent, Answer, Failed, Found, Partial
from bifrost.data.providers.checking import objection, once_each, session_opens_at
from bifrost.data.providers.ports import BarRequest, TickRequest
from bifrost.data.series.columns import BarColumns, Integers, counted, micros
from bifrost.data.series.timeframes import Timeframe

# Every session of [first, last].
Sessions = Callable[[date, date], Sequence[Session]]
_A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class VendorBar:
    """A bar as a vendor told it: open, high, low, close and volume, as traded."""

    starts_at: datetime
    values: tuple[float, float, float, float, float]


@dataclass(frozen=True, slots=True)
class Hours:
    """The sessions that a request touches, and what time it is."""

    sessions: Sequence[Session]
    now: datetime

    def opens_at(self, day: date) -> datetime:
        """Return when a day's bar begins."""
        return session_opens_at(day, self.sessions)

    def ends_at(self, bars: BarColumns, timeframe: Timeframe) -> Integers:
        """Return when each bar is over, in microseconds since 1970."""
        if not timeframe.is_daily:
            return bars.starts_at + timeframe.minutes * 60_000_000
        closes = {micros(one.opens_at): micros(one.closes_at) for one in self.sessions}
        a_day = 24 * 3600 * 1_000_000
        ends = [closes.get(start, start + a_day) for start in bars.starts_at.tolist()]
        return np.array(ends, dtype=np.int64)


def xnys_sessions(first: date, last: date) -> Sequence[Session]:
    """Return the sessions of [first, last] that are baked."""
    return list(xnys.sessions(max(first, xnys.FIRST), min(last, xnys.LAST)))


def hours_of(asked: BarRequest | TickRequest, sessions: Sessions, now: datetime) -> Hours:
    """Return the hours that the request touches."""
    first = asked.first.astimezone(EXCHANGE).date() - _A_DAY
    last = asked.before.astimezone(EXCHANGE).date() + _A_DAY
    return Hours(sessions(first, last), now)


def to_bars(
    answer: Answer[list[VendorBar]], asked: BarRequest, hours: Hours, vendor: str
) -> Answer[BarColumns]:
    """Return the bars of an answer that can be believed, without those that are not over yet."""
    if not isinstance(answer, Found | Partial):
        return answer
    try:
        bars = once_each(_columns(answer.data))
    except ValueError as error:
        return Failed(f"{vendor}: {error}", retryable=False)
    # Of a part, the last day is none yet.
    until = min(hours.now, answer.resume_from) if isinstance(answer, Partial) else hours.now
    if why := objection(bars, asked, hours.sessions, until):
        return Failed(f"{vendor} cannot be believed about {asked.symbol}: {why}", retryable=False)
    bars = bars.between(asked.first, asked.before)
    bars = bars.take(hours.ends_at(bars, asked.timeframe) <= micros(hours.now.astimezone(UTC)))
    if isinstance(answer, Partial):
        return Partial(bars, answer.resume_from, answer.reason)
    if not len(bars):
        return Absent(f"{vendor} has no finished bar of {asked.symbol} in what was asked")
    return Found(bars)


def _columns(rows: Sequence[VendorBar]) -> BarColumns:
    starts_at = np.array([micros(row.starts_at) for row in rows], dtype=np.int64)
    values = np.array([row.values for row in rows], dtype=np.float64).reshape(-1, 5)
    return BarColumns(starts_at, *(counted(values[:, place]) for place in range(5)))
