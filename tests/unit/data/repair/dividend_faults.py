"""Faults of dividends and adjusted closes, put into series that pay visible dividends.

A dividend is visible where the price fell by some times its usual move on the ex-date; of smaller
ones nobody could tell from the prices whether they were paid.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.random import Generator

from bifrost.data.repair.vendor_series import PRICES, Floats, VendorSeries
from tests.unit.data.repair.faults import Faulty, scaled

_EVERY, _FIRST = 120, 80


def adjusted(close: Floats, dividends: Floats) -> Floats:
    """Return closes adjusted for dividends as Yahoo writes them: in single precision."""
    kept = np.ones(len(close))
    kept[:-1] = 1 - dividends[1:] / close[:-1]
    factor = np.cumprod(kept[::-1])[::-1]
    return (close * factor).astype(np.float32).astype(np.float64)


def paying(series: VendorSeries, chance: Generator, size: tuple[float, float]) -> VendorSeries:
    """Return the series with a dividend every 120 bars, of `size` usual moves, and their falls."""
    dividends = np.zeros(len(series))
    factor = np.ones(len(series))
    usual = float(np.median(np.abs(np.diff(np.log(series.close)))))
    # Like a company, it pays about the same each time.
    part = float(chance.uniform(*size)) * usual
    close = series.close.copy()
    for at in range(_FIRST + int(chance.integers(0, 30)), len(series) - 40, _EVERY):
        paid = np.round(close[at - 1] * part * float(chance.uniform(0.9, 1.1)), 4)
        dividends[at] = paid
        # The market opens lower by the dividend, and goes on as it did.
        factor[at:] *= 1 - paid / close[at - 1]
        close = series.close * factor
    prices = {name: series.column(name) * factor for name in PRICES}
    return replace(
        series,
        sessions=series.sessions,
        adjusted_close=adjusted(prices["close"], dividends),
        dividends=dividends,
        **prices,
    )


def _one(series: VendorSeries, chance: Generator) -> int:
    return int(chance.choice(np.flatnonzero(series.dividends > 0)))


def _visible(series: VendorSeries, chance: Generator) -> int:
    """Return a dividend on whose ex-date the price fell by most of it."""
    paid = np.flatnonzero(series.dividends > 0)
    fell = series.close[paid - 1] - series.close[paid] > 0.6 * series.dividends[paid]
    return int(chance.choice(paid[fell] if fell.any() else paid))


def _told(series: VendorSeries, amounts: dict[int, float]) -> VendorSeries:
    dividends = series.dividends.copy()
    for at, amount in amounts.items():
        dividends[at] = amount
    return replace(series, dividends=dividends)


def _adjusted_for(series: VendorSeries, dividends: Floats) -> VendorSeries:
    return replace(series, adjusted_close=adjusted(series.close, dividends))


def hundredfold_dividend(series: VendorSeries, chance: Generator) -> Faulty:
    """Tell one dividend in pence; adjusted closes know better."""
    right = paying(series, chance, (0.3, 3))
    at = _one(right, chance)
    return Faulty(_told(right, {at: right.dividends[at] * 100}), right)


def hundredfold_dividends(series: VendorSeries, chance: Generator) -> Faulty:
    """Tell every dividend in pence."""
    right = paying(series, chance, (0.3, 3))
    return Faulty(replace(right, dividends=right.dividends * 100), right)


def hundredth_dividend(series: VendorSeries, chance: Generator) -> Faulty:
    """Tell one dividend in pounds among pence."""
    right = paying(series, chance, (1, 4))
    at = _one(right, chance)
    return Faulty(_told(right, {at: right.dividends[at] / 100}), right)


def adjusted_for_a_hundredth(series: VendorSeries, chance: Generator) -> Faulty:
    """Adjust for every dividend as if it were in pence."""
    right = paying(series, chance, (2, 4))
    return Faulty(_adjusted_for(right, right.dividends / 100), right)


def hundredfold_in_both(series: VendorSeries, chance: Generator) -> Faulty:
    """Tell one dividend a hundred times too high, and adjust for that."""
    right = paying(series, chance, (0.1, 0.4))
    at = _one(right, chance)
    wrong = _told(right, {at: right.dividends[at] * 100})
    return Faulty(_adjusted_for(wrong, wrong.dividends), right)


def not_adjusted(series: VendorSeries, chance: Generator) -> Faulty:
    """Forget to adjust for one dividend."""
    right = paying(series, chance, (4, 6))
    at = _visible(right, chance)
    return Faulty(_adjusted_for(right, _told(right, {at: 0.0}).dividends), right)


def phantom(series: VendorSeries, chance: Generator) -> Faulty:
    """Tell a dividend that was never paid, and adjust for none."""
    right = paying(series, chance, (4, 6))
    at = _calm(right, chance)
    return Faulty(_told(right, {at: float(right.dividends.max())}), right)


def phantom_in_both(series: VendorSeries, chance: Generator) -> Faulty:
    """Tell a large dividend that was never paid, and adjust for it."""
    right = paying(series, chance, (1, 2))
    at = _calm(right, chance)
    usual = float(np.median(np.abs(np.diff(np.log(right.close)))))
    wrong = _told(right, {at: float(np.round(25 * usual * right.close[at - 1], 4))})
    return Faulty(_adjusted_for(wrong, wrong.dividends), right)


def _calm(series: VendorSeries, chance: Generator) -> int:
    """Return a bar around which the price did not fall much, far from every dividend."""
    paid = np.flatnonzero(series.dividends > 0)
    while True:
        at = int(chance.integers(40, len(series) - 40))
        far = np.abs(paid - at).min() > 25
        fall = 1 - series.close[at] / series.close[at - 1]
        falls = 1 - series.close[at - 9 : at + 10] / series.close[at - 10 : at + 9]
        if far and fall < 0.005 and falls.max() < 0.05:
            return at


def duplicate_in_both(series: VendorSeries, chance: Generator) -> Faulty:
    """Tell a dividend again within days, and adjust for both."""
    right = paying(series, chance, (5, 8))
    at, again = _again(right, chance)
    near = float(np.round(right.dividends[at] * chance.uniform(0.95, 1.05), 4))
    wrong = _told(right, {again: near})
    return Faulty(_adjusted_for(wrong, wrong.dividends), right)


def duplicate_told(series: VendorSeries, chance: Generator) -> Faulty:
    """Tell a dividend again within days; adjusted closes know of one."""
    right = paying(series, chance, (3, 6))
    at, again = _again(right, chance)
    return Faulty(_told(right, {again: float(right.dividends[at])}), right)


def _again(series: VendorSeries, chance: Generator) -> tuple[int, int]:
    """Return a dividend's bar, and another near it on which the price did not fall."""
    while True:
        at = _visible(series, chance)
        again = at + int(chance.choice([-4, -3, -2, -1, 1, 2, 3, 4]))
        if series.close[again] > 0.995 * series.close[again - 1]:
            return at, again


