"""One kept connection, its statements and its transactions: where Postgres is reached.

A connection per call costs seventy reads, so each process keeps one. Nothing here relies on
session state (no temporary table, no setting that outlives its transaction), because RDS Proxy may
hand the next transaction to another server process. For the same reason statements are prepared
only where we connect to the server itself: behind the proxy they would pin the connection.
Prepared, the server spends half the CPU on an order's decision.
"""

import select
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from bifrost.core.errors import BusyError, FieldProblem, InvalidInputError, UnavailableError

if TYPE_CHECKING:
    import psycopg

Row = dict[str, Any]
Cursor: TypeAlias = "psycopg.Cursor[Row]"

_CONNECT_TIMEOUT_SECONDS = 5
# psycopg's own: what a process asks this often is worth a plan that is kept.
_PREPARE_THRESHOLD = 5
_ACT_AS = "SELECT set_config('role', %s, true), set_config('bifrost.owner', %s, true)"


class Statements(Protocol):
    """What runs statements one by one: a cursor, or a connection with a new cursor for each."""

    def execute(self, query: str, params: Any = (), /) -> Cursor:
        """Run or queue the statement; ask the answer for its rows."""


class Travelling:
    """The statements of a pipelined transaction, and what is asked on the way of its COMMIT.

    A row that is not asked for before the end travels with the COMMIT: ask for it afterwards.
    is_outermost: it is a transaction of its own, and not inside another one, whose end is not ours.
    """

    def __init__(self, connection: "psycopg.Connection[Row]", *, is_outermost: bool = True) -> None:
        self._connection = connection
        self._is_outermost = is_outermost
        # One for all that answers nothing: to make a cursor costs as much as to send by it.
        self._mute = connection.cursor()
        self._afterwards: list[Callable[[], None]] = []

    def execute(self, query: str, params: Any = (), /) -> "Cursor":
        """Run or queue the statement; ask the answer for its rows."""
        return self._connection.execute(query, params)

    def tell(self, query: str, params: Any = (), /) -> None:
        """Run or queue a statement whose rows nobody asks for."""
        self._mute.execute(query, params)

    def afterwards(self, query: str, params: Any = (), /) -> Callable[[], Row | None]:
        """Ask this once the transaction is kept, in the round trip that keeps it.

        What is returned gives the row when it is called after the transaction's end.
        """
        if not self._is_outermost:
            raise AssertionError("a transaction inside another one does not know when that ends")
        asked: list[Cursor] = []
        self._afterwards.append(lambda: asked.append(self._connection.execute(query, params)))

        def answer() -> Row | None:
            return asked[0].fetchone()

        return answer

    def end(self) -> None:
        """Queue COMMIT, and behind it what was to be asked afterwards."""
        self.tell("COMMIT")
        for ask in self._afterwards:
            ask()


