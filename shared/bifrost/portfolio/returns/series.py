"""What returns are measured on: external flows at the start of days, values at their ends.

A series opens with what it was worth at the end of a day, which is nothing where the first flow
founds it. Every measure reads the same series, so that they differ by their formula alone.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

NOTHING = Decimal(0)
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Day:
    """One valuation. `flow` comes in (or, negative, goes out) at the start of the day.

    value: at the end of the day, after `fee` and `taken` have gone.
    fee: what managing the portfolio cost on this day; part of the performance, net of fees.
    taken: what left at the end of the day, which is no part of the performance.
    """

    on: date
    flow: Decimal
    value: Decimal
    fee: Decimal = NOTHING
    taken: Decimal = NOTHING


@dataclass(frozen=True, slots=True)
class Series:
    """Days in their order, after the end of `opened_on`, when the portfolio was worth `opening`."""

    opened_on: date
    opening: Decimal
    days: tuple[Day, ...]

    def __post_init__(self) -> None:
        dates = [self.opened_on, *(day.on for day in self.days)]
        for earlier, later in pairwise(dates):
            if earlier >= later:
                raise ValueError(f"days must ascend, {later} comes after {earlier}")

    @property
    def closed_on(self) -> date:
        """The day at whose end the last value stands."""
        return self.days[-1].on if self.days else self.opened_on

    @property
    def closing(self) -> Decimal:
        """The last value."""
        return self.days[-1].value if self.days else self.opening


def series_of(days: Iterable[Day]) -> Series:
    """Open a series with its first day: the flow that founds it, or what it was worth before.

    A first day without a flow is a valuation of something that was there already, and opens the
    series at its end; with a flow, the flow is the first capital and earns the day's return.
    """
    rows = tuple(days)
    if not rows:
        raise ValueError("a series needs a day")
    first = rows[0]
    if first.flow == 0:
        return Series(first.on, first.value, rows[1:])
    return Series(first.on - ONE_DAY, NOTHING, rows)


def part(whole: Series, first: date, last: date) -> Series:
    """Cut out the days from `first` to `last`; it opens with the last value before them.

    What was before `first` is the opening, however old its valuation: no value is made up between
    two valuations, so the part says itself what it covers (`opened_on`, `closed_on`).
    """
    before = [day for day in whole.days if day.on < first]
    days = tuple(day for day in whole.days if first <= day.on <= last)
    if before:
        return Series(before[-1].on, before[-1].value, days)
    return replace(whole, days=days)


def gross_of_fees(net: Series) -> Series:
    """Give the fees back: they left at the end of their day and are no part of the performance.

    CFA Institute, GIPS Standards (2020), Glossary: a gross-of-fees return is the return reduced by
    transaction costs only.
    """
    return replace(
        net,
        days=tuple(
            replace(day, taken=day.taken + day.fee, fee=NOTHING) if day.fee else day
            for day in net.days
        ),
    )
