"""Halts in Postgres: words are appended, and halts made of them when they are asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bifrost.adapters.postgres.database import Cursor, Database
from bifrost.core.errors import NotFoundError
from bifrost.data.halts.statuses import HaltQuery, KnownHalt, ToldHalt, TradingStatus

_NOTE = """
INSERT INTO data.trading_statuses
    (instrument, occurred_at, status, source, code, reason, recorded_at)
SELECT symbol, %(at)s, %(status)s, %(source)s, %(code)s, %(reason)s, %(now)s
FROM data.instruments WHERE symbol = %(instrument)s
ON CONFLICT DO NOTHING
"""
_TELL = """
INSERT INTO data.trading_statuses
    (instrument, occurred_at, ends_at, status, source, reason, told_by, recorded_at)
VALUES (%(instrument)s, %(begins_at)s, %(ends_at)s, 'halted', 'person', %(reason)s, %(by)s, %(now)s)
"""
# A minute that was halted is missing from no roll-up of its session.
_TOUCH = """
INSERT INTO data.touched_sessions (instrument, session, touched_at)
SELECT i.symbol, s.session, %(now)s FROM data.instruments i JOIN data.sessions s USING (calendar)
WHERE i.symbol = %(instrument)s AND s.opens_at <= %(at)s AND s.closes_at >= %(at)s
ON CONFLICT (instrument, session) DO UPDATE SET touched_at = excluded.touched_at
"""
# The sessions in which a halt begins and ends; those that it holds whole have no minutes.
_TOUCH_HALT = """
INSERT INTO data.touched_sessions (instrument, session, touched_at)
SELECT DISTINCT h.instrument, s.session, %(now)s::timestamptz FROM data.halts h
CROSS JOIN LATERAL (VALUES (h.begins_at), (h.known_to)) e (at)
JOIN data.instruments i ON i.symbol = h.instrument
JOIN data.sessions s ON s.calendar = i.calendar AND s.opens_at <= e.at AND s.closes_at >= e.at
WHERE h.instrument = %(instrument)s AND h.begins_at = %(begins_at)s
ON CONFLICT (instrument, session) DO UPDATE SET touched_at = excluded.touched_at
"""
_NAMED = "SELECT FROM data.instruments WHERE symbol = %s"
_LISTED = f"{_NAMED} FOR KEY SHARE"
# What it was the last to hear: the minutes before that are settled.
_LOSE = """
INSERT INTO data.trading_statuses (instrument, occurred_at, status, source, reason, recorded_at)
SELECT h.instrument, greatest(h.begins_at, m.settled_to), 'unknown', h.source,
    'nobody listened from then on', %(at)s
FROM data.halts h LEFT JOIN data.market_streams m USING (instrument, source)
WHERE h.source = %(source)s AND h.ends_at IS NULL AND NOT EXISTS (
    SELECT FROM data.trading_statuses s
    WHERE s.instrument = h.instrument AND s.status <> 'halted'
        AND (s.occurred_at, s.number) > (h.begins_at, h.number))
ON CONFLICT DO NOTHING
"""
# One that is believed for a while yet is not said to be known no further.
_LISTING = """
SELECT number, instrument, begins_at, ends_at,
    CASE WHEN known_to <= %(at)s::timestamptz THEN known_to END AS known_to,
    source, code, reason, told_by, recorded_at
FROM data.halts_known(coalesce(%(known_by)s::timestamptz, 'infinity'))
WHERE (%(instrument)s = '' OR instrument = %(instrument)s) AND number < %(before)s
    AND (%(last)s::date IS NULL
        OR (begins_at AT TIME ZONE 'America/New_York')::date <= %(last)s::date)
    AND (%(first)s::date IS NULL OR coalesce(ends_at, known_to, 'infinity')
        >= %(first)s::date::timestamp AT TIME ZONE 'America/New_York')
ORDER BY number DESC LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class PostgresHalts:
    """HaltBook."""

    database: Database

    def listing(
        self, asked: HaltQuery, before: int, limit: int, at: datetime
    ) -> Sequence[KnownHalt]:
        """Return halts with a number below `before`, the last told first. at: now.

        Raises NotFoundError for an instrument that is not listed.
        """
        values = {
            "instrument": asked.instrument,
            "first": asked.first,
            "last": asked.last,
            "known_by": asked.known_by,
            "before": before,
            "limit": limit,
            "at": at,
        }
        found = [KnownHalt(**row) for row in self.database.fetch_all(_LISTING, values)]
        if not found and asked.instrument:
            named = self.database.fetch_one(_NAMED, (asked.instrument,))
            _ensure(asked.instrument, is_listed=named is not None)
        return found

    def tell(self, halt: ToldHalt, by: str, at: datetime) -> None:
        """Keep a person's word; raise NotFoundError for an instrument that is not listed."""
        values = {
            "instrument": halt.instrument,
            "begins_at": halt.begins_at,
            "ends_at": halt.ends_at,
            "reason": halt.reason,
            "by": by,
            "now": at,
        }
        with self.database.transaction() as cursor:
            row = cursor.execute(_LISTED, (halt.instrument,)).fetchone()
            _ensure(halt.instrument, is_listed=row is not None)
            # Those of the halt as it was known before, too.
            for statement in (_TOUCH_HALT, _TELL, _TOUCH_HALT):
                cursor.execute(statement, values)


def note(cursor: Cursor, statuses: Sequence[TradingStatus], source: str, at: datetime) -> None:
    """Append what a line told of halts and is not written down yet."""
    values = [_values(one, source, at) for one in statuses]
    cursor.executemany(_NOTE, values)
    cursor.executemany(_TOUCH, values)


def lose_halts(cursor: Cursor, source: str, at: datetime) -> None:
    """Whoever listened before may have missed the end of each halt that lasts: say so."""
    cursor.execute(_LOSE, {"source": source, "at": at})


def _ensure(instrument: str, *, is_listed: bool) -> None:
    if not is_listed:
        raise NotFoundError(f"no instrument is called {instrument}; see GET /v1/instruments")


def _values(status: TradingStatus, source: str, now: datetime) -> dict[str, object]:
    return {
        "instrument": status.instrument,
        "at": status.at,
        "status": status.trading.value,
        "source": source,
        "code": status.code,
        "reason": status.reason,
        "now": now,
    }
