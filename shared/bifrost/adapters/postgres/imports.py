"""Imports in Postgres: one transaction from the object's lock to its events."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from bifrost.adapters.postgres.corporate_actions import add_actions, stored_actions
from bifrost.adapters.postgres.database import Cursor, Database
from bifrost.adapters.postgres.instruments import locked_listing, put_instruments
from bifrost.adapters.postgres.market.actions import publish_actions, published_actions
from bifrost.adapters.postgres.market.indexes import revise_members, standing_members
from bifrost.adapters.postgres.market.instruments import revise_terms, standing_terms
from bifrost.adapters.postgres.market.sources import sources
from bifrost.adapters.postgres.outbox import Outbox
from bifrost.adapters.postgres.sessions import session_opens
from bifrost.core.corporate_actions import CorporateAction
from bifrost.core.instruments import Instrument
from bifrost.data.files.bar_file import BarRow, RejectedRow
from bifrost.data.files.imports import ImportRecord, ImportStatus, StoredObject
from bifrost.data.ports import ImportTransaction, Listing
from bifrost.data.reference.indexes import Membership, MembershipRevision
from bifrost.data.reference.revising import Revision
from bifrost.data.reference.sources import Source
from bifrost.data.reference.terms import Terms
from bifrost.events import Event

if TYPE_CHECKING:
    from bifrost.adapters.postgres.market.row_books import PostgresRowBooks

# An object has no row before its first import, so its name is what is locked.
LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('data.imports/' || %s, 0))"

_LAST = """
SELECT etag, status FROM data.imports WHERE object_key = %s ORDER BY recorded_at DESC LIMIT 1
"""

_RECORD = """
INSERT INTO data.imports (object_key, etag, status, waits_for, rows_read, rows_written,
    rows_rejected, rows_quarantined, problem, recorded_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (object_key, etag) DO UPDATE SET status = excluded.status,
    waits_for = excluded.waits_for, rows_read = excluded.rows_read,
    rows_written = excluded.rows_written, rows_rejected = excluded.rows_rejected,
    rows_quarantined = excluded.rows_quarantined, problem = excluded.problem,
    recorded_at = excluded.recorded_at
"""

_FORGET = "DELETE FROM data.import_rejections WHERE object_key = %s AND etag = %s"
_REJECT = "COPY data.import_rejections (object_key, etag, line, text, reason) FROM STDIN"

_READY = """
SELECT object_key, etag FROM data.imports JOIN data.instruments ON symbol = waits_for
WHERE status = 'waiting' AND object_key NOT LIKE 'uploads/%%' ORDER BY object_key
"""


class PostgresImports:
    """What was imported, and from what."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def transaction(self, key: str) -> Iterator[ImportTransaction]:
        """Begin an import of the object; another of the same object waits for its end."""
        with self._database.transaction() as cursor:
            cursor.execute(LOCK, (key,))
            yield PostgresImportTransaction(cursor, key)

    def ready(self) -> list[StoredObject]:
        """Return the objects that waited for an instrument which is listed now."""
        rows = self._database.fetch_all(_READY)
        # Their size was judged when they came first.
        return [StoredObject(row["object_key"], row["etag"], size=0) for row in rows]


@dataclass(frozen=True, slots=True)
class PostgresImportTransaction:
    """One import's books."""

    cursor: Cursor
    key: str

    def is_imported(self, etag: str) -> bool:
        """Say whether the object's last import was of this content, and done.

        An earlier import does not count: an object may be put back to what it was.
        """
        last = self.cursor.execute(_LAST, (self.key,)).fetchone()
        return last is not None and (last["etag"], last["status"]) == (etag, ImportStatus.DONE)

    def savepoint(self) -> AbstractContextManager[object]:
        """Begin a part of the transaction: an error that leaves it undoes what it wrote."""
        return self.cursor.connection.transaction()

    def listing(self, symbol: str) -> Listing | None:
        """Return the listing and keep others from changing it."""
        return locked_listing(self.cursor, symbol)

    def session_opens(self, calendar: str) -> Mapping[date, int]:
        """Return every session of the calendar, and when it opens (microseconds since 1970)."""
        return session_opens(self.cursor, calendar)

    def put_instruments(self, listings: Sequence[Listing], at: datetime) -> list[Instrument]:
        """List them; return those that are new or whose terms changed."""
        return put_instruments(self.cursor, listings, at)

    def standing_terms(self, instruments: Collection[str], symbols: Collection[str]) -> list[Terms]:
        """Return what stands of these, and keep others from changing any terms."""
        return standing_terms(self.cursor, instruments, symbols)

    def revise_terms(self, revision: Revision, at: datetime) -> None:
        """Supersede and add rows."""
        revise_terms(self.cursor, revision, at)

    def standing_members(self, indexes: Collection[str]) -> list[Membership]:
        """Return what stands of these indexes, and keep others from changing any."""
        return standing_members(self.cursor, indexes)

    def revise_members(self, revision: MembershipRevision, at: datetime) -> None:
        """Supersede and add rows."""
        revise_members(self.cursor, revision, at)

    def taking_rows(self, listing: Listing, rows: Mapping[int, BarRow]) -> "PostgresRowBooks":
        """Return the books by which a file's rows enter."""
        # Only this work needs numpy; importing a list of instruments does without.
        from bifrost.adapters.postgres.market.row_books import PostgresRowBooks

        return PostgresRowBooks(self.cursor, listing, rows)

    def stored_actions(
        self, instruments: Collection[str], action_ids: Collection[str]
    ) -> Mapping[str, Sequence[CorporateAction]]:
        """Return every revision by action id, and keep others from adding to them."""
        return stored_actions(self.cursor, instruments, action_ids)

    def add_actions(self, actions: Sequence[CorporateAction], at: datetime) -> None:
        """Add revisions that are not stored yet."""
        add_actions(self.cursor, actions, at)

    def sources(self) -> Mapping[str, Source]:
        """Return the vendors that are known, by name, with their votes."""
        return sources(self.cursor)

    def published_actions(
        self, instruments: Collection[str], action_ids: Collection[str]
    ) -> list[CorporateAction]:
        """Return of each action the revision that others heard last."""
        return published_actions(self.cursor, instruments, action_ids)

    def publish_actions(self, actions: Sequence[CorporateAction], at: datetime) -> None:
        """Keep what others hear of now."""
        publish_actions(self.cursor, actions, at)

    def record(self, record: ImportRecord, events: Sequence[Event]) -> None:
        """Keep what became of the object, each rejected row, and what others shall hear."""
        self.cursor.execute(
            _RECORD,
            (
                record.key,
                record.etag,
                record.status,
                record.waits_for,
                record.rows_read,
                record.rows_written,
                len(record.rejected),
                record.rows_quarantined,
                record.problem,
                record.recorded_at,
            ),
        )
        self.cursor.execute(_FORGET, (record.key, record.etag))
        self._reject(record, record.rejected)
        Outbox("data").add(self.cursor, *events)

    def _reject(self, record: ImportRecord, rejected: Sequence[RejectedRow]) -> None:
        with self.cursor.copy(_REJECT) as copy:
            for row in rejected:
                copy.write_row((record.key, record.etag, row.line, row.text, row.reason))
