"""Where the buckets of a calendar lie: anchored at each session's open, cut off at its close.

A clock that counts from midnight would put the last minutes before a close and the first ones
after the next open into one bucket, and begin New York's hours at :00 where trading begins at :30.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bifrost.core.sessions import DAY_ENDS, EXCHANGE, Session
from bifrost.data.series.columns import Integers, micros
from bifrost.data.series.timeframes import Timeframe

_EARLY_BEGINS = time(4)
_MINUTE = 60_000_000


@dataclass(frozen=True, slots=True)
class Buckets:
    """For each of some instants its bucket; all in microseconds since 1970.

    starts_at, ends_at: of the bucket, the end not included. inside: whether it lies in one; where
    not, its start and end mean nothing.
    """

    starts_at: Integers
    ends_at: Integers
    inside: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class TradingHours:
    """Stretches of trading in order, none overlapping: each [starts_at[i], ends_at[i])."""

    starts_at: Integers
    ends_at: Integers
    sessions: tuple[date, ...]

    @classmethod
    def regular(cls, sessions: Sequence[Session]) -> "TradingHours":
        """Regular hours of these sessions, given in order: one stretch each."""
        return cls._of([(one.session, one.opens_at, one.closes_at) for one in sessions])

    @classmethod
    def extended(cls, sessions: Sequence[Session]) -> "TradingHours":
        """The early and the late session beside the regular one: three stretches a day.

        From 4:00 in New York to 20:00. No bucket crosses the open or the close.
        """
        stretches = []
        for one in sessions:
            begins = datetime.combine(one.session, _EARLY_BEGINS, EXCHANGE).astimezone(UTC)
            ends = datetime.combine(one.session, DAY_ENDS, EXCHANGE).astimezone(UTC)
            hours = (begins, one.opens_at, one.closes_at, ends)
            stretches += [(one.session, first, end) for first, end in pairwise(hours)]
        return cls._of(stretches)

    @classmethod
    def _of(cls, stretches: Sequence[tuple[date, datetime, datetime]]) -> "TradingHours":
        return cls(
            np.array([micros(first) for _, first, _ in stretches], dtype=np.int64),
            np.array([micros(end) for _, _, end in stretches], dtype=np.int64),
            tuple(session for session, _, _ in stretches),
        )

    def buckets(self, instants: Integers, timeframe: Timeframe) -> Buckets:
        """Return the bucket of each instant; a daily one is a whole stretch."""
        places, inside = self.places(instants)
        if not len(self.starts_at):
            return Buckets(instants, instants, inside)
        begins, ends = self.starts_at[places], self.ends_at[places]
        if timeframe.is_daily:
            return Buckets(begins, ends, inside)
        width = timeframe.minutes * _MINUTE
        starts = begins + (instants - begins) // width * width
        return Buckets(starts, np.minimum(starts + width, ends), inside)

    def places(self, instants: Integers) -> "tuple[Integers, NDArray[np.bool_]]":
        """Return the place of each instant's stretch, and whether it is in one at all."""
        if not len(self.starts_at):
            return np.zeros(len(instants), np.int64), np.zeros(len(instants), np.bool_)
        places = np.searchsorted(self.starts_at, instants, side="right") - 1
        inside = (places >= 0) & (instants < self.ends_at[places])
        return places, inside

    def sessions_of(self, instants: Integers) -> set[date]:
        """Return the sessions in which any of the instants lies."""
        places, inside = self.places(instants)
        return {self.sessions[place] for place in np.unique(places[inside])}
