"""Why a return could not be computed. A return that does not exist is a value with a name: zero
would be a lie, and an exception would take the other measures with it.
"""

from dataclasses import dataclass
from decimal import Context, Decimal
from enum import StrEnum
from math import isinf

# Quotients are cut after 80 digits; here the last of them are dropped, so that a third three times
# is one again.
_ROUNDED = Context(prec=60)
_ONE = Decimal(1)


class Cause(StrEnum):
    """What stands in the way of a return."""

    NOTHING_TO_MEASURE = "nothing_to_measure"
    NOTHING_INVESTED = "nothing_invested"
    NEGATIVE_CAPITAL = "negative_capital"
    NEGATIVE_VALUE = "negative_value"
    SHORT_POSITION = "short_position"
    GAIN_ON_NOTHING = "gain_on_nothing"
    NO_AVERAGE_CAPITAL = "no_average_capital"
    ONE_DATE = "one_date"
    ONLY_WITHDRAWALS = "only_withdrawals"
    NO_RATE = "no_rate"
    SEVERAL_RATES = "several_rates"
    OUT_OF_RANGE = "out_of_range"
    BENCHMARK_WITHOUT_LEVEL = "benchmark_without_level"
    TOO_FEW_PERIODS = "too_few_periods"


@dataclass(frozen=True, slots=True)
class Failure:
    """A return that does not exist, and why; `rates` are those that fit where several do."""

    cause: Cause
    message: str
    rates: tuple[float, ...] = ()


def statistic(number: Decimal) -> float | Failure:
    """Leave exact arithmetic: the double nearest to a ratio, or that none is near."""
    nearest = float(number)
    if isinf(nearest):
        return Failure(Cause.OUT_OF_RANGE, f"{number:.3e} is beyond the range of a double")
    return nearest


def return_of(growth: Decimal) -> float | Failure:
    """Return what a growth factor, chained from quotients, earned."""
    return statistic(_ROUNDED.subtract(_ROUNDED.plus(growth), _ONE))
