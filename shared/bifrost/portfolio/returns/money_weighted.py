"""The money-weighted return: the one yearly rate at which all flows and the last value agree.

Such a rate need not exist, and there may be several. They are isolated, not hunted: what was paid
in and what came back are each a sum of exponentials, the logarithm of such a sum is convex, and
so its slope over an interval lies between the slopes at its ends. That bounds the difference of
the two logarithms on every interval: one without a root is thrown away, one on which the
difference only rises or only falls holds at most one, and any other is halved.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from math import exp, expm1, log

from bifrost.core.money import EXACT
from bifrost.portfolio.returns.failures import Cause, Failure
from bifrost.portfolio.returns.series import Series

DAYS_OF_YEAR = 365
TOTAL_LOSS = -1.0
# Beyond this exponent a double overflows.
_GROWTH_MAX = 709.0
# Closer than this, two values of the logarithm are one: rounding makes more.
_ROUNDING = 1e-12
_WIDTH_MIN = 1e-8
# A year's growth by a million, or to a millionth. Flows a day apart have solutions like 1e+50,
# which no one takes for a rate beside one of ten percent.
_BELIEVABLE = log(1e6)

Dated = tuple[date, Decimal]


@dataclass(frozen=True, slots=True)
class _At:
    """The difference of the two logarithms at one growth rate, and the slope of each."""

    growth: float
    difference: float
    slope_back: float
    slope_in: float


@dataclass(frozen=True, slots=True)
class _Sums:
    """What was paid in and what came back, each as (logarithm of the amount, years)."""

    paid_in: tuple[tuple[float, float], ...]
    came_back: tuple[tuple[float, float], ...]

    def at(self, growth: float) -> _At:
        back, slope_back = _log_sum(self.came_back, growth)
        paid, slope_in = _log_sum(self.paid_in, growth)
        return _At(growth, back - paid, slope_back, slope_in)


def money_weighted(series: Series) -> float | Failure:
    """Return the internal rate of a year (Actual/365), as the investor had it.

    The opening value is paid in on the day at whose end it stands; flows count from their date, and
    the last value comes back on its date. Where everything was lost and nothing came back: -1.
    """
    flows: list[Dated] = [(series.opened_on, EXACT.minus(series.opening))]
    for day in series.days:
        flows.append((day.on, EXACT.subtract(day.taken, day.flow)))
    flows.append((series.closed_on, series.closing))
    net = _by_date(flows)
    if series.days and net and series.closing == 0 and all(amount < 0 for _, amount in net):
        return TOTAL_LOSS
    return xirr(flows)


def xirr(flows: Iterable[Dated]) -> float | Failure:
    """Find the rate r at which sum(c_i / (1 + r) ** (days_i / 365)) is zero; paid in is negative.

    The definition is that of Microsoft Excel's XIRR (days from the first flow, Actual/365); the
    internal rate of return is Fisher (1930), The Theory of Interest. Flows of one date are netted.
    Of several rates the only one between -99.9999 % and 100,000,000 % is the answer.
    """
    net = _by_date(flows)
    paid = [amount for _, amount in net if amount < 0]
    if not net:
        return Failure(Cause.NOTHING_INVESTED, "no flow is left once those of a day are netted")
    if len(net) == 1:
        return Failure(
            Cause.ONE_DATE,
            f"what the flows leave is all on {net[0][0]}: a yearly rate needs a second date",
        )
    if not paid:
        return Failure(Cause.ONLY_WITHDRAWALS, "money only came back: nothing was paid in")
    if len(paid) == len(net):
        return Failure(
            Cause.NO_RATE, f"nothing came back: from {net[0][0]} on, money was only paid in"
        )
    return _one_of(_roots(net), net)


def _one_of(growths: Sequence[float], net: Sequence[Dated]) -> float | Failure:
    span = f"from {net[0][0]} to {net[-1][0]}"
    if not growths:
        return Failure(Cause.NO_RATE, f"no rate at all fits the flows {span}")
    believable = [growth for growth in growths if abs(growth) < _BELIEVABLE]
    if len(believable) == 1:
        return expm1(believable[0])
    rates = tuple(expm1(growth) for growth in growths if growth < _GROWTH_MAX)
    if len(growths) > 1:
        listed = ", ".join(f"{rate:.6g}" for rate in rates)
        return Failure(
            Cause.SEVERAL_RATES, f"{len(growths)} rates fit the flows {span}: {listed}", rates
        )
    if not rates:
        return Failure(
            Cause.OUT_OF_RANGE,
            f"the gain {span} is beyond the range of a double once it is a yearly rate",
        )
    return rates[0]


def _by_date(flows: Iterable[Dated]) -> list[Dated]:
    net: dict[date, Decimal] = {}
    for on, amount in flows:
        net[on] = EXACT.add(net.get(on, Decimal(0)), amount)
    return sorted((on, amount) for on, amount in net.items() if amount != 0)


def _roots(net: Sequence[Dated]) -> list[float]:
    """Every root, as the logarithm of a year's growth, ascending."""
    first = net[0][0]
    terms = [(log(abs(c)), (on - first).days / DAYS_OF_YEAR, c < 0) for on, c in net]
    sums = _Sums(
        tuple((size, years) for size, years, is_paid in terms if is_paid),
        tuple((size, years) for size, years, is_paid in terms if not is_paid),
    )
    # Past these the last flow, or the first, outweighs all others together.
    sizes = [size for size, _, _ in terms]
    years = [year for _, year, _ in terms]
    lowest = -_outweighs(sizes[-1], sizes[:-1]) / (years[-1] - years[-2]) - 1
    highest = _outweighs(sizes[0], sizes[1:]) / (years[1] - years[0]) + 1
    found: list[float] = []
    left = [(sums.at(lowest), sums.at(highest))]
    while left:
        low, high = left.pop()
        if _has_none(low, high):
            continue
        slope_min = low.slope_back - high.slope_in
        slope_max = high.slope_back - low.slope_in
        if slope_min > 0 or slope_max < 0:
            if low.difference * high.difference <= 0:
                found.append(_narrowed(sums, low, high))
        elif high.growth - low.growth < _WIDTH_MIN * max(1.0, abs(low.growth)):
            # The two sums touch here, or pass so close that a double cannot tell.
            found.append((low.growth + high.growth) / 2)
        else:
            middle = sums.at((low.growth + high.growth) / 2)
            left += [(middle, high), (low, middle)]
    return _distinct(found)


