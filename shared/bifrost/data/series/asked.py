"""What is asked of a series: whose, how long its bars, from when to when, and known by when."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from bifrost.core.sessions import DAY_ENDS, EXCHANGE
from bifrost.data.series.timeframes import Timeframe

# As long as a function may live.
_LONGEST_TRANSACTION = timedelta(minutes=15)


class Knowledge(StrEnum):
    """Which of the two times `as_of` means.

    EFFECTIVE: the world's. What a vendor's file tells of the past counts as known on its own
        dates: a bar at its close, a split on its ex-date, in the values that stand today.
    RECORDED: ours. What we had recorded by then, and nothing else.
    """

    EFFECTIVE = "effective"
    RECORDED = "recorded"


class Adjustment(StrEnum):
    """What prices are adjusted for, when they are read."""

    NONE = "none"
    SPLITS = "splits"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class SeriesQuery:
    """Bars of one instrument that begin in [first, before).

    as_of: nothing that could be known only later; None is all there is.
    """

    instrument: str
    timeframe: Timeframe
    first: datetime
    before: datetime
    as_of: datetime | None = None
    knowledge: Knowledge = Knowledge.EFFECTIVE

    def __post_init__(self) -> None:
        for instant in (self.first, self.before, self.as_of):
            if instant is not None and instant.tzinfo is None:
                raise ValueError(f"an instant must be timezone-aware, was {instant}")


def known_until(as_of: date | datetime | None) -> datetime | None:
    """Return the instant that `as_of` means: of a date, its end in New York."""
    if as_of is None or isinstance(as_of, datetime):
        return as_of
    # The last day that there is ends in a year that UTC does not have.
    day = min(as_of, date.max - timedelta(days=1))
    return datetime.combine(day, DAY_ENDS, EXCHANGE).astimezone(UTC)


def is_settled(knowledge: Knowledge, as_of: datetime | None, now: datetime) -> bool:
    """Say whether no later fact can change the answer: it is of what was recorded by then.

    Rows carry the time at which their transaction began, and are seen once it is kept.
    """
    return (
        knowledge is Knowledge.RECORDED and as_of is not None and as_of < now - _LONGEST_TRANSACTION
    )
