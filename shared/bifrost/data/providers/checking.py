"""Whether a vendor's bars can be believed as they came, before the gate looks at each.

What is refused here is of the answer as a whole, and no bar of it is kept: instants that are off
by hours (a zone taken for another: every bar is plausible, and stands in the wrong place), two
values for one bar, bars out of order.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bifrost.core.sessions import DAY_ENDS, EXCHANGE, Session
from bifrost.data.providers.ports import BarRequest
from bifrost.data.series.columns import BarColumns, Integers, micros

_MINUTE, _HOUR = 60_000_000, 3_600_000_000
_EARLY_BEGINS = time(4)
_OPENS = time(9, 30)
_SHIFTS = [hours for hours in range(-14, 15) if hours]
# All of a day's volume in a window as long as regular hours that are not them: bars of regular
# hours alone, moved. With the early and late ones, what is moved lies outside of 4:00 to 20:00.
_SHARE_THERE, _SHARE_HERE = 0.99, 0.97
_DENSE, _SHARE_MORE = 0.9, 0.05
_EARLY_SHARE_MAX = 0.5
_BARS_MIN = 30


def session_opens_at(day: date, sessions: Sequence[Session]) -> datetime:
    """Return when the session of a daily bar opens; 9:30 in New York on a day that is none.

    Such a bar is for the gate to refuse, by name, which it can only do when it has a beginning.
    """
    known = next((one.opens_at for one in sessions if one.session == day), None)
    return known or datetime.combine(day, _OPENS, EXCHANGE).astimezone(UTC)


def once_each(bars: BarColumns) -> BarColumns:
    """Leave out repetitions of the bar before, word for word: pages overlap."""
    if len(bars) < 2:
        return bars
    stacked = np.stack(list(bars.columns()))
    is_new = np.any(stacked[:, 1:] != stacked[:, :-1], axis=0)
    return bars.take(np.concatenate([[True], is_new]))


def objection(
    bars: BarColumns, asked: BarRequest, sessions: Sequence[Session], until: datetime
) -> str | None:
    """Return why none of these bars may be kept; None where there is no reason.

    sessions: every session of the calendar that the request touches, in order. until: as far as
        the bars go, or could go now.
    """
    steps = np.diff(bars.starts_at)
    if (steps < 0).any():
        return "its bars are not in the order of time"
    if (steps == 0).any():
        return "it has two bars with different values for one beginning"
    if asked.timeframe.is_daily or not len(bars):
        return None
    return _wrong_hours(bars, sessions, asked.first, min(asked.before, until))


def tick_objection(times: Integers, sessions: Sequence[Session]) -> str | None:
    """Return why none of these quotes or trades may be kept; None where there is no reason.

    times: in microseconds since 1970. sessions: every one of the calendar that they may be of.
    """
    if (np.diff(times) < 0).any():
        return "they are not in the order of time"
    begins = [micros(datetime.combine(one.session, _EARLY_BEGINS, EXCHANGE)) for one in sessions]
    ends = [micros(datetime.combine(one.session, DAY_ENDS, EXCHANGE)) for one in sessions]
    places = np.searchsorted(np.array(begins, dtype=np.int64), times, side="right") - 1
    inside = (places >= 0) & (times < np.array([*ends, 0], dtype=np.int64)[places])
    if (count := int((~inside).sum())) > 0:
        return f"{count} of them lie outside of 4:00 to 20:00 in New York"
    return None


def _wrong_hours(
    bars: BarColumns, sessions: Sequence[Session], first: datetime, until: datetime
) -> str | None:
    for session, day in _by_session(bars, sessions):
        begins = datetime.combine(session.session, _EARLY_BEGINS, EXCHANGE)
        ends = datetime.combine(session.session, DAY_ENDS, EXCHANGE)
        outside = ~_within(day.starts_at, micros(begins), micros(ends))
        if outside.any():
            count = int(outside.sum())
            return f"{count} bars of {session.session} lie outside of 4:00 to 20:00 in New York"
        # A part of a day says nothing: its early hours may be all that there is so far.
        is_whole = first <= session.opens_at and session.closes_at <= until
        if is_whole and (why := _moved(day, session)):
            return f"its bars of {session.session} {why}"
    return None


def _by_session(
    bars: BarColumns, sessions: Sequence[Session]
) -> Iterator[tuple[Session, BarColumns]]:
    """Give each session the bars up to where the next one's early hours begin."""
    middles = [
        micros(datetime.combine(later.session, time(2), EXCHANGE))
        for _, later in pairwise(sessions)
    ]
    places = np.searchsorted(bars.starts_at, middles)
    edges = [0, *places.tolist(), len(bars)]
    for session, (first, end) in zip(sessions, pairwise(edges), strict=False):
        if end > first:
            yield session, bars.take(slice(first, end))


def _moved(day: BarColumns, session: Session) -> str | None:
    """Return in which way a whole day is off; None where it is not, or nothing can tell."""
    opens, closes = micros(session.opens_at), micros(session.closes_at)
    if len(day) < _BARS_MIN or day.volume.sum() <= 0:
        return None
    here = _Window.of(day, opens, closes)
    for hours in _SHIFTS:
        there = _Window.of(day, opens + hours * _HOUR, closes + hours * _HOUR)
        if there.is_where(here, minutes=(closes - opens) // _MINUTE):
            return f"are off by {hours:+d} h: another time zone"
    early = _Window.of(day, 0, opens).share
    if early > _EARLY_SHARE_MAX:
        return f"have {early:.0%} of their volume before the open: another time zone"
    return None


@dataclass(frozen=True, slots=True)
class _Window:
    """A stretch of a day: how many bars it has, and which share of the day's volume."""

    bars: int
    share: float

    @classmethod
    def of(cls, day: BarColumns, first: int, end: int) -> "_Window":
        inside = _within(day.starts_at, first, end)
        return cls(int(inside.sum()), float(day.volume[inside].sum() / day.volume.sum()))

    def is_where(self, regular: "_Window", *, minutes: int) -> bool:
        """Say whether regular hours are here, and not where the clock says.

        Either all of the volume is here, of bars of regular hours alone; or a bar of nearly every
        minute, where the clock's hours have fewer and less, of bars with some early or late ones.
        """
        if self.share >= _SHARE_THERE and regular.share < _SHARE_HERE:
            return True
        is_dense = self.bars >= minutes * _DENSE and self.bars - regular.bars >= _BARS_MIN
        return is_dense and self.share - regular.share >= _SHARE_MORE


def _within(starts_at: Integers, first: int, end: int) -> NDArray[np.bool_]:
    inside: NDArray[np.bool_] = (starts_at >= first) & (starts_at < end)
    return inside
