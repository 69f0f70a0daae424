"""The gate of orders: one account's exposure, held still while one order is decided.

The lock comes first and in a statement of its own. A query that locked and summed at once would
sum what it saw before it waited, and two orders would spend the same cash.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bifrost.adapters.postgres.database import Database, Row, Statements
from bifrost.adapters.postgres.idempotency import canonical, text_hash
from bifrost.core.codec import from_json, to_json
from bifrost.core.decisions import Decision, Reason
from bifrost.core.errors import UnavailableError
from bifrost.core.orders import OrderIntent
from bifrost.risk.limits import Exposure, Limits, effective_date, market_date
from bifrost.risk.ports import Facts, Judgement

LIMITS = """
    l.account_id AS limits_account_id, l.version, l.effective_from, l.effective_until,
    l.order_notional_max, l.order_quantity_max, l.position_notional_max, l.price_collar,
    l.commission_per_share, l.mark_age_days_max, l.source"""

# The account's own newest version in force, else the default's.
LIMITS_IN_FORCE = """
    SELECT * FROM risk.limits
    WHERE (account_id = %(account_id)s OR account_id IS NULL)
      AND effective_from <= %(as_of)s AND (effective_until IS NULL OR effective_until > %(as_of)s)
    ORDER BY account_id IS NULL, version DESC LIMIT 1"""

PENDING_CASH = """
    COALESCE((SELECT sum(w.amount) FROM risk.withdrawals w
              WHERE w.account_id = a.account_id AND w.accepted AND NOT w.ended
                AND w.currency = %(currency)s), 0)"""

# What has a claim on an account's cash of one currency.
RESERVED_CASH = f"""
    COALESCE((SELECT sum(r.open * r.held_per_share) FROM risk.reservations r
              WHERE r.account_id = a.account_id AND r.open > 0 AND r.currency = %(currency)s), 0)
    + {PENDING_CASH}"""

SETTLED_CASH = """
    COALESCE((SELECT c.amount FROM risk.cash c
              WHERE c.account_id = a.account_id AND c.currency = %(currency)s), 0)"""

LOCK = "SELECT 1 FROM risk.accounts WHERE account_id = %s FOR UPDATE"

# Makes the row for whoever names the account first. The update changes nothing and takes the
# lock: a check must see a fill's cash, position and reservation move together.
LOCK_OR_MAKE = """
    INSERT INTO risk.accounts (account_id) VALUES (%s)
    ON CONFLICT (account_id) DO UPDATE SET owner = risk.accounts.owner"""

# The open reservations are read once for all that is summed of them.
_FACTS = f"""
SELECT {SETTLED_CASH} AS cash, open.cash + {PENDING_CASH} AS reserved,
    COALESCE((SELECT quantity FROM risk.positions p
              WHERE p.account_id = a.account_id AND p.instrument = %(instrument)s), 0) AS position,
    open.buys AS open_buys, open.sales AS open_sales, m.price AS mark,
    m.occurred_at AS marked_at,
    (SELECT max(c.ex_date) FROM risk.corporate_actions c
        WHERE c.instrument = %(instrument)s AND c.counts AND c.ex_date <= %(session)s) AS acted_on,
    k.reasons AS answered, {LIMITS}
FROM risk.accounts a
CROSS JOIN LATERAL (
    SELECT COALESCE(sum(r.open * r.held_per_share)
               FILTER (WHERE r.currency = %(currency)s), 0) AS cash,
           COALESCE(sum(r.open)
               FILTER (WHERE r.instrument = %(instrument)s AND r.side = 'buy'), 0) AS buys,
           COALESCE(sum(r.open)
               FILTER (WHERE r.instrument = %(instrument)s AND r.side = 'sell'), 0) AS sales
    FROM risk.reservations r WHERE r.account_id = a.account_id AND r.open > 0) open
LEFT JOIN risk.instruments i ON i.symbol = %(instrument)s
-- A price in another currency than the order's, or the listing's, is no price for this order.
LEFT JOIN risk.marks m ON m.instrument = %(instrument)s AND m.currency = %(currency)s
    AND COALESCE(i.currency, m.currency) = m.currency
LEFT JOIN risk.checks k ON k.order_id = %(order_id)s
LEFT JOIN ({LIMITS_IN_FORCE}) l ON true
WHERE a.account_id = %(account_id)s AND a.owner IS NOT NULL"""

# One statement, so that the answer and what it reserves are one thing. Where the order has an
# answer already nothing is inserted.
_KEEP = """
WITH kept AS (
    INSERT INTO risk.checks (order_id, account_id, accepted, reasons, limits_account_id,
        limits_version, inputs, input_hash, code_version)
    VALUES (%(order_id)s, %(account_id)s, %(accepted)s, %(reasons)s, %(limits_account_id)s,
        %(limits_version)s, %(inputs)s, %(input_hash)s, %(code_version)s)
    ON CONFLICT DO NOTHING RETURNING order_id, accepted),
reserved AS (
    INSERT INTO risk.reservations (order_id, account_id, instrument, currency, side, quantity,
        cash_per_share, commission_per_share)
    SELECT order_id, %(account_id)s, %(instrument)s, %(currency)s, %(side)s, %(quantity)s,
        %(cash_per_share)s, %(commission_per_share)s
    FROM kept WHERE accepted)
