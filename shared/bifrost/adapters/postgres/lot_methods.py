"""Standing methods of single instruments in portfolio's schema; the newest row counts."""

from datetime import datetime

from bifrost.adapters.postgres.database import Cursor
from bifrost.portfolio.lot_selection import AVERAGE_RULE, LotMethod, Method

_METHODS = """
SELECT DISTINCT ON (instrument) instrument, after_fill, method, security
FROM portfolio.lot_selections
WHERE account_id = %s AND order_id = '' AND instrument <> ''
ORDER BY instrument, position DESC
"""

_KEEP = """
INSERT INTO portfolio.lot_selections
    (account_id, instrument, method, security, after_fill, recorded_at)
VALUES (%s, %s, %s, %s, %s, %s)
"""

_HAS_AVERAGED = """
SELECT EXISTS (
    SELECT 1 FROM portfolio.lots l JOIN portfolio.lot_closures c USING (lot_id)
        JOIN portfolio.ledger_transactions t USING (transaction_id)
    WHERE l.account_id = %(account)s AND l.instrument = %(instrument)s AND c.rule = %(rule)s
        AND t.reverses IS NULL AND NOT EXISTS (
            SELECT 1 FROM portfolio.ledger_transactions u WHERE u.reverses = t.transaction_id)
        AND t.recorded_at >= (
            SELECT min(s.recorded_at) FROM portfolio.lot_selections s
            WHERE s.account_id = %(account)s AND s.order_id = ''
                AND s.instrument = %(instrument)s AND s.position > (
                    SELECT coalesce(max(position), 0) FROM portfolio.lot_selections
                    WHERE account_id = %(account)s AND order_id = ''
                        AND instrument = %(instrument)s AND method <> %(average)s))
) AS has
"""

_CARRY = """
INSERT INTO portfolio.lot_selections
    (account_id, instrument, method, security, after_fill, recorded_at)
SELECT account_id, %(new)s, method, security, after_fill, recorded_at
FROM portfolio.lot_selections
WHERE account_id = %(account)s AND order_id = '' AND instrument = %(old)s
ORDER BY position
"""


class PostgresLotMethods:
    """LotMethodStore."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor

    def of(self, account_id: str) -> dict[str, Method]:
        """Return the newest method of each instrument that has one of its own."""
        return {
            row["instrument"]: Method(row["after_fill"], LotMethod(row["method"]), row["security"])
            for row in self._cursor.execute(_METHODS, (account_id,)).fetchall()
        }

    def keep(self, account_id: str, instrument: str, method: Method, at: datetime) -> None:
        """Write how sales of an instrument choose their lots from now on."""
        values = (account_id, instrument, method.method.value, method.security, method.after_fill)
        self._cursor.execute(_KEEP, (*values, at))

    def carry(self, account_id: str, old: str, new: str) -> None:
        """Write what was chosen of an instrument, and when, of its new name too."""
        self._cursor.execute(_CARRY, {"account": account_id, "old": old, "new": new})

    def has_averaged(self, account_id: str, instrument: str) -> bool:
        """Say whether any was sold at the average basis since that was elected."""
        values = {
            "account": account_id,
            "instrument": instrument,
            "rule": AVERAGE_RULE,
            "average": LotMethod.AVERAGE_COST.value,
        }
        row = self._cursor.execute(_HAS_AVERAGED, values).fetchone()
        return bool(row and row["has"])
