"""Quality in Postgres: sessions counted against the calendar when they are asked for.

Counted and not remembered, so that a refilled gap or a released bar shows at once; what a day's
task found is in data.completeness. A daily bar is expected from an instrument's first session to
its last stored one, minutes where any of the session is stored, and both where somebody subscribed.
Nobody can expect a bar of which any part was halted; one that is there counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from bifrost.adapters.postgres.database import Database, Row
from bifrost.adapters.postgres.market_data import PostgresMarketData
from bifrost.data.quality.report import (
    GOAL,
    Completeness,
    Flag,
    QualityQuery,
    QuarantinedBar,
    QuarantinedTick,
)

_SUBSCRIBED = """EXISTS (SELECT FROM data.subscriptions u
    WHERE u.instrument = i.symbol AND u.timeframe = '{timeframe}' AND u.since <= s.session)"""

# Of a quarantined bar `q`: what its source said later, or a repair made of it, is stored.
_CORRECTED = """(
    q.timeframe = '1d' AND EXISTS (SELECT FROM data.bars b
        WHERE b.instrument = q.instrument AND b.session = q.session AND b.source = q.source
            AND b.recorded_at > q.recorded_at)
    OR q.timeframe <> '1d' AND EXISTS (SELECT FROM data.intraday_bars b
        JOIN data.sources n ON n.number = b.source
        WHERE b.instrument = q.instrument AND b.occurred_at = q.occurred_at
            AND b.timeframe = extract(epoch FROM replace(q.timeframe, 'm', ' min')::interval) / 60
            AND n.name = q.source AND b.recorded_at > q.recorded_at))"""

COUNTED = f"""
asked AS (
    SELECT i.symbol, i.first_session, i.last_session, s.session, s.opens_at, s.closes_at
    FROM data.sessions s JOIN data.instruments i ON i.calendar = s.calendar
    WHERE s.session BETWEEN %(first)s AND %(last)s AND s.closes_at <= %(by)s
        AND (%(instrument)s = '' OR i.symbol = %(instrument)s)
), kept_apart AS (
    SELECT q.instrument, q.timeframe, q.session, count(DISTINCT q.occurred_at)::integer AS bars
    FROM data.quarantine q
    WHERE q.released_at IS NULL AND q.session BETWEEN %(first)s AND %(last)s
        AND NOT {_CORRECTED} GROUP BY 1, 2, 3
), halted AS (
    SELECT s.symbol, s.session, h.begins_at, s.opens_at, s.closes_at,
        greatest(date_trunc('minute', h.begins_at), s.opens_at) AS first_at,
        least(h.known_to, s.closes_at) AS before_at
    FROM asked s JOIN data.halts h ON h.instrument = s.symbol
        AND h.begins_at < s.closes_at AND coalesce(h.known_to, 'infinity') > s.opens_at
), excused AS (
    SELECT h.symbol, h.session, count(DISTINCT m.minute)::integer AS bars
    FROM halted h CROSS JOIN LATERAL generate_series(h.first_at,
        h.before_at - interval '1 microsecond', interval '1 minute') AS m (minute)
    WHERE NOT EXISTS (SELECT FROM data.intraday_bars b
        WHERE b.instrument = h.symbol AND b.timeframe = 1 AND b.occurred_at = m.minute)
    GROUP BY 1, 2
), counted AS (
    SELECT s.symbol AS instrument, '1d' AS timeframe, s.session, 1 - (EXISTS (
            SELECT FROM halted h WHERE (h.symbol, h.session) = (s.symbol, s.session)
                AND h.begins_at <= h.opens_at AND h.before_at = h.closes_at))::integer AS expected,
        (EXISTS (SELECT FROM data.told_bars b
            WHERE b.instrument = s.symbol AND b.session = s.session))::integer AS stored
    FROM asked s JOIN data.instruments i ON i.symbol = s.symbol
    WHERE s.session BETWEEN s.first_session AND s.last_session
        OR {_SUBSCRIBED.format(timeframe="1d")}
    UNION ALL
    SELECT s.symbol, '1m', s.session,
        ceil(extract(epoch FROM s.closes_at - s.opens_at) / 60)::integer - coalesce(e.bars, 0),
        c.stored
    FROM asked s JOIN data.instruments i ON i.symbol = s.symbol
    LEFT JOIN excused e ON (e.symbol, e.session) = (s.symbol, s.session)
    CROSS JOIN LATERAL (
        SELECT count(DISTINCT b.occurred_at)::integer AS stored FROM data.intraday_bars b
        WHERE b.instrument = s.symbol AND b.timeframe = 1
            AND b.occurred_at >= s.opens_at AND b.occurred_at < s.closes_at) c
    WHERE c.stored > 0 OR {_SUBSCRIBED.format(timeframe="1m")}
), found AS (
    SELECT instrument, timeframe, session, coalesce(nullif(expected, 0), stored) AS expected,
        stored, coalesce(k.bars, 0) AS quarantined
    FROM counted LEFT JOIN kept_apart k USING (instrument, timeframe, session)
    WHERE expected > 0 OR stored > 0
)"""

_DAYS = f"""
WITH {COUNTED}
SELECT session, timeframe, sum(expected)::integer AS expected, sum(stored)::integer AS stored,
    sum(quarantined)::integer AS quarantined
