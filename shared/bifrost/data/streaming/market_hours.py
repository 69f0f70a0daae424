"""When the market is open, asked many times a second: sessions are looked up once a day.

Trades come from four in the morning to eight in the evening, and their minutes are kept; that
nothing comes means something in regular hours alone.
"""

from collections.abc import Callable, Sequence
from datetime import date, timedelta

from bifrost.core.sessions import Session, exchange_date
from bifrost.data.quality.times import EARLY, LATE
from bifrost.data.series.columns import instant_of, micros

# A long weekend, and the day to come.
_AROUND = timedelta(days=10)


class MarketHours:
    """Regular hours, unless said. sessions: gives every session of [first, last]."""

    def __init__(self, sessions: Callable[[date, date], Sequence[Session]]) -> None:
        self._sessions = sessions
        self._day: date | None = None
        self._stretches: list[tuple[int, int]] = []

    def is_open(self, at: int) -> bool:
        """Say whether trading goes on at this instant (microseconds since 1970)."""
        return any(first <= at < before for first, before in self._around(at))

    def any_of(self, first: int, before: int) -> bool:
        """Say whether early, regular or late hours fall into [first, before), or months of them."""
        days = exchange_date(instant_of(first)), exchange_date(instant_of(before))
        return any(
            micros(one.opens_at) - EARLY < before and first < micros(one.closes_at) + LATE
            for one in self._sessions(*days)
        )

    def began(self, at: int) -> int:
        """Return when the session under way began; outside of one, this instant itself."""
        return next((first for first, before in self._around(at) if first <= at < before), at)

    def _around(self, at: int) -> list[tuple[int, int]]:
        day = exchange_date(instant_of(at))
        if day != self._day:
            found = self._sessions(day - _AROUND, day + _AROUND)
            self._stretches = [(micros(one.opens_at), micros(one.closes_at)) for one in found]
            self._day = day
        return self._stretches
