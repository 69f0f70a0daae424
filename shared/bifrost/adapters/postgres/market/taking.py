"""The way in for bars, in any transaction of the schema `data`."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from bifrost.adapters.postgres.database import Cursor, Row
from bifrost.adapters.postgres.instruments import locked_listing
from bifrost.adapters.postgres.market.actions import standing_and_claimed
from bifrost.adapters.postgres.market.halted_stretches import halts_around
from bifrost.adapters.postgres.market.quality import keep_apart
from bifrost.adapters.postgres.market.series import PostgresSeries
from bifrost.adapters.postgres.outbox import Outbox
from bifrost.adapters.postgres.sessions import calendar_sessions
from bifrost.core.sessions import Session
from bifrost.data.ports import Listing
from bifrost.data.quality.context import GateContext, Halt, SessionGrid
from bifrost.data.quality.defects import Defect
from bifrost.data.quality.issuer_steps import steps_of
from bifrost.data.series.asked import SeriesQuery
from bifrost.data.series.columns import PRICES, UNITS, BarColumns, exactly, instant_of, micros
from bifrost.data.series.ports import SeriesKey
from bifrost.data.series.timeframes import Timeframe
from bifrost.data.series.trading_hours import TradingHours
from bifrost.events import Event

# What the gate looks back on: sixty returns, and days that may have to be left out.
_PRIOR_BARS = 100
_PRIOR = {True: timedelta(days=180), False: timedelta(days=5)}
# And what it looks ahead to, where an older bar is corrected: longer than a run of wrong ones.
_FOLLOWING_BARS = 30
_FOLLOWING = {True: timedelta(days=60), False: timedelta(days=5)}
# No bar ends later than so after its beginning.
_WIDEST = timedelta(days=1)
# Bars of the late session alone are of a session that has closed.
_AROUND = timedelta(days=1)

_TOUCH = """
INSERT INTO data.touched_sessions (instrument, session, touched_at)
SELECT %s, session, %s FROM unnest(%s::date[]) AS touched (session)
ON CONFLICT (instrument, session) DO UPDATE SET touched_at = excluded.touched_at
"""

# The gate keeps these apart only until a later bar confirms them, or a halt's end is told late.
_WAITING = """
SELECT DISTINCT ON (occurred_at) occurred_at, open, high, low, close, volume FROM data.quarantine
WHERE instrument = %s AND timeframe = %s AND source = %s AND released_at IS NULL
    AND kinds <@ ARRAY['jump', 'missed_split', 'traded_in_halt']
    AND occurred_at >= %s AND occurred_at <= %s
ORDER BY occurred_at, quarantine_id DESC
"""

_LET_IN = """
UPDATE data.quarantine SET released_at = %s, released_by = 'gate',
    release_reason = CASE WHEN 'traded_in_halt' = ANY(kinds) THEN 'its halt was over'
        ELSE 'a later bar confirmed it' END
WHERE instrument = %s AND timeframe = %s AND source = %s AND released_at IS NULL
    AND occurred_at = %s AND (trunc(open, 6), trunc(high, 6), trunc(low, 6), trunc(close, 6),
        trunc(volume, 6)) = (%s, %s, %s, %s, %s)
