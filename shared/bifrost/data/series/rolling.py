"""Keeping longer bars beside the minutes: computed again for each session that minutes touched.

What is stored is what had closed by then; of a day only where all of its minutes are known. A
session that is not over is looked at each time, until it is: its last bucket closes by the clock,
whether a minute comes or not.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from bifrost.core.sessions import Session
from bifrost.data.ports import Clock
from bifrost.data.series.asked import SeriesQuery
from bifrost.data.series.columns import BarColumns, micros
from bifrost.data.series.ports import SeriesKey
from bifrost.data.series.rollup import roll_up
from bifrost.data.series.timeframes import Timeframe
from bifrost.data.series.trading_hours import TradingHours
from bifrost.data.series.whole_days import whole_days

STORED = (Timeframe.M5, Timeframe.H1, Timeframe.D1)
SOURCE = "rollup"
# Sessions of one instrument that one transaction takes up.
SESSIONS_MAX = 64
_RUN_MAX = timedelta(seconds=25)


@dataclass(frozen=True, slots=True)
class Touched:
    """Sessions of one instrument, in order, in which a minute came or changed."""

    instrument: str
    sessions: Sequence[Session]


class RollUpBooks(Protocol):
    """Minutes, longer bars, and what is touched: inside a transaction of its caller's."""

    def touched(self, after: str, limit: int) -> Touched | None:
        """Return the first instrument past `after` with such sessions, and keep others from it."""

    def read(self, asked: SeriesQuery) -> BarColumns:
        """Return stored bars, as they stand."""

    def missing(self, instrument: str, at: datetime) -> Sequence[tuple[int, int]]:
        """Return the stretches of which a live stream may have missed minutes (microseconds)."""

    def silent(
        self, instrument: str, first: datetime, before: datetime
    ) -> Sequence[tuple[int, int]]:
        """Return the stretches of [first, before) in which a vendor knows of no trade."""

    def put(self, key: SeriesKey, bars: BarColumns, at: datetime) -> int:
        """Append what is new or differs; return how many bars that were."""

    def settle(self, instrument: str, sessions: Sequence[Session]) -> None:
        """Forget that these were touched."""


class RollUpStore(Protocol):
    """Where transactions come from."""

    def transaction(self) -> AbstractContextManager[RollUpBooks]:
        """Begin one."""


@dataclass(frozen=True, slots=True)
class RollUps:
    """Who keeps longer bars."""

    store: RollUpStore
    clock: Clock

    def run(self) -> dict[str, int]:
        """Roll up what was touched, as much as fits into one invocation; return what was done."""
        began = self.clock.now()
        sessions = written = 0
        after = ""
        while self.clock.now() - began < _RUN_MAX:
            with self.store.transaction() as books:
                touched = books.touched(after, SESSIONS_MAX)
                if touched is None:
                    break
                now = self.clock.now()
                missing = books.missing(touched.instrument, now)
                written += self._roll(books, touched, now, missing)
                over = [one for one in touched.sessions if _is_over(one, now, missing)]
                books.settle(touched.instrument, over)
            sessions += len(touched.sessions)
            # Whoever has sessions left that are over comes again; the others wait for a minute.
            if not over or len(over) < len(touched.sessions):
                after = touched.instrument
        return {"sessions": sessions, "bars_written": written} if sessions else {}

    def _roll(
        self,
        books: RollUpBooks,
        touched: Touched,
        now: datetime,
        missing: Sequence[tuple[int, int]],
    ) -> int:
        first, last = touched.sessions[0], touched.sessions[-1]
        minutes = books.read(
            SeriesQuery(touched.instrument, Timeframe.M1, first.opens_at, last.closes_at)
        )
        hours = TradingHours.regular(touched.sessions)
        silent = books.silent(touched.instrument, first.opens_at, last.closes_at)
        written = 0
        for timeframe in STORED:
            rolled = roll_up(minutes, timeframe, hours)
            closed = rolled.closed(micros(now), missing)
            if timeframe.is_daily:
                closed = whole_days(closed, minutes, hours, silent)
            if len(closed):
                key = SeriesKey(touched.instrument, timeframe, SOURCE)
                written += books.put(key, closed, now)
        return written


def _is_over(session: Session, now: datetime, missing: Sequence[tuple[int, int]]) -> bool:
    """Say whether no minute of the session is to come; one that a stream missed still is."""
    opens, closes = micros(session.opens_at), micros(session.closes_at)
    is_whole = all(before <= opens or closes <= first for first, before in missing)
    return session.closes_at <= now and is_whole
