"""What is to be rolled up, in Postgres."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from bifrost.adapters.postgres.database import Cursor, Database
from bifrost.adapters.postgres.market.missed_minutes import missed_minutes, silent_minutes
from bifrost.adapters.postgres.market.series import PostgresSeries
from bifrost.core.sessions import Session
from bifrost.data.series.asked import SeriesQuery
from bifrost.data.series.columns import BarColumns
from bifrost.data.series.ports import SeriesKey
from bifrost.data.series.rolling import RollUpBooks, Touched

# The instrument first, as everybody who takes bars in does: who took up what is touched before it
# would wait in a circle. Two runs at once take different instruments, and one that somebody fills
# just now is passed by: it is touched again, or comes with the next minute.
_FIRST = """
SELECT i.symbol AS instrument FROM data.instruments i WHERE i.symbol > %s
    AND EXISTS (SELECT FROM data.touched_sessions t WHERE t.instrument = i.symbol)
ORDER BY i.symbol LIMIT 1 FOR NO KEY UPDATE OF i SKIP LOCKED
"""

_SESSIONS = """
SELECT s.calendar, s.session, s.opens_at, s.closes_at
FROM data.touched_sessions t
JOIN data.instruments i ON i.symbol = t.instrument
JOIN data.sessions s ON s.calendar = i.calendar AND s.session = t.session
WHERE t.instrument = %s ORDER BY t.session LIMIT %s
"""

_SETTLE = "DELETE FROM data.touched_sessions WHERE instrument = %s AND session = ANY(%s)"


class PostgresRollUps:
    """Where transactions come from."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def transaction(self) -> Iterator[RollUpBooks]:
        """Begin one."""
        with self._database.transaction() as cursor:
            yield PostgresRollUpBooks(cursor)


@dataclass(frozen=True, slots=True)
class PostgresRollUpBooks:
    """Minutes, longer bars, and what is touched."""

    cursor: Cursor

    def touched(self, after: str, limit: int) -> Touched | None:
        """Return the first instrument past `after` with such sessions, and keep others from it."""
        row = self.cursor.execute(_FIRST, (after,)).fetchone()
        if row is None:
            return None
        found = self.cursor.execute(_SESSIONS, (row["instrument"], limit)).fetchall()
        return Touched(row["instrument"], [Session(**one) for one in found])

    def read(self, asked: SeriesQuery) -> BarColumns:
        """Return stored bars, as they stand."""
        return PostgresSeries(self.cursor).read(asked)

    def missing(self, instrument: str, at: datetime) -> Sequence[tuple[int, int]]:
        """Return the stretches of which a live stream may have missed minutes (microseconds)."""
        return missed_minutes(self.cursor, instrument, at)

    def silent(
        self, instrument: str, first: datetime, before: datetime
    ) -> Sequence[tuple[int, int]]:
        """Return the stretches of [first, before) in which a vendor knows of no trade."""
        return silent_minutes(self.cursor, instrument, first, before)

    def put(self, key: SeriesKey, bars: BarColumns, at: datetime) -> int:
        """Append what is new or differs; return how many bars that were."""
        return len(PostgresSeries(self.cursor).put(key, bars, at))

    def settle(self, instrument: str, sessions: Sequence[Session]) -> None:
        """Forget that these were touched."""
        self.cursor.execute(_SETTLE, (instrument, [one.session for one in sessions]))
