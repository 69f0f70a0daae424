"""The Modified Dietz return: gain over the average capital, each flow weighted by its days.

It needs no valuation at the flows. The arithmetic is exact and becomes a float once, at the end.
"""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from itertools import groupby

from bifrost.core.money import EXACT, exact_product, exact_sum
from bifrost.portfolio.returns.failures import Cause, Failure, return_of, statistic
from bifrost.portfolio.returns.series import Series, part
from bifrost.portfolio.returns.time_weighted import ONE, linked

Period = Callable[[date], int]


def modified_dietz(series: Series) -> float | Failure:
    """Return of the whole range, not annualised.

    r = (V_end - V_begin - sum F_i) / (V_begin + sum w_i F_i), where w_i is the share of the range
    that the flow was there: Dietz (1966), Pension Funds: Measuring Investment Performance; weights
    of flows at the start of the day as in CFA Institute, GIPS Guidance Statement on Calculation
    Methodology (2011). The range has T days, from the end of the opening day to the end of the
    last; a flow at the start of a day counts that day, one at the end does not.
    """
    found = _ratio(series)
    return found if isinstance(found, Failure) else statistic(found)


def modified_dietz_linked(series: Series, period: Period) -> float | Failure:
    """Link the Modified Dietz returns of each period (`by_month`, `by_year`), as GIPS asks.

    A period ends at its last valuation. One in which nothing was held is left out.
    """
    if not series.days:
        return modified_dietz(series)
    factors = []
    for _, group in groupby((day.on for day in series.days), key=period):
        dates = list(group)
        cut = part(series, dates[0], dates[-1])
        if cut.opening == 0 and all(day.flow == day.value == 0 for day in cut.days):
            continue
        found = _ratio(cut)
        if isinstance(found, Failure):
            return found
        if found < -1:
            return Failure(
                Cause.NEGATIVE_VALUE,
                f"more than everything was lost up to {cut.closed_on}: it cannot be linked",
            )
        factors.append(EXACT.add(ONE, found))
    if not factors:
        return Failure(Cause.NOTHING_INVESTED, "nothing was ever invested")
    return return_of(linked(factors))


def by_month(on: date) -> int:
    """Number calendar months."""
    return on.year * 12 + on.month


def by_quarter(on: date) -> int:
    """Number calendar quarters."""
    return on.year * 4 + (on.month - 1) // 3


def by_year(on: date) -> int:
    """Number calendar years."""
    return on.year


def _ratio(series: Series) -> Decimal | Failure:
    if not series.days:
        return Failure(
            Cause.NOTHING_TO_MEASURE, f"only one valuation, on {series.opened_on}: give a second"
        )
    whole = (series.closed_on - series.opened_on).days
    # Both sides of the fraction are multiplied by the days of the range: nothing is rounded.
    moved = []
    capital = [exact_product(series.opening, Decimal(whole))]
    for day in series.days:
        left = (series.closed_on - day.on).days
        moved += [day.flow, EXACT.minus(day.taken)]
        capital.append(exact_product(day.flow, Decimal(left + 1)))
        capital.append(exact_product(day.taken, Decimal(-left)))
    average = exact_sum(capital)
    if average <= 0:
        shown = EXACT.divide(average, Decimal(whole))
        return Failure(
            Cause.NO_AVERAGE_CAPITAL,
            f"the average capital from {series.opened_on} to {series.closed_on} is"
            f" {shown:.2f}: a return needs more than zero",
        )
    gain = EXACT.subtract(EXACT.subtract(series.closing, series.opening), exact_sum(moved))
    return EXACT.divide(exact_product(gain, Decimal(whole)), average)
