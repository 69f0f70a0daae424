"""Portfolio's lots: a fill's changes are three set-wise statements at most."""

import json
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from bifrost.adapters.postgres.database import Cursor, Row
from bifrost.core.money import EXACT
from bifrost.portfolio.ledger import Posting
from bifrost.portfolio.lot_selection import LotMethod, Selection, standing_method
from bifrost.portfolio.lots import Closure, Lot, LotChange, LotPart
from bifrost.portfolio.ports import LotAdjustment

_OPEN_LOTS = """
SELECT lot_id, instrument, currency, opened_at, opened_sequence AS sequence, quantity, cost
FROM portfolio.lots
WHERE account_id = %s AND instrument = %s AND quantity <> 0
ORDER BY opened_sequence, lot_id
"""

_NAMED = """
SELECT lot_id, instrument, currency, opened_at, opened_sequence AS sequence, quantity, cost
FROM portfolio.lots WHERE account_id = %s AND lot_id = ANY(%s)
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
INSERT INTO portfolio.lot_closures
    (lot_id, transaction_id, closed_at, quantity, cost, proceeds, rule, number)
SELECT lot_id, transaction_id, closed_at, quantity, cost, proceeds, rule,
    row_number() OVER (PARTITION BY transaction_id, lot_id ORDER BY place) - 1
FROM unnest(%s::text[], %s::timestamptz[], %s::text[], %s::numeric[], %s::numeric[],
    %s::numeric[], %s::text[]) WITH ORDINALITY
    AS closed (transaction_id, closed_at, lot_id, quantity, cost, proceeds, rule, place)
"""

_ADJUST = """
INSERT INTO portfolio.lot_adjustments (transaction_id, lot_id, quantity, cost_change)
SELECT %s, changed.* FROM unnest(%s::text[], %s::numeric[], %s::numeric[]) AS changed
"""

_ADJUSTMENTS = """
SELECT a.lot_id, a.quantity, a.cost_change, lot.quantity AS open_quantity, lot.cost AS open_cost,
    EXISTS (SELECT 1 FROM portfolio.lot_revisions r
        JOIN portfolio.ledger_transactions later USING (transaction_id)
        WHERE r.lot_id = a.lot_id AND later.position > t.position) AS is_revised
FROM portfolio.lot_adjustments a JOIN portfolio.lots lot USING (lot_id)
    JOIN portfolio.ledger_transactions t USING (transaction_id)
WHERE a.transaction_id = %s ORDER BY lot.opened_sequence
"""

# The order's own wish before the account's standing one; of each the newest.
_SELECTIONS = """
SELECT DISTINCT ON (order_id, instrument) order_id, instrument, method, parts
FROM portfolio.lot_selections
WHERE account_id = %s AND (order_id, instrument) IN (('', ''), ('', %s), (%s, ''))
ORDER BY order_id, instrument, position DESC
"""

_CLOSED_BY_ORDER = """
SELECT c.lot_id, sum(abs(c.quantity)) AS quantity
FROM portfolio.ledger_transactions t JOIN portfolio.lot_closures c USING (transaction_id)
WHERE t.account_id = %(account)s AND t.order_id = %(order)s
    AND t.position > (
        SELECT coalesce(max(after_transaction), 0) FROM portfolio.lot_selections
        WHERE account_id = %(account)s AND order_id = %(order)s)
    AND NOT EXISTS (
        SELECT 1 FROM portfolio.ledger_transactions u WHERE u.reverses = t.transaction_id)
GROUP BY c.lot_id
"""

