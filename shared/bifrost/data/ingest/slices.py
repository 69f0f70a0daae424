"""How a range is fetched in slices, and from when on a vendor's silence is believed.

A slice is asked for, judged and kept at once, within a Lambda's memory and an item's lease. Of bars
the calendar bounds how many that are. Of quotes nothing does (SPY has ten million a day), so their
number itself is bounded, and a day goes on from where the slice before it ended.
"""

from datetime import UTC, datetime, time, timedelta

from bifrost.core.sessions import EXCHANGE
from bifrost.data.ingest.jobs import Item, JobKind
from bifrost.data.series.kinds import Series
from bifrost.data.series.timeframes import Timeframe

# A vendor may be late with what has just ended; what it does not have by then it never had.
_SETTLED_AFTER = {True: timedelta(hours=12), False: timedelta(minutes=15)}
# Vendors hold back the newest quotes and trades for so long; no count would show what is missing.
TICKS_LATE = timedelta(minutes=15)
# A few seconds of a vendor's pages, and some hundred megabytes while they are judged.
TICKS_AT_ONCE = 100_000
# The next minute asks for what this one did not bring: to wait longer would only pile up.
_INTRADAY_TRIES = 3
_INTRADAY_LASTS = timedelta(minutes=15)


def slice_end(item: Item) -> datetime:
    """Return where the item's next slice ends at the latest, which is what a death costs.

    That is a day (New York's) of quotes or trades, a month (UTC's) of minutes, some years of days.
    """
    first = item.resume_at.astimezone(UTC)
    if item.scope.series is not Series.BARS:
        following = first.astimezone(EXCHANGE).date() + timedelta(days=1)
        end = datetime.combine(following, time(), EXCHANGE).astimezone(UTC)
    elif item.scope.bars.is_daily:
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
    return not is_settled(item.scope.bars, before, now)
