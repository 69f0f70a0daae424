"""Money, prices and quantities as exact decimals.

Ledger numbers are Decimal. A float never becomes one: it has already lost the cent we are
accountable for. Statistics (returns, volatility) are floats and stay in `analytics`.
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import NewType

Price = NewType("Price", Decimal)
Quantity = NewType("Quantity", Decimal)

# Beyond this a NUMERIC(28, 8) column overflows; nothing a desk trades comes near it.
AMOUNT_MAX = Decimal(10) ** 15
CENT = Decimal("0.01")


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
        return Money(self.amount + self._same_currency(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.amount - self._same_currency(other), self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.amount, self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.amount < self._same_currency(other)

    def _same_currency(self, other: "Money") -> Decimal:
        if other.currency != self.currency:
            raise ValueError(f"cannot combine {self.currency} with {other.currency}")
        return other.amount


def notional(price: Price, quantity: Quantity, currency: str) -> Money:
    """Return what `quantity` units cost at `price`, unrounded."""
    return Money(price * quantity, currency)


def to_cents(amount: Decimal) -> Decimal:
    """Round to the cent, half to even: the one place where an amount of money is rounded."""
    return amount.quantize(CENT, rounding=ROUND_HALF_EVEN)