def wrong_date(series: VendorSeries, chance: Generator) -> Faulty:
    """Tell a dividend some days off; adjusted closes know its date."""
    right = paying(series, chance, (5, 8))
    at, other = _again(right, chance)
    return Faulty(_told(right, {at: 0.0, other: float(right.dividends[at])}), right)


def wrong_date_in_both(series: VendorSeries, chance: Generator) -> Faulty:
    """Tell a dividend some days off, and adjust on that date."""
    right = paying(series, chance, (12, 15))
    at, other = _again(right, chance)
    wrong = _told(right, {at: 0.0, other: float(right.dividends[at])})
    return Faulty(_adjusted_for(wrong, wrong.dividends), right)


def dividend_missing(series: VendorSeries, chance: Generator) -> Faulty:
    """Lose a dividend; adjusted closes know of it."""
    right = paying(series, chance, (1, 6))
    return Faulty(_told(right, {_one(right, chance): 0.0}), right)


def adjusted_close_off(series: VendorSeries, chance: Generator) -> Faulty:
    """Put adjusted closes of some bars out of line with their closes."""
    right = paying(series, chance, (1, 6))
    at = _calm(right, chance)
    off = float(chance.choice([0.8, 0.9, 1.15, 1.3]))
    length = int(chance.integers(1, 6))
    return Faulty(scaled(right, ("adjusted_close",), at, at + length, off), right)


FAULTS: dict[str, Callable[[VendorSeries, Generator], Faulty]] = {
    make.__name__: make
    for make in (
        hundredfold_dividend,
        hundredfold_dividends,
        hundredth_dividend,
        adjusted_for_a_hundredth,
        hundredfold_in_both,
        not_adjusted,
        phantom,
        phantom_in_both,
        duplicate_in_both,
        duplicate_told,
        wrong_date,
        wrong_date_in_both,
        dividend_missing,
        adjusted_close_off,
    )
}
