"""Splits that no vendor told, seen in the price: a claim with one vote, and never a changed price.

A share falls to a half overnight by a split or by bad news (Apple on 29 September 2000). Bad news
is traded: volume grows many times on that day, which a split does not do.
"""

import numpy as np

from bifrost.data.repair.findings import Found, Repair, RepairKind, as_date
from bifrost.data.repair.noise import largest_other, local_scale, log_levels
from bifrost.data.repair.splits import REACH
from bifrost.data.repair.vendor_series import Floats, VendorSeries, change_of

_WHOLE = (2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30, 40, 50, 100)
_RATIOS = np.array([1.5, *_WHOLE, *(1 / whole for whole in _WHOLE if whole > 2)])
_CONTRAST_MIN = 8.0
# So many times the largest other move of a quarter to either side.
_OUTDONE_MIN = 2.5
# A step is a ratio within so many of the usual moves, and at least this part of its size.
_TOLERANCE, _TOLERANCE_MIN, _TOLERANCE_MAX = 2.5, 0.1, 0.12
# Volume may change by this beyond the ratio (of its logarithm), against the sessions before.
_TRADED_MAX = 0.9
_STEADY = 5
# What the price alone says is never enough to act on.
_SCORE = 0.5


def missing_splits(series: VendorSeries) -> Found:
    """Find steps of a split's size where no split is told."""
    levels = log_levels(series)
    places = np.flatnonzero(np.isfinite(levels))
    if not np.isfinite(series.splits).any() or len(places) < 2 * _STEADY + 2:
        return Found()
    moves = np.diff(levels[places])
    scale = local_scale(moves)
    misfits = np.abs(moves[:, None] + np.log(_RATIOS)[None, :])
    best = misfits.argmin(axis=1)
    sizes = np.abs(np.log(_RATIOS))[best]
    fits = misfits[np.arange(len(moves)), best] <= np.clip(
        _TOLERANCE * scale, _TOLERANCE_MIN * sizes, _TOLERANCE_MAX * sizes
    )
    repairs: list[Repair] = []
    for spot in np.flatnonzero(fits & (sizes >= _CONTRAST_MIN * scale)):
        ratio = float(_RATIOS[best[spot]])
        at = int(places[spot + 1])
        steady = _STEADY <= spot + 1 <= len(places) - _STEADY
        size = float(sizes[spot])
        alone = _OUTDONE_MIN * largest_other(moves, np.array([spot])) < size
        if steady and alone and not _told_near(series, at) and _traded_alike(series, at, ratio):
            repairs.append(_claim(series, at, ratio, float(moves[spot])))
    return Found(repairs)


def _told_near(series: VendorSeries, at: int) -> bool:
    near = series.splits[max(0, at - REACH) : at + REACH + 1]
    return bool((near[np.isfinite(near)] > 0).any())


def _traded_alike(series: VendorSeries, at: int, ratio: float) -> bool:
    """Say whether trading went on as before, whether or not the vendor's volume knows the split."""
    before, first = _traded(series, at - 20, at), _traded(series, at, at + 1)
    after = _traded(series, at, at + _STEADY)
    if not len(before) or not len(first):
        return False
    usual = float(np.median(np.log(before)))
    shifts = [float(np.log(first[0])) - usual, float(np.median(np.log(after))) - usual]
    step = float(np.log(ratio))
    low, high = min(step, 0.0) - _TRADED_MAX, max(step, 0.0) + _TRADED_MAX
    return low <= min(shifts) and max(shifts) <= high


def _traded(series: VendorSeries, start: int, stop: int) -> Floats:
    volume = series.volume[max(0, start) : stop]
    return volume[np.isfinite(volume) & (volume > 0)]


def _claim(series: VendorSeries, at: int, ratio: float, move: float) -> Repair:
    change = change_of(series, "splits", np.array([at]), np.array([ratio]))
    reason = (
        f"the price went to {np.exp(move):.4g} of what it was on {as_date(series.sessions[at])}"
        f" and trading went on as before: a split of {ratio:.6g} for 1 that nobody told"
    )
    known = min(at + _STEADY, len(series) - 1)
    evidence = {"two_sources": _SCORE}
    day = as_date(series.sessions[known])
    return Repair(RepairKind.MISSING_SPLIT, [change], evidence, reason, day)
