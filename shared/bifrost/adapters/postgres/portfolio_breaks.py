"""Portfolio's breaks: differences with an age, closed only by a comparison that finds none."""

from datetime import datetime

from bifrost.adapters.postgres.database import Cursor
from bifrost.portfolio.ports import Break
from bifrost.portfolio.reconciliation import BreakKind, Difference

# While the fills differ nothing was compared, so a break of cash or position stays as it was.
_SEE = """
WITH seen AS (
    SELECT * FROM unnest(%(kinds)s::text[], %(subjects)s::text[], %(ours)s::numeric[],
        %(theirs)s::numeric[]) AS seen (kind, subject, ours, theirs)
), closed AS (
    UPDATE portfolio.breaks b SET closed_at = %(at)s
    WHERE b.account_id = %(account_id)s AND b.closed_at IS NULL
        AND NOT EXISTS (SELECT 1 FROM seen WHERE kind = 'pending')
        AND NOT EXISTS (
            SELECT 1 FROM seen WHERE seen.kind = b.kind AND seen.subject = b.subject)
)
INSERT INTO portfolio.breaks AS kept
    (account_id, kind, subject, ours, theirs, first_seen, last_seen)
SELECT %(account_id)s, kind, subject, ours, theirs, %(at)s, %(at)s FROM seen
ON CONFLICT (account_id, kind, subject) WHERE closed_at IS NULL DO UPDATE
SET ours = EXCLUDED.ours, theirs = EXCLUDED.theirs, last_seen = EXCLUDED.last_seen
"""

_OPEN = """
SELECT account_id, 'portfolio' AS book, kind, subject, ours, theirs, first_seen, last_seen
FROM portfolio.breaks
WHERE account_id = %s AND closed_at IS NULL ORDER BY break_id
"""


class PostgresBreaks:
    """BreakStore."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor

    def see(
        self, account_id: str, differences: tuple[Difference, ...], at: datetime
    ) -> list[Break]:
        """Write what is seen now, close what is not, and return every open break."""
        self._cursor.execute(
            _SEE,
            {
                "account_id": account_id,
                "at": at,
                "kinds": [one.kind.value for one in differences],
                "subjects": [one.subject for one in differences],
                "ours": [one.ours for one in differences],
                "theirs": [one.theirs for one in differences],
            },
        )
        rows = self._cursor.execute(_OPEN, (account_id,)).fetchall()
        return [Break(**{**row, "kind": BreakKind(row["kind"])}) for row in rows]
