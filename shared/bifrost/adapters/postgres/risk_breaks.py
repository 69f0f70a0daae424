"""Risk's breaks: differences with an age, closed only by a comparison that finds none."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal

from bifrost.adapters.postgres.database import Cursor, Database
from bifrost.core.breaks import Break
from bifrost.core.errors import UnavailableError
from bifrost.risk.reconciliation import Difference, Holdings

_LOCK = "SELECT fills, last_fill FROM risk.accounts WHERE account_id = %s FOR UPDATE"

_HOLDINGS = """
SELECT 'cash' AS kind, currency AS name, amount FROM risk.cash
WHERE account_id = %(account_id)s AND currency = %(currency)s
UNION ALL
SELECT 'position', instrument, quantity FROM risk.positions
WHERE account_id = %(account_id)s AND quantity <> 0
UNION ALL
SELECT 'order', order_id, open FROM risk.reservations
WHERE account_id = %(account_id)s AND open > 0"""

# While fills are pending nothing was compared, so every other break stays as it was. What is
# pending is as old as the last fill that came.
_SEE = """
WITH seen AS (
    SELECT * FROM unnest(%(kinds)s::text[], %(subjects)s::text[], %(ours)s::numeric[],
        %(theirs)s::numeric[], %(causes)s::text[], %(owners)s::text[])
        AS seen (kind, subject, ours, theirs, cause, owner)
), closed AS (
    UPDATE risk.breaks b SET closed_at = %(at)s
    WHERE b.account_id = %(account_id)s AND b.closed_at IS NULL
      AND NOT EXISTS (SELECT 1 FROM seen WHERE kind = 'pending')
      AND NOT EXISTS (SELECT 1 FROM seen WHERE seen.kind = b.kind AND seen.subject = b.subject)
)
INSERT INTO risk.breaks AS kept
    (account_id, kind, subject, ours, theirs, cause, owner, first_seen, last_seen)
SELECT %(account_id)s, kind, subject, ours, theirs, cause, owner, %(at)s, %(at)s FROM seen
ON CONFLICT (account_id, kind, subject) WHERE closed_at IS NULL DO UPDATE
SET ours = EXCLUDED.ours, theirs = EXCLUDED.theirs, cause = EXCLUDED.cause,
    owner = EXCLUDED.owner, last_seen = EXCLUDED.last_seen,
    first_seen = CASE WHEN kept.kind = 'pending' AND kept.ours <> EXCLUDED.ours
        THEN EXCLUDED.first_seen ELSE kept.first_seen END"""

_OPEN = """
SELECT account_id, 'risk' AS book, kind, subject, ours, theirs, first_seen, last_seen, cause,
    owner
FROM risk.breaks WHERE account_id = %s AND closed_at IS NULL ORDER BY break_id"""


class PostgresComparisons:
    """Accounts are held against the venue here, one comparison at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def locked(self, account_id: str) -> Iterator["PostgresComparison"]:
        """Hold the account still: no fill moves cash without position while both are read."""
        with self._database.transaction() as cursor:
            row = cursor.execute(_LOCK, (account_id,)).fetchone()
            if row is None:
                raise UnavailableError(f"risk has not heard of account {account_id} yet")
            yield PostgresComparison(cursor, account_id, row["fills"], row["last_fill"])


class PostgresComparison:
    """One account inside one transaction."""

    def __init__(self, cursor: Cursor, account_id: str, fills: int, last_fill: int) -> None:
        self._cursor = cursor
        self._account_id = account_id
        self._fills = fills
        self._last_fill = last_fill

    def holdings(self, currency: str) -> Holdings:
        """Return what is held."""
        values = {"account_id": self._account_id, "currency": currency}
        held: dict[str, dict[str, Decimal]] = {"cash": {}, "position": {}, "order": {}}
        for row in self._cursor.execute(_HOLDINGS, values).fetchall():
            held[row["kind"]][row["name"]] = row["amount"]
        return Holdings(
            cash=held["cash"].get(currency, Decimal(0)),
            positions=held["position"],
            open_orders=held["order"],
            fills=self._fills,
            last_fill=self._last_fill,
        )

    def open_breaks(self) -> list[Break]:
        """Return the open breaks, the oldest first."""
        rows = self._cursor.execute(_OPEN, (self._account_id,)).fetchall()
        return [Break(**row) for row in rows]

    def see(self, differences: list[Difference], at: datetime) -> list[Break]:
        """Write what is seen now, close what is not, and return every open break."""
        self._cursor.execute(
            _SEE,
            {
                "account_id": self._account_id,
                "at": at,
                "kinds": [one.kind.value for one in differences],
                "subjects": [one.subject for one in differences],
                "ours": [one.ours for one in differences],
                "theirs": [one.theirs for one in differences],
                "causes": [one.cause.value for one in differences],
                "owners": [one.owner for one in differences],
            },
        )
        return self.open_breaks()
