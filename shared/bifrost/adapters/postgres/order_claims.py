"""The right to send an order, in Postgres: a stale holder is refused here, before the venue."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from bifrost.adapters.postgres.database import Row, Statements
from bifrost.adapters.postgres.execution_fills import OPEN
from bifrost.adapters.postgres.orders import LOCK_ACCOUNT, record_of
from bifrost.adapters.postgres.session_dates import SESSION
from bifrost.adapters.postgres.switches import GATE_COLUMNS, GATE_LIMITS, SHARE_DESK, gate_of
from bifrost.core.codec import from_json
from bifrost.core.errors import NotFoundError
from bifrost.core.instruments import Instrument
from bifrost.execution.records import OrderRecord, SendClaim, Standing

if TYPE_CHECKING:
    from bifrost.core.corporate_actions import CorporateAction

_LOCK_ACCOUNT = LOCK_ACCOUNT.format(column="order_id")
_LOCK = f"""
SELECT o.*, i.fence, i.sent_at, i.lease_until, i.answered_at,
    t.occurred_at AS market_time, m.price AS last_price,
    l.symbol, l.mic, l.currency AS listed_currency, l.tick_size, l.lot_size, l.name,
    EXISTS (
        SELECT 1 FROM execution.orders other
        WHERE other.account_id = o.account_id AND other.instrument = o.instrument
          AND other.{OPEN} AND other.status = 'unknown' AND other.order_id <> o.order_id
    ) AS unresolved,
    (SELECT jsonb_agg(a.action ORDER BY a.ex_date, a.action_id)
        FROM execution.corporate_actions a
        WHERE a.instrument = o.instrument AND NOT a.withdrawn
          AND a.action ->> 'currency' = o.currency
          AND a.ex_date > {SESSION.format(at="o.occurred_at")}
          AND a.ex_date <= {SESSION.format(at="t.occurred_at")}
    ) AS actions,
    {GATE_COLUMNS.format(account="o.account_id")}
FROM execution.orders o
LEFT JOIN execution.intents i USING (order_id)
LEFT JOIN execution.marks m ON m.instrument = o.instrument
LEFT JOIN execution.instruments l ON l.symbol = o.instrument
LEFT JOIN execution.market_time t ON t.venue = %(venue)s
LEFT JOIN LATERAL {GATE_LIMITS}
WHERE o.order_id = %(order_id)s FOR NO KEY UPDATE OF o
"""

_CLAIM = """
INSERT INTO execution.intents
    (order_id, client_order_id, account_id, quantity, fence, sent_at, lease_until)
VALUES (%s, %s, %s, %s, 1, %s, %s)
ON CONFLICT DO NOTHING RETURNING fence
"""
_RENEW = """
UPDATE execution.intents SET fence = fence + 1, sent_at = %s, lease_until = %s
WHERE order_id = %s AND fence = %s AND answered_at IS NULL RETURNING fence
"""
# Without a lock: one that ends before the venue is called protects nothing, and its commit would
# be synced to disk. What protects is the lease: a claim is renewed only after the lease ran out.
# The switch is asked once more, for a halt that came after the claim; no switch is a halt.
_HOLDS = """
SELECT 1 FROM execution.intents i
WHERE order_id = %s AND fence = %s AND lease_until > %s AND answered_at IS NULL
  AND (SELECT mode FROM execution.switches WHERE scope = 'desk') <> 'halt'
  AND NOT EXISTS (
    SELECT 1 FROM execution.switches WHERE scope = i.account_id AND mode = 'halt')
"""


class PostgresSendClaims:
    """Claims to send."""

    def __init__(self, statements: Statements) -> None:
        self._statements = statements

    def lock(self, order_id: str, venue: str, now: datetime) -> Standing:
        """Lock the order's account, then the order, and read all that a sender asks."""
        # Three statements, one round trip: the facts are read after the locks were waited for.
        self._statements.execute(_LOCK_ACCOUNT, (order_id,))
        self._statements.execute(SHARE_DESK)
        values = {"venue": venue, "order_id": order_id, "now": now}
        row = self._statements.execute(_LOCK, values).fetchone()
        if row is None:
            raise NotFoundError(f"there is no order {order_id}")
        return Standing(
            record=record_of(row),
            claim=_claim_of(row),
            market_time=row["market_time"],
            instrument=_instrument_of(row),
            last_price=row["last_price"],
            unresolved=row["unresolved"],
            gate=gate_of(row),
            actions=_actions(row["actions"] or ()),
        )

    def claim(self, order: OrderRecord, now: datetime, lease_until: datetime) -> int | None:
        """Write the intent to send down and return its fence; None where one exists."""
        intent = order.intent
        ids = (intent.order_id, intent.client_order_id, intent.account_id)
        values = (*ids, intent.quantity, now, lease_until)
        row = self._statements.execute(_CLAIM, values).fetchone()
        return None if row is None else int(row["fence"])

    def renew(self, claim: SendClaim, now: datetime, lease_until: datetime) -> int | None:
        """Take an unanswered claim over and return the new fence; None if someone was faster."""
        values = (now, lease_until, claim.order_id, claim.fence)
        row = self._statements.execute(_RENEW, values).fetchone()
        return None if row is None else int(row["fence"])

    def holds(self, order_id: str, fence: int, now: datetime) -> bool:
        """Say whether this fence may still send: newest, in its lease, unanswered, not halted."""
        return self._statements.execute(_HOLDS, (order_id, fence, now)).fetchone() is not None

    def answer(self, order_id: str, now: datetime) -> None:
        """Note that the venue has given its word on the order."""
        self._statements.execute(
            "UPDATE execution.intents SET answered_at = %s"
            " WHERE order_id = %s AND answered_at IS NULL",
            (now, order_id),
        )


def _claim_of(row: Row) -> SendClaim | None:
    if row["fence"] is None:
        return None
    return SendClaim(
        order_id=row["order_id"],
        fence=row["fence"],
        sent_at=row["sent_at"],
        lease_until=row["lease_until"],
        answered_at=row["answered_at"],
    )


def _instrument_of(row: Row) -> Instrument | None:
    if row["symbol"] is None:
        return None
    return Instrument(
        symbol=row["symbol"],
        mic=row["mic"],
        currency=row["listed_currency"],
        tick_size=row["tick_size"],
        lot_size=row["lot_size"],
        name=row["name"],
    )


def _actions(stored: Sequence[Any]) -> "tuple[CorporateAction, ...]":
    if not stored:
        return ()
    # Most orders meet none, and a cold one does not pay for their classes.
    from bifrost.core.corporate_actions import CorporateAction

    return tuple(from_json(CorporateAction, one) for one in stored)
