"""How a range is fetched in slices, and from when on a vendor's silence is believed."""

from datetime import UTC, datetime, timedelta

from bifrost.data.ingest.jobs import Item, JobKind
from bifrost.data.series.timeframes import Timeframe

# A vendor may be late with what has just ended; what it does not have by then it never had.
_SETTLED_AFTER = {True: timedelta(hours=12), False: timedelta(minutes=15)}
# The next minute asks for what this one did not bring: to wait longer would only pile up.
_INTRADAY_TRIES = 3
_INTRADAY_LASTS = timedelta(minutes=15)


def slice_end(item: Item) -> datetime:
    """Return where the item's next slice ends: a month of minutes, or some years of days.

    Months are UTC's; what is kept after each slice is at most one month that a death costs.
    """
    first = item.resume_at.astimezone(UTC)
    if item.scope.timeframe.is_daily:
        end = datetime(first.year + 5, 1, 1, tzinfo=UTC)
    else:
        end = datetime(first.year + first.month // 12, first.month % 12 + 1, 1, tzinfo=UTC)
    return min(end, item.scope.before)


def is_settled(timeframe: Timeframe, before: datetime, now: datetime) -> bool:
    """Say whether a vendor that has nothing up to `before` will have nothing any more."""
    return now - before >= _SETTLED_AFTER[timeframe.is_daily]


def is_past(before: datetime, now: datetime) -> bool:
    """Say whether minutes that end at `before` are left to the jobs of later ones."""
    return now - before >= _INTRADAY_LASTS


def waits_for_more(item: Item, kind: JobKind, before: datetime, now: datetime) -> bool:
    """Say whether to ask again soon for bars that should be there and are not yet."""
    if kind is JobKind.INTRADAY:
        return item.tries < _INTRADAY_TRIES
    return not is_settled(item.scope.timeframe, before, now)
