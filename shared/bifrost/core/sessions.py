"""Sessions: the days on which a calendar's venue trades, and when."""

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Session:
    """One trading day of a calendar (a MIC), from its open to its close (UTC)."""

    calendar: str
    session: date
    opens_at: datetime
    closes_at: datetime