SELECT order_id FROM kept"""

_ANSWERED = "SELECT reasons FROM risk.checks WHERE order_id = %s"

# An order that is over before it was judged: whoever judges it late must reserve nothing.
TOMBSTONE = """
    INSERT INTO risk.checks (order_id, account_id, accepted, reasons)
    VALUES (%s, %s, false, %s) ON CONFLICT DO NOTHING"""

_RELEASE = "UPDATE risk.reservations SET ended_at = 0 WHERE order_id = %s"


class PostgresOrderGates:
    """Orders are let in here, one at a time per account."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def locked(self, account_id: str) -> Iterator["PostgresOrderGate"]:
        """Open the account's gate in a transaction that holds its row; `keep` alone writes."""
        with self._database.brief() as statements:
            statements.execute(LOCK, (account_id,))
            yield PostgresOrderGate(statements, self._database)

    @contextmanager
    def glance(self) -> Iterator["PostgresGlance"]:
        """Look without a lock; the numbers of one statement still belong to one instant."""
        with self._database.separately() as statements:
            yield PostgresGlance(statements)

    def release(self, order_id: str) -> None:
        """Free all of an order that was never sent."""
        with self._database.transaction() as cursor:
            cursor.execute(TOMBSTONE, (order_id, None, tombstone_of("released")))
            cursor.execute(_RELEASE, (order_id,))


class PostgresGlance:
    """One account's numbers, as one statement sees them."""

    def __init__(self, statements: Statements) -> None:
        self._statements = statements

    def facts(self, order: OrderIntent) -> Facts:
        """Read what the order is judged by, all of it as of one instant."""
        values = {
            "order_id": order.order_id,
            "account_id": order.account_id,
            "instrument": order.instrument,
            "currency": order.currency,
            "as_of": effective_date(order),
            "session": market_date(order.occurred_at),
        }
        row = self._statements.execute(_FACTS, values).fetchone()
        if row is None:
            raise UnavailableError(f"risk has not heard of account {order.account_id} yet")
        if row["version"] is None:
            raise UnavailableError(f"no limits are in force on {values['as_of']}")
        answered = row["answered"]
        return Facts(
            exposure=Exposure(
                cash=row["cash"],
                reserved=row["reserved"],
                position=row["position"],
                open_buys=row["open_buys"],
                open_sales=row["open_sales"],
                mark=row["mark"],
                marked_on=None if row["marked_at"] is None else market_date(row["marked_at"]),
                acted_on=row["acted_on"],
            ),
            limits=limits_of(row),
            answered=None if answered is None else decision_of(answered),
        )


class PostgresOrderGate(PostgresGlance):
    """One account's orders inside one transaction."""

    def __init__(self, statements: Statements, database: Database) -> None:
        super().__init__(statements)
        self._database = database

    def keep(self, order: OrderIntent, judgement: Judgement) -> Callable[[], Decision]:
        """Store the answer and, if accepted, the reservation: in the round trip of the commit."""
        kept = self._statements.execute(_KEEP, _values_of(order, judgement))
        return lambda: judgement.decision if kept.fetchone() else self._answered(order)

    def _answered(self, order: OrderIntent) -> Decision:
        """Read what somebody said who does not take the account's lock: a release, an end."""
        row = self._database.fetch_one(_ANSWERED, (order.order_id,))
        if row is None:  # answers are never deleted
            raise AssertionError(f"the answer to order {order.order_id} has vanished")
        return decision_of(row["reasons"])


def decision_of(reasons: list[object]) -> Decision:
    """Read a decision back from its stored reasons."""
    return Decision(tuple(from_json(Reason, reason) for reason in reasons))


def reasons_json(decision: Decision) -> str:
    """Write a decision's reasons down."""
    return json.dumps(to_json(decision.reasons))


def tombstone_of(rule: str) -> str:
    """Write down why an order that was never judged may not be judged any more."""
    return reasons_json(Decision((Reason(rule),)))


def limits_of(row: Row) -> Limits:
    """Read the columns named in `LIMITS`."""
    return Limits(
        account_id=row["limits_account_id"],
        version=row["version"],
        effective_from=row["effective_from"],
        effective_until=row["effective_until"],
        order_notional_max=row["order_notional_max"],
        order_quantity_max=row["order_quantity_max"],
        position_notional_max=row["position_notional_max"],
        price_collar=row["price_collar"],
        commission_per_share=row["commission_per_share"],
        mark_age_days_max=row["mark_age_days_max"],
        source=row["source"],
    )


def _values_of(order: OrderIntent, judgement: Judgement) -> dict[str, object]:
    inputs = canonical(judgement.inputs)
    return {
        "order_id": order.order_id,
        "account_id": order.account_id,
        "instrument": order.instrument,
        "currency": order.currency,
        "side": order.side.value,
        "quantity": order.quantity,
        "cash_per_share": judgement.reserve_per_share,
        "commission_per_share": judgement.limits.commission_per_share,
        "accepted": judgement.decision.accepted,
        "reasons": reasons_json(judgement.decision),
        "limits_account_id": judgement.limits.account_id,
        "limits_version": judgement.limits.version,
        "inputs": inputs,
        "input_hash": text_hash(inputs),
        "code_version": judgement.code_version,
    }