def _has_none(low: _At, high: _At) -> bool:
    """Whether the slopes keep the difference from reaching zero between the two."""
    width = high.growth - low.growth
    slope_min = low.slope_back - high.slope_in
    slope_max = high.slope_back - low.slope_in
    if low.difference > _ROUNDING and high.difference > _ROUNDING:
        return max(low.difference + slope_min * width, high.difference - slope_max * width) > 0
    if low.difference < -_ROUNDING and high.difference < -_ROUNDING:
        return min(low.difference + slope_max * width, high.difference - slope_min * width) < 0
    return False


def _narrowed(sums: _Sums, low: _At, high: _At) -> float:
    """Narrow a bracket in which the difference only rises or only falls: Newton's step where it
    stays inside, else the middle.
    """
    rises = high.difference > low.difference
    bottom, top = low.growth, high.growth
    here = sums.at((bottom + top) / 2)
    for _ in range(200):
        if here.difference == 0:
            break
        if (here.difference > 0) == rises:
            top = here.growth
        else:
            bottom = here.growth
        slope = here.slope_back - here.slope_in
        step = here.growth - here.difference / slope if slope else bottom
        following = step if bottom < step < top else (bottom + top) / 2
        if following in (bottom, top, here.growth):
            break
        here = sums.at(following)
    return here.growth


def _distinct(growths: Iterable[float]) -> list[float]:
    """Drop a root that was found from both sides of a cut."""
    kept: list[float] = []
    for growth in sorted(growths):
        if not kept or growth - kept[-1] > 2 * _WIDTH_MIN * max(1.0, abs(growth)):
            kept.append(growth)
    return kept


def _outweighs(size: float, others: Sequence[float]) -> float:
    total, _ = _log_sum([(other, 0.0) for other in others], 0.0)
    return max(0.0, total - size)


def _log_sum(terms: Iterable[tuple[float, float]], growth: float) -> tuple[float, float]:
    """Logarithm of the sum of amounts discounted at a growth rate, and its slope."""
    exponents = [(size - growth * years, years) for size, years in terms]
    most = max(exponents)[0]
    weights = [(exp(exponent - most), years) for exponent, years in exponents]
    total = sum(weight for weight, _ in weights)
    return most + log(total), -sum(weight * years for weight, years in weights) / total
