"""Faults as vendors make them, put into clean series: each is told which bars and what kind."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from bifrost.data.repair.vendor_series import PRICES, Floats, VendorSeries

COLUMNS = (*PRICES, "adjusted_close")
# A ratio must stand out of the market's own moves: five times their usual size around, and one
# and a half of their largest, or nobody could tell (Apple in September 2000).
_QUIET = 0.06


@dataclass(frozen=True, slots=True, eq=False)
class Faulty:
    """A series with one fault, and the series as it should be."""

    told: VendorSeries
    right: VendorSeries
    second: VendorSeries | None = None


def scaled(
    series: VendorSeries, names: tuple[str, ...], first: int, end: int, factor: float
) -> VendorSeries:
    """Return the series with these columns of the bars [first, end) multiplied."""
    columns: dict[str, Floats] = {}
    for name in names:
        columns[name] = series.column(name).copy()
        columns[name][first:end] *= factor
    return replace(series, sessions=series.sessions, **columns)


def _set(series: VendorSeries, name: str, at: int, value: float) -> VendorSeries:
    column = series.column(name).copy()
    column[at] = value
    return replace(series, sessions=series.sessions, **{name: column})


def _place(chance: Generator, series: VendorSeries, margin: int = 60) -> int:
    return int(chance.integers(margin, len(series) - margin))


def _quiet_place(chance: Generator, series: VendorSeries, without_dividends: int = 0) -> int:
    """Return a place around which the market moves by less than a split of 3 for 2 would."""
    for _ in range(1000):
        at = _place(chance, series)
        moves = np.abs(np.diff(np.log(series.close[at - 45 : at + 45])))
        paid = np.nan_to_num(series.dividends[at - without_dividends : at + without_dividends])
        if moves.max() < _QUIET and not paid.any():
            return at
    raise AssertionError("the series has no quiet place")


def hundred_in_one_bar(series: VendorSeries, chance: Generator) -> Faulty:
    """Put every price of one bar into other units."""
    at = _place(chance, series)
    return Faulty(scaled(series, COLUMNS, at, at + 1, _hundred(chance)), series)


def hundred_in_some_columns(series: VendorSeries, chance: Generator) -> Faulty:
    """Put one to three columns of one bar into other units."""
    at = _place(chance, series)
    names = tuple(chance.choice(COLUMNS, size=int(chance.integers(1, 4)), replace=False))
    return Faulty(scaled(series, names, at, at + 1, _hundred(chance)), series)


def hundred_in_a_block(series: VendorSeries, chance: Generator) -> Faulty:
    """Put a block of bars, at the beginning, the end or between, into other units."""
    length = int(chance.integers(2, 60))
    first = int(chance.choice([0, len(series) - length, _place(chance, series)]))
    return Faulty(scaled(series, COLUMNS, first, first + length, _hundred(chance)), series)


def hundred_in_a_column_of_a_block(series: VendorSeries, chance: Generator) -> Faulty:
    """Put one column of a block into other units."""
    first, length = _place(chance, series), int(chance.integers(2, 40))
    name = str(chance.choice(COLUMNS))
    return Faulty(scaled(series, (name,), first, first + length, _hundred(chance)), series)


def _hundred(chance: Generator) -> float:
    return float(chance.choice([100.0, 0.01]))


_RATIOS = (2.0, 3.0, 4.0, 5.0, 7.0, 10.0, 20.0, 1.5, 0.5, 0.1, 0.05, 0.4406, 0.0001)


def _with_split(series: VendorSeries, chance: Generator) -> tuple[VendorSeries, int, float]:
    at = _quiet_place(chance, series)
    ratio = float(chance.choice(_RATIOS))
    splits = np.zeros(len(series))
    splits[at] = ratio
    return replace(series, splits=splits), at, ratio


def _misapplied(series: VendorSeries, first: int, end: int, factor: float) -> VendorSeries:
    told = scaled(series, COLUMNS, first, end, factor)
    volume = told.volume.copy()
    volume[first:end] = np.round(volume[first:end] / factor)
    return replace(told, volume=volume)


def split_not_applied_before(series: VendorSeries, chance: Generator) -> Faulty:
    """Leave all history before some bar near the ex-date in the old shares."""
    right, at, ratio = _with_split(series, chance)
    end = at - int(chance.integers(0, 8))
    return Faulty(_misapplied(right, 0, end, ratio), right)


def split_not_applied_to_a_block(series: VendorSeries, chance: Generator) -> Faulty:
    """Leave some bars near the ex-date in the old shares."""
    right, at, ratio = _with_split(series, chance)
    end = at - int(chance.integers(0, 8))
    return Faulty(_misapplied(right, end - int(chance.integers(1, 10)), end, ratio), right)


def split_applied_twice(series: VendorSeries, chance: Generator) -> Faulty:
    """Apply a split a second time to all history before it."""
    right, at, ratio = _with_split(series, chance)
    return Faulty(_misapplied(right, 0, at, 1 / ratio), right)


def close_missing(series: VendorSeries, chance: Generator) -> Faulty:
    """Lose a close; its adjusted close is there."""
    at = _place(chance, series)
    return Faulty(_set(series, "close", at, float(chance.choice([0.0, np.nan]))), series)


def adjusted_missing(series: VendorSeries, chance: Generator) -> Faulty:
    """Lose an adjusted close."""
    at = _place(chance, series)
    return Faulty(_set(series, "adjusted_close", at, float(chance.choice([0.0, np.nan]))), series)


def price_zero_with_a_second_source(series: VendorSeries, chance: Generator) -> Faulty:
    """Lose prices of a bar that another source has."""
    at, told = _place(chance, series), series
    for name in chance.choice(PRICES[:3], size=int(chance.integers(1, 4)), replace=False):
        told = _set(told, str(name), at, float(chance.choice([0.0, np.nan])))
    return Faulty(told, series, second=series)


def bar_missing_with_a_second_source(series: VendorSeries, chance: Generator) -> Faulty:
    """Lose every price of a bar."""
    at, told = _place(chance, series), series
    for name in PRICES:
        told = _set(told, name, at, float("nan"))
    return Faulty(told, series, second=series)


def prices_frozen(series: VendorSeries, chance: Generator) -> Faulty:
    """Repeat a bar for some sessions, as a vendor does whose feed stopped."""
    at, told = _place(chance, series), series
    for place in range(at + 1, at + 1 + int(chance.integers(1, 5))):
        for name in (*PRICES, "adjusted_close", "volume"):
            told = _set(told, name, place, float(series.column(name)[at]))
    return Faulty(told, series, second=series)


FAULTS: dict[str, Callable[[VendorSeries, Generator], Faulty]] = {
    make.__name__: make
    for make in (
        hundred_in_one_bar,
        hundred_in_some_columns,
        hundred_in_a_block,
        hundred_in_a_column_of_a_block,
        split_not_applied_before,
        split_not_applied_to_a_block,
        split_applied_twice,
        close_missing,
        adjusted_missing,
        price_zero_with_a_second_source,
        bar_missing_with_a_second_source,
        prices_frozen,
    )
}
