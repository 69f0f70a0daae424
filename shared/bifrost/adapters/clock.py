"""The wall clock: the one place that asks what time it is."""

from datetime import UTC, datetime


class SystemClock:
    """Wall time; market time comes with events and is never asked of a clock."""

    def now(self) -> datetime:
        """Return this instant, in UTC."""
        return datetime.now(UTC)
