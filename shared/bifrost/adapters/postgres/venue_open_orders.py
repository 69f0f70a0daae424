"""The paper venue's working orders as corporate actions meet them, in SQL."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from bifrost.adapters.postgres.database import Cursor, Row
from bifrost.adapters.postgres.venue import WORKING
from bifrost.backtest.adjusting import PlacedOrder
from bifrost.backtest.entitlements import Traded
from bifrost.core.codec import to_json
from bifrost.core.instruments import Instrument
from bifrost.core.money import Price, Quantity
from bifrost.core.orders import OrderType, Side
from bifrost.execution.corporate_actions import OpenOrder
from bifrost.execution.ports import ReportKind, Restatement

_WORKING_IN = f"""
SELECT o.*, coalesce(o.placed_session, first.session) AS since
FROM venue.orders o,
    (SELECT session FROM venue.tape ORDER BY closed_at LIMIT 1) first
WHERE o.{WORKING} AND o.instrument = ANY(%s) ORDER BY o.place
"""
_TRADED = """
SELECT client_order_id, instrument, session, sum(quantity) AS quantity FROM venue.reports
WHERE kind = 'trade' AND client_order_id = ANY(%s) GROUP BY 1, 2, 3
"""
_RESTATE = """
UPDATE venue.orders SET instrument = %(instrument)s, quantity = filled_quantity + %(left)s,
    limit_price = %(limit_price)s, stop_price = %(stop_price)s, restatements = restatements + 1
WHERE client_order_id = %(client_order_id)s
"""
_REPORT = """
INSERT INTO venue.reports (execution_id, client_order_id, account_id, kind, quantity, price,
    commission, occurred_at, text, restatement)
SELECT client_order_id || '/restated/' || restatements, client_order_id, account_id, %(kind)s,
    0, 0, 0, (SELECT max(closed_at) FROM venue.tape), %(text)s, %(restatement)s
FROM venue.orders WHERE client_order_id = %(client_order_id)s
"""


@dataclass(frozen=True, slots=True)
class WorkingAt:
    """A working order, whose it is, in which currency, and what it has traded."""

    account_id: str
    currency: str
    order: PlacedOrder
    trades: tuple[Traded, ...]


class VenueOpenOrders:
    """Working orders within one transaction that holds the venue's lock."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor

    def of(self, instruments: Sequence[str]) -> list[WorkingAt]:
        """Return the working orders of these instruments, first come first."""
        rows = self._cursor.execute(_WORKING_IN, (list(instruments),)).fetchall()
        traded: dict[str, list[Traded]] = {}
        ids = [row["client_order_id"] for row in rows]
        for row in self._cursor.execute(_TRADED, (ids,)).fetchall():
            trade = Traded(row["session"], row["instrument"], row["quantity"])
            traded.setdefault(row["client_order_id"], []).append(trade)
        return [
            WorkingAt(
                account_id=row["account_id"],
                currency=row["currency"],
                order=_placed(row),
                trades=tuple(traded.get(row["client_order_id"], ())),
            )
            for row in rows
        ]

    def listings(self, symbols: Sequence[str]) -> dict[str, Instrument]:
        """Return these instruments' terms, as far as they are known."""
        query = "SELECT * FROM venue.instruments WHERE symbol = ANY(%s)"
        rows = self._cursor.execute(query, (list(symbols),)).fetchall()
        return {row["symbol"]: Instrument(**row) for row in rows}

    def restate(self, order: OpenOrder, action_id: str, text: str) -> None:
        """Give the order its new terms and report them."""
        values = {
            "client_order_id": order.order_id,
            "instrument": order.instrument,
            "left": order.quantity,
            "limit_price": order.limit_price,
            "stop_price": order.stop_price,
        }
        self._cursor.execute(_RESTATE, values)
        new = Restatement(
            instrument=order.instrument,
            open_quantity=order.quantity,
            limit_price=order.limit_price,
            stop_price=order.stop_price,
            action_id=action_id,
        )
        self._cursor.execute(
            _REPORT,
            {
                "client_order_id": order.order_id,
                "kind": ReportKind.RESTATED,
                "text": text,
                "restatement": json.dumps(to_json(new)),
            },
        )

    def note_adjusted(self, client_order_ids: Sequence[str], session: date) -> None:
        """Note that the orders' terms are those of the session's shares."""
        self._cursor.execute(
            "UPDATE venue.orders SET adjusted_through = %s WHERE client_order_id = ANY(%s)",
            (session, list(client_order_ids)),
        )


def _placed(row: Row) -> PlacedOrder:
    placed = _terms(
        row,
        row["placed_instrument"],
        row["placed_quantity"],
        (row["placed_limit_price"], row["placed_stop_price"]),
    )
    left = row["quantity"] - row["filled_quantity"]
    standing = _terms(row, row["instrument"], left, (row["limit_price"], row["stop_price"]))
    return PlacedOrder(placed, row["since"], standing)


def _terms(
    row: Row,
    instrument: str,
    quantity: Decimal,
    prices: tuple[Decimal | None, Decimal | None],
) -> OpenOrder:
    limit, stop = prices
    return OpenOrder(
        order_id=row["client_order_id"],
        instrument=instrument,
        side=Side(row["side"]),
        type=OrderType(row["type"]),
        quantity=Quantity(quantity),
        limit_price=None if limit is None else Price(limit),
        stop_price=None if stop is None else Price(stop),
        do_not_reduce=row["do_not_reduce"],
        do_not_increase=row["do_not_increase"],
    )
