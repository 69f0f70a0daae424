"""The paper venue's books in SQL: schema `venue`, reached only as its own role.

Whatever writes a report first takes the venue's one lock, so reports become visible in the
order of their sequence: a reader that asks for what came after 41 can never miss 40.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from bifrost.adapters.postgres.database import Cursor, Database, Row
from bifrost.adapters.postgres.session_dates import SESSION
from bifrost.core.codec import from_json
from bifrost.core.orders import OrderStatus
from bifrost.execution.ports import (
    ExecutionReport,
    ReportKind,
    Restatement,
    VenueOrder,
    VenueOrderState,
)

if TYPE_CHECKING:
    from bifrost.core.statements import VenueStatement

# SET LOCAL ends with the transaction. A statement that waits longer (for the lock, for another
# sender of the same id) has no answer: a sender's lease is longer than all of a call's together.
_DEADLINE = "SET LOCAL statement_timeout = '3s'"
# Any fixed number.
_LOCK = "SELECT pg_advisory_xact_lock(6015)"
WORKING = "status IN ('accepted', 'partially_filled')"

# Its terms are of shares as of the session in which it was placed, however late it is sent.
_INSERT_ORDER = f"""
WITH newest AS (SELECT closed_at, session FROM venue.tape ORDER BY closed_at DESC LIMIT 1),
accepted AS (
    SELECT closed_at AS accepted_after,
        least(session, {SESSION.format(at="%(placed_at)s::timestamptz")}) AS session
    FROM (VALUES (1)) one LEFT JOIN newest ON true)
INSERT INTO venue.orders (client_order_id, account_id, instrument, side, type, quantity,
    time_in_force, currency, limit_price, stop_price, do_not_reduce, do_not_increase,
    placed_instrument, placed_quantity, placed_limit_price, placed_stop_price, placed_session,
    adjusted_through, accepted_after, status, text)
SELECT %(client_order_id)s, %(account_id)s, %(instrument)s, %(side)s, %(type)s, %(quantity)s,
    %(time_in_force)s, %(currency)s, %(limit_price)s, %(stop_price)s, %(do_not_reduce)s,
    %(do_not_increase)s, %(instrument)s, %(quantity)s, %(limit_price)s, %(stop_price)s,
    placed.session, placed.session, accepted_after, %(status)s, %(text)s
FROM accepted CROSS JOIN LATERAL (
    SELECT CASE WHEN accepted_after IS NOT NULL THEN accepted.session END AS session) placed
ON CONFLICT (client_order_id) DO NOTHING
"""
_SELECT_STATEMENT = f"""
SELECT cash, currency,
    (SELECT jsonb_object_agg(instrument, quantity::text) FROM venue.positions p
        WHERE p.account_id = a.account_id AND quantity <> 0) AS positions,
    (SELECT jsonb_object_agg(client_order_id, (quantity - filled_quantity)::text)
        FROM venue.orders o WHERE o.account_id = a.account_id AND o.{WORKING}) AS open_orders,
    (SELECT max(sequence) FROM venue.reports r WHERE r.account_id = a.account_id) AS last_report
FROM venue.accounts a WHERE account_id = %s
"""


class VenueBooks:
    """Reads of the venue's books, and the transactions in which they are written."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def writing(self) -> Iterator["VenueWriter"]:
        """Yield the books in one transaction with deadlines: all of it is kept, or none."""
        with self._database.transaction() as cursor:
            cursor.execute(_DEADLINE)
            yield VenueWriter(cursor)

    def state_of(self, client_order_id: str) -> VenueOrderState | None:
        """Return how the order stands; None if it never came."""
        row = self._database.fetch_one(
            "SELECT client_order_id, status, filled_quantity, text FROM venue.orders"
            " WHERE client_order_id = %s",
            (client_order_id,),
        )
        return _to_state(row) if row else None

    def reports_after(self, sequence: int, limit: int) -> list[ExecutionReport]:
        """Return up to `limit` reports that came after `sequence`, oldest first."""
        rows = self._database.fetch_all(
            "SELECT sequence, execution_id, client_order_id, kind, quantity, price, commission,"
            " occurred_at, text, instrument, restatement FROM venue.reports WHERE sequence > %s"
            " ORDER BY sequence LIMIT %s",
            (sequence, limit),
        )
        return [_to_report(row) for row in rows]

    def statement(self, account_id: str) -> "VenueStatement | None":
        """Return the account's books; one query is one snapshot. None if it was never opened."""
        row = self._database.fetch_one(_SELECT_STATEMENT, (account_id,))
        if row is None:
            return None
        # No order's way states a whole account.
        from bifrost.core.statements import VenueStatement

        return VenueStatement(
            account_id=account_id,
            cash=row["cash"],
            currency=row["currency"],
            positions=_to_decimals(row["positions"]),
            open_orders=_to_decimals(row["open_orders"]),
            last_report=row["last_report"] or 0,
        )


