"""The way in for quotes and trades, in any transaction of the schema `data`."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from bifrost.adapters.postgres.instruments import locked_listing
from bifrost.adapters.postgres.market.halted_stretches import halts_around
from bifrost.adapters.postgres.market.quality import FLAG
from bifrost.adapters.postgres.market.ticks import PostgresTicks
from bifrost.core.sessions import Session
from bifrost.data.ports import Listing
from bifrost.data.quality.context import SessionGrid
from bifrost.data.quality.defects import Defect
from bifrost.data.quality.tick_shape import TickContext
from bifrost.data.series.columns import exactly, instant_of
from bifrost.data.series.ticks import QuoteColumns, Ticks, TradeColumns

# The late session of the day before, and the early one of the next.
_AROUND = timedelta(days=1)

_SESSIONS = """
SELECT calendar, session, opens_at, closes_at FROM data.sessions
WHERE calendar = %s AND closes_at > %s AND opens_at <= %s ORDER BY session
"""

_KEEP_APART = """
INSERT INTO data.quarantined_ticks (instrument, kind, source, occurred_at, sequence, session,
    told, kinds, reason, recorded_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class PostgresTickBooks(PostgresTicks):
    """TickBooks on the cursor of a transaction that its caller ends."""

    def listing(self, symbol: str) -> Listing | None:
        """Return the listing and keep others from changing it; None: not listed."""
        return locked_listing(self.cursor, symbol)

    def tick_context(
        self, listing: Listing, source: str, ticks: Ticks, at: datetime
    ) -> TickContext[Ticks]:
        """Return what the gate has to know: sessions, halts, what this source said just before."""
        first, last = instant_of(ticks.occurred_at.min()), instant_of(ticks.occurred_at.max())
        values = (listing.calendar, first - _AROUND, last + _AROUND)
        sessions = [Session(**row) for row in self.cursor.execute(_SESSIONS, values)]
        symbol = listing.instrument.symbol
        before = self.said_before(symbol, source, ticks)
        # A quote that stood before a halt stands through it.
        halts = halts_around(self.cursor, symbol, first - _AROUND, max(last, at))
        return TickContext(SessionGrid.of(sessions), at, before, halts)

    def keep_ticks_apart(
        self, instrument: str, source: str, ticks: Ticks, defects: Sequence[Defect], at: datetime
    ) -> int:
        """Quarantine what a defect blocks, and flag others; return how many rows are new."""
        kind = "trade" if isinstance(ticks, TradeColumns) else "quote"
        apart = _blocked((instrument, kind, source), ticks, defects, at)
        flags = [
            (instrument, kind, instant_of(one.at), one.session, source, one.kind, one.reason, at)
            for one in defects
            if not one.blocks and one.at is not None
        ]
        return self._written(_KEEP_APART, apart) + self._written(FLAG, flags)

    def _written(self, query: str, rows: Sequence[tuple[Any, ...]]) -> int:
        if not rows:
            return 0
        self.cursor.executemany(query, rows)
        return self.cursor.rowcount


def _blocked(
    whose: tuple[str, str, str],
    ticks: TradeColumns | QuoteColumns,
    defects: Sequence[Defect],
    at: datetime,
) -> list[tuple[Any, ...]]:
    """Return a row for each message that a defect blocks, with all that is wrong with it."""
    blocking: dict[int, list[Defect]] = {}
    for one in defects:
        if one.blocks and one.place is not None:
            blocking.setdefault(one.place, []).append(one)
    return [
        (
            *whose,
            instant_of(int(ticks.occurred_at[place])),
            int(ticks.sequence[place]),
            found[0].session,
            json.dumps(_told(ticks, place)),
            list(dict.fromkeys(one.kind.value for one in found)),
            "; ".join(dict.fromkeys(one.reason for one in found)),
            at,
        )
        for place, found in blocking.items()
    ]


def _told(ticks: TradeColumns | QuoteColumns, place: int) -> Mapping[str, str]:
    """Return what a message says, as texts: prices and sizes to the last digit."""
    told = {}
    for field in fields(ticks):
        value = getattr(ticks, field.name)[place]
        if field.name.endswith("venue"):
            told[field.name] = value.decode()
        elif field.name == "conditions":
            told[field.name] = str(value)
        elif field.name not in ("occurred_at", "sequence"):
            told[field.name] = f"{exactly(value):f}"
    return told
