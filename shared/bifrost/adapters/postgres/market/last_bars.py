"""The newest bar of each instrument and timeframe: one row, kept with the bars themselves.

Asked of 500 instruments before every open. It never moves back: what corrects an older bar does
not touch it, and a second source's word on the same bar only where its rank is as good.
"""

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from bifrost.adapters.postgres.database import Cursor, Database, Row
from bifrost.data.series.timeframes import Timeframe

_UNITS = 1_000_000

_KEEP = """
INSERT INTO data.last_bars AS last (instrument, timeframe, occurred_at, source, rank, recorded_at,
    open, high, low, close, volume)
{newest}
ON CONFLICT (instrument, timeframe) DO UPDATE SET occurred_at = excluded.occurred_at,
    source = excluded.source, rank = excluded.rank, recorded_at = excluded.recorded_at,
    open = excluded.open, high = excluded.high, low = excluded.low, close = excluded.close,
    volume = excluded.volume
WHERE excluded.occurred_at > last.occurred_at
    OR (excluded.occurred_at = last.occurred_at AND excluded.rank <= last.rank)
"""
_KEEP_GIVEN = _KEEP.format(newest="VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)")
_KEEP_DAILY = _KEEP.format(
    newest=f"""
SELECT b.instrument, {Timeframe.D1.minutes}, b.occurred_at, s.number, s.rank, b.recorded_at,
    (b.open * {_UNITS})::bigint, (b.high * {_UNITS})::bigint, (b.low * {_UNITS})::bigint,
    (b.close * {_UNITS})::bigint, (b.volume * {_UNITS})::bigint
FROM data.standing_bars b JOIN data.sources s ON s.name = b.source
WHERE b.instrument = %(instrument)s
    AND b.session = (SELECT max(session) FROM data.bars WHERE instrument = %(instrument)s)
"""
)

_READ = """
SELECT l.instrument, l.occurred_at, l.recorded_at, s.name AS source,
    l.open, l.high, l.low, l.close, l.volume
FROM data.last_bars l JOIN data.sources s ON s.number = l.source
WHERE l.timeframe = %s AND l.instrument = ANY(%s)
"""


class LastBar(NamedTuple):
    """The newest bar; occurred_at is when it began, recorded_at when we learned of it.

    A tuple, because they are asked for by the hundred.
    """

    instrument: str
    timeframe: Timeframe
    occurred_at: datetime
    recorded_at: datetime
    source: str
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal


def keep_last(cursor: Cursor, values: tuple[Any, ...]) -> None:
    """Keep a bar where it is the newest: a value for each column of data.last_bars."""
    cursor.execute(_KEEP_GIVEN, values)


def keep_last_daily(cursor: Cursor, instrument: str) -> None:
    """Keep the newest of the daily bars that stand."""
    cursor.execute(_KEEP_DAILY, {"instrument": instrument})


class PostgresLastBars:
    """The newest bars, to read."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self, instruments: Collection[str], timeframe: Timeframe) -> dict[str, LastBar]:
        """Return by instrument the newest bar of each that has one, in one statement."""
        rows = self._database.fetch_all(_READ, (timeframe.minutes, list(instruments)))
        return {row["instrument"]: _to_last(row, timeframe) for row in rows}


def _to_last(row: Row, timeframe: Timeframe) -> LastBar:
    instrument, occurred_at, recorded_at, source, *counts = row.values()
    prices = (Decimal(count) / _UNITS for count in counts)
    return LastBar(instrument, timeframe, occurred_at, recorded_at, source, *prices)
