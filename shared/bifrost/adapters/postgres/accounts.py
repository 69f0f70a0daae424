"""Portfolio's accounts; locking an account's row is what keeps its books in one order."""

from bifrost.adapters.postgres.database import Cursor, Row
from bifrost.core.errors import NotFoundError
from bifrost.portfolio.accounts import Account

COLUMNS = (
    "a.account_id, p.portfolio_id, a.owner, a.name, a.kind, a.currency, a.broker_profile,"
    " a.opened_at, a.recorded_at, a.version, a.archived_at, a.position AS place"
)
# An account has one portfolio, its books; the others of that account are strategies.
TABLES = (
    "portfolio.accounts a JOIN portfolio.portfolios p"
    " ON p.account_id = a.account_id AND p.kind = 'portfolio'"
)

_ADD = """
WITH opened AS (
    INSERT INTO portfolio.accounts
        (account_id, owner, name, kind, currency, broker_profile, opened_at, recorded_at)
    VALUES (%(account_id)s, %(owner)s, %(name)s, %(kind)s, %(currency)s, %(broker_profile)s,
        %(opened_at)s, %(recorded_at)s)
)
INSERT INTO portfolio.portfolios (portfolio_id, account_id, owner, name, currency, recorded_at)
VALUES (%(portfolio_id)s, %(account_id)s, %(owner)s, %(name)s, %(currency)s, %(recorded_at)s)
"""

_CHANGE = """
WITH before AS (
    SELECT archived_at FROM portfolio.accounts WHERE account_id = %(account_id)s
), its_own AS (
    -- Archived they go with it; taken back, those that went with it and no others come back.
    UPDATE portfolio.portfolios p SET archived_at = %(archived_at)s, version = p.version + 1
    FROM before WHERE p.account_id = %(account_id)s
        AND p.archived_at IS NOT DISTINCT FROM before.archived_at
        AND before.archived_at IS DISTINCT FROM %(archived_at)s::timestamptz
)
UPDATE portfolio.accounts
SET name = %(name)s, version = %(version)s, archived_at = %(archived_at)s
WHERE account_id = %(account_id)s
"""


class PostgresAccounts:
    """AccountStore."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor

    def add(self, account: Account) -> None:
        """Write a new account and the portfolio of its books."""
        self._cursor.execute(_ADD, _values(account))

    def locked(self, account_id: str) -> Account:
        """Return the account, its row locked; raise NotFoundError where there is none."""
        row = self._cursor.execute(
            f"SELECT {COLUMNS} FROM {TABLES} WHERE a.account_id = %s FOR NO KEY UPDATE OF a",
            (account_id,),
        ).fetchone()
        if row is None:
            raise NotFoundError(f"no account {account_id}")
        return to_account(row)

    def change(self, account: Account) -> None:
        """Write its name, version and archival, the last for its portfolio and strategies too."""
        self._cursor.execute(_CHANGE, _values(account))


def to_account(row: Row) -> Account:
    """Read an account from its columns."""
    return Account(**row)


def _values(account: Account) -> Row:
    return {name: getattr(account, name) for name in Account.__dataclass_fields__}
