"""The right to send an order, in Postgres: a stale holder is refused here, before the venue."""

from datetime import datetime

from bifrost.adapters.postgres.database import Cursor
from bifrost.execution.records import OrderRecord, SendClaim

_CLAIM = """
INSERT INTO execution.intents
    (order_id, client_order_id, quantity, fence, sent_at, lease_until)
VALUES (%s, %s, %s, 1, %s, %s)
ON CONFLICT DO NOTHING RETURNING fence
"""
_RENEW = """
UPDATE execution.intents SET fence = fence + 1, sent_at = %s, lease_until = %s
WHERE order_id = %s AND fence = %s AND answered_at IS NULL RETURNING fence
"""
# The holder's lock on the row makes a concurrent renewal wait for this answer, not race it.
_HOLDS = """
SELECT 1 FROM execution.intents
WHERE order_id = %s AND fence = %s AND lease_until > %s AND answered_at IS NULL FOR UPDATE
"""


class PostgresSendClaims:
    """Claims, through one cursor."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor

    def claim(self, order: OrderRecord, now: datetime, lease_until: datetime) -> int | None:
        """Write the intent to send down and return its fence; None where one exists."""
        intent = order.intent
        values = (intent.order_id, intent.client_order_id, intent.quantity, now, lease_until)
        row = self._cursor.execute(_CLAIM, values).fetchone()
        return None if row is None else int(row["fence"])

    def read(self, order_id: str) -> SendClaim | None:
        """Return the claim on this order; None where nobody ever meant to send it."""
        row = self._cursor.execute(
            "SELECT order_id, fence, sent_at, lease_until, answered_at FROM execution.intents"
            " WHERE order_id = %s",
            (order_id,),
        ).fetchone()
        return None if row is None else SendClaim(**row)

    def renew(self, claim: SendClaim, now: datetime, lease_until: datetime) -> int | None:
        """Take an unanswered claim over and return the new fence; None if someone was faster."""
        values = (now, lease_until, claim.order_id, claim.fence)
        row = self._cursor.execute(_RENEW, values).fetchone()
        return None if row is None else int(row["fence"])

    def holds(self, order_id: str, fence: int, now: datetime) -> bool:
        """Say whether this fence may still send: the newest, in its lease, unanswered."""
        return self._cursor.execute(_HOLDS, (order_id, fence, now)).fetchone() is not None

    def answer(self, order_id: str, now: datetime) -> None:
        """Note that the venue has given its word on the order."""
        self._cursor.execute(
            "UPDATE execution.intents SET answered_at = %s"
            " WHERE order_id = %s AND answered_at IS NULL",
            (now, order_id),
        )
