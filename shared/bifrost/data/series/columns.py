"""A series of bars as columns of integers: exact, and what the store, the gate and a file share.

Prices and volumes are counted in millionths. A vendor's float (14.5500004291534 for 14.55) loses
its noise here, and an integer below 2**53 divided by 10**6 is the float nearest to the decimal.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

UNITS = 1_000_000
# Decimal places that UNITS keeps.
PLACES = 6
PRICES = ("open", "high", "low", "close")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

Integers: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class BarColumns:
    """Bars, oldest first, one place in each column (int64, all of one length).

    starts_at: microseconds since 1970 (UTC) at which the bar begins; a daily bar's is its
        session's open. open, high, low, close: price in millionths. volume: in millionths.
    """

    starts_at: Integers
    open: Integers
    high: Integers
    low: Integers
    close: Integers
    volume: Integers

    def __post_init__(self) -> None:
        lengths = {len(getattr(self, field.name)) for field in fields(self)}
        if len(lengths) > 1:
            raise ValueError(f"columns of one series have one length, were {sorted(lengths)}")

    def __len__(self) -> int:
        return len(self.starts_at)

    def columns(self) -> Iterator[Integers]:
        """Yield each column, in the order of the fields."""
        return (getattr(self, field.name) for field in fields(self))

    def take(self, chosen: "NDArray[np.bool_] | NDArray[np.intp] | slice") -> "BarColumns":
        """Return the bars at these places."""
        return BarColumns(*(column[chosen] for column in self.columns()))

    def between(self, first: datetime, before: datetime) -> "BarColumns":
        """Return the bars that begin in [first, before), of a series in order: a view."""
        places = np.searchsorted(self.starts_at, [micros(first), micros(before)])
        return self.take(slice(*places))

    def prices(self, name: str) -> Floats:
        """Return a column as floats, in the instrument's currency (or shares, for volume)."""
        column: Integers = getattr(self, name)
        return column / UNITS

    def equals(self, other: "BarColumns") -> bool:
        """Say whether both hold the same bars."""
        return all(map(np.array_equal, self.columns(), other.columns()))

    @classmethod
    def empty(cls) -> "BarColumns":
        """No bars."""
        return cls(*(np.empty(0, dtype=np.int64) for _ in fields(cls)))

    @classmethod
    def concatenated(cls, parts: "Sequence[BarColumns]") -> "BarColumns":
        """Put one series after the other."""
        if not parts:
            return cls.empty()
        names = [field.name for field in fields(cls)]
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def micros(instant: datetime) -> int:
    """Return microseconds since 1970, exact; raise ValueError for a naive instant."""
    if instant.tzinfo is None:
        raise ValueError(f"an instant must be timezone-aware, was {instant}")
    return (instant - _EPOCH) // _MICROSECOND


def instant_of(microseconds: int) -> datetime:
    """Return the instant (UTC) so many microseconds after 1970 began."""
    return _EPOCH + timedelta(microseconds=int(microseconds))


def counted(values: "NDArray[np.float64] | Sequence[float]") -> Integers:
    """Count floats in millionths, half to even; raise ValueError for what is no number."""
    scaled = np.rint(np.asarray(values, dtype=np.float64) * UNITS)
    if not np.isfinite(scaled).all() or (np.abs(scaled) >= 2**63).any():
        raise ValueError("a price or volume is not a number, or beyond 9.2 * 10**12")
    return scaled.astype(np.int64)


def exactly(count: int) -> Decimal:
    """Return the decimal that so many millionths are, without zeros at its end."""
    return Decimal(int(count)).scaleb(-PLACES).normalize() + 0
