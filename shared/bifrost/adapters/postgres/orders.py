"""Orders and their steps in Postgres."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

from bifrost.adapters.postgres.database import Row, Statements
from bifrost.adapters.postgres.idempotency import body_hash
from bifrost.core.codec import from_json, to_json
from bifrost.core.decisions import Reason
from bifrost.core.errors import KeyReusedError, NotFoundError
from bifrost.core.money import Price, Quantity
from bifrost.core.orders import OrderIntent, OrderStatus, OrderType, Side, TimeInForce
from bifrost.execution.records import OrderRecord, Step

# No conflict target: a concurrent repeat may meet any of the unique indexes first.
_INSERT = """
INSERT INTO execution.orders (
    order_id, client_order_id, account_id, owner, idempotency_key, body_hash, instrument, side,
    type, quantity, time_in_force, currency, limit_price, stop_price, strategy_id,
    do_not_reduce, do_not_increase, status, correlation_id, workflow_started_at, occurred_at,
    recorded_at, updated_at)
VALUES (
    %(order_id)s, %(client_order_id)s, %(account_id)s, %(owner)s, %(key)s, %(body_hash)s,
    %(instrument)s, %(side)s, %(type)s, %(quantity)s, %(time_in_force)s, %(currency)s,
    %(limit_price)s, %(stop_price)s, %(strategy_id)s, %(do_not_reduce)s,
    %(do_not_increase)s, %(status)s, %(correlation_id)s, %(recorded_at)s, %(occurred_at)s,
    %(recorded_at)s, %(updated_at)s)
ON CONFLICT DO NOTHING RETURNING order_id
"""
# One statement, one round trip: an order's state and its steps are never apart anyway.
_SAVE = """
WITH moved AS (
    UPDATE execution.orders SET status = %(status)s, filled_quantity = %(filled_quantity)s,
        filled_notional = %(filled_notional)s, reasons = %(reasons)s,
        venue_text = %(venue_text)s, steps = %(steps)s, updated_at = %(recorded_at)s
    WHERE order_id = %(order_id)s)
INSERT INTO execution.order_steps
    (order_id, position, what, status, occurred_at, recorded_at, detail)
VALUES {rows}
"""
_RESTATE = """
UPDATE execution.orders SET instrument = %s, quantity = %s, limit_price = %s, stop_price = %s
WHERE order_id = %s
"""
_STEP = """(%(order_id)s, %(position_{n})s, %(what_{n})s, %(status_{n})s, %(occurred_at_{n})s,
    %(recorded_at_{n})s, %(detail_{n})s)"""
# The account before the order, as everywhere; NO KEY, so that new orders can refer to it.
LOCK_ACCOUNT = """
SELECT a.account_id FROM execution.accounts a
JOIN execution.orders o USING (account_id) WHERE o.{column} = %s FOR NO KEY UPDATE OF a
"""
_PAGE = """
SELECT * FROM execution.orders
WHERE owner = %(owner)s
  AND (%(account_id)s::text IS NULL OR account_id = %(account_id)s)
  AND (%(status)s::text IS NULL OR status = %(status)s)
  AND (%(before)s::bigint IS NULL OR place < %(before)s)
ORDER BY place DESC LIMIT %(limit)s
"""
_UNSTARTED = """
SELECT * FROM execution.orders
WHERE status IN ('received', 'checked')
  AND workflow_started_at <= %(now)s - %(patience)s * power(2, workflow_starts)
ORDER BY workflow_started_at LIMIT 200
"""
_CLAIM_START = """
UPDATE execution.orders SET workflow_starts = workflow_starts + 1, workflow_started_at = %s
WHERE order_id = %s AND workflow_starts = %s AND status IN ('received', 'checked')
RETURNING *
"""
_MAY_START = """
SELECT 1 FROM execution.orders
WHERE order_id = %s AND workflow_starts = %s AND status IN ('received', 'checked')
"""
_UNANSWERED = """
SELECT i.order_id FROM execution.intents i JOIN execution.orders o USING (order_id)
WHERE i.answered_at IS NULL AND o.status IN ('submitted', 'unknown')
  AND (i.lease_until <= %s OR o.status = 'unknown')
