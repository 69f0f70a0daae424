"""Bars as arrays for statistics: times, and floats in the instrument's currency and in shares.

The columns of integers are what is exact. Times and integers are views of the block that the
store filled, floats are computed once, in a block of their own; all are read-only, so that a slice
of them may be handed on without a copy.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from bifrost.data.series.columns import UNITS, BarColumns, Floats

Times: TypeAlias = "NDArray[np.datetime64]"


@dataclass(frozen=True, slots=True, eq=False)
class BarArrays:
    """Bars, oldest first, one place in each array (read-only, all of one length).

    t: datetime64[us], UTC, when the bar begins; a daily bar's is its session's open.
    open, high, low, close: float64, in the instrument's currency. volume: float64, in shares.
    exact: the same bars as int64: microseconds since 1970, and millionths.
    instrument: whose they are. notes: what is to be known of them, in words.
    """

    t: Times
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    exact: BarColumns
    instrument: str
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.t)


def arrays_of(bars: BarColumns, instrument: str, notes: tuple[str, ...] = ()) -> BarArrays:
    """Show columns as arrays: each float is the nearest one to the decimal that is stored."""
    starts, *counts = bars.columns()
    floats = np.empty((len(counts), len(bars)))
    for values, count in zip(floats, counts, strict=True):
        np.divide(count, UNITS, out=values)
    floats.setflags(write=False)
    exact = BarColumns(*(_kept(column) for column in bars.columns()))
    opened, high, low, close, volume = floats
    times = _kept(starts).view("<M8[us]")
    return BarArrays(times, opened, high, low, close, volume, exact, instrument, notes)


def _kept(column: "NDArray[np.int64]") -> "NDArray[np.int64]":
    """Return a view that nobody writes through."""
    view = column.view()
    view.setflags(write=False)
    return view
