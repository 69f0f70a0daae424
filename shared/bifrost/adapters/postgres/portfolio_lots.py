"""Open lots and how they are chosen, read for people as their owner."""

from typing import Any

from bifrost.adapters.postgres.database import Database, Row
from bifrost.adapters.postgres.portfolio_reads import READER
from bifrost.core.errors import NotFoundError
from bifrost.portfolio.lot_selection import LotMethod
from bifrost.portfolio.lots import Lot

# By age; a place is a lot's own, where several are as old as one another.
PAST = """
(%(after)s <= 0 OR (opened_sequence, lot_id) > (
    SELECT opened_sequence, lot_id FROM portfolio.lots
    WHERE account_id = %(account_id)s AND position = %(after)s))
"""
_LOTS = f"""
SELECT position, lot_id, instrument, currency, opened_at, opened_sequence AS sequence, quantity,
    cost
FROM portfolio.lots
WHERE account_id = %(account_id)s AND quantity <> 0 AND {PAST}
    AND (%(instrument)s = '' OR instrument = %(instrument)s)
ORDER BY opened_sequence, lot_id LIMIT %(limit)s
"""

_METHODS = """
SELECT a.account_id, s.instrument, s.method FROM portfolio.accounts a
LEFT JOIN LATERAL (
    SELECT DISTINCT ON (instrument) instrument, method FROM portfolio.lot_selections
    WHERE account_id = a.account_id AND order_id = '' ORDER BY instrument, position DESC
) s ON true
WHERE a.account_id = %s AND a.owner = %s
"""


class PostgresLotReader:
    """Reads one owner's lots; raises NotFoundError for another's account."""

    def __init__(self, database: Database, owner: str) -> None:
        self._database = database
        self._owner = owner

    def methods(self, account_id: str) -> tuple[LotMethod, dict[str, LotMethod]]:
        """Return the account's standing method, and those of instruments that have their own."""
        found = self._all(_METHODS, (account_id, self._owner))
        if not found:
            raise NotFoundError(f"no account {account_id}")
        of = {row["instrument"]: LotMethod(row["method"]) for row in found if row["method"]}
        account = of.pop("", LotMethod.FIFO)
        return account, {name: one for name, one in of.items() if one is not LotMethod.ACCOUNT}

    def standing(self, account_id: str, instrument: str) -> LotMethod:
        """Return the method by which sales of an instrument choose their lots."""
        account, own = self.methods(account_id)
        return own.get(instrument, account)

    def lots(
        self, account_id: str, instrument: str, *, after: int, limit: int
    ) -> list[tuple[int, Lot]]:
        """Return open lots, oldest first, each with its place; all of them, or of an instrument.

        after: the place of the lot that they follow; 0 is from the first on.
        """
        values = {
            "account_id": account_id,
            "instrument": instrument,
            "after": after,
            "limit": limit,
        }
        return [(row.pop("position"), Lot(**row)) for row in self._all(_LOTS, values)]

    def _all(self, query: str, values: Any) -> list[Row]:
        with self._database.as_reader(READER, self._owner) as statements:
            return statements.execute(query, values).fetchall()
