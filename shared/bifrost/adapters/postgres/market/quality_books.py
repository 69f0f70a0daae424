"""Quality in Postgres, to write: each day's completeness, and the release of a quarantined bar."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from bifrost.adapters.postgres.database import Cursor, Database
from bifrost.adapters.postgres.market.quality_reads import (
    COUNTED,
    PostgresQualityReader,
    to_bar,
    values_of,
)
from bifrost.core.sessions import exchange_date
from bifrost.data.quality.ports import ReleaseBooks
from bifrost.data.quality.report import Completeness, QualityQuery, QuarantinedBar
from bifrost.data.series.timeframes import Timeframe

_RECORD = f"""
WITH {COUNTED}
INSERT INTO data.completeness AS known
    (instrument, timeframe, session, expected, stored, quarantined, recorded_at)
SELECT instrument, timeframe, session, expected, least(stored, expected), quarantined, %(by)s
FROM found ORDER BY session, instrument, timeframe
ON CONFLICT (session, instrument, timeframe) DO UPDATE SET expected = excluded.expected,
    stored = excluded.stored, quarantined = excluded.quarantined,
    recorded_at = excluded.recorded_at
WHERE (known.expected, known.stored, known.quarantined)
    IS DISTINCT FROM (excluded.expected, excluded.stored, excluded.quarantined)
"""

_HOLD = "SELECT * FROM data.quarantine WHERE quarantine_id = %s FOR NO KEY UPDATE"

_RELEASE = """
UPDATE data.quarantine SET released_at = %s, released_by = %s, release_reason = %s
WHERE quarantine_id = %s
"""

# A repair of which no bar stands any more is undone by the release that took its last one.
_UNDONE = """
INSERT INTO data.repair_steps (repair_id, state, taken_by, reason, recorded_at)
SELECT r.repair_id, 'undone', %(by)s, %(reason)s, %(at)s FROM data.repairs r
WHERE r.instrument = %(instrument)s AND r.timeframe = %(timeframe)s AND r.source = %(source)s
    AND %(session)s BETWEEN r.first_session AND r.last_session
    AND 'applied' = (SELECT s.state FROM data.repair_steps s WHERE s.repair_id = r.repair_id
        ORDER BY s.place DESC LIMIT 1)
"""
_UNDO_REPAIRS = f"""{_UNDONE}
    AND EXISTS (SELECT FROM data.bars b WHERE b.instrument = r.instrument
        AND b.session = %(session)s AND b.source = r.source AND b.repair_id = r.repair_id)
    AND NOT EXISTS (SELECT FROM (
        SELECT DISTINCT ON (b.session) b.repair_id FROM data.bars b
        WHERE b.instrument = r.instrument AND b.source = r.source
            AND b.session BETWEEN r.first_session AND r.last_session
        ORDER BY b.session, b.recorded_at DESC) standing WHERE standing.repair_id = r.repair_id)
"""
_UNDO_REPAIRS_WITHIN = f"""{_UNDONE}
    AND EXISTS (SELECT FROM data.intraday_bars b JOIN data.sources n ON n.number = b.source
        WHERE b.instrument = r.instrument AND b.timeframe = %(minutes)s AND n.name = r.source
            AND b.occurred_at = %(occurred_at)s AND b.repair_id = r.repair_id)
    AND NOT EXISTS (SELECT FROM (
        SELECT DISTINCT ON (b.occurred_at) b.repair_id
        FROM data.intraday_bars b JOIN data.sources n ON n.number = b.source
        WHERE b.instrument = r.instrument AND b.timeframe = %(minutes)s AND n.name = r.source
            AND b.occurred_at >= r.first_session::timestamp AT TIME ZONE 'America/New_York'
            AND b.occurred_at < (r.last_session + 1)::timestamp AT TIME ZONE 'America/New_York'
        ORDER BY b.occurred_at, b.revision DESC) standing
        WHERE standing.repair_id = r.repair_id)
"""

# Of the source itself: what a repair made of its word is less than a person's.
_TOLD_SINCE = """
SELECT open, high, low, close, volume FROM data.bars
WHERE instrument = %s AND session = %s AND source = %s AND recorded_at > %s AND repair_id IS NULL
ORDER BY recorded_at DESC LIMIT 1
"""
_MINUTE_TOLD_SINCE = """
SELECT b.open / 1000000.0 AS open, b.high / 1000000.0 AS high, b.low / 1000000.0 AS low,
    b.close / 1000000.0 AS close, b.volume / 1000000.0 AS volume
FROM data.intraday_bars b JOIN data.sources n ON n.number = b.source
WHERE b.instrument = %s AND b.timeframe = %s AND b.occurred_at = %s AND n.name = %s
    AND b.recorded_at > %s AND b.repair_id IS NULL
ORDER BY b.revision DESC LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class PostgresCompleteness:
    """Where each session's completeness is kept."""

    database: Database

    def record(self, first: date, last: date, at: datetime) -> Sequence[Completeness]:
        """Keep each session's of [first, last], and return those of all instruments together."""
        asked = QualityQuery(first, last)
        with self.database.transaction() as cursor:
            cursor.execute(_RECORD, values_of(asked) | {"by": at})
        return PostgresQualityReader(self.database).days(asked, at)


@dataclass(frozen=True, slots=True)
class PostgresReleases:
    """Releases, one transaction each."""

    database: Database

    @contextmanager
    def transaction(self) -> Iterator[ReleaseBooks]:
        """Begin one."""
        with self.database.transaction() as cursor:
            yield PostgresReleaseBooks(cursor)


@dataclass(frozen=True, slots=True)
class PostgresReleaseBooks:
    """A quarantined bar, inside a transaction."""

    cursor: Cursor

    def hold(self, quarantine_id: int) -> QuarantinedBar | None:
        """Return it and keep others from it until the end; None where there is none."""
        row = self.cursor.execute(_HOLD, (quarantine_id,)).fetchone()
        return None if row is None else to_bar(row)

    def told_since(self, bar: QuarantinedBar) -> Mapping[str, Decimal] | None:
        """Return the values that its source gave the bar later, and that are stored."""
        timeframe = Timeframe(bar.timeframe)
        if timeframe.is_daily:
            query = _TOLD_SINCE
            values: tuple[object, ...] = (bar.instrument, bar.session, bar.source)
        else:
            query = _MINUTE_TOLD_SINCE
            values = (bar.instrument, timeframe.minutes, bar.occurred_at, bar.source)
        return self.cursor.execute(query, (*values, bar.recorded_at)).fetchone()

    def release(self, bar: QuarantinedBar, event_id: str, correlation_id: str) -> None:
        """Keep who released it and why, append the bar, tell of it, and undo its repair."""
        # numpy stands behind series; a report does not wait for it.
        from bifrost.adapters.postgres.market.released_bars import append

        values = (bar.released_at, bar.released_by, bar.release_reason, bar.quarantine_id)
        self.cursor.execute(_RELEASE, values)
        append(self.cursor, bar, event_id, correlation_id)
        undone = {
            "by": bar.released_by,
            "reason": bar.release_reason,
            "at": bar.released_at,
            "instrument": bar.instrument,
            "timeframe": bar.timeframe,
            "source": bar.source,
            "session": bar.session or exchange_date(bar.occurred_at),
            "occurred_at": bar.occurred_at,
            "minutes": Timeframe(bar.timeframe).minutes,
        }
        is_daily = Timeframe(bar.timeframe).is_daily
        self.cursor.execute(_UNDO_REPAIRS if is_daily else _UNDO_REPAIRS_WITHIN, undone)
