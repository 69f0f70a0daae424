"""Prices a hundred times too high or low: pounds among pence, dollars among cents.

The prices of a series, bar after bar and in each its open, high, low and close, are one walk. No
market moves it by a factor of a hundred in one step, so such steps divide it into two levels,
whatever they cover: a cell, a bar, a block or one column of it. Which level is right is said by
the bars that traded; those without volume only repeat a price. Of a series that is looked at in
windows it is said by the days of all of them: a window may be wrong from end to end.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bifrost.data.repair.findings import (
    ColumnChange,
    Doubt,
    Found,
    Repair,
    RepairKind,
    as_date,
    days_of,
)
from bifrost.data.repair.noise import scale_at
from bifrost.data.repair.vendor_series import (
    PRICES,
    Floats,
    Sessions,
    VendorSeries,
    change_of,
    usable,
)

_HUNDRED = float(np.log(100))
# A step is one of units within so many of the walk's own, and between a factor of 1.3 and of 2.7.
_TOLERANCE, _TOLERANCE_MIN, _TOLERANCE_MAX = 6.0, 0.25, 1.0
# A bar without volume repeats a price: it counts only where no bar traded at all.
_UNTRADED = 1e-3
# Volume may grow by this (of its logarithm), or so many of its usual spread, without news.
_TRADED_MAX, _TRADED_SPREAD = 0.9, 2.5
_BEFORE, _AFTER = 20, 5
# How sure an error is whose level stays, where trade rushed as it came.
_RUIN = 0.5
_COLUMNS = (*PRICES, "adjusted_close")


@dataclass(frozen=True, slots=True)
class _Levels:
    """Powers of a hundred that each cell is off by (bars, 5), and what speaks for it."""

    off: NDArray[np.int64]
    fit: Floats
    share: float


@dataclass(frozen=True, slots=True, eq=False)
class DayLevels:
    """By how many powers of a hundred the days of a whole series are off, and how sure that is.

    share: of the days that traded at the right level. alike: in [0, 1] of each day.
    """

    sessions: Sessions
    off: NDArray[np.int64]
    share: float
    alike: Floats

    def alike_on(self, sessions: Sessions) -> float:
        """Say whether these sessions' trading tells an error from a ruin."""
        places = np.searchsorted(self.sessions, np.unique(days_of(sessions)))
        return float(self.alike[np.minimum(places, len(self.alike) - 1)].min(initial=1.0))


def day_levels(days: VendorSeries) -> DayLevels:
    """Return the levels of days of which each has one price."""
    levels = _levels(days)
    if levels is None:
        right = np.zeros(len(days), dtype=np.int64)
        return DayLevels(days.sessions, right, 1.0, np.ones(len(days)))
    return _of_days(days, levels)


def _of_days(days: VendorSeries, levels: _Levels) -> DayLevels:
    off = levels.off[:, 3]
    return DayLevels(days.sessions, off, levels.share, _traded_alike(days, off))


def _traded_alike(days: VendorSeries, off: NDArray[np.int64]) -> Floats:
    """Say of each day whether trading went on as before where its level came to stay.

    What comes back is an error. What stays may be a ruin, which is traded: by an error nobody
    trades more.
    """
    alike = np.ones(len(days))
    edges = np.flatnonzero(np.diff(off)) + 1
    if len(edges):
        for edge, run in ((edges[0], slice(0, edges[0])), (edges[-1], slice(edges[-1], None))):
            if off[run].any() and _is_traded(days, int(edge)):
                alike[run] = _RUIN
    return alike


def _is_traded(days: VendorSeries, edge: int) -> bool:
    """Say whether far more was traded on this session, or on those from it on, than before."""
    with np.errstate(invalid="ignore", divide="ignore"):
        volume = np.log(days.volume)
    before, after = volume[max(0, edge - _BEFORE) : edge], volume[edge : edge + _AFTER]
    before, after = before[np.isfinite(before)], after[np.isfinite(after)]
    if not len(before) or not len(after):
        return False
    more = max(float(after[0]), float(np.median(after))) - float(np.median(before))
    return more > max(_TRADED_MAX, _TRADED_SPREAD * float(np.std(before)))


