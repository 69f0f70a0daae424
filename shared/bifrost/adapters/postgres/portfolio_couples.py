"""Couples in Postgres: words that are only added, and a reading that crosses to the spouse's rows
in the database, by the standing words of both, so that no code can name somebody else.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

from bifrost.adapters.postgres.database import Cursor, Database, Row, Statements
from bifrost.adapters.postgres.portfolio_reads import READER
from bifrost.portfolio.couples import Declaration, Declared, Marriage

# Two at once would both add the next version; the key would stop one, but not tell it why.
_HOLD = "SELECT pg_advisory_xact_lock(hashtextextended('spouse/' || %s, 0))"

_NEWEST = """
SELECT version, spouse, since, until, recorded_at
FROM portfolio.spouse_declarations WHERE owner = %s ORDER BY version DESC LIMIT 1
"""

_ADD = """
INSERT INTO portfolio.spouse_declarations (owner, version, spouse, since, until, recorded_at)
VALUES (%(owner)s, %(version)s, %(spouse)s, %(since)s, %(until)s, %(recorded_at)s)
"""

_STANDS = "SELECT EXISTS (SELECT FROM portfolio.standing_spouse()) AS stands"

_CROSS = """
SELECT s.spouse, s.since, s.until, set_config('bifrost.owner', s.spouse, true)
FROM portfolio.standing_spouse() s
"""


class PostgresRegister:
    """Register."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def open(self, owner: str) -> Iterator["PostgresDeclarations"]:
        """Begin a transaction that holds the owner's words until its end."""
        with self._database.transaction() as cursor:
            cursor.execute(_HOLD, (owner,))
            yield PostgresDeclarations(cursor, owner)


class PostgresDeclarations:
    """Declarations."""

    def __init__(self, cursor: Cursor, owner: str) -> None:
        self._cursor = cursor
        self._owner = owner

    def newest(self) -> Declaration:
        """Return what the owner says now."""
        return _declaration(self._owner, self._cursor.execute(_NEWEST, (self._owner,)).fetchone())

    def add(self, declaration: Declaration) -> None:
        """Write new words, whose version is the next."""
        said = declaration.marriage
        row = asdict(said) if said else {"spouse": None, "since": None, "until": None}
        self._cursor.execute(_ADD, {**asdict(declaration), **row})


class PostgresCoupleReader:
    """Reads what one owner says, and whether it stands."""

    def __init__(self, database: Database, owner: str) -> None:
        self._database = database
        self._owner = owner

    def declared(self) -> Declared:
        """Return both as of one instant."""
        with self._database.instant_as_reader(READER, self._owner) as statements:
            row = statements.execute(_NEWEST, (self._owner,)).fetchone()
            stands = statements.execute(_STANDS).fetchone()
        return Declared(_declaration(self._owner, row), bool(stands and stands["stands"]))


def cross_to_spouse(statements: Statements) -> Marriage | None:
    """Show a reader the standing spouse's rows instead of its owner's, to the transaction's end.

    Returns None, and changes nothing, where no marriage stands. since and until are of the days
    that both have said.
    """
    row = statements.execute(_CROSS).fetchone()
    return Marriage(row["spouse"], row["since"], row["until"]) if row else None


def _declaration(owner: str, row: Row | None) -> Declaration:
    if row is None:
        return Declaration(owner)
    said = Marriage(row["spouse"], row["since"], row["until"]) if row["spouse"] else None
    return Declaration(owner, row["version"], said, row["recorded_at"])
