"""Packs closed months: derived from rows, for reading, and gone as soon as a row comes.

Packing holds the month's row in data.bar_months. Whoever adds bars to it waits there, in a
trigger, with its rows not yet kept, and takes away what was packed when its turn comes; whoever
was there before is waited for, and its rows are read. So what is packed is all there is.
"""

from dataclasses import dataclass
from datetime import date, datetime

from bifrost.adapters.postgres.database import Cursor, Database, Row
from bifrost.adapters.postgres.market.numbered_sources import RANKS
from bifrost.adapters.postgres.market.partitions import month_of
from bifrost.adapters.postgres.market.revision_rows import (
    AGGREGATED,
    WIDTH,
    asked_for,
    revisions_of,
)
from bifrost.data.series.columns import instant_of
from bifrost.data.series.packing import pack
from bifrost.data.series.revisions import newest_record, standing

_NEXT = """
SELECT series, month FROM data.bar_months
WHERE packed IS NULL AND month < %s ORDER BY month LIMIT 1 FOR UPDATE SKIP LOCKED
"""

_ROWS = f"""
SELECT {AGGREGATED}, {RANKS} FROM data.intraday_rows b
WHERE b.series = %(series)s
    AND b.occurred_at >= %(month)s::timestamp AT TIME ZONE 'UTC'
    AND b.occurred_at < (%(month)s::timestamp + interval '1 month') AT TIME ZONE 'UTC'
"""

_KEEP = """
UPDATE data.bar_months SET packed = %s, bars = %s, recorded_through = %s
WHERE series = %s AND month = %s
"""

_WAITING = "SELECT count(*) AS months FROM data.bar_months WHERE packed IS NULL AND month < %s"


@dataclass(frozen=True, slots=True)
class Packed:
    """What one run did: months packed, and how many closed ones wait still."""

    months: int
    waiting: int


class PostgresChunks:
    """Packed months."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def pack_closed(self, now: datetime, months_max: int) -> Packed:
        """Pack months that ended before `now`, the oldest first, each in its own transaction.

        Several may run at once: each takes months that no other holds.
        """
        current, done = month_of(now), 0
        while done < months_max and self._pack_one(current):
            done += 1
        row = self._database.fetch_one(_WAITING, (current,))
        return Packed(done, row["months"] if row else 0)

    def _pack_one(self, current: date) -> bool:
        with self._database.transaction() as cursor:
            month = cursor.execute(_NEXT, (current,)).fetchone()
            if month is not None:
                pack_month(cursor, month)
        return month is not None


def pack_month(cursor: Cursor, month: Row) -> None:
    """Pack a month whose row in data.bar_months the caller holds: a new statement, a new look."""
    (row,) = asked_for(cursor, _ROWS, month)
    found = revisions_of(row, row[WIDTH])
    bars = standing(found)
    recorded = instant_of(newest_record(found))
    values = (pack(bars), len(bars), recorded, month["series"], month["month"])
    cursor.execute(_KEEP, values)
