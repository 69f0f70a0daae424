"""Portfolio's accounts; locking an account's row is what keeps its books in one order."""

from bifrost.adapters.postgres.database import Cursor, Row
from bifrost.core.errors import NotFoundError
from bifrost.portfolio.accounts import Account

COLUMNS = (
    "a.account_id, p.portfolio_id, a.owner, a.name, a.kind, a.currency, a.broker_profile,"
    " a.opened_at, a.recorded_at, a.position AS place"
)
# The default portfolio is the one made with its account.
TABLES = "portfolio.accounts a JOIN portfolio.portfolios p USING (account_id)"


class PostgresAccounts:
    """AccountStore."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor

    def add(self, account: Account) -> None:
        """Write a new account and its default portfolio."""
        self._cursor.execute(
            "WITH opened AS (INSERT INTO portfolio.accounts (account_id, owner, name, kind,"
            " currency, broker_profile, opened_at, recorded_at) VALUES (%(account_id)s, %(owner)s,"
            " %(name)s, %(kind)s, %(currency)s, %(broker_profile)s, %(opened_at)s,"
            " %(recorded_at)s))"
            " INSERT INTO portfolio.portfolios (portfolio_id, account_id, name)"
            " VALUES (%(portfolio_id)s, %(account_id)s, %(name)s)",
            {name: getattr(account, name) for name in Account.__dataclass_fields__},
        )

    def locked(self, account_id: str) -> Account:
        """Return the account, its row locked; raise NotFoundError where there is none."""
        row = self._cursor.execute(
            f"SELECT {COLUMNS} FROM {TABLES} WHERE a.account_id = %s FOR NO KEY UPDATE OF a",
            (account_id,),
        ).fetchone()
        if row is None:
            raise NotFoundError(f"no account {account_id}")
        return to_account(row)


def to_account(row: Row) -> Account:
    """Read an account from its columns."""
    return Account(**row)
