"""The way in for a file's rows: judged like any other bars, kept digit by digit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from bifrost.adapters.postgres.bars import put_bars
from bifrost.adapters.postgres.market.quality import keep_apart
from bifrost.adapters.postgres.market.taking import PostgresTakingBooks
from bifrost.data.files.bar_file import BarRow
from bifrost.data.ports import Listing
from bifrost.data.quality.defects import Defect
from bifrost.data.series.columns import BarColumns, instant_of, micros
from bifrost.data.series.ports import SeriesKey

# What waited for a later bar, as it was told.
_WAITED = """
SELECT DISTINCT ON (occurred_at) session, open, high, low, close, volume FROM data.quarantine
WHERE instrument = %s AND timeframe = %s AND source = %s AND released_at IS NULL
    AND session IS NOT NULL AND occurred_at = ANY(%s)
ORDER BY occurred_at, quarantine_id DESC
"""


@dataclass(frozen=True, slots=True)
class PostgresRowBooks(PostgresTakingBooks):
    """TakingBooks of a file's rows, each by when its session opens (microseconds since 1970)."""

    listed: Listing
    rows: Mapping[int, BarRow]

    def put(
        self, key: SeriesKey, bars: BarColumns, at: datetime, repair_id: str | None = None
    ) -> BarColumns:
        """Append the rows at these times that are new or differ; return their bars."""
        if repair_id is not None:
            raise ValueError(f"a file's rows are no repair, was {repair_id}")
        starts = bars.starts_at.tolist()
        rows = [self.rows[start] for start in starts if start in self.rows]
        waited = [instant_of(start) for start in starts if start not in self.rows]
        if waited:
            asked = (key.instrument, key.timeframe.value, key.source, waited)
            found = self.cursor.execute(_WAITED, asked).fetchall()
            rows += [BarRow(**row, adjusted_close=None) for row in found]
        opened = [micros(one) for one in put_bars(self.cursor, self.listed, rows, at)]
        return bars.take(np.isin(bars.starts_at, opened))

    def keep_apart(
        self, key: SeriesKey, bars: BarColumns, defects: Sequence[Defect], at: datetime
    ) -> int:
        """Quarantine the rows that a defect blocks, and flag others; see TakingBooks."""
        told = {start: row[1:6] for start, row in self.rows.items()}
        starts = bars.starts_at.tolist()
        # What waits still is kept apart already, with more digits than these have.
        new = [one for one in defects if not one.blocks or starts[one.place or 0] in told]
        return keep_apart(self.cursor, key, bars, new, at, told)
