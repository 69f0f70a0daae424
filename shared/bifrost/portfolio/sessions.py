"""In which session an instant of trading falls: the calendar's to say, passed in by the wiring."""

from collections.abc import Callable
from datetime import UTC, date, datetime

SessionOf = Callable[[datetime], date]

# Of what was booked before the market said anything: it comes before every action.
BEFORE_ALL = date.min


def utc_session(at: datetime) -> date:
    """Return the date in UTC: right for a session that ends before midnight there.

    Whoever trades after 19:00 in New York passes the calendar's own function instead.
    """
    return at.astimezone(UTC).date()
