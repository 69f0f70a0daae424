"""The right to send an order, in Postgres: a stale holder is refused here, before the venue."""

from collections.abc import Callable
from datetime import datetime

from bifrost.adapters.postgres.database import Row, Statements, Travelling
from bifrost.adapters.postgres.orders import LOCK_ACCOUNT, record_of
from bifrost.adapters.postgres.switches import GATE_COLUMNS, GATE_LIMITS, SHARE_DESK, gate_of
from bifrost.core.errors import NotFoundError
from bifrost.core.instruments import Instrument
from bifrost.execution.records import FIRST_FENCE, OrderRecord, SendClaim, Standing

# The account's row and then the desk's lock: what stands outside is done with what came out.
_LOCK_ACCOUNT_AND_DESK = f"""
SELECT {SHARE_DESK} FROM ({LOCK_ACCOUNT.format(column="order_id")}) AS locked
"""
_READ = f"""
SELECT o.*, i.fence, i.sent_at, i.lease_until, i.answered_at,
    t.occurred_at AS market_time, m.price AS last_price,
    l.symbol, l.mic, l.currency AS listed_currency, l.tick_size, l.lot_size, l.name,
    EXISTS (
        SELECT 1 FROM execution.orders other
        WHERE other.account_id = o.account_id AND other.instrument = o.instrument
          AND other.status = 'unknown' AND other.order_id <> o.order_id
    ) AS unresolved,
    {GATE_COLUMNS.format(account="o.account_id")}
FROM execution.orders o
LEFT JOIN execution.intents i USING (order_id)
LEFT JOIN execution.marks m ON m.instrument = o.instrument
LEFT JOIN execution.instruments l ON l.symbol = o.instrument
LEFT JOIN execution.market_time t ON t.venue = %(venue)s
LEFT JOIN LATERAL {GATE_LIMITS}
WHERE o.order_id = %(order_id)s FOR NO KEY UPDATE OF o
"""

# An intent that is there already is an error, which undoes the transaction: the locks see to it
# that whoever claims has seen none.
_CLAIM = f"""
INSERT INTO execution.intents
    (order_id, client_order_id, account_id, quantity, fence, sent_at, lease_until)
VALUES (%s, %s, %s, %s, {FIRST_FENCE}, %s, %s)
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
        # Two statements, one round trip: the facts are read after the locks were waited for.
        self._statements.execute(_LOCK_ACCOUNT_AND_DESK, (order_id,))
        values = {"venue": venue, "order_id": order_id, "now": now}
        row = self._statements.execute(_READ, values).fetchone()
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
        )

    def claim(self, order: OrderRecord, now: datetime, lease_until: datetime) -> Callable[[], bool]:
        """Write the intent to send down; `holds` is asked in the round trip of the commit."""
        if not isinstance(self._statements, Travelling):
            raise AssertionError(  # noqa: TRY004 - no caller's value, but our own fault
                "a claim is committed before anything is sent: it needs a transaction"
            )
        intent = order.intent
        ids = (intent.order_id, intent.client_order_id, intent.account_id)
        self._statements.tell(_CLAIM, (*ids, intent.quantity, now, lease_until))
        held = self._statements.afterwards(_HOLDS, (intent.order_id, FIRST_FENCE, now))
        return lambda: held() is not None

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
