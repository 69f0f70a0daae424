"""The paper venue's books in SQL: schema `venue`, reached only as its own role.

Whatever writes a report first takes the venue's one lock, so reports become visible in the
order of their sequence: a reader that asks for what came after 41 can never miss 40.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any

from bifrost.adapters.postgres.database import Cursor, Database, Row
from bifrost.backtest.fill_rules import WorkingOrder
from bifrost.backtest.matching import Books, Happening, Matched, RestingOrder, Terms
from bifrost.core.bars import Bar
from bifrost.core.orders import OrderStatus, OrderType, Side, TimeInForce
from bifrost.execution.ports import (
    ExecutionReport,
    ReportKind,
    VenueOrder,
    VenueOrderState,
    VenueStatement,
)

# Any fixed number. SET LOCAL ends with the transaction; a call that waits longer has no answer.
_LOCK = "SET LOCAL statement_timeout = '5s'; SELECT pg_advisory_xact_lock(6015)"
_WORKING = "status IN ('accepted', 'partially_filled')"

_INSERT_ORDER = """
INSERT INTO venue.orders (client_order_id, account_id, instrument, side, type, quantity,
    time_in_force, currency, limit_price, stop_price, accepted_after, status, text)
VALUES (%(client_order_id)s, %(account_id)s, %(instrument)s, %(side)s, %(type)s, %(quantity)s,
    %(time_in_force)s, %(currency)s, %(limit_price)s, %(stop_price)s,
    (SELECT max(closed_at) FROM venue.tape WHERE instrument = %(instrument)s),
    %(status)s, %(text)s)
ON CONFLICT (client_order_id) DO NOTHING
"""
_INSERT_REPORT = """
INSERT INTO venue.reports (execution_id, client_order_id, account_id, kind, quantity, price,
    commission, occurred_at, text)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
_INSERT_BAR = """
INSERT INTO venue.tape (instrument, closed_at, session, open, high, low, close, volume)
SELECT %(instrument)s, %(closed_at)s, %(session)s, %(open)s, %(high)s, %(low)s, %(close)s,
    %(volume)s
WHERE NOT EXISTS (
    SELECT FROM venue.tape WHERE instrument = %(instrument)s AND closed_at >= %(closed_at)s)
"""
_SELECT_QUEUE = f"""
SELECT o.*, a.cash, coalesce(p.quantity, 0) AS held
FROM venue.orders o JOIN venue.accounts a USING (account_id)
LEFT JOIN venue.positions p USING (account_id, instrument)
WHERE o.instrument = %(instrument)s AND o.{_WORKING}
    AND (o.accepted_after IS NULL OR o.accepted_after < %(closed_at)s)
ORDER BY o.place FOR NO KEY UPDATE OF a
"""
_SELECT_STATEMENT = f"""
SELECT cash, currency,
    (SELECT jsonb_object_agg(instrument, quantity::text) FROM venue.positions p
        WHERE p.account_id = a.account_id AND quantity <> 0) AS positions,
    (SELECT jsonb_object_agg(client_order_id, (quantity - filled_quantity)::text)
        FROM venue.orders o WHERE o.account_id = a.account_id AND o.{_WORKING}) AS open_orders,
    (SELECT max(sequence) FROM venue.reports r WHERE r.account_id = a.account_id) AS last_report
FROM venue.accounts a WHERE account_id = %s
"""


