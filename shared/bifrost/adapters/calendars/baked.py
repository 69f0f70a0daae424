"""The baked calendar as portfolio asks for it: sessions' dates, kept once they are read."""

from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from bifrost.adapters.calendars import xnys
from bifrost.core.sessions import trade_date

if TYPE_CHECKING:
    from bifrost.portfolio.settlement import Calendar

# Longer than the exchange has been closed in all that is baked: from 10 to 17 September 2001.
_CLOSED_MAX = timedelta(days=10)


class BakedSessions:
    """Sessions."""

    def calendar(self, first: date, last: date) -> "Calendar":
        """Return the sessions of [first, last], as far as they are baked."""
        return _calendar(max(first, xnys.FIRST), min(last, xnys.LAST))

    def closes_at(self, session: date) -> datetime | None:
        """Return when the session closes; None for a day that is none, or is not baked."""
        return _closes_at(session)


@lru_cache(maxsize=64)
def _closes_at(session: date) -> datetime | None:
    if not xnys.FIRST <= session <= xnys.LAST:
        return None
    return next((one.closes_at for one in xnys.sessions(session, session)), None)


@lru_cache(maxsize=64)
def _calendar(first: date, last: date) -> "Calendar":
    # What books a fill asks for its session, and not for what settles when.
    from bifrost.portfolio.settlement import Calendar

    return Calendar(tuple(one.session for one in xnys.sessions(first, last)))


def session_of(at: datetime) -> date:
    """Return the session that an instant of trading belongs to; its date beyond what is baked."""
    return _session_from(trade_date(at))


@lru_cache(maxsize=64)
def _session_from(day: date) -> date:
    if not xnys.FIRST <= day <= xnys.LAST - _CLOSED_MAX:
        return day
    return next(xnys.sessions(day, day + _CLOSED_MAX)).session
