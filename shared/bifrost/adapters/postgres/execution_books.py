"""Execution's books in Postgres: every role of one transaction, over one connection."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bifrost.adapters.postgres.database import Database, Statements
from bifrost.adapters.postgres.execution_actions import PostgresActions
from bifrost.adapters.postgres.execution_fills import (
    PostgresExposures,
    PostgresFills,
    PostgresReportLog,
)
from bifrost.adapters.postgres.execution_listings import (
    PostgresListings,
    PostgresMarket,
    PostgresRounds,
)
from bifrost.adapters.postgres.inbox import Inbox
from bifrost.adapters.postgres.order_claims import PostgresSendClaims
from bifrost.adapters.postgres.orders import PostgresOrders
from bifrost.adapters.postgres.outbox import Outbox
from bifrost.adapters.postgres.switches import PostgresSwitches

if TYPE_CHECKING:
    from bifrost.adapters.postgres.execution_comparisons import (
        PostgresComparisons,
        PostgresEvidence,
    )
    from bifrost.events import BarClosed, Event

SCHEMA = "execution"
_OUTBOX, _INBOX = Outbox(SCHEMA), Inbox(SCHEMA)


class PostgresAnnouncements:
    """The outbox and the inbox of execution."""

    def __init__(self, statements: Statements) -> None:
        self._statements = statements

    def publish(self, *events: "Event") -> None:
        """Write events down to be relayed after the transaction."""
        _OUTBOX.add(self._statements, *events)

    def once(self, event: "Event") -> bool:
        """Say whether this event is new here, and remember it."""
        return _INBOX.once(self._statements, event)

    def bars_in_order(self, event: "BarClosed") -> "list[BarClosed]":
        """Return the bars of this stream that may be applied now, in order."""
        return _INBOX.in_order(self._statements, event)


class PostgresBooks:
    """Execution's schema, by role: the statements of one transaction, or each by itself."""

    def __init__(self, statements: Statements) -> None:
        self.orders = self.reads = self.waiting = PostgresOrders(statements)
        self.claims = PostgresSendClaims(statements)
        self.switches = PostgresSwitches(statements)
        self.exposures = PostgresExposures(statements)
        self.fills = PostgresFills(statements)
        self.reports = PostgresReportLog(statements)
        self.listings = PostgresListings(statements)
        self.actions = PostgresActions(statements)
        self.rounds = PostgresRounds(statements)
        self.market = PostgresMarket(statements)
        self.announcements = PostgresAnnouncements(statements)
        self._statements = statements

    @property
    def evidence(self) -> "PostgresEvidence":
        """Our side of a comparison; loaded by those who compare."""
        from bifrost.adapters.postgres.execution_comparisons import PostgresEvidence

        return PostgresEvidence(self._statements)

    @property
    def comparisons(self) -> "PostgresComparisons":
        """How far each account is; loaded as the evidence is."""
        from bifrost.adapters.postgres.execution_comparisons import PostgresComparisons

        return PostgresComparisons(self._statements)


class PostgresDesk:
    """Execution's database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def transaction(self) -> Iterator[PostgresBooks]:
        """Open the books; all of what is written is kept, or none of it."""
        with self._database.pipelined() as statements:
            yield PostgresBooks(statements)

    @contextmanager
    def separately(self) -> Iterator[PostgresBooks]:
        """Open the books to look: each statement sees and keeps by itself."""
        with self._database.separately() as statements:
            yield PostgresBooks(statements)
