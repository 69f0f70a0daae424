"""When an instrument was halted, as the gate is to judge by it."""

from datetime import datetime, timedelta

from bifrost.adapters.postgres.database import Statements
from bifrost.data.halts.statuses import STOPPING
from bifrost.data.quality.context import Halt

_AROUND = """
SELECT begins_at, known_to FROM data.halts WHERE instrument = %s
    AND begins_at < %s AND (known_to IS NULL OR known_to > %s) ORDER BY begins_at
"""


def halts_around(
    cursor: Statements, instrument: str, first: datetime, last: datetime
) -> tuple[Halt, ...]:
    """Return the halts that touch [first, last], as the gate is to judge by them.

    One that nobody heard the end of as far as it is known; and without the second in which it
    began or ended, unless that was on the minute: so people say it, and no exchange's clock.
    """
    rows = cursor.execute(_AROUND, (instrument, last, first)).fetchall()
    inner = [
        (
            _moved(row["begins_at"], STOPPING),
            row["known_to"] and _moved(row["known_to"], -STOPPING),
        )
        for row in rows
    ]
    return tuple(Halt(begins, ends) for begins, ends in inner if ends is None or begins < ends)


def _moved(at: datetime, by: timedelta) -> datetime:
    return at + by if at.second or at.microsecond else at
