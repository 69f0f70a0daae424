"""Money, prices and quantities as exact decimals.

Ledger numbers are Decimal. A float never becomes one: it has already lost the cent we are
accountable for. Nor does a default Decimal keep it: past 28 digits its operators round, and a
price times a quantity has 31 soon. What books have in common is multiplied and added here.
Statistics (returns, volatility) are floats and stand apart, as in `portfolio.returns`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from functools import reduce
from typing import NewType

Price = NewType("Price", Decimal)
Quantity = NewType("Quantity", Decimal)

# Beyond this a NUMERIC(28, 8) column overflows; nothing a desk trades comes near it.
AMOUNT_MAX = Decimal(10) ** 15
CENT = Decimal("0.01")
# Wide enough that a product or sum of ledger numbers is never rounded behind our back.
EXACT = Context(prec=80)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount of one currency (ISO 4217)."""

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        if not isinstance(self.amount, Decimal):
            raise TypeError(f"Money needs a Decimal amount, was {type(self.amount).__name__}")
        if not self.amount.is_finite():
            raise ValueError(f"Money must be finite, was {self.amount}")

    def __add__(self, other: "Money") -> "Money":
        return Money(EXACT.add(self.amount, self._same_currency(other)), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(EXACT.subtract(self.amount, self._same_currency(other)), self.currency)

    def __neg__(self) -> "Money":
        return Money(EXACT.minus(self.amount), self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.amount < self._same_currency(other)

    def _same_currency(self, other: "Money") -> Decimal:
        if other.currency != self.currency:
            raise ValueError(f"cannot combine {self.currency} with {other.currency}")
        return other.amount


def exact_product(first: Decimal, second: Decimal) -> Decimal:
    """Multiply without rounding."""
    return EXACT.multiply(first, second)


def exact_sum(amounts: Iterable[Decimal]) -> Decimal:
    """Sum without rounding."""
    return reduce(EXACT.add, amounts, Decimal(0))


def notional(price: Price, quantity: Quantity, currency: str) -> Money:
    """Return what `quantity` units cost at `price`, unrounded."""
    return Money(exact_product(price, quantity), currency)


def to_cents(amount: Decimal) -> Decimal:
    """Round to the cent, half to even: the one place where an amount of money is rounded."""
    return amount.quantize(CENT, ROUND_HALF_EVEN, EXACT)