class VenueBooks:
    """Reads of the venue's books, and the transactions in which they are written."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def writing(self) -> Iterator["VenueWriter"]:
        """Yield the books in one transaction: all of it is kept, or none."""
        with self._database.transaction() as cursor:
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
            " occurred_at, text FROM venue.reports WHERE sequence > %s ORDER BY sequence LIMIT %s",
            (sequence, limit),
        )
        return [ExecutionReport(**(row | {"kind": ReportKind(row["kind"])})) for row in rows]

    def statement(self, account_id: str) -> VenueStatement | None:
        """Return the account's books; one query is one snapshot. None if it was never opened."""
        row = self._database.fetch_one(_SELECT_STATEMENT, (account_id,))
        if row is None:
            return None
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
        self._cursor = cursor

    def lock(self) -> None:
        """Wait until nobody else writes reports; held until the transaction ends."""
        self._cursor.execute(_LOCK)

    def open_account(self, account_id: str, currency: str) -> None:
        """Add the account unless it is there."""
        self._cursor.execute(
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
        self._cursor.execute(
            "WITH fresh AS (INSERT INTO venue.transfers (transfer_id, account_id, amount)"
            " VALUES (%s, %s, %s) ON CONFLICT DO NOTHING RETURNING account_id, amount)"
            " UPDATE venue.accounts a SET cash = a.cash + fresh.amount FROM fresh"
            " WHERE a.account_id = fresh.account_id",
            (transfer_id, account_id, amount),
        )

    def add_order(self, order: VenueOrder, status: OrderStatus, text: str) -> bool:
        """Queue the order behind its instrument's last bar; False if its id is taken."""
        values = {name: getattr(order, name) for name in VenueOrder.__slots__}
        self._cursor.execute(_INSERT_ORDER, values | {"status": status, "text": text})
        return self._cursor.rowcount == 1

    def cancel(self, client_order_id: str) -> str | None:
        """End the order if it still works, and return its account; None if it does not."""
        row = self._one(
            "UPDATE venue.orders SET status = 'cancelled' WHERE client_order_id = %s"
            f" AND {_WORKING} RETURNING account_id",
            (client_order_id,),
        )
        return str(row["account_id"]) if row else None

    def market_time(self) -> datetime:
        """Return the close of the newest bar of all; before any bar only the wall clock knows."""
        row = self._one("SELECT coalesce(max(closed_at), now()) AS at FROM venue.tape", ())
        at: datetime = _present(row)["at"]
        return at

    def add_bar(self, bar: Bar) -> bool:
        """Append to the tape; False if it already holds this bar or a later one."""
        self._cursor.execute(_INSERT_BAR, {name: getattr(bar, name) for name in Bar.__slots__})
        return self._cursor.rowcount == 1

    def terms_for(self, instrument: str) -> Terms:
        """Return the instrument's terms, or those of every instrument without its own."""
        row = _present(
            self._one(
                "SELECT volume_share, commission_per_share FROM venue.terms"
                " WHERE instrument IN (%s, '*') ORDER BY instrument = '*' LIMIT 1",
                (instrument,),
            )
        )
        return Terms(row["volume_share"], row["commission_per_share"])

    def set_terms(self, instrument: str, terms: Terms) -> None:
        """Replace the terms of one instrument, or of all others (`*`)."""
        self._cursor.execute(
            "INSERT INTO venue.terms VALUES (%(instrument)s, %(share)s, %(commission)s)"
            " ON CONFLICT (instrument) DO UPDATE SET volume_share = excluded.volume_share,"
            " commission_per_share = excluded.commission_per_share",
            {
                "instrument": instrument,
                "share": terms.volume_share,
                "commission": terms.commission_per_share,
            },
        )

    def queue(self, bar: Bar) -> tuple[list[RestingOrder], Books]:
        """Return the orders this bar may fill, first come first, and the locked books behind."""
        values = {"instrument": bar.instrument, "closed_at": bar.closed_at}
        rows = self._cursor.execute(_SELECT_QUEUE, values).fetchall()
        books = Books(
            cash={row["account_id"]: row["cash"] for row in rows},
            positions={row["account_id"]: row["held"] for row in rows},
        )
        return [_to_resting(row) for row in rows], books

    def settle(self, instrument: str, matched: Sequence[Matched], books: Books) -> None:
        """Write what a session did to the orders, and the cash and positions after it."""
        self._cursor.executemany(
            "UPDATE venue.orders SET status = %s, filled_quantity = %s, triggered = %s, text = %s"
            " WHERE client_order_id = %s",
            [
                (
                    m.status,
                    m.order.filled_quantity,
                    m.order.working.triggered,
                    m.text,
                    m.order.client_order_id,
                )
                for m in matched
            ],
        )
        touched = sorted({m.order.account_id for m in matched})
        self._cursor.executemany(
            "UPDATE venue.accounts SET cash = %s WHERE account_id = %s",
            [(books.cash[account], account) for account in touched],
        )
        self._cursor.executemany(
            "INSERT INTO venue.positions VALUES (%s, %s, %s) ON CONFLICT (account_id, instrument)"
            " DO UPDATE SET quantity = excluded.quantity",
            [(account, instrument, books.positions[account]) for account in touched],
        )

    def report(
        self, happenings: Sequence[tuple[str, str, Happening]], *, at: datetime, occasion: str
    ) -> None:
        """Write (client_order_id, account_id, happening) down as reports, in this order.

        occasion: what tells two trades of one order apart; an order ends once.
        """
        self._cursor.executemany(
            _INSERT_REPORT,
            [
                (
                    f"{order}/{occasion if h.kind is ReportKind.TRADE else h.kind}",
                    *(order, account, h.kind, h.quantity, h.price, h.commission, at, h.text),
                )
                for order, account, h in happenings
            ],
        )

    def _one(self, query: str, values: tuple[Any, ...]) -> Row | None:
        return self._cursor.execute(query, values).fetchone()


def _to_resting(row: Row) -> RestingOrder:
    return RestingOrder(
        client_order_id=row["client_order_id"],
        account_id=row["account_id"],
        currency=row["currency"],
        time_in_force=TimeInForce(row["time_in_force"]),
        filled_quantity=row["filled_quantity"],
        working=WorkingOrder(
            side=Side(row["side"]),
            type=OrderType(row["type"]),
            remaining=row["quantity"] - row["filled_quantity"],
            limit_price=row["limit_price"],
            stop_price=row["stop_price"],
            triggered=row["triggered"],
        ),
    )


def _to_state(row: Row) -> VenueOrderState:
    return VenueOrderState(**(row | {"status": OrderStatus(row["status"])}))


def _to_decimals(numbers: dict[str, str] | None) -> dict[str, Decimal]:
    return {name: Decimal(number) for name, number in (numbers or {}).items()}


def _present(row: Row | None) -> Row:
    if row is None:  # an aggregate always answers, and the migration wrote the terms of `*`
        raise AssertionError("a row that is always there is missing")
    return row