"""


@dataclass(frozen=True, slots=True)
class PostgresTakingBooks:
    """TakingBooks on the cursor of a transaction that its caller ends."""

    cursor: Cursor

    def listing(self, symbol: str) -> Listing | None:
        """Return the listing and keep others from changing it or its bars; None: not listed."""
        return locked_listing(self.cursor, symbol)

    def context(
        self, key: SeriesKey, listing: Listing, bars: BarColumns, at: datetime
    ) -> GateContext:
        """Return what the gate has to know: sessions, actions, and the stored bars around these."""
        stored = self._stored(key, bars)
        around = BarColumns.concatenated([stored, bars])
        around = around.take(np.argsort(around.starts_at, kind="stable"))
        standing, told = standing_and_claimed(self.cursor, key.instrument)
        return GateContext(
            timeframe=key.timeframe,
            grid=SessionGrid.of(self._sessions(listing.calendar, bars)),
            received_at=at,
            stored=stored,
            # What traded before the open or after the close is told by some sources, and true.
            extended=not key.timeframe.is_daily,
            steps=steps_of(standing, around),
            claims=steps_of(told, around),
            halts=self._halts(key, bars),
            tick_size=listing.instrument.tick_size,
        )

    def waiting(self, key: SeriesKey, bars: BarColumns) -> BarColumns:
        """Return what waits for a later bar, behind the newest that is stored before these."""
        first, last = instant_of(int(bars.starts_at.min())), instant_of(int(bars.starts_at.max()))
        since = first - _PRIOR[key.timeframe.is_daily]
        rows = self.cursor.execute(_WAITING, (*_names(key), since, last)).fetchall()
        if not rows:
            return BarColumns.empty()
        waiting = np.array([[micros(row["occurred_at"]), *_counts(row)] for row in rows]).T
        stored = self._stored(key, bars).starts_at
        reached = stored[stored < bars.starts_at.min()].max(initial=-1)
        found = BarColumns(*waiting.astype(np.int64))
        return found.take(found.starts_at > reached)

    def let_in(self, key: SeriesKey, waited: BarColumns, at: datetime) -> None:
        """Remember that these need to wait no more: they were stored."""
        for start, *counts in zip(*(one.tolist() for one in waited.columns()), strict=True):
            values = (at, *_names(key), instant_of(start), *map(exactly, counts))
            self.cursor.execute(_LET_IN, values)

    def put(
        self, key: SeriesKey, bars: BarColumns, at: datetime, repair_id: str | None = None
    ) -> BarColumns:
        """Append what is new or differs; return those bars."""
        return PostgresSeries(self.cursor).put(key, bars, at, repair_id)

    def keep_apart(
        self, key: SeriesKey, bars: BarColumns, defects: Sequence[Defect], at: datetime
    ) -> int:
        """Quarantine the bars that a defect blocks, and flag others; see TakingBooks."""
        return keep_apart(self.cursor, key, bars, defects, at)

    def touch(
        self, key: SeriesKey, listing: Listing, bars: BarColumns, at: datetime
    ) -> tuple[date, ...]:
        """Remember for roll-ups the sessions that these bars are of, and return them."""
        hours = TradingHours.regular(self._sessions(listing.calendar, bars))
        sessions = sorted(hours.sessions_of(bars.starts_at))
        if sessions and key.timeframe is Timeframe.M1:
            self.cursor.execute(_TOUCH, (key.instrument, at, sessions))
        return tuple(sessions)

    def tell(self, *events: Event) -> None:
        """Write events down, to be published once the transaction is kept."""
        Outbox("data").add(self.cursor, *events)

    def _halts(self, key: SeriesKey, bars: BarColumns) -> tuple[Halt, ...]:
        first, last = int(bars.starts_at.min()), int(bars.starts_at.max())
        return halts_around(
            self.cursor, key.instrument, instant_of(first), instant_of(last) + _WIDEST
        )

    def _stored(self, key: SeriesKey, bars: BarColumns) -> BarColumns:
        """Return what stands before, between and after these bars."""
        first, last = int(bars.starts_at.min()), int(bars.starts_at.max())
        daily = key.timeframe.is_daily
        asked = SeriesQuery(
            key.instrument,
            key.timeframe,
            instant_of(first) - _PRIOR[daily],
            instant_of(last) + _FOLLOWING[daily],
        )
        stored = PostgresSeries(self.cursor).read(asked)
        begins = max(0, int(np.searchsorted(stored.starts_at, first)) - _PRIOR_BARS)
        ends = int(np.searchsorted(stored.starts_at, last, side="right")) + _FOLLOWING_BARS
        return stored.take(slice(begins, ends))

    def _sessions(self, calendar: str, bars: BarColumns) -> Sequence[Session]:
        first, last = int(bars.starts_at.min()), int(bars.starts_at.max())
        known = calendar_sessions(self.cursor, calendar)
        begins = bisect_right(known, instant_of(first) - _AROUND, key=lambda one: one.closes_at)
        ends = bisect_right(known, instant_of(last) + _AROUND, key=lambda one: one.opens_at)
        return known[begins:ends]


def _names(key: SeriesKey) -> tuple[str, str, str]:
    return key.instrument, key.timeframe.value, key.source


def _counts(row: Row) -> list[int]:
    return [int(row[name] * UNITS) for name in (*PRICES, "volume")]
