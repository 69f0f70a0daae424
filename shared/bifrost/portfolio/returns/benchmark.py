"""A portfolio beside a benchmark over the same days: how far ahead, and how closely it followed.

The benchmark's level on a day is its last one up to then, as on a holiday of its market.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from math import sqrt
from statistics import stdev

from bifrost.core.money import EXACT
from bifrost.portfolio.returns.failures import Cause, Failure, return_of, statistic
from bifrost.portfolio.returns.money_weighted import DAYS_OF_YEAR
from bifrost.portfolio.returns.series import NOTHING, Series
from bifrost.portfolio.returns.time_weighted import growth_factors, linked


@dataclass(frozen=True, slots=True)
class Level:
    """What the benchmark stood at, at the end of a day."""

    on: date
    level: Decimal

    def __post_init__(self) -> None:
        if self.level <= 0:
            raise ValueError(f"a benchmark's level must be positive, was {self.level}")


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both over the same days, from the end of `opened_on` to the end of `closed_on`.

    excess: portfolio less benchmark. excess_geometric: (1 + portfolio) / (1 + benchmark) - 1, which
    links over periods (Bacon 2008, chapter 3).
    tracking_error: standard deviation of the differences of the two returns between valuations,
    n - 1 below, times the root of their number in a year (Bacon 2008, chapter 4).
    """

    opened_on: date
    closed_on: date
    portfolio: float | Failure
    benchmark: float | Failure
    excess: float | Failure
    excess_geometric: float | Failure
    tracking_error: float | Failure


def compare(series: Series, levels: Sequence[Level]) -> Comparison | Failure:
    """Set the time-weighted return beside the benchmark's.

    Where the founding day is the benchmark's first, both are compared from its end on.
    """
    found = growth_factors(series)
    if isinstance(found, Failure):
        return found
    ordered = sorted(levels, key=lambda one: one.on)
    dates = [series.opened_on, *(on for on, _ in found)]
    starts = [one.on for one in ordered]
    places = [bisect_right(starts, on) for on in dates]
    stood = [ordered[place - 1].level if place else None for place in places]
    if stood[0] is None and series.opening == NOTHING and len(found) > 1:
        dates, stood, found = dates[1:], stood[1:], found[1:]
    known = [level for level in stood if level is not None]
    if len(known) < len(dates):
        return Failure(
            Cause.BENCHMARK_WITHOUT_LEVEL,
            f"the benchmark has no level on or before {dates[0]}, where the comparison begins",
        )
    ours = [factor for _, factor in found]
    theirs = [EXACT.divide(later, earlier) for earlier, later in pairwise(known)]
    return _compared(dates, ours, theirs)


def _compared(
    dates: Sequence[date], ours: Sequence[Decimal], theirs: Sequence[Decimal]
) -> Comparison:
    portfolio, benchmark = linked(ours), linked(theirs)
    return Comparison(
        opened_on=dates[0],
        closed_on=dates[-1],
        portfolio=return_of(portfolio),
        benchmark=return_of(benchmark),
        excess=statistic(EXACT.subtract(portfolio, benchmark)),
        excess_geometric=return_of(EXACT.divide(portfolio, benchmark)),
        tracking_error=_tracking_error((dates[-1] - dates[0]).days, ours, theirs),
    )


def _tracking_error(
    days: int, ours: Sequence[Decimal], theirs: Sequence[Decimal]
) -> float | Failure:
    if len(ours) < 2:
        return Failure(
            Cause.TOO_FEW_PERIODS, f"a tracking error needs two periods, there is {len(ours)}"
        )
    active = [
        statistic(EXACT.subtract(one, other)) for one, other in zip(ours, theirs, strict=True)
    ]
    known = [number for number in active if not isinstance(number, Failure)]
    if len(known) < len(active):
        return next(number for number in active if isinstance(number, Failure))
    return stdev(known) * sqrt(len(known) * DAYS_OF_YEAR / days)