class VenueWriter:
    """The books within one transaction."""

    def __init__(self, cursor: Cursor) -> None:
        self.cursor = cursor

    def lock(self) -> None:
        """Wait until nobody else writes reports; held until the transaction ends."""
        self.cursor.execute(_LOCK)

    def open_account(self, account_id: str, currency: str) -> None:
        """Add the account unless it is there."""
        self.cursor.execute(
            "INSERT INTO venue.accounts (account_id, currency) VALUES (%s, %s)"
            " ON CONFLICT DO NOTHING",
            (account_id, currency),
        )

    def currency_of(self, account_id: str) -> str | None:
        """Return the account's currency; None if it was never opened."""
        row = self._one("SELECT currency FROM venue.accounts WHERE account_id = %s", (account_id,))
        return str(row["currency"]) if row else None

    def transfer(self, transfer_id: str, account_id: str, amount: Decimal) -> None:
        """Move cash unless this transfer already has."""
        self.cursor.execute(
            "WITH fresh AS (INSERT INTO venue.transfers (transfer_id, account_id, amount)"
            " VALUES (%s, %s, %s) ON CONFLICT DO NOTHING RETURNING account_id, amount)"
            " UPDATE venue.accounts a SET cash = a.cash + fresh.amount FROM fresh"
            " WHERE a.account_id = fresh.account_id",
            (transfer_id, account_id, amount),
        )

    def add_order(self, order: VenueOrder, status: OrderStatus, text: str) -> bool:
        """Queue the order behind the newest bar of any instrument; False if its id is taken.

        Bars of two instruments come in any order: one that lags closed before the order existed.
        """
        values = {name: getattr(order, name) for name in VenueOrder.__slots__}
        self.cursor.execute(_INSERT_ORDER, values | {"status": status, "text": text})
        return self.cursor.rowcount == 1

    def cancel(self, client_order_id: str, text: str = "") -> str | None:
        """End the order if it still works, and return its account; None if it does not."""
        row = self._one(
            "UPDATE venue.orders SET status = 'cancelled', text = %s WHERE client_order_id = %s"
            f" AND {WORKING} RETURNING account_id",
            (text, client_order_id),
        )
        return str(row["account_id"]) if row else None

    def report_end(
        self, client_order_id: str, account_id: str, kind: ReportKind, text: str
    ) -> None:
        """Report that an order ended without a trade, at market time: the newest bar's close.

        Before any bar only the wall clock knows the time. Take the lock first.
        """
        self.cursor.execute(
            "INSERT INTO venue.reports (execution_id, client_order_id, account_id, kind, quantity,"
            " price, commission, occurred_at, text) SELECT %(id)s || '/' || %(kind)s, %(id)s,"
            " %(account)s, %(kind)s, 0, 0, 0, coalesce(max(closed_at), now()), %(text)s"
            " FROM venue.tape",
            {"id": client_order_id, "account": account_id, "kind": kind, "text": text},
        )

    def _one(self, query: str, values: tuple[Any, ...]) -> Row | None:
        return self.cursor.execute(query, values).fetchone()


def _to_state(row: Row) -> VenueOrderState:
    return VenueOrderState(**(row | {"status": OrderStatus(row["status"])}))


def _to_report(row: Row) -> ExecutionReport:
    told = row["restatement"]
    new = None if told is None else from_json(Restatement, told)
    return ExecutionReport(**row | {"kind": ReportKind(row["kind"]), "restatement": new})


def _to_decimals(numbers: dict[str, str] | None) -> dict[str, Decimal]:
    return {name: Decimal(number) for name, number in (numbers or {}).items()}
