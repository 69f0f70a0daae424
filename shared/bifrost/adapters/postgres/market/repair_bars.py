"""A source's bars in Postgres as repairs look at them: what stands, and what is kept apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from bifrost.adapters.postgres.database import Cursor, Row
from bifrost.adapters.postgres.market.numbered_sources import RANKS
from bifrost.adapters.postgres.market.revision_rows import (
    AGGREGATED,
    WIDTH,
    asked_for,
    revisions_of,
)
from bifrost.data.quality.defects import DefectKind
from bifrost.data.repair.parts import ToldSeries
from bifrost.data.repair.told_bars import ToldBars
from bifrost.data.repair.vendor_series import Sessions
from bifrost.data.series.columns import PRICES, UNITS, Integers, micros
from bifrost.data.series.revisions import standing
from bifrost.data.series.rolling import SOURCE as ROLLED_UP
from bifrost.data.series.timeframes import Timeframe

# A bar that is kept apart for when it says that it was is not mended by another price.
_OF_TIMES = [
    kind.value
    for kind in (
        DefectKind.DUPLICATE_TIME,
        DefectKind.OUT_OF_ORDER,
        DefectKind.MISALIGNED,
        DefectKind.OUTSIDE_SESSION,
        DefectKind.SHIFTED_TIME,
        DefectKind.FUTURE,
        DefectKind.TRADED_IN_HALT,
    )
]

_NUMBERS = (*PRICES, "volume")

# Roll-ups are nobody's word. Of each source's bars the first and the last are found by the key:
# a source's first word of a bar is its revision 0.
_TOLD = """
SELECT n.name AS source, n.rank, t.timeframe, min(t.first) AS first, max(t.last) AS last
FROM (
    SELECT source, '1d' AS timeframe, min(occurred_at) AS first, max(occurred_at) AS last
    FROM data.bars WHERE instrument = %(instrument)s GROUP BY source
    UNION ALL
    SELECT d.name, CASE s.timeframe WHEN 60 THEN '1h' ELSE s.timeframe || 'm' END, e.first, e.last
    FROM data.series s CROSS JOIN data.sources d CROSS JOIN LATERAL (
        SELECT min(r.occurred_at) AS first, max(r.occurred_at) AS last FROM data.intraday_rows r
        WHERE r.series = s.series AND r.source = d.number AND r.revision = 0) e
    WHERE s.instrument = %(instrument)s AND e.first IS NOT NULL
    UNION ALL
    SELECT source, timeframe, min(occurred_at), max(occurred_at) FROM data.quarantine
    WHERE instrument = %(instrument)s AND released_at IS NULL AND NOT kinds && %(of_times)s
    GROUP BY source, timeframe
) t JOIN data.sources n ON n.name = t.source
WHERE n.name <> %(rolled_up)s GROUP BY 1, 2, 3 ORDER BY 1, 3
"""

_DAYS = """
SELECT DISTINCT ON (session) session, occurred_at, open, high, low, close, volume
FROM data.bars WHERE instrument = %(instrument)s AND source = %(source)s
    AND occurred_at >= %(first)s AND occurred_at < %(before)s
ORDER BY session, recorded_at DESC
"""

# Of a bar that its source told rightly as well, that word stands.
_DAYS_APART = """
SELECT DISTINCT ON (q.session) q.session, s.opens_at AS occurred_at, q.open, q.high, q.low,
    q.close, q.volume
FROM data.quarantine q JOIN data.sessions s ON s.calendar = %(calendar)s AND s.session = q.session
WHERE q.instrument = %(instrument)s AND q.source = %(source)s AND q.timeframe = '1d'
    AND q.released_at IS NULL AND NOT q.kinds && %(of_times)s
    AND s.opens_at >= %(first)s AND s.opens_at < %(before)s
ORDER BY q.session, q.quarantine_id DESC
"""

_STANDING = f"""
SELECT {AGGREGATED}, {RANKS} FROM data.intraday_rows b
JOIN data.series s USING (series) JOIN data.sources n ON n.number = b.source
WHERE s.instrument = %(instrument)s AND s.timeframe = %(minutes)s AND n.name = %(source)s
    AND b.occurred_at >= %(first)s AND b.occurred_at < %(before)s
"""

_APART = """
SELECT DISTINCT ON (occurred_at) occurred_at, open, high, low, close, volume FROM data.quarantine
WHERE instrument = %(instrument)s AND source = %(source)s AND timeframe = %(timeframe)s
    AND released_at IS NULL AND NOT kinds && %(of_times)s
    AND occurred_at >= %(first)s AND occurred_at < %(before)s
