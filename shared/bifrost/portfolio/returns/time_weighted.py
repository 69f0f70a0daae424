"""The time-weighted return: what one unit of money grew to, whoever brought more and when.

Linked at each valuation, so it is exact where the portfolio is valued at every external flow. The
arithmetic is Decimal to 80 digits and becomes a float once, at the end.
"""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from bifrost.core.money import EXACT, exact_product
from bifrost.portfolio.returns.failures import Cause, Failure, return_of
from bifrost.portfolio.returns.series import Day, Series

ONE = Decimal(1)


def time_weighted(series: Series) -> float | Failure:
    """Return of the whole range, not annualised: the product of each day's value over capital.

    r = prod(V_i / (V_{i-1} + F_i)) - 1, flows at the start of the day: Bank Administration
    Institute (1968), Measuring the Investment Performance of Pension Funds; Bacon (2008),
    Practical Portfolio Performance Measurement and Attribution, chapter 2.
    A total loss is -1 and stays so, whatever is paid in later. While nothing is invested nothing
    is earned: such days are left out.
    """
    found = growth_factors(series)
    if isinstance(found, Failure):
        return found
    return return_of(linked(factor for _, factor in found))


def growth_factors(series: Series) -> list[tuple[date, Decimal]] | Failure:
    """Growth of one unit between each valuation and the one before, by the date of the later."""
    if not series.days:
        return Failure(
            Cause.NOTHING_TO_MEASURE, f"only one valuation, on {series.opened_on}: give a second"
        )
    factors = []
    worth, invested = series.opening, False
    for day in series.days:
        capital = EXACT.add(worth, day.flow)
        failure = _impossible(day, capital)
        if failure is not None:
            return failure
        invested = invested or capital > 0
        ended = EXACT.add(day.value, day.taken)
        factors.append((day.on, EXACT.divide(ended, capital) if capital else ONE))
        worth = day.value
    if not invested:
        return Failure(Cause.NOTHING_INVESTED, "nothing was ever invested")
    return factors


def _impossible(day: Day, capital: Decimal) -> Failure | None:
    """Say why the day has no return; None where it has one."""
    ended = EXACT.add(day.value, day.taken)
    if capital < 0:
        return Failure(
            Cause.NEGATIVE_CAPITAL,
            f"the capital after the flow of {day.flow} on {day.on} is {capital}, below zero",
        )
    if ended < 0:
        return Failure(
            Cause.NEGATIVE_VALUE,
            f"worth {ended} at the end of {day.on}: more than everything cannot be linked",
        )
    if capital == 0 and ended != 0:
        return Failure(
            Cause.GAIN_ON_NOTHING, f"worth {ended} at the end of {day.on}, with no capital before"
        )
    return None


def linked(factors: Iterable[Decimal]) -> Decimal:
    """Chain growth factors."""
    grown = ONE
    for factor in factors:
        grown = exact_product(grown, factor)
    return grown