def unit_errors(series: VendorSeries, days: DayLevels | None = None) -> Found:
    """Find prices that are a hundred times off.

    days: of the whole series, where this one is a window of it or its bars are shorter.
    """
    levels = _levels(series, days)
    if levels is None or not levels.off.any():
        return Found()
    repairs: list[Repair] = []
    doubts: list[Doubt] = []
    days = days or _of_days(series, levels)
    for places in _blocks(levels.off):
        if np.abs(levels.off[places]).max() > 1:
            reason = "prices are off by more than a factor of a hundred: which is right is unclear"
            session = as_date(series.sessions[places[0]])
            doubts.append(Doubt(RepairKind.UNIT_ERROR, session, reason))
        else:
            alike = days.alike_on(series.sessions[places])
            repairs.append(_repair(series, levels, places, alike))
    return Found(repairs, doubts)


def _levels(series: VendorSeries, days: DayLevels | None = None) -> _Levels | None:
    prices = series.prices()
    told = usable(prices)
    if told.sum() < 2:
        return None
    walk = np.log(prices[told])
    steps = np.diff(walk)
    misfit = np.abs(np.abs(steps) - _HUNDRED)
    large = np.flatnonzero(misfit <= _TOLERANCE_MAX)
    is_level = not len(large) and not usable(series.adjusted_close).any()
    if is_level and (days is None or not days.off.any()):
        return None
    scale = scale_at(np.where(np.abs(steps) < 2, steps, np.nan), large, reach=40)
    tolerance = np.full(len(steps), _TOLERANCE_MIN)
    tolerance[large] = np.clip(np.nan_to_num(_TOLERANCE * scale), _TOLERANCE_MIN, _TOLERANCE_MAX)
    jumps = np.where(misfit <= tolerance, np.sign(steps), 0).astype(np.int64)
    states = np.concatenate([[0], np.cumsum(jumps)])
    rows = np.nonzero(told)[0]
    if _is_unlisted_split(series, rows, states):
        return None
    right, share = _right_level(series, rows, states)
    if days is not None:
        right, share = _right_by_days(series, rows, states, days)
    off = np.zeros((len(series), len(_COLUMNS)), dtype=np.int64)
    off[:, : len(PRICES)][told] = states - right
    off[:, 4] = _adjusted_off(series, off[:, 3])
    worst = np.where(jumps != 0, misfit / tolerance, 0.0)
    fit = np.ones(len(series))
    np.minimum.at(fit, rows[1:], 1 - 0.3 * worst**2)
    return _Levels(off, fit, share)


def _right_level(
    series: VendorSeries, rows: NDArray[np.intp], states: NDArray[np.int64]
) -> tuple[int, float]:
    """Return the level that most traded bars have, and how sure that is (a half: not at all)."""
    volume = series.volume
    traded = ~np.isfinite(volume) | (volume > 0)
    weights = np.where(traded, 1.0, _UNTRADED)[rows] / len(PRICES)
    found, inverse = np.unique(states, return_inverse=True)
    sums: Floats = np.bincount(inverse, weights).astype(np.float64)
    most = int(sums.argmax())
    if sums.max() < 1:
        sums /= _UNTRADED
    return int(found[most]), float((sums[most] + 0.5) / (sums.sum() + 1))


def _right_by_days(
    series: VendorSeries, rows: NDArray[np.intp], states: NDArray[np.int64], days: DayLevels
) -> tuple[int, float]:
    """Return the level that is right by the days of the whole series, and how sure that is."""
    of_cells = days_of(series.sessions[rows])
    found, first = np.unique(of_cells, return_index=True)
    usual = [int(np.median(one)) for one in np.split(states, first[1:])]
    places = np.minimum(np.searchsorted(days.sessions, found), len(days.sessions) - 1)
    known = days.sessions[places] == found
    rights, votes = np.unique((usual - days.off[places])[known], return_counts=True)
    if not len(votes):
        return 0, 0.0
    most = int(votes.argmax())
    return int(rights[most]), min(days.share, float((votes[most] + 0.5) / (votes.sum() + 1)))


