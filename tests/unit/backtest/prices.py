"""A bar with nothing but its prices, in Decimal or in float."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Generic, TypeVar

N = TypeVar("N", Decimal, float)


@dataclass(frozen=True, slots=True)
class PriceBar(Generic[N]):
    """What the fill rules read."""

    open: N
    high: N
    low: N
    close: N
    volume: N