class Database:
    """A schema's door, opened as the role that owns it.

    dsn: a libpq connection string, or a callable that makes one afresh (IAM tokens expire).
    """

    def __init__(self, dsn: str | Callable[[], str]) -> None:
        self._dsn = dsn
        self._connection: psycopg.Connection[Row] | None = None
        self._is_pipelined = False
        self._is_brief = False

    @contextmanager
    def transaction(self) -> Iterator[Cursor]:
        """Yield a cursor in a transaction: all of it is kept, or none.

        A nested call joins as a savepoint. Raises UnavailableError where the database does not
        answer; what was in the transaction is then lost, and the caller may run it again.
        """
        with self._answering() as connection:
            if self._is_pipelined:
                self._catch_up(connection)
            with connection.transaction(), connection.cursor() as cursor:
                yield cursor

    @contextmanager
    def pipelined(self) -> Iterator["Travelling"]:
        """Open a transaction whose statements travel together: up to the next row asked for.

        Where nobody asks, a statement's error comes with the transaction's end, which undoes
        it all the same. No COPY here, and no `rowcount` before a fetch: ask RETURNING.
        """
        with self._answering() as connection:
            if self._is_in_transaction():
                if self._is_pipelined:
                    self._catch_up(connection)
                with connection.transaction():
                    yield Travelling(connection, is_outermost=False)
                return
            self._is_pipelined = True
            try:
                # Not `connection.transaction()`: in a pipeline it waits for BEGIN's answer.
                with connection.pipeline():
                    statements = Travelling(connection)
                    statements.tell("BEGIN")
                    yield statements
                    statements.end()
            finally:
                self._is_pipelined = False
                # Nothing is left to undo after a COMMIT: this is for those that failed.
                if not connection.closed and not _is_idle(connection):
                    connection.rollback()

    @contextmanager
    def brief(self) -> Iterator[Statements]:
        """Open a pipelined transaction whose last statement alone may write.

        The server begins it by itself and keeps it where the pipeline ends: neither BEGIN nor
        COMMIT is sent. It is kept where the caller fails, too, so nothing may be written before
        the last statement; and there is no transaction inside it, whose begin would end it.
        """
        if self._is_in_transaction():
            raise AssertionError("a brief transaction is not part of another one")
        with self._answering() as connection:
            self._is_pipelined = self._is_brief = True
            try:
                with connection.pipeline():
                    yield connection
            finally:
                self._is_pipelined = self._is_brief = False

    @contextmanager
    def as_reader(self, role: str, owner: str) -> Iterator[Statements]:
        """Open a pipelined transaction that acts as `role` and sees what row-level security
        shows of `owner`. Both settings end with it: the connection keeps nothing.
        """
        self._require_no_transaction()
        with self.pipelined() as statements:
            statements.execute(_ACT_AS, (role, owner))
            yield statements

    @contextmanager
    def instant_as_reader(self, role: str, owner: str) -> Iterator[Cursor]:
        """As `as_reader`, for an answer of several statements: all see one instant, none may write.

        A cursor of the server's may be read page by page in between.
        """
        self._require_no_transaction()
        with self.transaction() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            cursor.execute(_ACT_AS, (role, owner))
            yield cursor

    @contextmanager
    def separately(self) -> Iterator[Statements]:
        """Let each statement be a transaction of its own, which spares BEGIN and COMMIT."""
        with self._answering() as connection:
            yield connection

    def fetch_one(self, query: str, values: Any = ()) -> Row | None:
        """Read one row outside any transaction."""
        with self._answering() as connection:
            return connection.execute(query, values).fetchone()

    def fetch_all(self, query: str, values: Any = ()) -> list[Row]:
        """Read every row outside any transaction."""
        with self._answering() as connection:
            return connection.execute(query, values).fetchall()

    def close(self) -> None:
        """Let go of the connection; the next call opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _require_no_transaction(self) -> None:
        if self._is_in_transaction():
            raise AssertionError("inside a transaction the role would stay on after the reading")

    def _is_in_transaction(self) -> bool:
        if self._connection is None or self._connection.closed:
            return False
        status = self._connection.info.transaction_status
        return self._is_pipelined or status != _driver().pq.TransactionStatus.IDLE

    def _catch_up(self, connection: "psycopg.Connection[Row]") -> None:
        """Let a pipelined connection learn that it is in a transaction.

        Its status is as of the last sync, which a fetch is not: psycopg would take the inner
        transaction for the outer one, and its COMMIT would end both.
        """
        if self._is_brief:
            raise AssertionError("a transaction inside a brief one would end it, and its locks")
        with connection.pipeline() as travelling:
            travelling.sync()

    @contextmanager
    def _answering(self) -> Iterator["psycopg.Connection[Row]"]:
        """Yield the connection, and say in our own words why it did not answer."""
        driver = _driver()
        try:
            yield self._connect()
        except driver.Error as given:
            error = _first_of(given)
            if isinstance(error, driver.DataError):
                # Input that passed every schema and still is no text or number to Postgres (NUL).
                fix = "send printable text and finite numbers"
                raise InvalidInputError(FieldProblem("input", str(error), fix)) from error
            if isinstance(error, driver.errors.LockNotAvailable):
                raise BusyError(f"a row is held by another transaction: {error}") from error
            # A prepared statement whose table a migration has changed since is as good as a lost
            # connection: a new one plans it again. A session that the server ended (it idled amid
            # a transaction) says so by an error of any class.
            lost = (driver.OperationalError, driver.InterfaceError)
            is_ended = self._connection is not None and self._connection.broken
            if is_ended or isinstance(error, (*lost, driver.errors.FeatureNotSupported)):
                self.close()
                raise UnavailableError(f"the database did not answer: {error}") from error
            if error is given:
                raise
            raise error from given

    def _connect(self) -> "psycopg.Connection[Row]":
        if (
            self._connection is not None
            and not self._is_pipelined
            and _is_dropped(self._connection)
        ):
            self.close()
        if self._connection is None or self._connection.closed:
            is_direct = isinstance(self._dsn, str)
            self._connection = _driver().connect(
                self._dsn if isinstance(self._dsn, str) else self._dsn(),
                autocommit=True,
                row_factory=_driver().rows.dict_row,
                prepare_threshold=_PREPARE_THRESHOLD if is_direct else None,
                connect_timeout=_CONNECT_TIMEOUT_SECONDS,
                # A server whose machine died says nothing, not even goodbye: over TCP, the kernel
                # asks it, and gives it up after five seconds. A socket file ignores all four.
                keepalives_idle=3,
                keepalives_interval=1,
                keepalives_count=2,
                tcp_user_timeout=5000,
            )
        return self._connection


def load_driver() -> None:
    """Import psycopg now: some 120 ms of CPU, which a Lambda had better spend while it starts."""
    _driver()


def _driver() -> Any:
    import psycopg
    import psycopg.rows

    return psycopg


def _is_idle(connection: "psycopg.Connection[Row]") -> bool:
    idle: bool = connection.pgconn.transaction_status == _driver().pq.TransactionStatus.IDLE
    return idle


def _is_dropped(connection: "psycopg.Connection[Row]") -> bool:
    """Return whether the server has left an idle connection; nothing was asked of it yet.

    A frozen Lambda learns of a failover or of the proxy's idle limit only here. Found out by the
    next statement instead, an order would be of unknown outcome for nothing. A server that is
    asked nothing says nothing, unless it says goodbye: no round trip is needed to know.
    """
    if not _is_idle(connection):
        return False
    waiting = select.poll()
    waiting.register(connection.pgconn.socket, select.POLLIN)
    return bool(waiting.poll(0))


def _first_of(error: "psycopg.Error") -> "psycopg.Error":
    """Return what aborted a pipeline rather than what was aborted by it."""
    driver = _driver()
    while isinstance(error, driver.errors.PipelineAborted):
        if not isinstance(error.__context__, driver.Error):
            break
        error = error.__context__
    return error


def with_fresh_password(dsn: str, password_for: Callable[[str, int, str], str]) -> str:
    """Return `dsn` with the password of (host, port, user) as of now, over TLS at the least."""
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    parts = conninfo_to_dict(dsn)
    password = password_for(str(parts["host"]), int(parts.get("port") or 5432), str(parts["user"]))
    # What was asked for stands: `require` over `verify-full` would hand the token to any host.
    return make_conninfo(dsn, password=password, sslmode=parts.get("sslmode") or "require")
