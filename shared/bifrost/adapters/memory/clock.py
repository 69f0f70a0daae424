"""Wall time that stands until it is moved."""

from datetime import datetime, timedelta


class SetClock:
    """The time it was set to, in UTC; `at` may be set again."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        """Return the instant that is set."""
        return self.at

    def pass_by(self, seconds: float) -> None:
        """Let time pass."""
        self.at += timedelta(seconds=seconds)
