"""Bars that enter past the gate, by a person's word or a repair: appended, and told of like any."""

import numpy as np

from bifrost.adapters.postgres.database import Cursor
from bifrost.adapters.postgres.market.taking import PostgresTakingBooks
from bifrost.core.errors import NotFoundError
from bifrost.data.ingest.taking import Occasion, event_of
from bifrost.data.ports import Listing
from bifrost.data.quality.report import QuarantinedBar
from bifrost.data.series.columns import PRICES, UNITS, BarColumns, micros
from bifrost.data.series.ports import SeriesKey
from bifrost.data.series.timeframes import Timeframe


def append(cursor: Cursor, bar: QuarantinedBar, event_id: str, correlation_id: str) -> None:
    """Append a released bar in the transaction of the cursor, without asking the gate again."""
    listing = PostgresTakingBooks(cursor).listing(bar.instrument)
    if listing is None or bar.released_at is None:
        raise NotFoundError(f"no instrument is called {bar.instrument}; list it first")
    key = SeriesKey(bar.instrument, Timeframe(bar.timeframe), bar.source)
    values = [int(getattr(bar, name) * UNITS) for name in (*PRICES, "volume")]
    columns = BarColumns(
        *(np.array([value], dtype=np.int64) for value in (micros(bar.occurred_at), *values))
    )
    append_past_gate(
        cursor, key, listing, columns, Occasion(bar.released_at, correlation_id, event_id)
    )


def append_past_gate(
    cursor: Cursor,
    key: SeriesKey,
    listing: Listing,
    bars: BarColumns,
    occasion: Occasion,
    repair_id: str | None = None,
) -> int:
    """Append what differs, remember it for roll-ups and tell of it; return how many bars."""
    books = PostgresTakingBooks(cursor)
    new = books.put(key, bars, occasion.at, repair_id)
    if len(new):
        books.touch(key, listing, new, occasion.at)
        books.tell(event_of(key, new, occasion, written=len(new)))
    return len(new)
