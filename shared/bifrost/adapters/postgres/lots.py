"""Portfolio's lots: a fill's changes are three set-wise statements at most."""

from bifrost.adapters.postgres.database import Cursor
from bifrost.portfolio.ledger import Posting
from bifrost.portfolio.lots import Closure, Lot, LotChange

_OPEN_LOTS = """
SELECT lot_id, instrument, currency, opened_at, opened_sequence AS sequence, quantity, cost
FROM portfolio.lots
WHERE account_id = %s AND instrument = %s AND quantity <> 0
ORDER BY opened_sequence
"""

_OPEN = """
INSERT INTO portfolio.lots (lot_id, account_id, instrument, currency, opened_at, opened_sequence,
    opened_quantity, opened_cost, quantity, cost)
VALUES (%(lot_id)s, %(account_id)s, %(instrument)s, %(currency)s, %(opened_at)s, %(sequence)s,
    %(quantity)s, %(cost)s, %(quantity)s, %(cost)s)
"""

_REDUCE = """
UPDATE portfolio.lots lot SET quantity = left_over.quantity, cost = left_over.cost
FROM unnest(%s::text[], %s::numeric[], %s::numeric[]) AS left_over (lot_id, quantity, cost)
WHERE lot.lot_id = left_over.lot_id
"""

_CLOSE = """
INSERT INTO portfolio.lot_closures (lot_id, transaction_id, closed_at, quantity, cost, proceeds)
SELECT closed.lot_id, %s, %s, closed.quantity, closed.cost, closed.proceeds
FROM unnest(%s::text[], %s::numeric[], %s::numeric[], %s::numeric[])
    AS closed (lot_id, quantity, cost, proceeds)
"""


class PostgresLots:
    """LotStore."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor

    def open_lots(self, account_id: str, instrument: str) -> list[Lot]:
        """Return the lots of which something is left, oldest first."""
        rows = self._cursor.execute(_OPEN_LOTS, (account_id, instrument)).fetchall()
        return [Lot(**row) for row in rows]

    def change(self, posting: Posting, change: LotChange) -> None:
        """Write what the posting's fill closed and opened."""
        if change.closures:
            self._reduce(change.remaining)
            self._close(posting, change.closures)
        if change.opened:
            values = {name: getattr(change.opened, name) for name in Lot.__dataclass_fields__}
            self._cursor.execute(_OPEN, {**values, "account_id": posting.account_id})

    def _reduce(self, lots: tuple[Lot, ...]) -> None:
        self._cursor.execute(
            _REDUCE,
            (
                [lot.lot_id for lot in lots],
                [lot.quantity for lot in lots],
                [lot.cost for lot in lots],
            ),
        )

    def _close(self, posting: Posting, closures: tuple[Closure, ...]) -> None:
        self._cursor.execute(
            _CLOSE,
            (
                posting.transaction_id,
                posting.occurred_at,
                [closure.lot_id for closure in closures],
                [closure.quantity for closure in closures],
                [closure.cost for closure in closures],
                [closure.proceeds for closure in closures],
            ),
        )
