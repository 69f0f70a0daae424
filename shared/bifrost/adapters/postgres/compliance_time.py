"""The market's time as compliance knows it: one row, which only a newer bar moves."""

from datetime import datetime
from typing import TYPE_CHECKING

from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.inbox import Inbox

if TYPE_CHECKING:
    from bifrost.events import BarClosed

# Most bars of a session find its time there already, and then nobody waits for the row.
_MOVE = """
INSERT INTO compliance.market_time AS t (occurred_at)
SELECT %(at)s WHERE NOT EXISTS (
    SELECT FROM compliance.market_time WHERE occurred_at >= %(at)s)
ON CONFLICT (is_the_one) DO UPDATE SET occurred_at = greatest(t.occurred_at, EXCLUDED.occurred_at)
"""


class PostgresMarketClock:
    """MarketClock."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._inbox = Inbox("compliance")

    def hear(self, event: "BarClosed") -> None:
        """Move the time to the bar's close, never backwards."""
        with self._database.transaction() as cursor:
            if self._inbox.once(cursor, event):
                cursor.execute(_MOVE, {"at": event.occurred_at})

    def time(self) -> datetime | None:
        """Return when the newest bar closed; None before the first."""
        row = self._database.fetch_one("SELECT occurred_at FROM compliance.market_time")
        newest: datetime | None = row["occurred_at"] if row else None
        return newest
