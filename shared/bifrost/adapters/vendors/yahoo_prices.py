"""Yahoo's prices as they were traded.

What Yahoo calls raw is divided by every split since, volumes and dividends too. It is undone with
Yahoo's own splits, so a split that Yahoo made up (GME, January 2021) cancels out wherever Yahoo
applied it, and is seen by the gate where it did not. Prices come as floats of 32 bits: their noise
is cut where the decimal of four places lies within it.
"""

from collections.abc import Sequence
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

from bifrost.adapters.vendors.yahoo_chart import YahooDividend, YahooSplit

# Half a step of a float of 32 bits is 2**-24 of it at most; some are computed from two.
_NOISE = 2.0**-22
_DIVIDEND_PLACES = Decimal("0.000001")


def split_factor(day: date, splits: Sequence[YahooSplit]) -> Fraction:
    """Return how many of today's shares one of this day became."""
    factor = Fraction(1)
    for split in splits:
        if split.ex_date > day:
            factor *= split.ratio
    return factor


def as_traded(price: float, factor: Fraction) -> float:
    """Return the price of one share as there were then."""
    traded = price * float(factor)
    near = round(traded, 4)
    return near if abs(traded - near) <= abs(traded) * _NOISE else round(traded, 6)


def volume_then(volume: float, factor: Fraction) -> float:
    """Return how many shares, as there were then."""
    return float(round(volume / float(factor)))


def dividend_then(paid: YahooDividend, splits: Sequence[YahooSplit]) -> Decimal:
    """Return what was paid for one share as there were then, to a millionth."""
    factor = split_factor(paid.ex_date, splits)
    exact = Fraction(paid.amount) * factor
    amount = Decimal(exact.numerator) / Decimal(exact.denominator)
    return amount.quantize(_DIVIDEND_PLACES, ROUND_HALF_EVEN).normalize() + 0