ORDER BY i.sent_at LIMIT 200
"""


class PostgresOrders:
    """Orders: written under locks, or only read."""

    def __init__(self, statements: Statements) -> None:
        self._statements = statements

    def add(self, record: OrderRecord, *, key: str, body: dict[str, Any]) -> OrderRecord | None:
        """Write a new order down; return None, or the order that has its id already."""
        digest = body_hash(body)
        values = {
            **to_json(record.intent),
            "key": key,
            "body_hash": digest,
            "status": record.status,
            "correlation_id": record.correlation_id,
            "recorded_at": record.recorded_at,
            "updated_at": record.updated_at,
        }
        if self._statements.execute(_INSERT, values).fetchone() is not None:
            return None
        row = self._row(record.order_id)
        if row["body_hash"] != digest:
            raise KeyReusedError(
                f"Idempotency-Key {key} was used with another body;"
                " send a new key for a new request"
            )
        return record_of(row)

    def lock(self, order_id: str) -> OrderRecord:
        """Lock the order's account, then the order."""
        record = self._lock("order_id", order_id)
        if record is None:
            raise NotFoundError(f"there is no order {order_id}")
        return record

    def lock_by_client_id(self, client_order_id: str) -> OrderRecord | None:
        """Lock as `lock` does; None where the id is not one of ours."""
        return self._lock("client_order_id", client_order_id)

    def save(self, record: OrderRecord, *steps: Step) -> OrderRecord:
        """Keep where the order stands now and add the steps that brought it there."""
        written, recorded_at = record.steps + len(steps), steps[-1].recorded_at
        saved = replace(record, steps=written, updated_at=recorded_at)
        values = {
            "order_id": saved.order_id,
            "status": saved.status.value,
            "filled_quantity": saved.filled_quantity,
            "filled_notional": saved.filled_notional,
            "reasons": json.dumps(to_json(saved.reasons)),
            "venue_text": saved.venue_text,
            "steps": written,
            "recorded_at": recorded_at,
        }
        for number, step in enumerate(steps, 1):
            values |= _step_values(step, number, record.steps + number)
        self._statements.execute(_save(len(steps)), values)
        return saved

    def restate(self, record: OrderRecord, step: Step) -> OrderRecord:
        """Keep the order with its new terms, and the step that brought them."""
        new = record.intent
        terms = (new.instrument, new.quantity, new.limit_price, new.stop_price)
        self._statements.execute(_RESTATE, (*terms, record.order_id))
        return self.save(record, step)

    def find(self, order_id: str) -> OrderRecord | None:
        """Return the order without locking it."""
        query = "SELECT * FROM execution.orders WHERE order_id = %s"
        row = self._statements.execute(query, (order_id,)).fetchone()
        return None if row is None else record_of(row)

    def steps(self, order_id: str, *, after: int = 0, limit: int | None = None) -> list[Step]:
        """Return the order's steps without the first `after`, oldest first; all for no limit."""
        query = (
            "SELECT * FROM execution.order_steps WHERE order_id = %s AND position > %s"
            " ORDER BY position LIMIT %s"
        )
        rows = self._statements.execute(query, (order_id, after, limit)).fetchall()
        return [_step(row) for row in rows]

    def page(
        self,
        owner: str,
        *,
        account_id: str | None,
        status: OrderStatus | None,
        before: int | None,
        limit: int,
    ) -> list[OrderRecord]:
        """Return the owner's orders, the newest first, from below the place `before`."""
        values = {
            "owner": owner,
            "account_id": account_id,
            "status": status,
            "before": before,
            "limit": limit,
        }
        return [record_of(row) for row in self._statements.execute(_PAGE, values).fetchall()]

    def unstarted(self, now: datetime, patience: timedelta) -> list[OrderRecord]:
        """Return orders not yet sent whose workflow counts as dead."""
        values = {"now": now, "patience": patience}
        return [record_of(row) for row in self._statements.execute(_UNSTARTED, values).fetchall()]

    def claim_start(self, seen: OrderRecord, now: datetime) -> OrderRecord | None:
        """Count one more start of its workflow; None where it is not as it was seen."""
        values = (now, seen.order_id, seen.workflow_starts)
        row = self._statements.execute(_CLAIM_START, values).fetchone()
        return None if row is None else record_of(row)

    def may_start(self, claimed: OrderRecord) -> bool:
        """Say whether nobody has claimed a later start, and the order is still not sent."""
        values = (claimed.order_id, claimed.workflow_starts)
        return self._statements.execute(_MAY_START, values).fetchone() is not None

    def unanswered(self, now: datetime) -> list[str]:
        """Return orders that were sent and have no answer, unless their sender is at work."""
        return self._ids(_UNANSWERED, now)

    def pending_cancels(self, before: datetime) -> list[str]:
        """Return orders whose cancel the venue has not settled since that instant."""
        return self._ids(
            "SELECT order_id FROM execution.orders WHERE status = 'pending_cancel'"
            " AND updated_at <= %s ORDER BY updated_at LIMIT 200",
            before,
        )

    def _ids(self, query: str, instant: datetime) -> list[str]:
        return [row["order_id"] for row in self._statements.execute(query, (instant,)).fetchall()]

    def _row(self, order_id: str) -> Row:
        query = "SELECT * FROM execution.orders WHERE order_id = %s"
        row = self._statements.execute(query, (order_id,)).fetchone()
        if row is None:  # the insert saw it, and orders are never deleted
            raise AssertionError(f"order {order_id} has vanished")
        return row

    def _lock(self, column: str, value: str) -> OrderRecord | None:
        # Two statements, one round trip: the order is read after the account was waited for.
        self._statements.execute(LOCK_ACCOUNT.format(column=column), (value,))
        query = f"SELECT * FROM execution.orders WHERE {column} = %s FOR NO KEY UPDATE"
        row = self._statements.execute(query, (value,)).fetchone()
        return None if row is None else record_of(row)


