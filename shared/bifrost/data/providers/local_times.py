"""Times as files write them: New York's, or of a zone that they name, into microseconds of UTC.

A whole column is converted by its days: a day's offset is that at noon. Clocks change at 2:00 on
Sundays, when nothing trades.
"""

from datetime import UTC, date, datetime, time

import numpy as np

from bifrost.core.sessions import EXCHANGE
from bifrost.data.series.columns import Integers, micros

DAY = 86_400_000_000
# Around these a time in another zone has a year that no calendar has.
YEARS = range(1900, 2200)
_NOON = time(12)
_EPOCH = date(1970, 1, 1).toordinal()


def utc_of_new_york(local: Integers) -> Integers:
    """Return UTC for New York's wall time, both in microseconds since 1970 began there."""
    days, places = np.unique(local // DAY, return_inverse=True)
    offsets = np.array([_offset(int(day)) for day in days], dtype=np.int64)
    return local + offsets[places]


def midnight_in_new_york(day: date) -> int:
    """Return when the day began there, in microseconds of UTC."""
    days = day.toordinal() - _EPOCH
    return days * DAY + _offset(days)


def days_of(local: Integers) -> list[date]:
    """Return the date of each local time."""
    return [date.fromordinal(int(day) + _EPOCH) for day in local // DAY]


def _offset(day: int) -> int:
    """How far UTC is ahead of New York on this day since 1970, in microseconds."""
    noon = datetime.combine(date.fromordinal(day + _EPOCH), _NOON)
    return micros(noon.replace(tzinfo=EXCHANGE)) - micros(noon.replace(tzinfo=UTC))
