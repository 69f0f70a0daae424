"""Execution's books in Postgres: every role of one transaction, over one cursor."""

from collections.abc import Iterator
from contextlib import contextmanager

from bifrost.adapters.postgres.database import Cursor, Database
from bifrost.adapters.postgres.execution_fills import (
    PostgresExposures,
    PostgresFills,
    PostgresReportLog,
)
from bifrost.adapters.postgres.execution_listings import PostgresListings, PostgresMarket
from bifrost.adapters.postgres.inbox import Inbox
from bifrost.adapters.postgres.order_claims import PostgresSendClaims
from bifrost.adapters.postgres.orders import PostgresOrders
from bifrost.adapters.postgres.outbox import Outbox
from bifrost.events import BarClosed, Event

SCHEMA = "execution"


class PostgresAnnouncements:
    """The outbox and the inbox of execution, through one cursor."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor
        self._outbox = Outbox(SCHEMA)
        self._inbox = Inbox(SCHEMA)

    def publish(self, *events: Event) -> None:
        """Write events down to be relayed after the transaction."""
        self._outbox.add(self._cursor, *events)

    def once(self, event: Event) -> bool:
        """Say whether this event is new here, and remember it."""
        return self._inbox.once(self._cursor, event)

    def bars_in_order(self, event: BarClosed) -> list[BarClosed]:
        """Return the bars of this stream that may be applied now, in order."""
        return self._inbox.in_order(self._cursor, event)


class PostgresBooks:
    """One transaction over execution's schema, by role."""

    def __init__(self, cursor: Cursor) -> None:
        self.orders = self.reads = self.waiting = PostgresOrders(cursor)
        self.claims = PostgresSendClaims(cursor)
        self.exposures = PostgresExposures(cursor)
        self.fills = PostgresFills(cursor)
        self.reports = PostgresReportLog(cursor)
        self.listings = PostgresListings(cursor)
        self.market = PostgresMarket(cursor)
        self.announcements = PostgresAnnouncements(cursor)


class PostgresDesk:
    """Execution's database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def transaction(self) -> Iterator[PostgresBooks]:
        """Open the books; all of what is written is kept, or none of it."""
        with self._database.transaction() as cursor:
            yield PostgresBooks(cursor)
