"""Portfolio's breaks: differences with an age, closed only by a comparison that finds none."""

import json
from collections.abc import Sequence
from datetime import datetime

from bifrost.adapters.postgres.database import Cursor
from bifrost.core.breaks import Break
from bifrost.core.codec import to_json
from bifrost.portfolio.reconciliation import Explained
from bifrost.portfolio.statements import Run

# While the fills differ nothing was compared, so a break of cash or position stays as it was. What
# is pending is as old as the last fill that came.
_SEE = """
WITH seen AS (
    SELECT * FROM unnest(%(kinds)s::text[], %(subjects)s::text[], %(ours)s::numeric[],
        %(theirs)s::numeric[], %(venues)s::numeric[], %(causes)s::text[], %(owners)s::text[])
        AS seen (kind, subject, ours, theirs, venue, cause, owner)
), closed AS (
    UPDATE portfolio.breaks b SET closed_at = %(at)s
    WHERE b.account_id = %(account_id)s AND b.closed_at IS NULL
        AND NOT EXISTS (SELECT 1 FROM seen WHERE kind = 'pending')
        AND NOT EXISTS (
            SELECT 1 FROM seen WHERE seen.kind = b.kind AND seen.subject = b.subject)
)
INSERT INTO portfolio.breaks AS kept
    (account_id, kind, subject, ours, theirs, venue, cause, owner, first_seen, last_seen)
SELECT %(account_id)s, kind, subject, ours, theirs, venue, cause, owner, %(at)s, %(at)s FROM seen
ON CONFLICT (account_id, kind, subject) WHERE closed_at IS NULL DO UPDATE
SET ours = EXCLUDED.ours, theirs = EXCLUDED.theirs, venue = EXCLUDED.venue,
    cause = EXCLUDED.cause, owner = EXCLUDED.owner, last_seen = EXCLUDED.last_seen,
    first_seen = CASE WHEN kept.kind = 'pending' AND kept.ours <> EXCLUDED.ours
        THEN EXCLUDED.first_seen ELSE kept.first_seen END
"""
_OPEN = """
SELECT account_id, 'portfolio' AS book, kind, subject, ours, theirs, first_seen, last_seen, cause,
    owner, venue
FROM portfolio.breaks
WHERE account_id = %s AND closed_at IS NULL ORDER BY break_id
"""
_KEEP = """
INSERT INTO portfolio.reconciliations (account_id, compared_at, breaks) VALUES (%s, %s, %s)
ON CONFLICT (account_id) DO UPDATE
SET compared_at = excluded.compared_at, breaks = excluded.breaks
WHERE reconciliations.compared_at <= excluded.compared_at
"""


class PostgresBreaks:
    """BreakStore."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor

    def open(self, account_id: str) -> list[Break]:
        """Return the open breaks, the oldest first."""
        return [Break(**row) for row in self._cursor.execute(_OPEN, (account_id,)).fetchall()]

    def see(self, account_id: str, found: Sequence[Explained], at: datetime) -> list[Break]:
        """Write what is seen now, close what is not, and return every open break."""
        self._cursor.execute(
            _SEE,
            {
                "account_id": account_id,
                "at": at,
                "kinds": [one.kind.value for one in found],
                "subjects": [one.subject for one in found],
                "ours": [one.ours for one in found],
                "theirs": [one.theirs for one in found],
                "venues": [one.venue for one in found],
                "causes": [one.cause for one in found],
                "owners": [one.owner for one in found],
            },
        )
        return self.open(account_id)


class PostgresRuns:
    """RunStore."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor

    def keep(self, run: Run) -> None:
        """Write it in place of the one before."""
        values = (run.account_id, run.compared_at, json.dumps(to_json(run.breaks)))
        self._cursor.execute(_KEEP, values)
