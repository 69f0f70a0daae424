"""How old the newest bar of each instrument is, while its session is open and it trades."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

from bifrost.core.sessions import Session
from bifrost.data.ingest.subscriptions import Subscription
from bifrost.data.ports import Clock

# The goal: nothing that is subscribed to by the minute is older than this while it trades.
FRESH = timedelta(minutes=1)
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Freshness:
    """An instrument whose session is open; ended_at: when its newest bar did, None: none today.

    age: from then, or from the session's open, to the last minute that has ended: of the
        one that runs there can be no bar yet.
    """

    instrument: str
    ended_at: datetime | None
    age: timedelta

    @property
    def is_fresh(self) -> bool:
        """It is as new as it should be."""
        return self.age <= FRESH


class NewestBars(Protocol):
    """What is stored last of each instrument."""

    def all(self) -> list[Subscription]:
        """Return every subscription, by instrument."""

    def newest(self, subscriptions: Sequence[Subscription]) -> list[datetime | None]:
        """Return when each one's newest stored bar began; None: there is none."""

    def sessions(self, calendar: str, first: date, last: date) -> list[Session]:
        """Return the calendar's sessions of [first, last]."""

    def halted(self, since: datetime) -> Collection[str]:
        """Return the instruments that have been halted at any time since."""


@dataclass(frozen=True, slots=True)
class FreshnessReport:
    """Tells how old the newest bars are."""

    stored: NewestBars
    clock: Clock

    def now(self) -> list[Freshness]:
        """Return how old each minute subscription's newest bar is, of those that trade now."""
        at = self.clock.now()
        wanted = [one for one in self.stored.all() if not one.timeframe.is_daily]
        open_by = {
            calendar: session
            for calendar in {one.calendar for one in wanted}
            for session in self.stored.sessions(calendar, at.date() - timedelta(days=1), at.date())
            if session.opens_at + _MINUTE <= at < session.closes_at
        }
        # Of a halt there are no bars, and the first after it ends a minute later.
        halted = self.stored.halted(at - 2 * _MINUTE)
        trading = [
            one for one in wanted if one.calendar in open_by and one.instrument not in halted
        ]
        found = self.stored.newest(trading) if trading else []
        return [
            _of(one.instrument, began, open_by[one.calendar], at)
            for one, began in zip(trading, found, strict=True)
        ]


def _of(instrument: str, began: datetime | None, session: Session, at: datetime) -> Freshness:
    ended = None if began is None or began < session.opens_at else began + _MINUTE
    since = ended or session.opens_at
    newest = at.replace(second=0, microsecond=0)
    return Freshness(instrument, ended, max(timedelta(), newest - since))