ORDER BY occurred_at, quarantine_id DESC
"""


# The first bar of each fifth of each session as it stands: by the key, and not by reading all.
_SAMPLED = """
WITH named AS (
    SELECT s.series, n.number FROM data.series s CROSS JOIN data.sources n
    WHERE s.instrument = %(instrument)s AND s.timeframe = %(minutes)s AND n.name = %(source)s
), first AS MATERIALIZED (
    SELECT b.* FROM named CROSS JOIN data.sessions d CROSS JOIN generate_series(0, 4) AS fifth
    CROSS JOIN LATERAL (SELECT (d.closes_at - d.opens_at) / 5 AS width) w
    CROSS JOIN LATERAL (
        SELECT r.occurred_at, r.close, r.volume FROM data.intraday_rows r
        WHERE r.series = named.series AND r.source = named.number AND r.revision = 0
            AND r.occurred_at >= d.opens_at + fifth * w.width
            AND r.occurred_at < d.opens_at + (fifth + 1) * w.width
        ORDER BY r.occurred_at LIMIT 1) b
    WHERE d.calendar = %(calendar)s AND d.closes_at > %(first)s AND d.opens_at < %(before)s
), again AS (
    SELECT DISTINCT ON (r.occurred_at) r.occurred_at, r.close, r.volume
    FROM named JOIN data.intraday_rows r ON r.series = named.series AND r.source = named.number
    WHERE r.revision > 0 AND r.occurred_at IN (SELECT occurred_at FROM first)
    ORDER BY r.occurred_at, r.revision DESC
)
SELECT f.occurred_at, coalesce(a.close, f.close) AS close, coalesce(a.volume, f.volume) AS volume
FROM first f LEFT JOIN again a USING (occurred_at) ORDER BY f.occurred_at
"""


@dataclass(frozen=True, slots=True)
class RepairBars:
    """Bars of one instrument, in the transaction of the cursor."""

    cursor: Cursor
    instrument: str
    calendar: str

    def told(self) -> Sequence[ToldSeries]:
        """Return each source's series that has bars; roll-ups are nobody's word."""
        values = {
            "instrument": self.instrument,
            "of_times": _OF_TIMES,
            "rolled_up": ROLLED_UP,
        }
        return [
            ToldSeries(
                row["source"], row["rank"], Timeframe(row["timeframe"]), row["first"], row["last"]
            )
            for row in self.cursor.execute(_TOLD, values).fetchall()
        ]

    def bars(
        self, source: str, timeframe: Timeframe, first: datetime, before: datetime
    ) -> ToldBars:
        """Return a source's bars of [first, before) as they stand, and those kept apart."""
        values: dict[str, object] = {
            "instrument": self.instrument,
            "calendar": self.calendar,
            "source": source,
            "timeframe": timeframe.value,
            "minutes": timeframe.minutes,
            "first": first,
            "before": before,
            "of_times": _OF_TIMES,
        }
        if timeframe.is_daily:
            return self._days(values)
        return self._within_days(values, timeframe)

    def sampled(
        self, source: str, timeframe: Timeframe, first: datetime, before: datetime
    ) -> ToldBars:
        """Return five bars of each session of a source, their close as all prices."""
        values = {
            "instrument": self.instrument,
            "calendar": self.calendar,
            "source": source,
            "minutes": timeframe.minutes,
            "first": first,
            "before": before,
        }
        rows = self.cursor.execute(_SAMPLED, values).fetchall()
        starts = _starts(rows)
        close = np.array([row["close"] for row in rows], dtype=np.int64)
        volume = np.array([row["volume"] for row in rows], dtype=np.int64)
        counts = np.stack([close] * len(PRICES) + [volume])
        return _told(timeframe, starts.view("datetime64[us]"), starts, counts)

    def _days(self, values: dict[str, object]) -> ToldBars:
        stored = self.cursor.execute(_DAYS, values).fetchall()
        known = {row["session"] for row in stored}
        apart = self.cursor.execute(_DAYS_APART, values).fetchall()
        rows = [*stored, *(row for row in apart if row["session"] not in known)]
        rows.sort(key=lambda row: row["session"])
        sessions = np.array([row["session"] for row in rows], dtype="datetime64[D]")
        return _told(Timeframe.D1, sessions, _starts(rows), _counts(rows))

    def _within_days(self, values: dict[str, object], timeframe: Timeframe) -> ToldBars:
        (row,) = asked_for(self.cursor, _STANDING, values)
        stored = standing(revisions_of(row, row[WIDTH]))
        apart = self.cursor.execute(_APART, values).fetchall()
        starts, counts = _starts(apart), _counts(apart)
        new = ~np.isin(starts, stored.starts_at)
        starts = np.concatenate([stored.starts_at, starts[new]])
        told = np.stack([getattr(stored, name) for name in _NUMBERS])
        counts = np.concatenate([told, counts[:, new]], axis=1)
        order = np.argsort(starts, kind="stable")
        starts = starts[order]
        return _told(timeframe, starts.view("datetime64[us]"), starts, counts[:, order])


def _starts(rows: Sequence[Row]) -> Integers:
    return np.array([micros(row["occurred_at"]) for row in rows], dtype=np.int64)


def _counts(rows: Sequence[Row]) -> Integers:
    """Return prices and volume in millionths: (5, rows)."""
    counts = [[int(row[name] * UNITS) for row in rows] for name in _NUMBERS]
    return np.array(counts, dtype=np.int64).reshape(len(_NUMBERS), len(rows))


def _told(timeframe: Timeframe, sessions: Sessions, starts: Integers, counts: Integers) -> ToldBars:
    return ToldBars(timeframe, sessions, starts, *(counts / UNITS))