_SELECT = """
INSERT INTO portfolio.lot_selections
    (account_id, order_id, method, parts, after_fill, recorded_at)
VALUES (%s, %s, %s, %s, %s, %s)
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
            self._reduce((*change.remaining, *change.averaged))
            self.close(posting, change.closures)
        if change.opened:
            self._cursor.execute(_OPEN, _opened(posting.account_id, change.opened))

    def adjust(self, posting: Posting, before: list[Lot], after: list[Lot]) -> None:
        """Write the new costs of lots that the posting changes without a trade."""
        self._reduce(tuple(after))
        pairs = list(zip(before, after, strict=True))
        self._cursor.execute(
            _ADJUST,
            (
                posting.transaction_id,
                [lot.lot_id for lot in after],
                [lot.quantity for lot in after],
                [EXACT.subtract(new.cost, old.cost) for old, new in pairs],
            ),
        )

    def adjustments(self, transaction_id: str) -> list[LotAdjustment]:
        """Return what the transaction changed of lots, and how they stand now."""
        rows = self._cursor.execute(_ADJUSTMENTS, (transaction_id,)).fetchall()
        return [LotAdjustment(**row) for row in rows]

    def readjust(self, posting: Posting, undone: list[LotAdjustment]) -> None:
        """Give lots back what an adjustment took."""
        self._cursor.execute(
            _REDUCE,
            (
                [one.lot_id for one in undone],
                [one.open_quantity for one in undone],
                [EXACT.subtract(one.open_cost, one.cost_change) for one in undone],
            ),
        )
        self._cursor.execute(
            _ADJUST,
            (
                posting.transaction_id,
                [one.lot_id for one in undone],
                [one.quantity for one in undone],
                [EXACT.minus(one.cost_change) for one in undone],
            ),
        )

    def selections(
        self, account_id: str, order_id: str, instrument: str = ""
    ) -> tuple[Selection | None, LotMethod]:
        """Return the order's own selection, if it has one, and the instrument's standing method."""
        rows = self._cursor.execute(_SELECTIONS, (account_id, instrument, order_id)).fetchall()
        found = {(row["order_id"], row["instrument"]): row for row in rows}
        methods = {name: LotMethod(row["method"]) for (one, name), row in found.items() if not one}
        own = found.get((order_id, "")) if order_id else None
        standing = standing_method(methods.get(instrument), methods.get(""))
        return (to_selection(own["method"], own["parts"]) if own else None), standing

    def closed_by(self, account_id: str, order_id: str) -> dict[str, Decimal]:
        """Return how much of each lot the order's fills have closed."""
        values = {"account": account_id, "order": order_id}
        rows = self._cursor.execute(_CLOSED_BY_ORDER, values).fetchall()
        return {row["lot_id"]: row["quantity"] for row in rows}

    def is_filling(self, account_id: str, order_id: str) -> bool:
        """Say whether a fill of the order has been booked."""
        query = (
            "SELECT 1 FROM portfolio.ledger_transactions"
            " WHERE account_id = %s AND order_id = %s LIMIT 1"
        )
        return self._cursor.execute(query, (account_id, order_id)).fetchone() is not None

    def choose(
        self, account_id: str, order_id: str, selection: Selection, after_fill: int, at: datetime
    ) -> None:
        """Write how lots are chosen from now on."""
        parts = parts_json(selection)
        values = (account_id, order_id, selection.method.value, parts, after_fill, at)
        self._cursor.execute(_SELECT, values)

    def named(self, account_id: str, lot_ids: list[str]) -> list[Lot]:
        """Return the account's lots of these ids."""
        rows = self._cursor.execute(_NAMED, (account_id, lot_ids)).fetchall()
        return [Lot(**row) for row in rows]

    def _reduce(self, lots: tuple[Lot, ...]) -> None:
        self._cursor.execute(
            _REDUCE,
            (
                [lot.lot_id for lot in lots],
                [lot.quantity for lot in lots],
                [lot.cost for lot in lots],
            ),
        )

    def close(self, posting: Posting, closures: Sequence[Closure]) -> None:
        """Write what a posting closed; the lots themselves are reduced, or revised."""
        self.close_all([(posting, closures)])

    def close_all(self, closed: Sequence[tuple[Posting, Sequence[Closure]]]) -> None:
        """Write what each posting closed; the lots themselves are revised."""
        pairs = [(posting, closure) for posting, closures in closed for closure in closures]
        if not pairs:
            return
        self._cursor.execute(
            _CLOSE,
            (
                [posting.transaction_id for posting, _ in pairs],
                [posting.occurred_at for posting, _ in pairs],
                [closure.lot_id for _, closure in pairs],
                [closure.quantity for _, closure in pairs],
                [closure.cost for _, closure in pairs],
                [closure.proceeds for _, closure in pairs],
                [closure.rule for _, closure in pairs],
            ),
        )


def _opened(account_id: str, lot: Lot) -> Row:
    values = {name: getattr(lot, name) for name in Lot.__dataclass_fields__}
    return {**values, "account_id": account_id}


def parts_json(selection: Selection) -> str:
    """Write the parts that a selection names for their column."""
    parts = [{"lot_id": one.lot_id, "quantity": f"{one.quantity:f}"} for one in selection.parts]
    return json.dumps(parts)


def to_selection(method: str, parts: list[dict[str, str]]) -> Selection:
    """Read a selection from its columns."""
    named = tuple(LotPart(part["lot_id"], Decimal(part["quantity"])) for part in parts)
    return Selection(LotMethod(method), named)
