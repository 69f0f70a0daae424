"""Portfolio's withdrawals: a row that only ever goes from requested to one end."""

import json
from datetime import datetime

from bifrost.adapters.postgres.database import Cursor, Row
from bifrost.core.codec import from_json, to_json
from bifrost.core.decisions import Reason
from bifrost.core.errors import NotFoundError
from bifrost.portfolio.ports import Withdrawal, WithdrawalStatus

_SELECT = """
SELECT w.withdrawal_id, w.account_id, w.amount, w.currency, w.status, w.reasons, w.occurred_at,
    w.is_market_time, w.recorded_at, w.transaction_id,
    (SELECT event_id FROM portfolio.ledger_transactions t
     WHERE t.transaction_id = w.transaction_id) AS event_id
FROM portfolio.withdrawals w
"""
# A statement of its own: one that waited for the lock would read the row as it is now and the
# ledger as it was before, a posted withdrawal without its event.
_LOCK = "SELECT 1 FROM portfolio.withdrawals WHERE withdrawal_id = %s FOR NO KEY UPDATE"
_ONE = _SELECT + "WHERE w.withdrawal_id = %s"
_UNDECIDED = _SELECT + "WHERE w.status = 'requested' AND w.recorded_at < %s ORDER BY w.recorded_at"


class PostgresWithdrawals:
    """WithdrawalStore."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor

    def add(self, withdrawal: Withdrawal) -> None:
        """Write a request."""
        self._cursor.execute(
            "INSERT INTO portfolio.withdrawals (withdrawal_id, account_id, amount, currency,"
            " status, occurred_at, is_market_time, recorded_at) VALUES (%(withdrawal_id)s,"
            " %(account_id)s, %(amount)s, %(currency)s, %(status)s, %(occurred_at)s,"
            " %(is_market_time)s, %(recorded_at)s)",
            {name: getattr(withdrawal, name) for name in Withdrawal.__dataclass_fields__},
        )

    def locked(self, withdrawal_id: str) -> Withdrawal:
        """Return it, its row locked; raise NotFoundError where none is."""
        self._cursor.execute(_LOCK, (withdrawal_id,))
        row = self._cursor.execute(_ONE, (withdrawal_id,)).fetchone()
        if row is None:
            raise NotFoundError(f"no withdrawal {withdrawal_id}")
        return _withdrawal(row)

    def undecided(self, before: datetime) -> list[Withdrawal]:
        """Return those asked for before this instant of wall time that have no end yet."""
        return [_withdrawal(row) for row in self._cursor.execute(_UNDECIDED, (before,)).fetchall()]

    def settle(self, withdrawal: Withdrawal) -> None:
        """Write how it ended."""
        self._cursor.execute(
            "UPDATE portfolio.withdrawals SET status = %s, reasons = %s, transaction_id = %s"
            " WHERE withdrawal_id = %s AND status = 'requested'",
            (
                withdrawal.status,
                json.dumps(to_json(withdrawal.reasons)),
                withdrawal.transaction_id,
                withdrawal.withdrawal_id,
            ),
        )


def _withdrawal(row: Row) -> Withdrawal:
    reasons = tuple(from_json(Reason, reason) for reason in row["reasons"])
    return Withdrawal(**{**row, "status": WithdrawalStatus(row["status"]), "reasons": reasons})