def _is_unlisted_split(
    series: VendorSeries, rows: NDArray[np.intp], states: NDArray[np.int64]
) -> bool:
    """Say whether the level changed for good and the volume against it: shares were exchanged."""
    ends = states[[0, -1]]
    if ends[0] == ends[1] or len(np.unique(states)) != 2:
        return False
    volume = series.volume[rows]
    with np.errstate(invalid="ignore"):
        traded = volume > 0
    before, after = traded & (states == ends[0]), traded & (states == ends[1])
    if not before.any() or not after.any():
        return False
    shift = np.log(np.median(volume[after]) / np.median(volume[before]))
    return bool(abs(shift + (ends[1] - ends[0]) * _HUNDRED) < 1.5)


def _adjusted_off(series: VendorSeries, close_off: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the powers of a hundred that adjusted closes are off, beside the repaired closes."""
    off = np.zeros(len(series), dtype=np.int64)
    told = usable(series.adjusted_close) & usable(series.close)
    if told.sum() < 2:
        return off
    ratio = np.log(series.adjusted_close[told] / series.close[told]) + close_off[told] * _HUNDRED
    steps = np.diff(ratio)
    jumps = np.where(np.abs(np.abs(steps) - _HUNDRED) <= _TOLERANCE_MIN, np.sign(steps), 0)
    states = np.concatenate([[0], np.cumsum(jumps)]).astype(np.int64)
    # Closes that are right say which of the levels beside them is: they were adjusted alike.
    right = close_off[told] == 0
    off[told] = states - int(np.median(states[right] if right.any() else states))
    return off


def _blocks(off: NDArray[np.int64]) -> list[NDArray[np.intp]]:
    """Return runs of neighbouring bars with the same cells off by the same."""
    touched = (off != 0).any(axis=1)
    same = np.concatenate([[False], (off[1:] == off[:-1]).all(axis=1)])
    starts = touched & ~same
    labels = np.cumsum(starts)
    places = np.flatnonzero(touched)
    return np.split(places, np.flatnonzero(np.diff(labels[places])) + 1)


def _ends_seen(bars: int) -> float:
    """Say how sure it is that prices come back, where the series ends before they do.

    Of the newest bar alone nothing says so: the next one tells an error from a ruin.
    """
    return 0.9 if bars > 1 else 0.65


def _repair(
    series: VendorSeries, levels: _Levels, places: NDArray[np.intp], alike: float
) -> Repair:
    changes: list[ColumnChange] = []
    for at, name in enumerate(_COLUMNS):
        off = levels.off[places, at]
        cells = places[off != 0]
        if len(cells):
            told = series.column(name)[cells]
            repaired = np.where(off[off != 0] > 0, told / 100, told * 100)
            changes.append(change_of(series, name, cells, repaired))
    after = int(places[-1]) + 1
    open_ended = after >= len(series)
    edges = [int(places[0]), int(places[-1]), min(after, len(series) - 1)]
    evidence = {
        "step_is_a_hundred": float(levels.fit[edges].min()),
        "right_level": levels.share,
        "ends_seen": _ends_seen(len(places)) if open_ended else 1.0,
        "traded_alike": alike,
    }
    too = "high" if levels.off[places].max() > 0 else "low"
    first = changes[0]
    reason = (
        f"{', '.join(change.column for change in changes)} a hundred times too {too} in"
        f" {len(places)} bar(s): {first.raw[0]:.6g} beside a level of {first.repaired[0]:.6g}"
    )
    known = series.sessions[len(series) - 1 if open_ended else after]
    return Repair(RepairKind.UNIT_ERROR, changes, evidence, reason, as_date(known))
