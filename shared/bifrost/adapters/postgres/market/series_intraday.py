"""Bars within a session: rows of data.intraday_rows, read from packed months where they stand."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from bifrost.adapters.postgres.database import Cursor
from bifrost.adapters.postgres.market.binary import copy_buffer, instants, read_smalls, small
from bifrost.adapters.postgres.market.last_bars import keep_last
from bifrost.adapters.postgres.market.numbered_sources import RANKS, source_of
from bifrost.adapters.postgres.market.partitions import make_months, month_of
from bifrost.adapters.postgres.market.revision_rows import (
    AGGREGATED,
    WIDTH,
    Cells,
    asked_for,
    read_instant,
    revisions_of,
)
from bifrost.data.series.asked import Knowledge, SeriesQuery
from bifrost.data.series.columns import BarColumns, Integers, instant_of, micros
from bifrost.data.series.packing import bars_in, unpack_into
from bifrost.data.series.ports import SeriesKey
from bifrost.data.series.revisions import News, Revisions, news_of, standing

# Few bars are asked for one by one: a correction of two that lie years apart reads no years.
_FEW = 200
_MINUTE = 60_000_000

# Whoever holds a series' row is the only one who adds to it.
_HOLD = """
SELECT series FROM data.series WHERE instrument = %s AND timeframe = %s FOR NO KEY UPDATE
"""
_NAME = "INSERT INTO data.series (instrument, timeframe) VALUES (%s, %s) ON CONFLICT DO NOTHING"

_SAID = f"""
SELECT {AGGREGATED}, array_agg((b.repair_id IS NULL)::integer::smallint), {RANKS}
FROM data.intraday_rows b WHERE b.series = %(series)s AND b.source = %(source)s
"""
_WITHIN = " AND b.occurred_at BETWEEN %(first)s AND %(last)s"
_AT = " AND b.occurred_at = ANY(%(times)s)"

_COPY = """
COPY data.intraday_rows (series, source, revision, occurred_at, recorded_at,
    open, high, low, close, volume, repair_id) FROM STDIN (FORMAT binary)
"""

# One statement, so that packed months and rows are of one instant. A month that is packed as of
# what is asked is not looked at row by row: its side of the join is never run.
_READ = f"""
SELECT r.*, m.packed, {RANKS},
    (SELECT max(closes_at) FROM data.sessions s WHERE s.closes_at <= %(closed_by)s::timestamptz
        AND s.session BETWEEN %(closed_by)s::timestamptz::date - 10
            AND %(closed_by)s::timestamptz::date + 1
        AND s.calendar = coalesce(
            (SELECT calendar FROM data.instruments WHERE symbol = %(instrument)s), 'XNYS'))
