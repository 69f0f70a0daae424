"""What a look at an instrument takes up one after the other: each source's series, in windows.

A window is what one transaction can read and judge: all daily bars, a year of minutes from one
month's beginning to another's. It sees some weeks of its neighbours, and what is of them is theirs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bifrost.core.errors import FieldProblem, InvalidInputError
from bifrost.core.sessions import exchange_date
from bifrost.data.repair.stored import ScanAsked
from bifrost.data.series.timeframes import Timeframe

# A source of this rank is a person's own file.
OWN = 1
# A bar of this many minutes is looked at for so long at once: a year of minutes.
_WINDOW_OF_A_MINUTE = timedelta(days=366)
# Splits are forgotten for some weeks, and levels are told by the bars around them.
_AROUND = timedelta(days=45)
# In New York a month begins by this hour of UTC, and nobody trades.
_MONTH_BEGINS = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class ToldSeries:
    """A source's series of an instrument: whose, its rank, and when its bars begin."""

    source: str
    rank: int
    timeframe: Timeframe
    first: datetime
    last: datetime

    @property
    def is_own(self) -> bool:
        """A person imported it."""
        return self.rank <= OWN


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a series that is looked at at once: what is of [first, before) is its own.

    sees_from, sees_to: what it looks at. place: its place in the order of all parts.
    """

    series: ToldSeries
    first: datetime
    before: datetime

    @property
    def place(self) -> str:
        """Its place in the order of all parts, as texts are ordered."""
        one = self.series
        return f"{1440 - one.timeframe.minutes:04d}.{one.source}.{self.first:%Y%m%d}"

    @property
    def sees_from(self) -> datetime:
        """The first instant that it looks at."""
        return max(self.series.first, self.first - _AROUND)

    @property
    def sees_to(self) -> datetime:
        """The instant before which its look ends."""
        return self.before + _AROUND

    def holds(self, day: date) -> bool:
        """Say whether this session is of this part and of no other."""
        return exchange_date(self.first) <= day < exchange_date(self.before)


def parts_of(told: Sequence[ToldSeries], asked: ScanAsked) -> list[Part]:
    """Return what is to be looked at, in order, of what there is.

    Raises InvalidInputError for a source or a timeframe that there are no bars of.
    """
    _refuse_unknown(told, asked)
    chosen = [
        one
        for one in told
        if asked.source in ("", one.source)
        and asked.timeframe in (None, one.timeframe)
        and (asked.source or not (asked.told_by_vendors and one.is_own))
    ]
    parts = [part for one in chosen for part in windows(one, asked.since)]
    return sorted((one for one in parts if one.place > asked.after), key=lambda one: one.place)


def windows(series: ToldSeries, since: datetime | None = None) -> list[Part]:
    """Return the parts of a series; since: of bars within sessions those of this month and later.

    Repairs are kept by months, so that none is of two parts.
    """
    end = series.last + timedelta(days=1)
    if series.timeframe.is_daily:
        return [Part(series, series.first, end)]
    width = min(_WINDOW_OF_A_MINUTE * series.timeframe.minutes, timedelta(days=36_600))
    found = []
    first = max(series.first, _month_of(since)) if since else series.first
    while first < end:
        before = min(_month_of(first + width), end)
        found.append(Part(series, first, before))
        first = before
    return found


def _month_of(instant: datetime) -> datetime:
    """Return the beginning of the month in which an instant lies."""
    month = (instant - _MONTH_BEGINS).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return month + _MONTH_BEGINS


def _refuse_unknown(told: Sequence[ToldSeries], asked: ScanAsked) -> None:
    named = [one for one in told if asked.source in ("", one.source)]
    if asked.source and not named:
        names = ", ".join(sorted({one.source for one in told})) or "nobody"
        message = f"{asked.source!r} has told no bars of {asked.instrument}; {names} has"
        raise InvalidInputError(FieldProblem("source", message, "name one that has"))
    frames = sorted({one.timeframe for one in named}, key=lambda one: one.minutes)
    if asked.timeframe is not None and asked.timeframe not in frames:
        there = ", ".join(frames) or "none"
        message = f"no bars of {asked.timeframe} are stored of {asked.instrument}; of {there}"
        raise InvalidInputError(FieldProblem("timeframe", message, "name one of these"))
