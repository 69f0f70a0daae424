"""Timeframes: how long a bar is. Longer ones are rolled up from `1m` by the session's calendar."""

from enum import StrEnum


class Timeframe(StrEnum):
    """A bar's length, as people write it."""

    M1 = "1m"
    M5 = "5m"
    M15 = "15m"
    M30 = "30m"
    H1 = "1h"
    D1 = "1d"

    @property
    def minutes(self) -> int:
        """Its length; a daily bar is a session, however long that was."""
        return _MINUTES[self]

    @property
    def is_daily(self) -> bool:
        """One bar is one session."""
        return self is Timeframe.D1


_MINUTES = {
    Timeframe.M1: 1,
    Timeframe.M5: 5,
    Timeframe.M15: 15,
    Timeframe.M30: 30,
    Timeframe.H1: 60,
    Timeframe.D1: 1440,
}
