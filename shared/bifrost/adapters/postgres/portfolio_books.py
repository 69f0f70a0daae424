"""Portfolio's books in Postgres: every store on one cursor, so that one commit keeps them all."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bifrost.adapters.postgres.accounts import PostgresAccounts
from bifrost.adapters.postgres.database import Cursor, Database
from bifrost.adapters.postgres.idempotency import IdempotencyKeys, body_hash
from bifrost.adapters.postgres.inbox import Inbox
from bifrost.adapters.postgres.ledger import PostgresLedger
from bifrost.adapters.postgres.lot_revisions import PostgresLotRevisions
from bifrost.adapters.postgres.lots import PostgresLots
from bifrost.adapters.postgres.marks import PostgresMarks
from bifrost.adapters.postgres.outbox import Outbox
from bifrost.adapters.postgres.portfolio_actions import PostgresActions
from bifrost.adapters.postgres.portfolio_journal import PostgresJournal
from bifrost.adapters.postgres.portfolio_withdrawals import PostgresWithdrawals
from bifrost.events import fill_stream
from bifrost.portfolio.ports import Books

if TYPE_CHECKING:
    from bifrost.adapters.postgres.lot_methods import PostgresLotMethods
    from bifrost.adapters.postgres.portfolio_accounts import PostgresPortfolios
    from bifrost.adapters.postgres.portfolio_breaks import PostgresBreaks, PostgresRuns
    from bifrost.adapters.postgres.portfolio_imports import PostgresImports
    from bifrost.adapters.postgres.portfolio_statements import PostgresStatements
    from bifrost.adapters.postgres.watchlists import PostgresInstruments, PostgresWatchlists
    from bifrost.events import Event, FillRecorded

SCHEMA = "portfolio"
_WAIT_AT_MOST = "SELECT set_config('lock_timeout', %s, true)"
_INBOX = Inbox(SCHEMA)
_OUTBOX = Outbox(SCHEMA)
_KEYS = IdempotencyKeys(SCHEMA)


class PostgresLibrary:
    """Library."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def open(self, patience: timedelta | None = None) -> Iterator[Books]:
        """Begin a transaction: everything done in it is kept, or nothing is."""
        with self._database.transaction() as cursor:
            if patience is not None:
                milliseconds = patience // timedelta(milliseconds=1)
                cursor.execute(_WAIT_AT_MOST, (str(milliseconds),))
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
        self.ledger = PostgresLedger(cursor)
        self.lots = PostgresLots(cursor)
        self.revisions = PostgresLotRevisions(cursor)
        self.journal = PostgresJournal(cursor)
        self.actions = PostgresActions(cursor)
        self.marks = PostgresMarks(cursor)
        self.withdrawals = PostgresWithdrawals(cursor)
        self.facts = PostgresFacts(cursor)
        self.keys = PostgresKeys(cursor)
        self._cursor = cursor

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Check what is done within at its end; undo it where the books' constraints say no."""
        import psycopg

        from bifrost.core.errors import ConflictError

        try:
            with self._cursor.connection.transaction():
                yield
                self._cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                self._cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        except (psycopg.IntegrityError, psycopg.DataError, psycopg.errors.RaiseException) as error:
            raise ConflictError(error.diag.message_primary or str(error)) from error

    @property
    def methods(self) -> "PostgresLotMethods":
        """Standing methods of single instruments; like the stores below, loaded when asked for."""
        from bifrost.adapters.postgres.lot_methods import PostgresLotMethods

        return PostgresLotMethods(self._cursor)

    @property
    def portfolios(self) -> "PostgresPortfolios":
        """Portfolios."""
        from bifrost.adapters.postgres.portfolio_accounts import PostgresPortfolios

        return PostgresPortfolios(self._cursor)

    @property
    def instruments(self) -> "PostgresInstruments":
        """Instruments."""
        from bifrost.adapters.postgres.watchlists import PostgresInstruments

        return PostgresInstruments(self._cursor)

    @property
    def watchlists(self) -> "PostgresWatchlists":
        """Watchlists."""
        from bifrost.adapters.postgres.watchlists import PostgresWatchlists

        return PostgresWatchlists(self._cursor)

    @property
    def breaks(self) -> "PostgresBreaks":
        """Breaks."""
        from bifrost.adapters.postgres.portfolio_breaks import PostgresBreaks

        return PostgresBreaks(self._cursor)

    @property
    def runs(self) -> "PostgresRuns":
        """Comparisons."""
        from bifrost.adapters.postgres.portfolio_breaks import PostgresRuns

        return PostgresRuns(self._cursor)

    @property
    def statements(self) -> "PostgresStatements":
        """Statements."""
        from bifrost.adapters.postgres.portfolio_statements import PostgresStatements

        return PostgresStatements(self._cursor)

    @property
    def imports(self) -> "PostgresImports":
        """Imports."""
        from bifrost.adapters.postgres.portfolio_imports import PostgresImports

        return PostgresImports(self._cursor)


class PostgresFacts:
    """FactStore."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor

    def once(self, event: "Event") -> bool:
        """Say whether the event is new here, and remember it."""
        return _INBOX.once(self._cursor, event)

    def in_order(self, event: "FillRecorded") -> "list[FillRecorded]":
        """Return the fills that may now be applied, in their account's order."""
        return _INBOX.in_order(self._cursor, event)

    def hold(self, event: "FillRecorded") -> None:
        """Keep a fill for later, whoever holds its account now."""
        _INBOX.hold(self._cursor, event)

    def put_back(self, fills: "Sequence[FillRecorded]") -> None:
        """Let fills that `in_order` or `take_next` gave wait again."""
        _INBOX.put_back(self._cursor, fills)

    def take_next(self, account_id: str) -> "FillRecorded | None":
        """Return the account's next fill, if it is here and waits."""
        from bifrost.events import FillRecorded

        return _INBOX.take_next(self._cursor, fill_stream(account_id), FillRecorded)

    def fills_applied(self, account_id: str) -> int:
        """Return the sequence of the last fill applied to the account; 0 if none."""
        row = self._cursor.execute(
            f"SELECT next_sequence - 1 AS applied FROM {SCHEMA}.streams WHERE stream = %s",
            (fill_stream(account_id),),
        ).fetchone()
        return int(row["applied"]) if row else 0

    def publish(self, *events: "Event") -> None:
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
