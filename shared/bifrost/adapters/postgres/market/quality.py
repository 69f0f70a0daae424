"""The gate's books in Postgres: what is kept apart or flagged, with its reasons."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

from bifrost.adapters.postgres.database import Cursor
from bifrost.data.quality.defects import Defect
from bifrost.data.series.columns import PRICES, BarColumns, exactly, instant_of
from bifrost.data.series.ports import SeriesKey

_FIELDS = (*PRICES, "volume")

_KEEP_APART = """
INSERT INTO data.quarantine (instrument, timeframe, occurred_at, session, source,
    open, high, low, close, volume, kinds, reason, recorded_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT DO NOTHING
"""

FLAG = """
INSERT INTO data.quality_flags (instrument, timeframe, occurred_at, session, source, kind, reason,
    recorded_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT DO NOTHING
"""


def keep_apart(
    cursor: Cursor,
    key: SeriesKey,
    bars: BarColumns,
    defects: Sequence[Defect],
    at: datetime,
    told: Mapping[int, Sequence[Decimal]] | None = None,
) -> int:
    """Quarantine the bars that a defect blocks, flag others; return how many quarantined are new.

    bars: the series that the defects were found in. told: of bars that had more digits, what
    they said (open, high, low, close, volume), by when they begin. Repeating it writes nothing.
    """
    told = told or {}
    blocking: dict[int, list[Defect]] = {}
    for one in defects:
        if one.blocks and one.place is not None:
            blocking.setdefault(one.place, []).append(one)
    rows = [
        _row(key, begins, told.get(begins) or _decimals(bars, place), found, at)
        for place, found in blocking.items()
        for begins in [int(bars.starts_at[place])]
    ]
    flags = [
        (*_names(key), instant_of(one.at), one.session, key.source, one.kind.value, one.reason, at)
        for one in defects
        if not one.blocks and one.at is not None
    ]
    _written(cursor, FLAG, flags)
    return _written(cursor, _KEEP_APART, rows)


def _names(key: SeriesKey) -> tuple[str, str]:
    return key.instrument, key.timeframe.value


def _row(
    key: SeriesKey, starts_at: int, values: Sequence[Decimal], found: Sequence[Defect], at: datetime
) -> tuple[object, ...]:
    kinds = list(dict.fromkeys(one.kind.value for one in found))
    session: date | None = found[0].session
    reason = "; ".join(dict.fromkeys(one.reason for one in found))
    begins = instant_of(starts_at)
    return (*_names(key), begins, session, key.source, *values, kinds, reason, at)


def _decimals(bars: BarColumns, place: int) -> list[Decimal]:
    return [exactly(getattr(bars, name)[place]) for name in _FIELDS]


def _written(cursor: Cursor, query: str, rows: Sequence[tuple[object, ...]]) -> int:
    if not rows:
        return 0
    cursor.executemany(query, rows)
    return cursor.rowcount
