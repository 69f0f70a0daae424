"""Bars as they are asked for: whose symbol it was, read raw, rolled up, then adjusted.

Longer bars than a minute are made of the minutes that there are, so that no answer can be older
than its parts; a bucket whose time has not passed is left out. Adjusted last, because a bucket
lies within one session and rounds once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Protocol

import numpy as np

from bifrost.core.errors import FieldProblem, InvalidInputError, NotFoundError
from bifrost.core.sessions import EXCHANGE, Session, exchange_date
from bifrost.data.ports import Clock, Listing
from bifrost.data.reference.ports import ReferenceReader, StandingActions
from bifrost.data.series.adjustment import adjust, first_moment
from bifrost.data.series.asked import Adjustment, Knowledge, SeriesQuery, known_until
from bifrost.data.series.columns import BarColumns, Integers, instant_of, micros
from bifrost.data.series.owning import owner_of
from bifrost.data.series.ports import SeriesReader
from bifrost.data.series.rollup import roll_up
from bifrost.data.series.timeframes import Timeframe
from bifrost.data.series.trading_hours import TradingHours
from bifrost.data.series.whole_days import whole_days

_EVER = (datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC))
# Longer than the exchange has ever been closed: an older close is not that of the session before.
_CLOSED_MAX = timedelta(days=14)
_CLOSED_MAX_MICROS = _CLOSED_MAX // timedelta(microseconds=1)
_OURS = (Timeframe.M1, Timeframe.D1)


@dataclass(frozen=True, slots=True, kw_only=True)
class BarsAsked:
    """Bars of the sessions [first, last]; None is no bound.

    as_of: nothing that could be known only later; a date is its end in New York. extended: of
    minutes and what is made of them, those before the open and after the close too. begin, end:
    what of the range is read; whose the bars are, the whole range says.
    """

    name: str
    timeframe: Timeframe = Timeframe.D1
    first: date | None = None
    last: date | None = None
    adjust: Adjustment = Adjustment.NONE
    as_of: date | datetime | None = None
    knowledge: Knowledge = Knowledge.EFFECTIVE
    extended: bool = False
    begin: datetime | None = None
    end: datetime | None = None

    @property
    def instant(self) -> datetime | None:
        """The instant that `as_of` means."""
        return known_until(self.as_of)

    @property
    def known_by(self) -> datetime | None:
        """By when we had to have recorded it; None where the world's time is asked."""
        return self.instant if self.knowledge is Knowledge.RECORDED else None

    def query(self, instrument: str, timeframe: Timeframe) -> SeriesQuery:
        """Ask the store for bars of the range."""
        first, before = _EVER
        if self.first is not None:
            first = max(first, _midnight(self.first))
        if self.begin is not None:
            first = max(first, self.begin)
        if self.last is not None and self.last < before.date():
            before = _midnight(self.last + timedelta(days=1))
        if self.end is not None:
            before = min(before, self.end)
        before = max(first, before)
        return SeriesQuery(instrument, timeframe, first, before, self.instant, self.knowledge)


@dataclass(frozen=True, slots=True, eq=False)
class BarsRead:
    """Bars, oldest first, whose they are, and what is to be said of them."""

    instrument: str
    calendar: str
    bars: BarColumns
    notes: tuple[str, ...] = ()


class Calendars(Protocol):
    """What is listed, and when its venue trades."""

    def listing(self, symbol: str) -> Listing:
        """Return one instrument; raise NotFoundError."""

    def sessions(self, calendar: str, first: date, last: date) -> list[Session]:
        """Return the calendar's sessions of [first, last]."""


class Gaps(Protocol):
    """What is not known of minutes, and what is known though they are not there."""

    def missed(
        self, instrument: str, at: datetime, known_by: datetime | None = None
    ) -> Sequence[tuple[int, int]]:
        """Return stretches [first, before) that a live stream may have missed (microseconds).

        at: now. known_by: those that counted as missed then.
        """

    def silent(
        self, instrument: str, first: datetime, before: datetime, known_by: datetime | None = None
    ) -> Sequence[tuple[int, int]]:
        """Return stretches of [first, before) in which a vendor knew of no trade (microseconds)."""


