"""What risk tells of an account: its cash and its limits."""

from dataclasses import replace
from datetime import date, datetime

from bifrost.adapters.postgres.database import Cursor, Database
from bifrost.adapters.postgres.inbox import Inbox
from bifrost.adapters.postgres.risk import (
    LIMITS,
    LIMITS_IN_FORCE,
    LOCK,
    RESERVED_CASH,
    SETTLED_CASH,
    limits_of,
)
from bifrost.core.errors import NotFoundError
from bifrost.risk.limits import Limits
from bifrost.risk.ports import AccountCash

_CURRENCY = "SELECT currency FROM risk.accounts WHERE account_id = %s AND owner = %s"

_CASH = f"""
SELECT {SETTLED_CASH} AS cash, {RESERVED_CASH} AS reserved
FROM risk.accounts a WHERE a.account_id = %(account_id)s"""

_OWNER = "SELECT owner FROM risk.accounts WHERE account_id = %s AND owner IS NOT NULL"

_IN_FORCE = f"SELECT {LIMITS} FROM ({LIMITS_IN_FORCE}) l"

_ADD = """
INSERT INTO risk.limits (account_id, version, effective_from, effective_until, order_notional_max,
    order_quantity_max, position_notional_max, price_collar, commission_per_share,
    mark_age_days_max, source, added_by)
SELECT %s, COALESCE(max(version), 0) + 1, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s
FROM risk.limits WHERE account_id = %s
RETURNING version"""


class PostgresAccounts:
    """Reads accounts as risk's own events have made them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._inbox = Inbox("risk")

    def cash_of(self, account_id: str, owner: str) -> AccountCash:
        """Return its cash; somebody else's account is not there."""
        with self._database.transaction() as cursor:
            account = cursor.execute(_CURRENCY, (account_id, owner)).fetchone()
            if account is None:
                raise NotFoundError(f"no account {account_id}")
            currency = str(account["currency"])
            values = {"account_id": account_id, "currency": currency}
            (row,) = cursor.execute(_CASH, values).fetchall()
            return AccountCash(account_id, currency, row["cash"], row["reserved"])

    def has_heard(self, event_id: str) -> bool:
        """Say whether the event is in these numbers."""
        with self._database.transaction() as cursor:
            return self._inbox.seen(cursor, event_id)


class PostgresLimitBook:
    """The dated limits of every account."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def owner_of(self, account_id: str) -> str:
        """Return whose account it is."""
        row = self._database.fetch_one(_OWNER, (account_id,))
        if row is None:
            raise NotFoundError(f"no account {account_id}")
        return str(row["owner"])

    def in_force(self, account_id: str, as_of: date) -> Limits:
        """Return the account's own newest version in force on that date, else the default's."""
        row = self._database.fetch_one(_IN_FORCE, {"account_id": account_id, "as_of": as_of})
        if row is None:
            raise NotFoundError(f"no limits are in force on {as_of}; ask for a later date")
        return limits_of(row)

    def market_time(self) -> datetime | None:
        """Return when the newest bar that risk has heard of closed; None before the first."""
        row = self._database.fetch_one("SELECT max(occurred_at) AS newest FROM risk.marks")
        newest: datetime | None = row["newest"] if row else None
        return newest

    def add(self, account_id: str, limits: Limits, added_by: str) -> Limits:
        """Add a version; the account's lock keeps two of them from taking one number."""
        with self._database.transaction() as cursor:
            if cursor.execute(LOCK, (account_id,)).fetchone() is None:
                raise NotFoundError(f"no account {account_id}")
            return _insert(cursor, account_id, limits, added_by)


def _insert(cursor: Cursor, account_id: str, limits: Limits, added_by: str) -> Limits:
    values = (
        account_id,
        limits.effective_from,
        limits.effective_until,
        limits.order_notional_max,
        limits.order_quantity_max,
        limits.position_notional_max,
        limits.price_collar,
        limits.commission_per_share,
        limits.mark_age_days_max,
        limits.source,
        added_by,
        account_id,
    )
    (row,) = cursor.execute(_ADD, values).fetchall()
    return replace(limits, account_id=account_id, version=row["version"])
