"""A session in the paper venue's books: the tape, the queue that meets a bar, and its settling.

Apart from `venue` because only a bar needs it: a submit's cold start does not pay for matching.
"""

from collections.abc import Sequence
from datetime import UTC
from typing import Any

from bifrost.adapters.postgres.database import Cursor, Row
from bifrost.adapters.postgres.venue import WORKING
from bifrost.backtest.fill_rules import WorkingOrder
from bifrost.backtest.matching import Books, Happening, Matched, RestingOrder, Terms
from bifrost.core.bars import Bar
from bifrost.core.orders import OrderType, Side, TimeInForce
from bifrost.execution.ports import ReportKind

_INSERT_BAR = """
INSERT INTO venue.tape (instrument, closed_at, session, open, high, low, close, volume)
SELECT %(instrument)s, %(closed_at)s, %(session)s, %(open)s, %(high)s, %(low)s, %(close)s,
    %(volume)s
WHERE NOT EXISTS (
    SELECT FROM venue.tape WHERE instrument = %(instrument)s AND closed_at >= %(closed_at)s)
"""
# Overdue: the tape knows a session after the one of the order's acceptance and before the bar's.
# The venue has no calendar: the first session it heard of was the day order's. Each look into
# the tape is one step down its index of times, one per bar and one per day order.
_SELECT_QUEUE = f"""
WITH before AS (
    SELECT session FROM venue.tape WHERE closed_at < %(closed_at)s AND session < %(session)s
    ORDER BY closed_at DESC LIMIT 1)
SELECT o.*, a.cash, coalesce(p.quantity, 0) AS held,
    o.time_in_force = 'day' AND coalesce((SELECT session FROM before) > coalesce(
        (SELECT session FROM venue.tape WHERE closed_at <= o.accepted_after
            ORDER BY closed_at DESC LIMIT 1), '-infinity'), false) AS is_overdue
FROM venue.orders o JOIN venue.accounts a USING (account_id)
LEFT JOIN venue.positions p USING (account_id, instrument)
WHERE o.instrument = %(instrument)s AND o.{WORKING}
    AND (o.accepted_after IS NULL OR o.accepted_after < %(closed_at)s)
ORDER BY o.place FOR NO KEY UPDATE OF a
"""
_INSERT_REPORT = """
INSERT INTO venue.reports (execution_id, client_order_id, account_id, kind, quantity, price,
    commission, occurred_at, text, instrument, session)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""


class VenueSession:
    """The books while a bar is matched, within the transaction that holds the venue's lock."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor

    def add_bar(self, bar: Bar) -> bool:
        """Append to the tape; False if it already holds this bar or a later one."""
        self._cursor.execute(_INSERT_BAR, {name: getattr(bar, name) for name in Bar.__slots__})
        return self._cursor.rowcount == 1

    def terms_for(self, instrument: str) -> Terms:
        """Return the instrument's terms, or those of every instrument without its own."""
        row = self._cursor.execute(
            "SELECT volume_share, commission_per_share FROM venue.terms"
            " WHERE instrument IN (%s, '*') ORDER BY instrument = '*' LIMIT 1",
            (instrument,),
        ).fetchone()
        if row is None:  # the migration wrote the terms of `*`
            raise AssertionError("the venue has no terms")
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
        values = {name: getattr(bar, name) for name in ("instrument", "closed_at", "session")}
        rows = self._cursor.execute(_SELECT_QUEUE, values).fetchall()
        books = Books(
            cash={row["account_id"]: row["cash"] for row in rows},
            positions={row["account_id"]: row["held"] for row in rows},
        )
        return [_to_resting(row) for row in rows], books

    def settle(self, bar: Bar, matched: Sequence[Matched], books: Books) -> None:
        """Write what the bar did: orders, cash, positions, and the reports of it."""
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
            [(account, bar.instrument, books.positions[account]) for account in touched],
        )
        self._cursor.executemany(
            _INSERT_REPORT, [_report_of(m.order, h, bar) for m in matched for h in m.happenings]
        )


def _to_resting(row: Row) -> RestingOrder:
    return RestingOrder(
        client_order_id=row["client_order_id"],
        account_id=row["account_id"],
        currency=row["currency"],
        time_in_force=TimeInForce(row["time_in_force"]),
        filled_quantity=row["filled_quantity"],
        is_overdue=row["is_overdue"],
        working=WorkingOrder(
            side=Side(row["side"]),
            type=OrderType(row["type"]),
            remaining=row["quantity"] - row["filled_quantity"],
            limit_price=row["limit_price"],
            stop_price=row["stop_price"],
            triggered=row["triggered"],
        ),
    )


def _report_of(order: RestingOrder, happening: Happening, bar: Bar) -> tuple[Any, ...]:
    # An order trades at most once on a bar and ends once: the id is the same in any replay.
    is_trade = happening.kind is ReportKind.TRADE
    occasion = bar.closed_at.astimezone(UTC).isoformat() if is_trade else happening.kind.value
    return (
        f"{order.client_order_id}/{occasion}",
        order.client_order_id,
        order.account_id,
        happening.kind,
        happening.quantity,
        happening.price,
        happening.commission,
        bar.closed_at,
        happening.text,
        bar.instrument,
        bar.session,
    )
