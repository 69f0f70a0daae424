"""The paper venue's orders and trades as it states them; each answer is one snapshot."""

from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.venue import WORKING
from bifrost.core.errors import NotFoundError
from bifrost.core.orders import OrderStatus, Side
from bifrost.core.statements import StatedOrder, WorkingOrders
from bifrost.execution.ports import ExecutionReport, ReportKind

# One row at least for an account that is there: the last report stands in each.
_WORKING = f"""
SELECT o.client_order_id, o.instrument, o.side, o.quantity - o.filled_quantity AS open, o.status,
    (SELECT coalesce(max(sequence), 0) FROM venue.reports r
        WHERE r.account_id = a.account_id) AS last_report
FROM venue.accounts a LEFT JOIN venue.orders o ON o.account_id = a.account_id AND o.{WORKING}
WHERE a.account_id = %s
"""
_TRADES = """
SELECT sequence, execution_id, client_order_id, kind, quantity, price, commission, occurred_at,
    text
FROM venue.reports
WHERE account_id = %s AND sequence > %s AND sequence <= %s AND kind = 'trade'
ORDER BY sequence LIMIT %s
"""


class VenueRecordBooks:
    """Reads of what the venue keeps of an account's orders and trades."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def working(self, account_id: str) -> WorkingOrders:
        """Return the account's working orders; raise NotFoundError where it was never opened."""
        rows = self._database.fetch_all(_WORKING, (account_id,))
        if not rows:
            raise NotFoundError(f"the venue has no account {account_id}")
        orders = tuple(
            StatedOrder(
                client_order_id=row["client_order_id"],
                instrument=row["instrument"],
                side=Side(row["side"]),
                left=row["open"],
                status=OrderStatus(row["status"]),
            )
            for row in rows
            if row["client_order_id"] is not None
        )
        return WorkingOrders(orders, rows[0]["last_report"])

    def trades(
        self, account_id: str, *, after: int, upto: int, limit: int
    ) -> list[ExecutionReport]:
        """Return the account's trades of these reports, oldest first."""
        rows = self._database.fetch_all(_TRADES, (account_id, after, upto, limit))
        return [ExecutionReport(**(row | {"kind": ReportKind(row["kind"])})) for row in rows]
