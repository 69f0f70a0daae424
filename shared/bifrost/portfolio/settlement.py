"""When a trade's cash settles, the ladder of what has and has not, and what a cash account may not.

A trade settles so many settlement days after its trade date; the cycles are dated rows with their
sources. A settlement day is a session on which banks are open too: on Columbus Day and Veterans
Day the exchanges trade and nothing settles (NASD Notices to Members 95-77 and 99-83). What is
neither bought nor sold (a deposit, a dividend, a fee) settles when it is booked.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Protocol

from bifrost.core.money import EXACT, exact_sum
from bifrost.core.sessions import trade_date

# Longer than any cycle with its weekends and holidays: older trades have settled.
UNSETTLED_FOR = timedelta(days=14)


class NotCoveredError(ValueError):
    """The calendar or the cycles do not reach so far."""


@dataclass(frozen=True, slots=True)
class Cycle:
    """How many settlement days after its trade date a trade settles, from that date on."""

    effective_from: date
    days: int
    source: str


@dataclass(frozen=True, slots=True)
class Calendar:
    """The sessions that are known, oldest first."""

    sessions: tuple[date, ...]

    def trade_date(self, moment: datetime) -> date:
        """Name the session that a trade belongs to: a night's is the next one."""
        day = trade_date(moment)
        return self._at(bisect_left(self.sessions, day), day)

    def settlement_day(self, trade_date: date, days: int) -> date:
        """Return the settlement day so many after the trade date."""
        place = bisect_right(self.sessions, trade_date)
        left = days
        while left:
            left -= not is_bank_holiday(self._at(place, trade_date))
            place += 1
        return self.sessions[place - 1] if days else trade_date

    def business_day(self, trade_date: date, days: int) -> date:
        """Return the session so many after the trade date; banks' holidays count (Reg T)."""
        return self._at(bisect_right(self.sessions, trade_date) + days - 1, trade_date)

    def _at(self, place: int, asked: date) -> date:
        if not self.sessions or asked < self.sessions[0] or place >= len(self.sessions):
            raise NotCoveredError(f"the calendar's sessions do not reach from {asked} on")
        return self.sessions[place]


class Sessions(Protocol):
    """Where the sessions of an exchange come from."""

    def calendar(self, first: date, last: date) -> Calendar:
        """Return the sessions of [first, last], as far as they are known."""


def is_bank_holiday(day: date) -> bool:
    """Say whether banks are closed on a day on which the exchanges trade."""
    columbus = day.month == 10 and day.weekday() == 0 and 8 <= day.day <= 14
    # On a Sunday it is observed on the Monday; on a Saturday not at all (Federal Reserve).
    veterans = day.month == 11 and (day.day == 11 or (day.day == 12 and day.weekday() == 0))
    return columbus or veterans


def cycle_on(cycles: Sequence[Cycle], trade_date: date) -> Cycle:
    """Return the cycle in force on the trade date."""
    known = [cycle for cycle in cycles if cycle.effective_from <= trade_date]
    if not known:
        raise NotCoveredError(f"no settlement cycle is known for {trade_date}")
    return max(known, key=lambda cycle: cycle.effective_from)


def settles_on(cycles: Sequence[Cycle], calendar: Calendar, trade_date: date) -> date:
    """Return the day on which a trade of that date settles."""
    return calendar.settlement_day(trade_date, cycle_on(cycles, trade_date).days)


@dataclass(frozen=True, slots=True)
class CashMove:
    """What one trade did to the cash of one currency."""

    occurred_at: datetime
    currency: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Rung:
    """What settles on one day; `settled` is what will have settled by then."""

    settles_on: date
    sales: Decimal
    purchases: Decimal
    settled: Decimal


@dataclass(frozen=True, slots=True)
class Ladder:
    """The cash of one currency: all of it = settled + what is still to settle.

    settled: what is really there: no sale's proceeds that are on their way, and the price of a
        purchase not yet taken from it.
    """

    currency: str
    as_of: date
    total: Decimal
    settled: Decimal
    rungs: tuple[Rung, ...]

    @property
    def unsettled(self) -> Decimal:
        """What is still to come, less what is still to be paid."""
        return EXACT.subtract(self.total, self.settled)


@dataclass(frozen=True, slots=True)
class Settling:
    """The rules and days that a ladder is made by."""

    cycles: Sequence[Cycle]
    calendar: Calendar


def ladder(
    total: Decimal, currency: str, trades: Iterable[CashMove], by: Settling, as_of: date
) -> Ladder:
    """Say what of the cash has settled and when the rest does.

    trades: at least those that may be unsettled, in any order and currency.
    """
    due: dict[date, list[Decimal]] = {}
    for trade in trades:
        day = settles_on(by.cycles, by.calendar, by.calendar.trade_date(trade.occurred_at))
        if day > as_of and trade.currency == currency:
            due.setdefault(day, []).append(trade.amount)
    settled = EXACT.subtract(total, exact_sum(exact_sum(amounts) for amounts in due.values()))
    rungs, running = [], settled
    for day, amounts in sorted(due.items()):
        running = EXACT.add(running, exact_sum(amounts))
        sales = exact_sum(amount for amount in amounts if amount > 0)
        purchases = EXACT.minus(exact_sum(amount for amount in amounts if amount < 0))
        rungs.append(Rung(day, sales, purchases, running))
    return Ladder(currency, as_of, total, settled, tuple(rungs))
