"""Portfolios in Postgres. All of an owner's change one after the other: where one stands is a
question about the others, which no row's lock can hold.
"""

from bifrost.adapters.postgres.database import Cursor, Row
from bifrost.core.errors import NotFoundError
from bifrost.portfolio.portfolios import Portfolio, PortfolioKind

COLUMNS = (
    "p.portfolio_id, p.owner, p.name, p.kind, p.currency, p.account_id, p.parent_id,"
    " p.recorded_at, p.version, p.archived_at, p.position AS place"
)

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('portfolios/' || %s, 0))"

_ADD = """
INSERT INTO portfolio.portfolios
    (portfolio_id, owner, name, kind, currency, account_id, parent_id, recorded_at)
VALUES (%(portfolio_id)s, %(owner)s, %(name)s, %(kind)s, %(currency)s, %(account_id)s,
    %(parent_id)s, %(recorded_at)s)
"""

_CHANGE = """
UPDATE portfolio.portfolios SET name = %(name)s, parent_id = %(parent_id)s,
    version = %(version)s, archived_at = %(archived_at)s
WHERE portfolio_id = %(portfolio_id)s
"""

_ABOVE = """
WITH RECURSIVE above AS (
    SELECT portfolio_id, parent_id FROM portfolio.portfolios WHERE portfolio_id = %s
    UNION
    SELECT p.portfolio_id, p.parent_id
    FROM above JOIN portfolio.portfolios p ON p.portfolio_id = above.parent_id
)
SELECT 1 FROM above WHERE portfolio_id = %s
"""

# The accounts below, whose books it adds up; a strategy divides its account's and adds up none.
WITH_ACCOUNTS = f"""
WITH RECURSIVE below AS (
    SELECT portfolio_id, account_id, kind FROM portfolio.portfolios WHERE portfolio_id = %(id)s
    UNION
    SELECT p.portfolio_id, p.account_id, p.kind
    FROM below JOIN portfolio.portfolios p ON p.parent_id = below.portfolio_id
)
SELECT {COLUMNS}, ARRAY(
    SELECT account_id FROM below
    WHERE kind = 'portfolio' AND account_id IS NOT NULL ORDER BY account_id
) AS accounts
FROM portfolio.portfolios p WHERE p.portfolio_id = %(id)s AND p.owner = %(owner)s
"""


class PostgresPortfolios:
    """PortfolioStore."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor

    def add(self, portfolio: Portfolio) -> None:
        """Write a new one."""
        self._cursor.execute(_ADD, _values(portfolio))

    def locked(self, owner: str, portfolio_id: str) -> Portfolio:
        """Return the owner's portfolio, all of the owner's held until the transaction's end."""
        self._cursor.execute(_LOCK, (owner,))
        row = self._cursor.execute(
            f"SELECT {COLUMNS} FROM portfolio.portfolios p"
            " WHERE p.portfolio_id = %s AND p.owner = %s FOR NO KEY UPDATE",
            (portfolio_id, owner),
        ).fetchone()
        if row is None:
            raise NotFoundError(f"no portfolio {portfolio_id}")
        return to_portfolio(row)

    def change(self, portfolio: Portfolio) -> None:
        """Write its name, parent, version and archival."""
        self._cursor.execute(_CHANGE, _values(portfolio))

    def is_below(self, portfolio_id: str, root: str) -> bool:
        """Say whether one stands somewhere below the other, or is the other."""
        return self._cursor.execute(_ABOVE, (portfolio_id, root)).fetchone() is not None

    def children(self, portfolio_id: str) -> list[str]:
        """Name those right below it that are not archived."""
        rows = self._cursor.execute(
            "SELECT name FROM portfolio.portfolios"
            " WHERE parent_id = %s AND archived_at IS NULL ORDER BY position",
            (portfolio_id,),
        ).fetchall()
        return [row["name"] for row in rows]


def to_portfolio(row: Row) -> Portfolio:
    """Read a portfolio from its columns."""
    accounts = tuple(row.get("accounts", ()))
    return Portfolio(**{**row, "kind": PortfolioKind(row["kind"]), "accounts": accounts})


def _values(portfolio: Portfolio) -> Row:
    return {name: getattr(portfolio, name) for name in Portfolio.__dataclass_fields__}
