"""A released bar becomes a bar: appended under its own source, and told of like any other."""

import numpy as np

from bifrost.adapters.postgres.database import Cursor
from bifrost.adapters.postgres.market.taking import PostgresTakingBooks
from bifrost.core.errors import NotFoundError
from bifrost.data.quality.report import QuarantinedBar
from bifrost.data.series.columns import PRICES, UNITS, BarColumns, micros
from bifrost.data.series.ports import SeriesKey
from bifrost.data.series.timeframes import Timeframe
from bifrost.events import BarsTaken


def append(cursor: Cursor, bar: QuarantinedBar, event_id: str, correlation_id: str) -> None:
    """Append the bar in the transaction of the cursor, without asking the gate again."""
    books = PostgresTakingBooks(cursor)
    listing = books.listing(bar.instrument)
    if listing is None or bar.released_at is None:
        raise NotFoundError(f"no instrument is called {bar.instrument}; list it first")
    key = SeriesKey(bar.instrument, Timeframe(bar.timeframe), bar.source)
    values = [int(getattr(bar, name) * UNITS) for name in (*PRICES, "volume")]
    columns = BarColumns(
        *(np.array([value], dtype=np.int64) for value in (micros(bar.occurred_at), *values))
    )
    written = books.put(key, columns, bar.released_at)
    if not written:
        return
    books.touch(key, listing, columns, bar.released_at)
    books.tell(
        BarsTaken(
            event_id=event_id,
            occurred_at=bar.occurred_at,
            recorded_at=bar.released_at,
            correlation_id=correlation_id,
            instrument=bar.instrument,
            timeframe=bar.timeframe,
            provider=bar.source,
            first=bar.occurred_at,
            last=bar.occurred_at,
            written=written,
            kept_apart=0,
        )
    )
