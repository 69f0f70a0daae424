"""Monthly partitions: made when a month's first row comes, by a function of the schema's owner."""

from datetime import UTC, date, datetime

import numpy as np

from bifrost.adapters.postgres.database import Cursor
from bifrost.core.errors import FieldProblem, InvalidInputError
from bifrost.data.series.columns import Integers

# What `data.make_months` makes; a time beyond is a fault of its file.
_FIRST, _BEFORE = datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
_LIMITS = tuple(int(one.timestamp()) * 1_000_000 for one in (_FIRST, _BEFORE))


def make_months(cursor: Cursor, table: str, times: Integers) -> None:
    """Make the partitions of data.`table` that rows of these times (microseconds) need.

    Raises InvalidInputError for a time that is of no month between 1970 and 2099.
    """
    if not len(times):
        return
    wrong = times[(times < _LIMITS[0]) | (times >= _LIMITS[1])]
    if len(wrong):
        message = f"{int(wrong[0])} microseconds after 1970 is not between 1970 and 2099"
        raise InvalidInputError(FieldProblem("time", message, "correct the time"))
    cursor.execute("SELECT data.make_months(%s, %s)", (table, months_of(times)))


def months_of(times: Integers) -> list[date]:
    """Return the first day of each month (UTC) that has one of these times."""
    months = np.unique(times.view("<M8[us]").astype("M8[M]")).astype("M8[D]")
    return [month.item() for month in months]


def month_of(instant: datetime) -> date:
    """Return the first day of the month that an instant is in (UTC)."""
    return instant.astimezone(UTC).date().replace(day=1)
