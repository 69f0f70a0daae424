"""Open lots and how they are chosen, read for people as their owner."""

from typing import Any

from bifrost.adapters.postgres.database import Database, Row
from bifrost.adapters.postgres.portfolio_reads import READER
from bifrost.core.errors import NotFoundError
from bifrost.portfolio.lot_selection import LotMethod
from bifrost.portfolio.lots import Lot

_LOTS = """
SELECT lot_id, instrument, currency, opened_at, opened_sequence AS sequence, quantity, cost
FROM portfolio.lots
WHERE account_id = %s AND quantity <> 0 AND opened_sequence > %s AND (%s = '' OR instrument = %s)
ORDER BY opened_sequence LIMIT %s
"""

_STANDING = """
SELECT a.account_id, s.method FROM portfolio.accounts a
LEFT JOIN LATERAL (
    SELECT method FROM portfolio.lot_selections
    WHERE account_id = a.account_id AND order_id = '' ORDER BY position DESC LIMIT 1
) s ON true
WHERE a.account_id = %s AND a.owner = %s
"""


class PostgresLotReader:
    """Reads one owner's lots; raises NotFoundError for another's account."""

    def __init__(self, database: Database, owner: str) -> None:
        self._database = database
        self._owner = owner

    def standing(self, account_id: str) -> LotMethod:
        """Return the account's standing method."""
        found = self._all(_STANDING, (account_id, self._owner))
        if not found:
            raise NotFoundError(f"no account {account_id}")
        return LotMethod(found[0]["method"] or LotMethod.FIFO)

    def lots(self, account_id: str, instrument: str, *, after: int, limit: int) -> list[Lot]:
        """Return open lots whose place is past `after`, oldest first; of all where it is empty."""
        values = (account_id, after, instrument, instrument, limit)
        return [Lot(**row) for row in self._all(_LOTS, values)]

    def _all(self, query: str, values: Any) -> list[Row]:
        with self._database.as_reader(READER, self._owner) as statements:
            return statements.execute(query, values).fetchall()
