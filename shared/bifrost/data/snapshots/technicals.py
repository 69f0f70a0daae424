"""Technical measures of the newest bar, for all instruments at once.

Each is NaN where an instrument has too few bars: unknown is never zero.
"""

import numpy as np

from bifrost.data.series.columns import Floats
from bifrost.data.snapshots.panel import Panel, aligned_returns

MARKET = "SPY"
_YEAR = 252
_BETA_MIN = 60
_MONTH = 20
_WILDER = 14


def technicals(panel: Panel) -> dict[str, Floats]:
    """Return each measure by its name, a value for each instrument."""
    return {
        "sma_20": mean_of_last(panel.close, 20),
        "sma_50": mean_of_last(panel.close, 50),
        "sma_200": mean_of_last(panel.close, 200),
        "rsi_14": rsi(panel.close)[:, -1],
        "atr_14": wilder(true_ranges(panel))[:, -1],
        "volatility_20": _volatility(panel.close),
        "beta": _beta(panel),
        "relative_volume": relative_volume(panel.volume),
    }


def mean_of_last(column: Floats, count: int, back: int = 0) -> Floats:
    """Return the mean of the last `count` values, as it was `back` bars ago."""
    end = column.shape[1] - back
    means: Floats = column[:, end - count : end].mean(axis=1)
    return means


def true_ranges(panel: Panel) -> Floats:
    """Return each bar's range, the gap to the close before included (Wilder 1978)."""
    before = _before(panel.close)
    ranges: Floats = np.fmax(panel.high, before) - np.fmin(panel.low, before)
    return ranges


def wilder(values: Floats, count: int = _WILDER) -> Floats:
    """Return Wilder's average of each place: the mean of the first `count`, then smoothed (1978).

    NaN where fewer than `count` values lie before. Values are NaN only at a row's beginning.
    """
    seen = np.cumsum(~np.isnan(values), axis=1)
    sums = np.nancumsum(values, axis=1)
    averages = np.full(values.shape, np.nan)
    for place in range(values.shape[1]):
        value, number = values[:, place], seen[:, place]
        smoothed = (averages[:, place - 1] * (count - 1) + value) / count if place else value
        averages[:, place] = np.where(
            number > count, smoothed, np.where(number == count, sums[:, place] / count, np.nan)
        )
    return averages


def rsi(close: Floats, count: int = _WILDER) -> Floats:
    """Return the relative strength index of each place, 0 to 100 (Wilder 1978)."""
    change = np.diff(close, axis=1, prepend=np.nan)
    up = wilder(np.where(np.isnan(change), np.nan, np.maximum(change, 0)), count)
    down = wilder(np.where(np.isnan(change), np.nan, np.maximum(-change, 0)), count)
    with np.errstate(invalid="ignore"):
        total = up + down
        return np.where(total > 0, 100 * up / np.where(total > 0, total, 1), total * 0 + 50)


def relative_volume(volume: Floats) -> Floats:
    """Return the newest volume, of the mean of the twenty before."""
    usual = mean_of_last(volume, _MONTH, back=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(usual > 0, volume[:, -1] / usual, np.nan)


def _volatility(close: Floats) -> Floats:
    """Return the standard deviation of twenty log returns, in a year."""
    returns = np.diff(np.log(close[:, -_MONTH - 1 :]), axis=1)
    deviations: Floats = returns.std(axis=1, ddof=1) * np.sqrt(_YEAR)
    return deviations


def _beta(panel: Panel) -> Floats:
    """Return the slope on the market's returns over the last year that both have."""
    nothing = np.full(len(panel.instruments), np.nan)
    aligned = aligned_returns(panel, MARKET)
    if aligned is None:
        return nothing
    own, market = (returns[:, -_YEAR:] for returns in aligned)
    both = ~(np.isnan(own) | np.isnan(market))
    count = both.sum(axis=1)
    own, market = (np.where(both, one, 0.0) for one in (own, market))
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_own, mean_market = own.sum(axis=1) / count, market.sum(axis=1) / count
        covariance = (own * market).sum(axis=1) / count - mean_own * mean_market
        variance = (market**2).sum(axis=1) / count - mean_market**2
        return np.where((count >= _BETA_MIN) & (variance > 0), covariance / variance, np.nan)


def _before(column: Floats) -> Floats:
    """Return each place's value one bar before."""
    return np.concatenate([np.full((len(column), 1), np.nan), column[:, :-1]], axis=1)
