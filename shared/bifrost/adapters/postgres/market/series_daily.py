"""Bars of sessions: rows of data.bars, NUMERIC and to the last digit; as columns, in millionths."""

from collections.abc import Iterable
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from bifrost.adapters.postgres.bars import cover
from bifrost.adapters.postgres.database import Cursor
from bifrost.adapters.postgres.market.binary import read_smalls
from bifrost.adapters.postgres.market.numbered_sources import RANKS, source_of
from bifrost.adapters.postgres.market.revision_rows import (
    WIDTH,
    asked_for,
    revisions_of,
)
from bifrost.core.errors import FieldProblem, InvalidInputError, NotFoundError
from bifrost.data.series.asked import Knowledge, SeriesQuery
from bifrost.data.series.columns import UNITS, BarColumns, instant_of, micros
from bifrost.data.series.ports import SeriesKey
from bifrost.data.series.revisions import News, Revisions, news_of, standing

_LOCK = "SELECT calendar FROM data.instruments WHERE symbol = %s FOR NO KEY UPDATE"

_AGGREGATED = f"""
array_agg(b.occurred_at), array_agg((b.open * {UNITS})::bigint),
array_agg((b.high * {UNITS})::bigint), array_agg((b.low * {UNITS})::bigint),
array_agg((b.close * {UNITS})::bigint), array_agg((b.volume * {UNITS})::bigint),
array_agg(b.recorded_at), array_agg(n.number)"""

# The key is by session, and an instant may be of the date before or after it.
_ROWS = """
FROM data.bars b
JOIN data.sources n ON n.name = b.source
JOIN data.instruments i ON i.symbol = b.instrument
JOIN data.sessions s ON s.calendar = i.calendar AND s.session = b.session
WHERE b.instrument = %(instrument)s
    AND b.session BETWEEN %(first)s::timestamptz::date - 1 AND %(before)s::timestamptz::date + 1
"""

_SAID = f"""
SELECT {_AGGREGATED}, array_agg((b.repair_id IS NULL)::integer::smallint), {RANKS}
{_ROWS} AND b.source = %(source)s
"""

_READ = f"""
SELECT {_AGGREGATED}, {RANKS} {_ROWS}
    AND b.occurred_at >= %(first)s AND b.occurred_at < %(before)s
    AND b.recorded_at <= %(recorded_by)s::timestamptz AND s.closes_at <= %(closed_by)s::timestamptz
"""

_STRAY = """
SELECT min(t) AS stray FROM unnest(%s::timestamptz[]) t WHERE NOT EXISTS (
    SELECT FROM data.sessions WHERE calendar = %s AND opens_at = t)
"""

_ADD = f"""
INSERT INTO data.bars (instrument, session, occurred_at, source, recorded_at,
    open, high, low, close, volume, repair_id)
SELECT %(instrument)s, s.session, b.occurred_at, %(source)s, b.recorded_at,
    trim_scale(b.open / {UNITS}), trim_scale(b.high / {UNITS}), trim_scale(b.low / {UNITS}),
    trim_scale(b.close / {UNITS}), trim_scale(b.volume / {UNITS}), %(repair_id)s
FROM unnest(%(times)s::timestamptz[], %(recorded)s::timestamptz[], %(open)s::numeric[],
    %(high)s::numeric[], %(low)s::numeric[], %(close)s::numeric[], %(volume)s::numeric[])
    AS b (occurred_at, recorded_at, open, high, low, close, volume)
JOIN data.sessions s ON s.calendar = %(calendar)s AND s.opens_at = b.occurred_at
"""


def put(
    cursor: Cursor, key: SeriesKey, bars: BarColumns, at: datetime, repair_id: str | None
) -> BarColumns:
    """Append what is news; see `PostgresSeries.put`."""
    source_of(cursor, key.source)
    listed = cursor.execute(_LOCK, (key.instrument,)).fetchone()
    if listed is None:
        raise NotFoundError(f"no instrument is called {key.instrument}; list it first")
    stored, are_raw = _said(cursor, key, bars)
    compared = are_raw if repair_id is None else np.ones(len(stored), dtype=np.bool_)
    news = news_of(bars, stored, compared, micros(at))
    if not len(news):
        return news.bars
    values = _columns(news)
    _refuse_strays(cursor, listed["calendar"], values["times"])
    values |= {
        "instrument": key.instrument,
        "calendar": listed["calendar"],
        "source": key.source,
        "repair_id": repair_id,
    }
    cursor.execute(_ADD, values)
    cover(cursor, key.instrument)
    return news.bars


def read(cursor: Cursor, asked: SeriesQuery) -> BarColumns:
    """Return the bars that stand or stood; see `PostgresSeries.read`."""
    is_recorded = asked.knowledge is Knowledge.RECORDED
    values = {
        "instrument": asked.instrument,
        "first": asked.first,
        "before": asked.before,
        "recorded_by": (asked.as_of if is_recorded else None) or "infinity",
        "closed_by": (None if is_recorded else asked.as_of) or "infinity",
    }
    (row,) = asked_for(cursor, _READ, values)
    return standing(revisions_of(row, row[WIDTH]))


def _said(cursor: Cursor, key: SeriesKey, bars: BarColumns) -> tuple[Revisions, NDArray[np.bool_]]:
    values = {
        "instrument": key.instrument,
        "source": key.source,
        "first": instant_of(bars.starts_at.min()),
        "before": instant_of(bars.starts_at.max()),
    }
    (row,) = asked_for(cursor, _SAID, values)
    return revisions_of(row, row[WIDTH + 1]), read_smalls(row[WIDTH]) == 1


def _columns(news: News) -> dict[str, object]:
    starts, *prices = news.bars.columns()
    names = ("open", "high", "low", "close", "volume")
    return {
        "times": _array(instant_of(one).isoformat() for one in starts),
        "recorded": _array(instant_of(one).isoformat() for one in news.recorded_at),
        **{name: _array(column.tolist()) for name, column in zip(names, prices, strict=True)},
    }


def _array(values: Iterable[object]) -> str:
    """Write an array as Postgres does: a list's elements would be adapted one by one."""
    return "{" + ",".join(map(str, values)) + "}"


def _refuse_strays(cursor: Cursor, calendar: str, times: object) -> None:
    row = cursor.execute(_STRAY, (times, calendar)).fetchone()
    if row is not None and row["stray"] is not None:
        message = f"no session of {calendar} opens at {row['stray'].isoformat()}"
        fix = "a daily bar begins when its session opens"
        raise InvalidInputError(FieldProblem("bars", message, fix))