FROM (
    SELECT series, month, (month + interval '1 month')::date AS next_month,
        CASE WHEN recorded_through <= %(recorded_by)s::timestamptz THEN packed END AS packed
    FROM data.series JOIN data.bar_months USING (series)
    WHERE instrument = %(instrument)s AND timeframe = %(minutes)s
        AND month BETWEEN %(first_month)s AND %(last_month)s
) m LEFT JOIN LATERAL (
    SELECT {AGGREGATED}
    FROM data.intraday_rows b
    WHERE m.packed IS NULL AND b.series = m.series
        AND b.occurred_at >= m.month::timestamp AT TIME ZONE 'UTC'
        AND b.occurred_at < m.next_month::timestamp AT TIME ZONE 'UTC'
        AND b.occurred_at >= %(first)s AND b.occurred_at < %(before)s
        AND b.recorded_at <= %(recorded_by)s::timestamptz
) r ON true
ORDER BY m.month
"""
_PACKED, _RANKS, _CLOSED = range(WIDTH, WIDTH + 3)


def put(
    cursor: Cursor, key: SeriesKey, bars: BarColumns, at: datetime, repair_id: str | None
) -> BarColumns:
    """Append what is news; see `PostgresSeries.put`."""
    source = source_of(cursor, key.source)
    series = _held(cursor, key)
    stored, are_raw = _said(cursor, series, source.number, bars.starts_at)
    compared = are_raw if repair_id is None else np.ones(len(stored), dtype=np.bool_)
    news = news_of(bars, stored, compared, micros(at))
    if not len(news):
        return news.bars
    make_months(cursor, "intraday_rows", news.bars.starts_at)
    with cursor.copy(_COPY) as copy:
        copy.write(_rows(series, source.number, news, repair_id))
    began, *prices = (int(column[-1]) for column in news.bars.columns())
    where = (key.instrument, key.timeframe.minutes, instant_of(began))
    written = instant_of(int(news.recorded_at[-1]))
    keep_last(cursor, (*where, source.number, source.rank, written, *prices))
    return news.bars


def read(cursor: Cursor, asked: SeriesQuery) -> BarColumns:
    """Return the bars that stand or stood; see `PostgresSeries.read`."""
    is_recorded = asked.knowledge is Knowledge.RECORDED
    closed_by = None if is_recorded else asked.as_of
    before = asked.before if closed_by is None else min(asked.before, closed_by)
    if before <= asked.first:
        return BarColumns.empty()
    values = {
        "instrument": asked.instrument,
        "minutes": asked.timeframe.minutes,
        "first": asked.first,
        "before": before,
        "first_month": month_of(asked.first),
        "last_month": month_of(before),
        "recorded_by": (asked.as_of if is_recorded else None) or "infinity",
        "closed_by": closed_by,
    }
    rows = asked_for(cursor, _READ, values)
    ends = micros(before)
    if closed_by is not None and rows:
        ends = min(ends, _known_before(closed_by, asked.timeframe.minutes, rows[0][_CLOSED]))
    found = _joined(rows)
    places = np.searchsorted(found.starts_at, [micros(asked.first), ends])
    return found.take(slice(*places))


def _known_before(closed_by: datetime, minutes: int, session_closed: bytes | None) -> int:
    """Return the time before which a bar must begin to have ended by this instant.

    The last bar of a session may be shorter than its timeframe: it ends with the session.
    """
    whole = micros(closed_by) - minutes * _MINUTE + 1
    closed = read_instant(session_closed)
    return whole if closed is None else max(whole, closed)


def _joined(rows: Sequence[Cells]) -> BarColumns:
    """Put packed months and months of rows one after the other, into columns made for them."""
    parts: list[bytes | BarColumns] = [
        row[_PACKED] or standing(revisions_of(row, row[_RANKS])) for row in rows
    ]
    if len(parts) == 1 and isinstance(parts[0], BarColumns):
        return parts[0]
    sizes = [bars_in(part) if isinstance(part, bytes) else len(part) for part in parts]
    columns = np.empty((6, sum(sizes)), dtype=np.int64)
    at = 0
    for part, size in zip(parts, sizes, strict=True):
        if isinstance(part, bytes):
            unpack_into(part, columns, at)
        else:
            for column, values in zip(columns, part.columns(), strict=True):
                column[at : at + size] = values
        at += size
    return BarColumns(*columns)


def _held(cursor: Cursor, key: SeriesKey) -> int:
    """Return the series' number, and keep others from adding to it until the transaction ends."""
    names = (key.instrument, key.timeframe.minutes)
    row = cursor.execute(_HOLD, names).fetchone()
    if row is None:
        cursor.execute(_NAME, names)
        row = cursor.execute(_HOLD, names).fetchone()
    if row is None:
        raise AssertionError(f"series {names} is neither there nor made")
    return int(row["series"])


def _said(
    cursor: Cursor, series: int, source: int, times: Integers
) -> tuple[Revisions, NDArray[np.bool_]]:
    """Return what a source has said of these times and around, and which of it no repair made."""
    values: dict[str, object] = {"series": series, "source": source}
    if len(times) <= _FEW:
        values["times"] = [instant_of(one) for one in times]
    else:
        values |= {"first": instant_of(times.min()), "last": instant_of(times.max())}
    query = _SAID + (_AT if "times" in values else _WITHIN)
    (row,) = asked_for(cursor, query, values)
    return revisions_of(row, row[WIDTH + 1]), read_smalls(row[WIDTH]) == 1


def _rows(series: int, source: int, news: News, repair_id: str | None) -> bytes:
    starts, *prices = news.bars.columns()
    return copy_buffer(
        [
            series.to_bytes(4, "big"),
            small(source),
            news.revision.astype(np.int16),
            instants(starts),
            instants(news.recorded_at),
            *prices,
            None if repair_id is None else repair_id.encode(),
        ],
        len(news),
    )
