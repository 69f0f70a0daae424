"""How much a series moves by itself: what a fault must stand out from."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from bifrost.data.repair.vendor_series import Floats, VendorSeries, usable

# The median of |x| is this part of a normal's standard deviation.
_NORMAL = 0.6744897501960817
# A frozen series moves by nothing, and its next move is still no miracle.
_FLOOR = 0.002


def log_levels(series: VendorSeries) -> Floats:
    """Return the logarithm of each bar's median price: one wrong cell does not move it far."""
    prices = series.prices()
    with np.errstate(invalid="ignore", divide="ignore"):
        logs = np.sort(np.where(usable(prices), np.log(prices), np.nan), axis=1)
    # NaN is sorted last: the middle of those that are told lies between these two.
    told = np.isfinite(logs).sum(axis=1)[:, None]
    low, high = (
        np.take_along_axis(logs, np.maximum(at, 0), axis=1)[:, 0]
        for at in ((told - 1) // 2, np.minimum(told // 2, logs.shape[1] - 1))
    )
    levels: Floats = (low + high) / 2
    return levels


def local_scale(moves: Floats, reach: int = 10, floor: float = _FLOOR) -> Floats:
    """Return a standard deviation of the moves around each, robust: the median of |move|.

    A fault is two moves of the many within `reach` to either side, and moves the median little.
    NaN where none of them is known.
    """
    return scale_at(moves, np.arange(len(moves)), reach, floor)


def scale_at(
    moves: Floats, places: NDArray[np.intp], reach: int = 10, floor: float = _FLOOR
) -> Floats:
    """Return `local_scale` of these places alone: a year of minutes has few that matter."""
    if not len(places):
        return np.empty(0)
    padded = np.pad(np.abs(moves), reach, constant_values=np.nan)
    windows = sliding_window_view(padded, 2 * reach + 1)[places]
    known = np.isfinite(windows).any(axis=1)
    scale = np.full(len(places), np.nan)
    scale[known] = np.maximum(np.nanmedian(windows[known], axis=1) / _NORMAL, floor)
    return scale


def largest_other(moves: Floats, places: NDArray[np.intp], reach: int = 60) -> float:
    """Return the largest |move| within `reach` of some places, those at the places left out."""
    others = np.abs(moves)
    others[places] = 0
    near = [others[max(0, place - reach) : place + reach + 1] for place in places]
    return float(np.concatenate(near).max(initial=0.0)) if near else 0.0
