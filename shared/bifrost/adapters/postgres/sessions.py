"""The baked calendars, in Postgres."""

from collections.abc import Sequence
from datetime import date

from bifrost.adapters.postgres.database import Cursor, Database
from bifrost.core.errors import NotFoundError
from bifrost.core.sessions import Session

_BETWEEN = """
SELECT calendar, session, opens_at, closes_at FROM data.sessions
WHERE calendar = %s AND session BETWEEN %s AND %s ORDER BY session
"""
_ALL = """
SELECT calendar, session, opens_at, closes_at FROM data.sessions WHERE calendar = %s
ORDER BY session
"""
_OPENS = """
SELECT session, (extract(epoch FROM opens_at) * 1000000)::bigint AS opens
FROM data.sessions WHERE calendar = %s
"""
_BAKED = """
SELECT min(session) AS first, max(session) AS last FROM data.sessions WHERE calendar = %s
"""

# Ten thousand rows are felt with each file. They change by a migration alone, whose deployment
# starts every function anew.
_CALENDARS: dict[str, tuple[Session, ...]] = {}


def calendar_sessions(cursor: Cursor, calendar: str) -> Sequence[Session]:
    """Return every session of the calendar, in order."""
    known = _CALENDARS.get(calendar)
    if known is None:
        known = tuple(Session(**row) for row in cursor.execute(_ALL, (calendar,)))
        if known:
            _CALENDARS[calendar] = known
    return known


def session_opens(cursor: Cursor, calendar: str) -> dict[date, int]:
    """Return every session of the calendar, and when it opens (microseconds since 1970)."""
    return {row["session"]: row["opens"] for row in cursor.execute(_OPENS, (calendar,))}


def sessions_between(database: Database, calendar: str, first: date, last: date) -> list[Session]:
    """Return the sessions of [first, last], in order."""
    return [Session(**row) for row in database.fetch_all(_BETWEEN, (calendar, first, last))]


def baked(database: Database, calendar: str) -> tuple[date, date]:
    """Return the calendar's first and last session; raise NotFoundError where there is none."""
    row = database.fetch_one(_BAKED, (calendar,))
    if row is None or row["first"] is None:
        raise NotFoundError(f"no calendar is called {calendar}; XNYS is")
    return row["first"], row["last"]
