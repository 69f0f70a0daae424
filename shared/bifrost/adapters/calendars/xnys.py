"""XNYS, the calendar of NYSE and Nasdaq: weekdays but for the days that `xnys.csv` names.

Baked because exchange_calendars imports pandas, a second of a cold start; a test holds every
day of the range against it. Closings nobody could foresee arrive as a new line and a migration.
"""

import csv
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from bifrost.core.sessions import Session

CALENDAR = "XNYS"
FIRST = date(1990, 1, 1)
LAST = date(2028, 12, 31)

_SOURCE = Path(__file__).with_suffix(".csv")
_OPENS = time(9, 30)
_CLOSES = time(16, 0)
_NEVER = "never"


def sessions(first: date = FIRST, last: date = LAST) -> Iterator[Session]:
    """Yield the sessions of [first, last] in order; raise ValueError beyond what is baked."""
    if first < FIRST or last > LAST:
        raise ValueError(f"{CALENDAR} is baked from {FIRST} to {LAST}, asked {first} to {last}")
    exceptions = _exceptions()
    zone = ZoneInfo("America/New_York")
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        closes = exceptions.get(day, _CLOSES)
        if day.isoweekday() <= 5 and closes is not None:
            yield Session(
                calendar=CALENDAR,
                session=day,
                opens_at=datetime.combine(day, _OPENS, zone).astimezone(UTC),
                closes_at=datetime.combine(day, closes, zone).astimezone(UTC),
            )


def _exceptions() -> dict[date, time | None]:
    """Map each day that is not an ordinary one to its close; None where it never opens."""
    with _SOURCE.open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(line for line in lines if not line.startswith("#"))
        return {
            date.fromisoformat(row["date"]): (
                None if row["closes"] == _NEVER else time.fromisoformat(row["closes"])
            )
            for row in rows
        }