@cache
def _save(steps: int) -> str:
    rows = (_STEP.format(n=number) for number in range(1, steps + 1))
    return _SAVE.format(rows=", ".join(rows))


def _step_values(step: Step, number: int, position: int) -> dict[str, Any]:
    return {
        f"position_{number}": position,
        f"what_{number}": step.what,
        f"status_{number}": step.status.value,
        f"occurred_at_{number}": step.occurred_at,
        f"recorded_at_{number}": step.recorded_at,
        f"detail_{number}": json.dumps(step.detail),
    }


def record_of(row: Row) -> OrderRecord:
    """Read a row of `execution.orders`."""
    return OrderRecord(
        intent=_intent(row),
        status=OrderStatus(row["status"]),
        correlation_id=row["correlation_id"],
        recorded_at=row["recorded_at"],
        updated_at=row["updated_at"],
        filled_quantity=_trimmed(row["filled_quantity"]),
        filled_notional=row["filled_notional"],
        reasons=tuple(from_json(Reason, reason) for reason in row["reasons"]),
        venue_text=row["venue_text"],
        workflow_starts=row["workflow_starts"],
        steps=row["steps"],
        place=row["place"],
    )


def _intent(row: Row) -> OrderIntent:
    return OrderIntent(
        order_id=row["order_id"],
        client_order_id=row["client_order_id"],
        account_id=row["account_id"],
        owner=row["owner"],
        instrument=row["instrument"],
        side=Side(row["side"]),
        type=OrderType(row["type"]),
        quantity=Quantity(_trimmed(row["quantity"])),
        time_in_force=TimeInForce(row["time_in_force"]),
        currency=row["currency"],
        occurred_at=row["occurred_at"],
        limit_price=None if row["limit_price"] is None else Price(_trimmed(row["limit_price"])),
        stop_price=None if row["stop_price"] is None else Price(_trimmed(row["stop_price"])),
        strategy_id=row["strategy_id"],
        do_not_reduce=row["do_not_reduce"],
        do_not_increase=row["do_not_increase"],
    )


def _step(row: Row) -> Step:
    return Step(
        what=row["what"],
        status=OrderStatus(row["status"]),
        occurred_at=row["occurred_at"],
        recorded_at=row["recorded_at"],
        detail=dict(row["detail"]),
    )


def _trimmed(number: Decimal) -> Decimal:
    """Return the number without the zeros that its column adds: 100, not 100.00000000."""
    return Decimal(format(number.normalize(), "f"))