@dataclass(frozen=True, slots=True)
class BarReading:
    """Who answers what the bars of an instrument are, or were."""

    reader: SeriesReader
    reference: ReferenceReader
    actions: StandingActions
    calendars: Calendars
    clock: Clock
    gaps: Gaps

    def read(self, asked: BarsAsked) -> BarsRead:
        """Return the bars asked for.

        Raises NotFoundError for a name that nobody had, InvalidInputError for a range that ends
        before it begins or in which several had it, and where a payment has no close before it.
        """
        if asked.first is not None and asked.last is not None and asked.first > asked.last:
            message = f"{asked.first} is after to, {asked.last}"
            fix = "send a `from` at or before `to`"
            raise InvalidInputError(FieldProblem("from", message, fix))
        instrument, note = self._owner(asked)
        listing = self.calendars.listing(instrument)
        bars = self._raw(asked, instrument, listing.calendar)
        notes = [one for one in (note, _meaning(asked)) if one]
        adjusted = self._adjusted(asked, instrument, bars)
        return BarsRead(instrument, listing.calendar, adjusted, tuple(notes))

    def ends_at(self, bars: BarColumns, timeframe: Timeframe, calendar: str) -> Integers:
        """Return when each of these bars closes, in microseconds since 1970."""
        if not len(bars):
            return bars.starts_at
        sessions = self._sessions(calendar, bars)
        hours = TradingHours.regular(sessions)
        if not timeframe.is_daily:
            hours = TradingHours.extended(sessions)
        found = hours.buckets(bars.starts_at, timeframe)
        width = micros(instant_of(0) + timedelta(minutes=timeframe.minutes))
        ends: Integers = np.where(found.inside, found.ends_at, bars.starts_at + width)
        return ends

    def _owner(self, asked: BarsAsked) -> tuple[str, str]:
        terms = self.reference.terms_of(asked.name)
        try:
            return owner_of(asked.name, terms, asked.first, asked.last, asked.known_by)
        except NotFoundError:
            if asked.knowledge is Knowledge.RECORDED:
                return owner_of(asked.name, terms, asked.first, asked.last)
            raise

    def _raw(self, asked: BarsAsked, instrument: str, calendar: str) -> BarColumns:
        if asked.timeframe in _OURS:
            found = self.reader.read(asked.query(instrument, asked.timeframe))
            if asked.timeframe is Timeframe.M1 and len(found) and not asked.extended:
                hours = TradingHours.regular(self._sessions(calendar, found))
                return found.take(hours.places(found.starts_at)[1])
            if len(found):
                return found
        minutes = self.reader.read(asked.query(instrument, Timeframe.M1))
        if not len(minutes):
            return self.reader.read(asked.query(instrument, asked.timeframe))
        through = min(asked.instant or self.clock.now(), self.clock.now())
        sessions = self._sessions(calendar, minutes)
        daily = asked.timeframe.is_daily or not asked.extended
        hours = TradingHours.regular(sessions) if daily else TradingHours.extended(sessions)
        rolled = roll_up(minutes, asked.timeframe, hours)
        # What a live stream missed and nobody has filled by then: no longer bar spans it.
        missed = self.gaps.missed(instrument, self.clock.now(), asked.known_by)
        closed = rolled.closed(micros(through), missed)
        if not asked.timeframe.is_daily or not len(closed):
            return closed
        ends = sessions[0].opens_at, sessions[-1].closes_at
        silent = self.gaps.silent(instrument, *ends, asked.known_by)
        return whole_days(closed, minutes, hours, silent)

    def _sessions(self, calendar: str, bars: BarColumns) -> list[Session]:
        first, last = (exchange_date(instant_of(int(bars.starts_at[i]))) for i in (0, -1))
        return self.calendars.sessions(calendar, first, last)

    def _adjusted(self, asked: BarsAsked, instrument: str, bars: BarColumns) -> BarColumns:
        if asked.adjust is Adjustment.NONE or not len(bars):
            return bars
        day = exchange_date(asked.instant or self.clock.now())
        actions = self.actions.standing(instrument, day, asked.known_by)
        closes: Mapping[date, int] = {}
        if asked.adjust is Adjustment.ALL:
            first = instant_of(int(bars.starts_at[0])) - _CLOSED_MAX
            query = SeriesQuery(
                instrument, Timeframe.D1, first, _EVER[1], asked.instant, asked.knowledge
            )
            closes = _closes(self.reader.read(query), [one.ex_date for one in actions])
        return adjust(bars, actions, asked.adjust, as_of=day, closes=closes)


def _closes(daily: BarColumns, ex_dates: Sequence[date]) -> dict[date, int]:
    """Return the close of the session before each day, where there is one."""
    found = {}
    for day in ex_dates:
        moment = first_moment(day)
        place = int(daily.starts_at.searchsorted(moment)) - 1
        if place >= 0 and moment - int(daily.starts_at[place]) < _CLOSED_MAX_MICROS:
            found[day] = int(daily.close[place])
    return found


def _meaning(asked: BarsAsked) -> str:
    """Say which of the two times was meant, where it could be either."""
    if asked.as_of is None or asked.knowledge is Knowledge.RECORDED:
        return ""
    return (
        f"as of {asked.as_of} in effective time: a file imported since counts as known on its own"
        " dates; ask with knowledge=recorded for what this desk had recorded by then"
    )


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=EXCHANGE).astimezone(UTC)
