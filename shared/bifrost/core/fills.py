"""Fills: what the venue did with an order of ours."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from bifrost.core.money import AMOUNT_MAX, Price, Quantity
from bifrost.core.orders import Side


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution report of a trade; unique by (venue, execution_id).

    commission: what the venue charged, in the instrument's currency, never negative.
    occurred_at: the venue's time of the trade.
    """

    venue: str
    execution_id: str
    order_id: str
    account_id: str
    instrument: str
    side: Side
    quantity: Quantity
    price: Price
    commission: Decimal
    currency: str
    occurred_at: datetime

    def __post_init__(self) -> None:
        if self.quantity <= 0:
            raise ValueError(f"quantity must be positive, was {self.quantity}")
        if self.price <= 0:
            raise ValueError(f"price must be positive, was {self.price}")
        if self.commission < 0:
            raise ValueError(f"commission must not be negative, was {self.commission}")
        if max(self.quantity, self.price, self.commission) > AMOUNT_MAX:
            raise ValueError(f"a fill of {self.quantity} at {self.price} is beyond {AMOUNT_MAX}")

    @property
    def signed_quantity(self) -> Decimal:
        """Positive for a buy, negative for a sale."""
        return self.quantity * self.side.sign
