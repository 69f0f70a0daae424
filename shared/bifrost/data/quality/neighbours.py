"""A series seen beside what came before it: logarithms of prices, volatility, usual volume.

Steps that are known (splits, dividends) are taken out first, so that a 2-for-1 split is no jump.
Volatility is robust: 1.4826 times the median absolute return of the sixty before (Hampel 1974), so
that a bad bar among them does not hide the next one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from bifrost.data.quality.context import GateContext, PriceStep
from bifrost.data.series.columns import BarColumns, Floats, Integers, micros
from bifrost.data.series.timeframes import Timeframe

Mask = NDArray[np.bool_]

WINDOW = 60
# What has lately become usual excuses a move that stays; a slow median learns of it too late.
_LATELY = 10
# Of minutes one median serves so many: a window moves little, and a year is judged in a blink.
_SHARED = 8
# Fewer returns than that say nothing; then it is assumed.
_KNOWN_MIN = 20
_DEVIATIONS = 1.4826
_DAILY_ASSUMED = 0.025
_DAILY_LEAST = 0.0015
_MINUTE_LEAST = 0.0003
_SESSION_MINUTES = 390
# The late session ends eight hours before the next early one.
_NIGHT = 4 * 3_600_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Neighbours:
    """Bars in order; judged: those that are asked about, the others are stored already.

    open, high, low, close: natural logarithms, known steps taken out. gap: open to the close
    before it. sigma: what a gap or a move of one bar usually is; it is a night's at a session's
    first bar. lately: the same of the newest ten, where that is more. rush: volume, of what is
    usual. claimed: the step that one source alone tells of, 0 where there is none. unsized,
    unsized_claim: a step down of unknown size is here, one that stands, or one that is claimed.
    """

    judged: Mask
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    gap: Floats
    sigma: Floats
    lately: Floats
    bar_sigma: Floats
    rush: Floats
    claimed: Floats
    unsized: Mask
    unsized_claim: Mask

    def __len__(self) -> int:
        return len(self.open)

    def without(self, wrong: Mask) -> "Neighbours":
        """Leave out bars that are known to be wrong, and see what is then beside what."""
        kept = {one.name: getattr(self, one.name)[~wrong] for one in fields(self)}
        return Neighbours(**kept | {"gap": _gaps(kept["open"], kept["close"])})


def beside(bars: BarColumns, judged: Mask, context: GateContext) -> Neighbours:
    """See bars (whose shape and times are right) and stored ones, in order, as neighbours."""
    steps = _steps(bars.starts_at, context)
    open_, high, low, close = (
        np.log(column.astype(np.float64)) - steps
        for column in (bars.open, bars.high, bars.low, bars.close)
    )
    begins = _begins_session(bars.starts_at, context.timeframe)
    bar_sigma, lately = (
        _volatility(close, begins, context.timeframe, window) for window in (WINDOW, _LATELY)
    )
    if context.tick_size is not None:
        bar_sigma = np.maximum(bar_sigma, float(context.tick_size) * 10**6 / bars.close)
    nights = np.where(begins, np.sqrt(_SESSION_MINUTES / context.timeframe.minutes), 1.0)
    return Neighbours(
        judged=judged,
        open=open_,
        high=high,
        low=low,
        close=close,
        gap=_gaps(open_, close),
        sigma=bar_sigma * nights,
        lately=np.maximum(bar_sigma, lately) * nights,
        bar_sigma=bar_sigma,
        rush=_rush(bars.prices("volume") * np.exp(steps), context.timeframe),
        claimed=_claimed(bars.starts_at, context),
        unsized=_unsized(bars.starts_at, context.steps),
        unsized_claim=_unsized(bars.starts_at, context.claims),
    )


def shared(timeframe: Timeframe) -> int:
    """Return how many bars one median serves."""
    return 1 if timeframe.is_daily else _SHARED


def trailing_median(values: Floats, window: int, every: int = 1) -> Floats:
    """Return the median of the `window` values before each; of fewer at the beginning.

    The first ones, with too few before them, take the median of the first window. every: so many
    places share a median, that of what lies before the first of them.
    """
    if len(values) < 2:
        return np.full(len(values), np.nan)
    width = min(window, len(values))
    medians: Floats = np.median(sliding_window_view(values, width)[::every], axis=1)
    found = np.empty(len(values))
    found[:width] = medians[0]
    found[width:] = medians[np.arange(len(values) - width) // every]
    return found


def _gaps(open_: Floats, close: Floats) -> Floats:
    gap = np.zeros(len(open_))
    gap[1:] = open_[1:] - close[:-1]
    return gap


def _steps(starts_at: Integers, context: GateContext) -> Floats:
    total = np.zeros(len(starts_at))
    for step in context.steps:
        if step.factor is not None:
            total[starts_at >= micros(step.at)] += np.log(step.factor)
    return total


def _claimed(starts_at: Integers, context: GateContext) -> Floats:
    claimed = np.zeros(len(starts_at))
    for claim in context.claims:
        place = int(np.searchsorted(starts_at, micros(claim.at)))
        if place < len(starts_at) and claim.factor is not None:
            claimed[place] = max(claimed[place], np.log(claim.factor), key=abs)
    return claimed


def _unsized(starts_at: Integers, steps: Sequence[PriceStep]) -> Mask:
    """Say which bars are the first after a step of which nobody told the size."""
    found = np.zeros(len(starts_at), dtype=bool)
    places = np.searchsorted(starts_at, [micros(one.at) for one in steps if one.factor is None])
    found[places[places < len(starts_at)]] = True
    return found


def _begins_session(starts_at: Integers, timeframe: Timeframe) -> Mask:
    """Say which bars are the first of their session: a night lies before them."""
    if timeframe.is_daily or not len(starts_at):
        return np.zeros(len(starts_at), dtype=bool)
    begins: Mask = np.append(True, np.diff(starts_at) > _NIGHT)
    return begins


def _volatility(close: Floats, begins: Mask, timeframe: Timeframe, window: int) -> Floats:
    share = np.sqrt(timeframe.minutes / _SESSION_MINUTES)
    assumed = _DAILY_ASSUMED if timeframe.is_daily else _DAILY_ASSUMED * share
    least = _DAILY_LEAST if timeframe.is_daily else _MINUTE_LEAST
    returns = np.abs(np.diff(close, prepend=close[:1]))
    usual = np.flatnonzero(~begins)[1 if timeframe.is_daily else 0 :]
    if len(usual) < _KNOWN_MIN:
        return np.full(len(close), assumed)
    medians = trailing_median(returns[usual], window, shared(timeframe))
    # A session's first bar takes the volatility of the ordinary bar that follows it.
    sigma = medians[np.minimum(np.searchsorted(usual, np.arange(len(close))), len(usual) - 1)]
    volatility: Floats = np.maximum(sigma * _DEVIATIONS, least)
    return volatility


def _rush(volume: Floats, timeframe: Timeframe) -> Floats:
    usual = trailing_median(volume, WINDOW // 3, shared(timeframe))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(usual > 0, volume / usual, 1.0)
