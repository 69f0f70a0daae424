"""The gate of withdrawals: cash is held back here until portfolio says that it went out."""

from collections.abc import Iterator
from contextlib import contextmanager

from bifrost.adapters.postgres.database import Cursor, Database
from bifrost.adapters.postgres.risk import (
    LOCK,
    LOCK_OR_MAKE,
    RESERVED_CASH,
    SETTLED_CASH,
    decision_of,
    reasons_json,
    tombstone_of,
)
from bifrost.core.decisions import Decision
from bifrost.core.errors import UnavailableError
from bifrost.risk.ports import FreeCash, Withdrawal

_FREE = f"""
SELECT {SETTLED_CASH} - ({RESERVED_CASH}) AS buying_power,
    (SELECT reasons FROM risk.withdrawals WHERE withdrawal_id = %(withdrawal_id)s) AS answered
FROM risk.accounts a
WHERE a.account_id = %(account_id)s AND a.owner IS NOT NULL"""

_KEEP = """
    INSERT INTO risk.withdrawals (withdrawal_id, account_id, currency, amount, accepted, reasons)
    VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"""

_NEVER = """
    INSERT INTO risk.withdrawals (withdrawal_id, account_id, accepted, reasons)
    VALUES (%s, %s, false, %s) ON CONFLICT DO NOTHING"""

_END = "UPDATE risk.withdrawals SET ended = true WHERE withdrawal_id = %s"


class PostgresWithdrawalGates:
    """Cash is let out here, one withdrawal or order at a time per account."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def locked(self, account_id: str) -> Iterator["PostgresWithdrawalGate"]:
        """Open the account's gate in a transaction that holds its row."""
        with self._database.transaction() as cursor:
            cursor.execute(LOCK, (account_id,))
            yield PostgresWithdrawalGate(cursor)

    def release(self, withdrawal_id: str, account_id: str) -> None:
        """Let go of what the withdrawal holds; one that was never judged can hold nothing now."""
        with self._database.transaction() as cursor:
            cursor.execute(LOCK_OR_MAKE, (account_id,))
            cursor.execute(_NEVER, (withdrawal_id, account_id, tombstone_of("released")))
            cursor.execute(_END, (withdrawal_id,))


class PostgresWithdrawalGate:
    """One account's withdrawals inside one transaction."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor

    def free_cash(self, withdrawal: Withdrawal) -> FreeCash:
        """Read the buying power in the withdrawal's currency."""
        values = {
            "withdrawal_id": withdrawal.withdrawal_id,
            "account_id": withdrawal.account_id,
            "currency": withdrawal.currency,
        }
        row = self._cursor.execute(_FREE, values).fetchone()
        if row is None:
            raise UnavailableError(f"risk has not heard of account {withdrawal.account_id} yet")
        answered = row["answered"]
        return FreeCash(
            buying_power=row["buying_power"],
            answered=None if answered is None else decision_of(answered),
        )

    def keep(self, withdrawal: Withdrawal, decision: Decision) -> Decision:
        """Store the answer; every writer of withdrawals holds the lock, so it is the only one."""
        values = (
            withdrawal.withdrawal_id,
            withdrawal.account_id,
            withdrawal.currency,
            withdrawal.amount,
            decision.accepted,
            reasons_json(decision),
        )
        self._cursor.execute(_KEEP, values)
        return decision
