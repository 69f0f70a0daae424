"""Ingestion's items in Postgres: a slice's bars and how far its item is, in one transaction."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from bifrost.adapters.postgres.database import Cursor, Database, Row
from bifrost.adapters.postgres.instruments import locked_listing
from bifrost.core.sessions import Session
from bifrost.data.ingest.jobs import Item, ItemState, Job, JobKind, Scope
from bifrost.data.ingest.ports import Absence, ItemBooks
from bifrost.data.series.kinds import Series
from bifrost.data.series.timeframes import Timeframe

if TYPE_CHECKING:
    from bifrost.data.ingest.taking import TakingBooks
    from bifrost.data.ingest.taking_ticks import TickBooks

COLUMNS = """
i.item, i.job_id, i.instrument, i.symbol, i.first_at, i.before_at, i.state, i.resume_at, i.due_at,
i.lease, i.leased_until, i.sent_at, i.tries, i.slices, i.rows_read, i.rows_written,
i.rows_kept_apart, i.reason, j.provider, j.series, j.timeframe
"""

_HOLD = f"""
SELECT {COLUMNS} FROM data.ingestion_items i JOIN data.ingestion_jobs j USING (job_id)
WHERE i.item = %s FOR UPDATE OF i
"""

# Its values are `values_of` an item, and the item's number.
KEEP = """
UPDATE data.ingestion_items SET state = %s, resume_at = %s, due_at = %s, lease = %s,
    leased_until = %s, sent_at = %s, tries = %s, slices = %s, rows_read = %s, rows_written = %s,
    rows_kept_apart = %s, reason = %s
WHERE item = %s
"""

_SESSIONS = """
SELECT s.calendar, s.session, s.opens_at, s.closes_at
FROM data.sessions s JOIN data.instruments i ON i.calendar = s.calendar
WHERE i.symbol = %s AND s.closes_at > %s AND s.opens_at < %s ORDER BY s.session
"""

_ABSENCE = """
INSERT INTO data.absences (instrument, timeframe, provider, first_at, before_at, reason, told_at)
VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (instrument, timeframe, provider, first_at, before_at)
    DO UPDATE SET reason = excluded.reason
"""

# What came later stands against the word.
_SILENCES = """
SELECT a.first_at FROM data.absences a JOIN data.sources n ON n.name = a.provider
WHERE a.instrument = %s AND a.timeframe = %s AND a.provider = %s
    AND a.first_at >= %s AND a.before_at <= %s AND NOT EXISTS (
        SELECT FROM data.{series} t WHERE t.instrument = a.instrument AND t.source = n.number
            AND t.occurred_at >= a.first_at AND t.occurred_at < a.before_at)
ORDER BY a.first_at
"""

# A day may be whole by it: longer bars of the minutes that are there are due again.
_TOUCH = """
INSERT INTO data.touched_sessions (instrument, session, touched_at)
SELECT i.symbol, s.session, %(at)s FROM data.instruments i
JOIN data.sessions s ON s.calendar = i.calendar
    AND s.closes_at > %(first)s AND s.opens_at < %(before)s
WHERE i.symbol = %(instrument)s ORDER BY s.session
ON CONFLICT (instrument, session) DO UPDATE SET touched_at = excluded.touched_at
"""

# A vendor's page of HTML is no reason that anybody reads to its end.
_REASON_MAX = 500


class PostgresItems:
    """Items, for those who work on them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def transaction(self) -> Iterator[ItemBooks]:
        """Begin a transaction: all of a slice is kept with its item, or nothing."""
        with self._database.transaction() as cursor:
            yield PostgresItemBooks(cursor)


