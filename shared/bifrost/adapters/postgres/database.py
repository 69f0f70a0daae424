"""One kept connection and its transactions: where Postgres is reached.

A connection per call costs seventy reads, so each process keeps one. Nothing here relies on
session state (no SET, no temporary table, no prepared statement): RDS Proxy may hand the next
transaction to another server process.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import dict_row

from bifrost.core.errors import FieldProblem, InvalidInputError, UnavailableError

Row = dict[str, Any]
Cursor = psycopg.Cursor[Row]

_CONNECT_TIMEOUT_SECONDS = 5


class Database:
    """A schema's door, opened as the role that owns it.

    dsn: a libpq connection string, or a callable that makes one afresh (IAM tokens expire).
    """

    def __init__(self, dsn: str | Callable[[], str]) -> None:
        self._dsn = dsn
        self._connection: psycopg.Connection[Row] | None = None

    @contextmanager
    def transaction(self) -> Iterator[Cursor]:
        """Yield a cursor in a transaction: all of it is kept, or none.

        A nested call joins as a savepoint. Raises UnavailableError where the database does not
        answer; what was in the transaction is then lost, and the caller may run it again.
        """
        try:
            connection = self._connect()
            with connection.transaction(), connection.cursor() as cursor:
                yield cursor
        except psycopg.DataError as error:
            # Input that passed every schema and still is no text or number to Postgres (a NUL).
            problem = FieldProblem("input", str(error), "send printable text and finite numbers")
            raise InvalidInputError(problem) from error
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            self.close()
            raise UnavailableError(f"the database did not answer: {error}") from error

    def fetch_one(self, query: str, values: Any = ()) -> Row | None:
        """Read one row outside any transaction."""
        with self.transaction() as cursor:
            return cursor.execute(query, values).fetchone()

    def fetch_all(self, query: str, values: Any = ()) -> list[Row]:
        """Read every row outside any transaction."""
        with self.transaction() as cursor:
            return cursor.execute(query, values).fetchall()

    def close(self) -> None:
        """Let go of the connection; the next call opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connect(self) -> psycopg.Connection[Row]:
        if self._connection is None or self._connection.closed:
            dsn = self._dsn if isinstance(self._dsn, str) else self._dsn()
            self._connection = psycopg.connect(
                dsn,
                autocommit=True,
                row_factory=dict_row,
                prepare_threshold=None,
                connect_timeout=_CONNECT_TIMEOUT_SECONDS,
            )
        return self._connection


def with_fresh_password(dsn: str, password_for: Callable[[str, int, str], str]) -> str:
    """Return `dsn` with the password of (host, port, user) as of now, over TLS."""
    parts = conninfo_to_dict(dsn)
    password = password_for(str(parts["host"]), int(parts.get("port") or 5432), str(parts["user"]))
    return make_conninfo(dsn, password=password, sslmode="require")
