"""The baked calendar as portfolio asks for it: sessions' dates, kept once they are read."""

from datetime import date, datetime
from functools import lru_cache

from bifrost.adapters.calendars import xnys
from bifrost.portfolio.settlement import Calendar


class BakedSessions:
    """Sessions."""

    def calendar(self, first: date, last: date) -> Calendar:
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
def _calendar(first: date, last: date) -> Calendar:
    return Calendar(tuple(one.session for one in xnys.sessions(first, last)))
