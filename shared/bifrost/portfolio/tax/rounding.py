"""From the exact fraction to what is printed: the one place where tax amounts are rounded.

To the cent, half to even, each figure by itself. So figures of rows may miss a total by their
roundings; the totals are rounded from the exact sums.
"""

from decimal import Decimal
from fractions import Fraction

from bifrost.core.money import EXACT


def cents(amount: Fraction) -> Decimal:
    """Round to the cent, half to even."""
    return Decimal(round(amount * 100)).scaleb(-2, EXACT)


def quantity(amount: Fraction) -> Decimal:
    """Write a quantity: exactly, but for a third of a share that an action leaves, to 12 places."""
    found = Decimal(round(amount * 10**12)).scaleb(-12, EXACT)
    whole = found.to_integral_value(context=EXACT)
    return whole if whole == found else found.normalize(EXACT)
