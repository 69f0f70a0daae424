"""Portfolio's marks: every price the market closed at, the newest one being what counts now."""

from datetime import datetime
from typing import TYPE_CHECKING

from bifrost.adapters.postgres.database import Cursor

if TYPE_CHECKING:
    from bifrost.events import BarClosed

# Of two bars of one instant (a correction) the one recorded later stands, whichever came first.
_PUT = """
INSERT INTO portfolio.marks AS kept
    (instrument, occurred_at, session, price, currency, recorded_at)
VALUES (%s, %s, %s, %s, %s, %s)
ON CONFLICT (instrument, occurred_at) DO UPDATE
SET session = EXCLUDED.session, price = EXCLUDED.price, currency = EXCLUDED.currency,
    recorded_at = EXCLUDED.recorded_at, heard_in = EXCLUDED.heard_in
WHERE kept.recorded_at < EXCLUDED.recorded_at
"""


class PostgresMarks:
    """MarkStore."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor

    def put(self, bar: "BarClosed") -> None:
        """Keep the bar's close."""
        close = bar.bar
        self._cursor.execute(
            _PUT,
            (
                close.instrument,
                bar.occurred_at,
                close.session,
                close.close,
                bar.currency,
                bar.recorded_at,
            ),
        )

    def market_time(self) -> datetime | None:
        """Return the newest instant of the market that is known; None before the first bar."""
        row = self._cursor.execute(
            "SELECT max(occurred_at) AS newest FROM portfolio.marks"
        ).fetchone()
        newest: datetime | None = row["newest"] if row else None
        return newest
