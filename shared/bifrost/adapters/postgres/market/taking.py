"""The way in for bars, in any transaction of the schema `data`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bifrost.adapters.postgres.database import Cursor
from bifrost.adapters.postgres.instruments import locked_listing
from bifrost.adapters.postgres.market.quality import keep_apart
from bifrost.adapters.postgres.market.series import PostgresSeries
from bifrost.adapters.postgres.outbox import Outbox
from bifrost.core.codec import from_json
from bifrost.core.corporate_actions import CorporateAction
from bifrost.core.sessions import Session
from bifrost.data.quality.issuer_steps import steps_of
from bifrost.data.ports import Listing
from bifrost.data.quality.context import GateContext, SessionGrid
from bifrost.data.quality.defects import Defect
from bifrost.data.series.asked import SeriesQuery
from bifrost.data.series.columns import BarColumns, instant_of
from bifrost.data.series.ports import SeriesKey
from bifrost.data.series.timeframes import Timeframe
from bifrost.data.series.trading_hours import TradingHours
from bifrost.events import Event

# What the gate looks back on: sixty returns, and days that may have to be left out.
_PRIOR_BARS = 100
_PRIOR = {True: timedelta(days=180), False: timedelta(days=5)}
# Bars of the late session alone are of a session that has closed.
_AROUND = timedelta(days=1)

_SESSIONS = """
SELECT calendar, session, opens_at, closes_at FROM data.sessions
WHERE calendar = %s AND closes_at > %s AND opens_at <= %s ORDER BY session
"""

_TOUCH = """
INSERT INTO data.touched_sessions (instrument, session, touched_at)
SELECT %s, session, %s FROM unnest(%s::date[]) AS touched (session)
ON CONFLICT (instrument, session) DO UPDATE SET touched_at = excluded.touched_at
"""


_ACTIONS = """
SELECT action FROM data.corporate_actions a WHERE instrument = %s AND NOT withdrawn
    AND NOT EXISTS (SELECT 1 FROM data.corporate_actions b
        WHERE b.action_id = a.action_id AND b.revision > a.revision)
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
        """Return what the gate has to know: sessions, known actions, and the bars before these."""
        prior = self._prior(key, bars)
        around = BarColumns.concatenated([prior, bars])
        return GateContext(
            timeframe=key.timeframe,
            grid=SessionGrid.of(self._sessions(listing.calendar, bars)),
            received_at=at,
            prior=prior,
            # What traded before the open or after the close is told by some sources, and true.
            extended=not key.timeframe.is_daily,
            steps=steps_of(self._actions(key.instrument), around),
            tick_size=listing.instrument.tick_size,
        )

    def put(
        self, key: SeriesKey, bars: BarColumns, at: datetime, repair_id: str | None = None
    ) -> int:
        """Append what is new or differs; return how many bars that were."""
        return PostgresSeries(self.cursor).put(key, bars, at, repair_id)

    def keep_apart(
        self, key: SeriesKey, bars: BarColumns, defects: Sequence[Defect], at: datetime
    ) -> int:
        """Quarantine the bars that a defect blocks, and flag others; return how many are new."""
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

    def _actions(self, instrument: str) -> list[CorporateAction]:
        rows = self.cursor.execute(_ACTIONS, (instrument,)).fetchall()
        return [from_json(CorporateAction, row["action"]) for row in rows]

    def _prior(self, key: SeriesKey, bars: BarColumns) -> BarColumns:
        before = instant_of(int(bars.starts_at.min()))
        first = before - _PRIOR[key.timeframe.is_daily]
        asked = SeriesQuery(key.instrument, key.timeframe, first, before)
        return PostgresSeries(self.cursor).read(asked).take(slice(-_PRIOR_BARS, None))

    def _sessions(self, calendar: str, bars: BarColumns) -> list[Session]:
        first, last = int(bars.starts_at.min()), int(bars.starts_at.max())
        values = (calendar, instant_of(first) - _AROUND, instant_of(last) + _AROUND)
        return [Session(**row) for row in self.cursor.execute(_SESSIONS, values)]
