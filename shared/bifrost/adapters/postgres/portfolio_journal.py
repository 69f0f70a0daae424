"""Portfolio's journal in Postgres: written with each booking, read as a stream.

A rebuild reads it through a cursor of the server's, a page at a time: neither side holds it all.
"""

import json
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING

from bifrost.adapters.postgres.database import Cursor
from bifrost.core.codec import to_json
from bifrost.portfolio.ports import Outlook

if TYPE_CHECKING:
    from bifrost.portfolio.journal import Step

# A note's session is no earlier than the account's own: fills may be ahead of the market's bars.
_ADD = """
INSERT INTO portfolio.journal (account_id, place, is_note, recorded_at, event_id, session,
    detail_type, detail, reverses)
VALUES (%(account_id)s, %(place)s, %(is_note)s, %(recorded_at)s, %(event_id)s,
    CASE WHEN %(is_note)s THEN greatest(%(session)s, (SELECT through
        FROM portfolio.account_sessions WHERE account_id = %(account_id)s)) ELSE %(session)s END,
    %(detail_type)s, %(detail)s, %(reverses)s)
"""

# One statement: a fill is no dearer for moving its account's session on.
_ADD_FILL = f"""
WITH moved AS (
    INSERT INTO portfolio.account_sessions AS kept (account_id, through, seen)
    VALUES (%(account_id)s, %(session)s, %(seen)s)
    ON CONFLICT (account_id) DO UPDATE SET through = greatest(kept.through, EXCLUDED.through),
        seen = greatest(kept.seen, EXCLUDED.seen)
)
{_ADD}
"""

_STREAM = """
DECLARE journal NO SCROLL CURSOR FOR
SELECT place, is_note, session, detail_type, detail FROM portfolio.journal
WHERE account_id = %s ORDER BY account_id, detail_type <> 'LotSelectionChanged.v1', session,
    place, is_note, recorded_at, event_id
"""
_PAGE = 500


class PostgresJournal:
    """JournalStore."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor

    def add(self, account_id: str, step: "Step", outlook: Outlook | None = None) -> None:
        """Write a step; with an outlook, its session is the account's newest from now on."""
        event = step.event
        values = {
            "account_id": account_id,
            "place": step.place,
            "is_note": step.is_note,
            "recorded_at": event.recorded_at,
            "event_id": event.event_id,
            "session": step.session,
            "detail_type": event.detail_type,
            "detail": json.dumps(to_json(event)),
            "reverses": getattr(event, "reverses", ""),
        }
        if outlook is None:
            self._cursor.execute(_ADD, values)
        else:
            self._cursor.execute(_ADD_FILL, values | {"seen": outlook.newest})

    def stream(self, account_id: str) -> Iterator["Step"]:
        """Yield the account's steps in their order."""
        from bifrost.events import read_event
        from bifrost.portfolio.journal import Journaled, Step

        self._cursor.execute(_STREAM, (account_id,))
        while rows := self._cursor.execute(f"FETCH {_PAGE} FROM journal").fetchall():
            for row in rows:
                event = read_event(row["detail_type"], row["detail"])
                if not isinstance(event, Journaled):
                    raise TypeError(f"a {row['detail_type']} changes no account's books")
                yield Step(row["place"], row["is_note"], row["session"], event)
        self._cursor.execute("CLOSE journal")

    def length(self, account_id: str) -> int:
        """Return how many steps the account has."""
        row = self._cursor.execute(
            "SELECT count(*) AS steps FROM portfolio.journal WHERE account_id = %s", (account_id,)
        ).fetchone()
        return 0 if row is None else int(row["steps"])

    def undone(self, account_id: str, through: date) -> frozenset[str]:
        """Name the transactions that a later step reverses, as of the end of the session."""
        rows = self._cursor.execute(
            "SELECT reverses FROM portfolio.journal"
            " WHERE account_id = %s AND reverses <> '' AND session <= %s AND is_note"
            " AND detail_type = 'CashChanged.v1'",
            (account_id, through),
        ).fetchall()
        return frozenset(row["reverses"] for row in rows)
