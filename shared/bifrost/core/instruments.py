"""What is traded."""

from dataclasses import dataclass
from decimal import Decimal

# What a symbol is written like: AAPL, BRK.B.
SYMBOL = r"[A-Z][A-Z0-9]{0,9}([.\-][A-Z0-9]{1,4})?"


@dataclass(frozen=True, slots=True)
class Instrument:
    """A listing: `symbol` at the venue `mic` (ISO 10383), priced in `currency`."""

    symbol: str
    mic: str
    currency: str
    tick_size: Decimal
    lot_size: Decimal
    name: str

    def on_tick(self, price: Decimal) -> bool:
        """Say whether the price is a whole number of ticks."""
        return price % self.tick_size == 0

    def in_lots(self, quantity: Decimal) -> bool:
        """Say whether the quantity is a whole number of lots."""
        return quantity % self.lot_size == 0
