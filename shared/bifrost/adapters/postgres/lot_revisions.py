"""Lots as corporate actions and corrections change them: each change is a row, and its trigger
writes the lot. What orders have named of lots is written anew with them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from itertools import groupby

from bifrost.adapters.postgres.database import Cursor, Row
from bifrost.adapters.postgres.lots import parts_json, to_selection
from bifrost.portfolio.closing import still_named
from bifrost.portfolio.lot_selection import LotMethod, Selection
from bifrost.portfolio.lots import Closure, Lot

_ALL_OPEN = """
SELECT lot_id, instrument, currency, opened_at, opened_sequence AS sequence, quantity, cost
FROM portfolio.lots WHERE account_id = %s AND quantity <> 0 ORDER BY opened_sequence, lot_id
"""

_REVISE = """
INSERT INTO portfolio.lot_revisions (transaction_id, lot_id, instrument_before, quantity_before,
    cost_before, instrument, quantity, cost)
SELECT %s, changed.* FROM unnest(%s::text[], %s::text[], %s::numeric[], %s::numeric[], %s::text[],
    %s::numeric[], %s::numeric[]) AS changed
"""

_REVISED_BY = """
SELECT l.lot_id, l.currency, l.opened_at, l.opened_sequence AS sequence, r.instrument_before,
    r.quantity_before, r.cost_before, r.instrument, r.quantity, r.cost
FROM portfolio.lot_revisions r JOIN portfolio.lots l USING (lot_id)
WHERE r.transaction_id = %s ORDER BY l.opened_sequence, l.lot_id
"""

_CLOSURES_OF = """
SELECT transaction_id, lot_id, quantity, cost, proceeds, rule FROM portfolio.lot_closures
WHERE transaction_id = ANY(%s) ORDER BY transaction_id, lot_id, number
"""

_FOUND = """
INSERT INTO portfolio.lots (lot_id, account_id, instrument, currency, opened_at, opened_sequence,
    opened_quantity, opened_cost, quantity, cost)
SELECT lot_id, %s, instrument, currency, opened_at, sequence, quantity, cost, quantity, cost
FROM unnest(%s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::bigint[], %s::numeric[],
    %s::numeric[]) WITH ORDINALITY
    AS found (lot_id, instrument, currency, opened_at, sequence, quantity, cost, place)
ORDER BY place
ON CONFLICT (lot_id) DO NOTHING RETURNING lot_id
"""

# Of each order its newest wish, and what has been closed of it since an action rewrote one.
_NAMED_PARTS = """
WITH named AS (
    SELECT order_id, parts, (SELECT coalesce(max(s.after_transaction), 0)
        FROM portfolio.lot_selections s
        WHERE s.account_id = %(account)s AND s.order_id = newest.order_id) AS since
    FROM (SELECT DISTINCT ON (order_id) order_id, method, parts FROM portfolio.lot_selections
        WHERE account_id = %(account)s AND order_id <> '' ORDER BY order_id, position DESC) newest
    WHERE method = 'specific' AND jsonb_array_length(parts) > 0
)
SELECT n.order_id, n.parts, coalesce((
    SELECT json_object_agg(lot_id, quantity::text) FROM (
        SELECT c.lot_id, sum(abs(c.quantity)) AS quantity
        FROM portfolio.ledger_transactions t JOIN portfolio.lot_closures c USING (transaction_id)
        WHERE t.account_id = %(account)s AND t.order_id = n.order_id AND t.position > n.since
            AND NOT EXISTS (SELECT 1 FROM portfolio.ledger_transactions u
                WHERE u.reverses = t.transaction_id)
        GROUP BY c.lot_id) of_lot), '{}') AS closed
FROM named n
"""

_RECHOOSE = """
INSERT INTO portfolio.lot_selections
    (account_id, order_id, method, parts, after_fill, recorded_at, after_transaction)
SELECT %(account_id)s, order_id, method, parts, %(after_fill)s, %(at)s,
    (SELECT coalesce(max(position), 1) FROM portfolio.ledger_transactions
    WHERE account_id = %(account_id)s)
FROM unnest(%(orders)s::text[], %(methods)s::text[], %(parts)s::jsonb[]) WITH ORDINALITY
    AS chosen (order_id, method, parts, place)
ORDER BY place
"""


class PostgresLotRevisions:
    """LotRevisionStore."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor

    def all_open(self, account_id: str) -> list[Lot]:
        """Return every lot of the account of which something is left, oldest first."""
        return [Lot(**row) for row in self._cursor.execute(_ALL_OPEN, (account_id,)).fetchall()]

    def found(self, account_id: str, lots: Sequence[Lot]) -> list[str]:
        """Write lots that are not known yet; name those."""
        if not lots:
            return []
        columns = ("lot_id", "instrument", "currency", "opened_at", "sequence", "quantity", "cost")
        values = [[getattr(lot, column) for lot in lots] for column in columns]
        rows = self._cursor.execute(_FOUND, (account_id, *values)).fetchall()
        return [row["lot_id"] for row in rows]

    def revise(self, transaction_id: str, changed: Sequence[tuple[Lot, Lot]]) -> None:
        """Write what lots were and are, by an action or a correction."""
        if not changed:
            return
        self._cursor.execute(
            _REVISE,
            (
                transaction_id,
                [old.lot_id for old, _ in changed],
                [old.instrument for old, _ in changed],
                [old.quantity for old, _ in changed],
                [old.cost for old, _ in changed],
                [new.instrument for _, new in changed],
                [new.quantity for _, new in changed],
                [new.cost for _, new in changed],
            ),
        )

    def revised_by(self, transaction_id: str) -> list[tuple[Lot, Lot]]:
        """Return what lots were before an action, and after it."""
        rows = self._cursor.execute(_REVISED_BY, (transaction_id,)).fetchall()
        return [(_lot(row, "_before"), _lot(row, "")) for row in rows]

    def closures_of(self, transaction_ids: Sequence[str]) -> dict[str, tuple[Closure, ...]]:
        """Return what each of these transactions closed."""
        rows = self._cursor.execute(_CLOSURES_OF, (list(transaction_ids),)).fetchall()
        return {
            name: tuple(
                Closure(one["lot_id"], one["quantity"], one["cost"], one["proceeds"], one["rule"])
                for one in lines
            )
            for name, lines in groupby(rows, lambda row: str(row["transaction_id"]))
        }

    def still_named(self, account_id: str) -> dict[str, Selection]:
        """Return what orders have named and not closed."""
        rows = self._cursor.execute(_NAMED_PARTS, {"account": account_id}).fetchall()
        named = {}
        for row in rows:
            own = to_selection(LotMethod.SPECIFIC, row["parts"])
            closed = {lot_id: Decimal(size) for lot_id, size in row["closed"].items()}
            named[row["order_id"]] = replace(own, parts=still_named(own.parts, closed))
        return named

    def rechoose(
        self, account_id: str, selections: Mapping[str, Selection], after_fill: int, at: datetime
    ) -> None:
        """Write what is still named, in quantities as of now."""
        self._cursor.execute(
            _RECHOOSE,
            {
                "account_id": account_id,
                "orders": list(selections),
                "methods": [one.method.value for one in selections.values()],
                "parts": [parts_json(one) for one in selections.values()],
                "after_fill": after_fill,
                "at": at,
            },
        )


def _lot(row: Row, when: str) -> Lot:
    return Lot(
        lot_id=row["lot_id"],
        instrument=row[f"instrument{when}"],
        currency=row["currency"],
        opened_at=row["opened_at"],
        sequence=row["sequence"],
        quantity=row[f"quantity{when}"],
        cost=row[f"cost{when}"],
    )
