"""Portfolio's books in Postgres: every store on one cursor, so that one commit keeps them all."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bifrost.adapters.postgres.accounts import PostgresAccounts
from bifrost.adapters.postgres.database import Cursor, Database
from bifrost.adapters.postgres.idempotency import IdempotencyKeys, body_hash
from bifrost.adapters.postgres.inbox import Inbox
from bifrost.adapters.postgres.ledger import PostgresLedger
from bifrost.adapters.postgres.lot_revisions import PostgresLotRevisions
from bifrost.adapters.postgres.lots import PostgresLots
from bifrost.adapters.postgres.marks import PostgresMarks
from bifrost.adapters.postgres.outbox import Outbox
from bifrost.adapters.postgres.portfolio_accounts import PostgresPortfolios
from bifrost.adapters.postgres.portfolio_actions import PostgresActions
from bifrost.adapters.postgres.portfolio_breaks import PostgresBreaks, PostgresRuns
from bifrost.adapters.postgres.portfolio_imports import PostgresImports
from bifrost.adapters.postgres.portfolio_journal import PostgresJournal
from bifrost.adapters.postgres.portfolio_statements import PostgresStatements
from bifrost.adapters.postgres.portfolio_withdrawals import PostgresWithdrawals
from bifrost.adapters.postgres.watchlists import PostgresInstruments, PostgresWatchlists
from bifrost.events import Event, FillRecorded, fill_stream
from bifrost.portfolio.ports import Books

SCHEMA = "portfolio"
_INBOX = Inbox(SCHEMA)
_OUTBOX = Outbox(SCHEMA)
_KEYS = IdempotencyKeys(SCHEMA)


class PostgresLibrary:
    """Library."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def open(self) -> Iterator[Books]:
        """Begin a transaction: everything done in it is kept, or nothing is."""
        with self._database.transaction() as cursor:
            yield PostgresBooks(cursor)

    @contextmanager
    def snapshot(self) -> Iterator[Books]:
        """Begin a transaction that sees one instant, and may change nothing."""
        with self._database.transaction() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield PostgresBooks(cursor)


class PostgresBooks:
    """Books."""

    def __init__(self, cursor: Cursor) -> None:
        self.accounts = PostgresAccounts(cursor)
        self.portfolios = PostgresPortfolios(cursor)
        self.instruments = PostgresInstruments(cursor)
        self.watchlists = PostgresWatchlists(cursor)
        self.ledger = PostgresLedger(cursor)
        self.lots = PostgresLots(cursor)
        self.revisions = PostgresLotRevisions(cursor)
        self.journal = PostgresJournal(cursor)
        self.actions = PostgresActions(cursor)
        self.marks = PostgresMarks(cursor)
        self.withdrawals = PostgresWithdrawals(cursor)
        self.breaks = PostgresBreaks(cursor)
        self.runs = PostgresRuns(cursor)
        self.statements = PostgresStatements(cursor)
        self.facts = PostgresFacts(cursor)
        self.keys = PostgresKeys(cursor)
        self.imports = PostgresImports(cursor)


class PostgresFacts:
    """FactStore."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor

    def once(self, event: Event) -> bool:
        """Say whether the event is new here, and remember it."""
        return _INBOX.once(self._cursor, event)

    def in_order(self, event: FillRecorded) -> list[FillRecorded]:
        """Return the fills that may now be applied, in their account's order."""
        return _INBOX.in_order(self._cursor, event)

    def fills_applied(self, account_id: str) -> int:
        """Return the sequence of the last fill applied to the account; 0 if none."""
        row = self._cursor.execute(
            f"SELECT next_sequence - 1 AS applied FROM {SCHEMA}.streams WHERE stream = %s",
            (fill_stream(account_id),),
        ).fetchone()
        return int(row["applied"]) if row else 0

    def publish(self, *events: Event) -> None:
        """Tell everybody, once the transaction is kept."""
        _OUTBOX.add(self._cursor, *events)


class PostgresKeys:
    """KeyStore."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor

    def claim(self, *, scope: str, key: str, body: dict[str, Any], resource_id: str) -> str | None:
        """Take the key; return None, or the resource that has it. Raises KeyReusedError."""
        return _KEYS.claim(
            self._cursor, scope=scope, key=key, digest=body_hash(body), resource_id=resource_id
        )