FROM found GROUP BY session, timeframe ORDER BY session, timeframe
"""

_WORST = f"""
WITH {COUNTED}
SELECT * FROM found WHERE stored <= %(goal)s * expected
ORDER BY stored::numeric / expected, session DESC, instrument, timeframe LIMIT %(limit)s
"""

_RANGE = """WHERE coalesce(session, (occurred_at AT TIME ZONE 'America/New_York')::date)
    BETWEEN %(first)s AND %(last)s AND (%(instrument)s = '' OR instrument = %(instrument)s)"""

_QUARANTINED = f"""
SELECT * FROM data.quarantine q {_RANGE} AND released_at IS NULL AND NOT {_CORRECTED}
ORDER BY occurred_at DESC, quarantine_id DESC LIMIT %(limit)s
"""

_TICKS = f"""
SELECT * FROM data.quarantined_ticks {_RANGE}
ORDER BY occurred_at DESC, number DESC LIMIT %(limit)s
"""

_FLAGGED = f"""
SELECT * FROM data.quality_flags {_RANGE}
ORDER BY occurred_at DESC, instrument, kind LIMIT %(limit)s
"""

# A subscription is owed every session; else the newest one that anything is stored of.
_NEWEST = """
SELECT max(s.session) AS session FROM data.sessions s
WHERE s.closes_at <= %(by)s AND (EXISTS (SELECT FROM data.subscriptions)
    OR s.session <= (SELECT max(last_session) FROM data.instruments)
    OR s.opens_at <= (SELECT max(occurred_at) FROM data.last_bars))
"""


@dataclass(frozen=True, slots=True)
class PostgresQualityReader:
    """Quality, to read."""

    database: Database

    def newest_session(self, by: datetime) -> date | None:
        """Return the newest session that had closed and of which bars are stored or due."""
        row = self.database.fetch_one(_NEWEST, {"by": by})
        return None if row is None else row["session"]

    def days(self, asked: QualityQuery, by: datetime) -> Sequence[Completeness]:
        """Count each session that had closed, for all instruments together, by timeframe.

        Raises NotFoundError for an instrument that is not listed.
        """
        rows = self.database.fetch_all(_DAYS, values_of(asked) | {"by": by})
        if not rows and asked.instrument:
            PostgresMarketData(self.database).listing(asked.instrument)
        return [Completeness(**row) for row in rows]

    def worst(self, asked: QualityQuery, by: datetime) -> Sequence[Completeness]:
        """Return what is below the goal, the least complete first."""
        rows = self.database.fetch_all(_WORST, values_of(asked) | {"by": by, "goal": GOAL})
        return [Completeness(**row) for row in rows]

    def quarantined(self, asked: QualityQuery) -> Sequence[QuarantinedBar]:
        """Return what is quarantined, not released nor corrected since, the newest first."""
        return [to_bar(row) for row in self.database.fetch_all(_QUARANTINED, values_of(asked))]

    def quarantined_ticks(self, asked: QualityQuery) -> Sequence[QuarantinedTick]:
        """Return the quotes and trades that are quarantined, the newest first."""
        rows = self.database.fetch_all(_TICKS, values_of(asked))
        return [QuarantinedTick(**row | {"kinds": tuple(row["kinds"])}) for row in rows]

    def flagged(self, asked: QualityQuery) -> Sequence[Flag]:
        """Return what is flagged, the newest first."""
        return [Flag(**row) for row in self.database.fetch_all(_FLAGGED, values_of(asked))]


def values_of(asked: QualityQuery) -> dict[str, object]:
    """Return a query's parameters."""
    return {
        "first": asked.first,
        "last": asked.last,
        "instrument": asked.instrument,
        "limit": asked.limit,
    }


def to_bar(row: Row) -> QuarantinedBar:
    """Read a row of data.quarantine."""
    return QuarantinedBar(**row | {"kinds": tuple(row["kinds"])})
