"""Sessions: the days on which a calendar's venue trades, and when.

Which day an instant is of, is asked where the exchange is: in winter UTC's date is already the
next one at 19:00 in New York, while the late session still trades.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

EXCHANGE = ZoneInfo("America/New_York")
# The late session ends then; what trades overnight is the next session's.
DAY_ENDS = time(20)


@dataclass(frozen=True, slots=True)
class Session:
    """One trading day of a calendar (a MIC), from its open to its close (UTC)."""

    calendar: str
    session: date
    opens_at: datetime
    closes_at: datetime


def exchange_date(instant: datetime) -> date:
    """Return New York's date: the one by which a rule or a limit begins and ends."""
    return instant.astimezone(EXCHANGE).date()


def trade_date(instant: datetime) -> date:
    """Return the date for which trading counts: from 20:00 in New York on, the next one.

    It may be no session's: what days there are, a calendar says.
    """
    local = instant.astimezone(EXCHANGE)
    return local.date() + timedelta(days=local.time() >= DAY_ENDS)