@dataclass(frozen=True, slots=True)
class PostgresItemBooks:
    """Items and vendors' silences, inside one transaction."""

    cursor: Cursor

    def hold(self, number: int) -> Item | None:
        """Return an item and keep others from it until the end; None where there is none."""
        row = self.cursor.execute(_HOLD, (number,)).fetchone()
        return None if row is None else to_item(row)

    def keep(self, item: Item) -> None:
        """Write the item as it stands now."""
        self.cursor.execute(KEEP, (*values_of(item), item.number))

    def job_of(self, job_id: str) -> Job:
        """Return the job that an item belongs to."""
        query = "SELECT * FROM data.ingestion_jobs WHERE job_id = %s"
        row = self.cursor.execute(query, (job_id,)).fetchone()
        if row is None:  # a foreign key holds it
            raise AssertionError(f"job {job_id} has vanished")
        return to_job(row)

    def sessions(self, instrument: str, scope: Scope) -> Sequence[Session]:
        """Return the sessions of the instrument's calendar that lie in the range."""
        values = (instrument, scope.first, scope.before)
        return [Session(**row) for row in self.cursor.execute(_SESSIONS, values)]

    def remember_absence(self, absence: Absence) -> None:
        """Keep a vendor's word; said again it is as old as it was."""
        scope = absence.scope
        names = (absence.instrument, scope.timeframe or scope.series, scope.provider)
        words = (absence.reason[:_REASON_MAX], absence.told_at)
        self.cursor.execute(_ABSENCE, (*names, scope.first, scope.before, *words))
        if scope.timeframe is Timeframe.M1:
            locked_listing(self.cursor, absence.instrument)  # one order: it, then what is touched
            values = {"instrument": absence.instrument, "at": absence.told_at}
            self.cursor.execute(_TOUCH, values | {"first": scope.first, "before": scope.before})

    def silences(self, instrument: str, scope: Scope) -> Sequence[datetime]:
        """Return when each range in the scope begins of which the vendor has no trades, or quotes.

        By its own word, and nothing of it came since.
        """
        values = (instrument, scope.series, scope.provider, scope.first, scope.before)
        rows = self.cursor.execute(_SILENCES.format(series=scope.series.value), values)
        return [row["first_at"] for row in rows]

    def taking(self) -> "TakingBooks":
        """Return the way in for bars, in this transaction."""
        # numpy stands behind it; who asks for a job's items does not pay for it.
        from bifrost.adapters.postgres.market.taking import PostgresTakingBooks

        return PostgresTakingBooks(self.cursor)

    def taking_ticks(self) -> "TickBooks":
        """Return the way in for quotes and trades, in this transaction."""
        from bifrost.adapters.postgres.market.taking_ticks import PostgresTickBooks

        return PostgresTickBooks(self.cursor)


def values_of(item: Item) -> tuple[object, ...]:
    """Return what changes of an item, in the order in which it is written."""
    return (
        item.state,
        item.resume_at,
        item.due_at,
        item.lease,
        item.leased_until,
        item.sent_at,
        item.tries,
        item.slices,
        item.rows_read,
        item.rows_written,
        item.rows_kept_apart,
        item.reason[:_REASON_MAX],
    )


def to_item(row: Row) -> Item:
    """Read a row of COLUMNS."""
    return Item(
        number=row["item"],
        job_id=row["job_id"],
        instrument=row["instrument"],
        symbol=row["symbol"],
        scope=_to_scope(row),
        state=ItemState(row["state"]),
        resume_at=row["resume_at"],
        due_at=row["due_at"],
        lease=row["lease"],
        leased_until=row["leased_until"],
        sent_at=row["sent_at"],
        tries=row["tries"],
        slices=row["slices"],
        rows_read=row["rows_read"],
        rows_written=row["rows_written"],
        rows_kept_apart=row["rows_kept_apart"],
        reason=row["reason"],
    )


def _to_scope(row: Row) -> Scope:
    timeframe = None if row["timeframe"] is None else Timeframe(row["timeframe"])
    series = Series(row["series"])
    return Scope(row["provider"], timeframe, row["first_at"], row["before_at"], series)


def to_job(row: Row) -> Job:
    """Read a row of data.ingestion_jobs."""
    return Job(
        job_id=row["job_id"],
        kind=JobKind(row["kind"]),
        scope=_to_scope(row),
        requested_by=row["requested_by"],
        correlation_id=row["correlation_id"],
        requested_at=row["requested_at"],
        cancelled_at=row["cancelled_at"],
        calendar=row["calendar"],
        session=row["session"],
    )
