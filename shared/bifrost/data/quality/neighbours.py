"""A series seen beside what came before it: logarithms of prices, volatility, usual volume.

Steps that are known (splits, dividends) are taken out first, so that a 2-for-1 split is no jump.
Volatility is robust: 1.4826 times the median absolute return of the sixty before (Hampel 1974), so
that a bad bar among them does not hide the next one.
"""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from bifrost.data.quality.context import GateContext
from bifrost.data.series.columns import BarColumns, Floats, Integers, micros
from bifrost.data.series.timeframes import Timeframe

Mask = NDArray[np.bool_]

WINDOW = 60
# Fewer returns than that say nothing; then it is assumed.
_KNOWN_MIN = 20
_DEVIATIONS = 1.4826
_DAILY_ASSUMED = 0.025
_DAILY_LEAST = 0.0015
_MINUTE_LEAST = 0.0003
_SESSION_MINUTES = 390


@dataclass(frozen=True, slots=True, eq=False)
class Neighbours:
    """Prior bars and those to judge, one after the other; own: where the judged ones begin.

    open, high, low, close: natural logarithms, known steps taken out. gap: open to the close
    before it. sigma: what a gap or a move of one bar usually is; it is a night's at a session's
    first bar. rush: volume, of what is usual.
    """

    own: int
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    gap: Floats
    sigma: Floats
    bar_sigma: Floats
    rush: Floats
    excited: Floats

    def __len__(self) -> int:
        return len(self.open)

    def without(self, wrong: Mask) -> "Neighbours":
        """Leave out bars that are known to be wrong, and see what is then beside what."""
        keep = ~wrong
        open_, close = self.open[keep], self.close[keep]
        return Neighbours(
            own=int(keep[: self.own].sum()),
            open=open_,
            high=self.high[keep],
            low=self.low[keep],
            close=close,
            gap=_gaps(open_, close),
            sigma=self.sigma[keep],
            bar_sigma=self.bar_sigma[keep],
            rush=self.rush[keep],
            excited=self.excited[keep],
        )


def beside(bars: BarColumns, sessions: Integers, context: GateContext) -> Neighbours:
    """Put bars (whose shape and times are right) beside the prior ones.

    sessions: the place of each bar's session; prior bars' are taken for another one.
    """
    prior = _positive(context.prior)
    both = BarColumns.concatenated([prior, bars])
    steps = _steps(both.starts_at, context)
    open_, high, low, close = (
        np.log(column.astype(np.float64)) - steps
        for column in (both.open, both.high, both.low, both.close)
    )
    gap = _gaps(open_, close)
    begins = _begins_session(both, len(prior), sessions, context.timeframe)
    bar_sigma = _volatility(close, begins, context.timeframe)
    if context.tick_size is not None:
        bar_sigma = np.maximum(bar_sigma, float(context.tick_size) * 10**6 / both.close)
    night = np.sqrt(_SESSION_MINUTES / context.timeframe.minutes)
    sigma = bar_sigma if context.timeframe.is_daily else bar_sigma * np.where(begins, night, 1.0)
    rush = _rush(both.prices("volume") * np.exp(steps))
    excited = _market_excited(both.starts_at, context)
    return Neighbours(len(prior), open_, high, low, close, gap, sigma, bar_sigma, rush, excited)


def trailing_median(values: Floats, window: int) -> Floats:
    """Return the median of the `window` values before each; of fewer at the beginning.

    The first ones, with too few before them, take the median of the first window.
    """
    if len(values) < 2:
        return np.full(len(values), np.nan)
    width = min(window, len(values))
    windows = sliding_window_view(values, width)
    medians = np.nanmedian(windows, axis=1) if np.isnan(values).any() else _medians(windows)
    found = np.empty(len(values))
    found[:width] = medians[0]
    found[width:] = medians[:-1]
    return found


def _medians(windows: Floats) -> Floats:
    medians: Floats = np.median(windows, axis=1)
    return medians


def _positive(prior: BarColumns) -> BarColumns:
    least = np.minimum.reduce([prior.open, prior.high, prior.low, prior.close])
    return prior.take(least > 0)


def _gaps(open_: Floats, close: Floats) -> Floats:
    gap = np.zeros(len(open_))
    gap[1:] = open_[1:] - close[:-1]
    return gap


def _steps(starts_at: Integers, context: GateContext) -> Floats:
    total = np.zeros(len(starts_at))
    for step in context.steps:
        total[starts_at >= micros(step.at)] += np.log(step.factor)
    return total


def _begins_session(both: BarColumns, own: int, sessions: Integers, timeframe: Timeframe) -> Mask:
    """Say which bars are the first of their session: a night lies before them."""
    begins = np.zeros(len(both), dtype=bool)
    if timeframe.is_daily or not len(both):
        return begins
    hours = 4 * 3_600_000_000
    begins[1:] = np.diff(both.starts_at) > hours
    begins[0] = True
    if own < len(both):
        begins[own:][1:] |= np.diff(sessions) > 0
    return begins


def _volatility(close: Floats, begins: Mask, timeframe: Timeframe) -> Floats:
    share = np.sqrt(timeframe.minutes / _SESSION_MINUTES)
    assumed = _DAILY_ASSUMED if timeframe.is_daily else _DAILY_ASSUMED * share
    least = _DAILY_LEAST if timeframe.is_daily else _MINUTE_LEAST
    returns = np.abs(np.diff(close, prepend=close[:1]))
    usual = np.flatnonzero(~begins)[1 if timeframe.is_daily else 0 :]
    if len(usual) < _KNOWN_MIN:
        return np.full(len(close), assumed)
    medians = trailing_median(returns[usual], WINDOW)
    # A session's first bar takes the volatility of the ordinary bar that follows it.
    sigma = medians[np.minimum(np.searchsorted(usual, np.arange(len(close))), len(usual) - 1)]
    volatility: Floats = np.maximum(sigma * _DEVIATIONS, least)
    return volatility


def _rush(volume: Floats) -> Floats:
    usual = trailing_median(volume, WINDOW // 3)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(usual > 0, volume / usual, 1.0)


def _market_excited(starts_at: Integers, context: GateContext) -> Floats:
    """Return by how much more than four of its deviations the whole market moved; 1 in calm."""
    excited = np.ones(len(starts_at))
    market = context.market
    if market is None or len(market) < _KNOWN_MIN or not len(starts_at):
        return excited
    high, low, close = (np.log(column / 1.0) for column in (market.high, market.low, market.close))
    before = np.r_[close[:1], close[:-1]]
    excursion = np.maximum(np.abs(high - before), np.abs(low - before))
    sigma = _volatility(close, np.zeros(len(close), dtype=bool), Timeframe.D1)
    moved = np.maximum(1.0, excursion / (4 * sigma))
    places = np.searchsorted(market.starts_at, starts_at, side="right") - 1
    known = (places >= 0) & (starts_at - market.starts_at[places] < 24 * 3_600_000_000)
    excited[known] = moved[places[known]]
    return excited
