"""Bars: what one session traded at."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from bifrost.core.money import AMOUNT_MAX, Price


@dataclass(frozen=True, slots=True)
class Bar:
    """One session of one instrument; `closed_at` is the instant of its close (UTC)."""

    instrument: str
    session: date
    open: Price
    high: Price
    low: Price
    close: Price
    volume: Decimal
    closed_at: datetime

    def __post_init__(self) -> None:
        if self.closed_at.tzinfo is None:
            raise ValueError(f"closed_at must be timezone-aware, was {self.closed_at}")
        if not (0 < self.low <= min(self.open, self.close)):
            raise ValueError(f"low {self.low} of {self.instrument} {self.session} is not the low")
        if self.high < max(self.open, self.close):
            raise ValueError(
                f"high {self.high} of {self.instrument} {self.session} is not the high"
            )
        if max(self.high, self.volume) > AMOUNT_MAX:
            raise ValueError(f"{self.instrument} {self.session} has a number beyond {AMOUNT_MAX}")
        if self.volume < 0:
            raise ValueError(f"volume must not be negative, was {self.volume}")
