"""Prices that a split was applied to too seldom or too often, near a split that is told.

A vendor adjusts its history some sessions late, or twice, or forgets a bar of it. Such a bar
stands off by exactly the split's ratio, near the split, and steps that far are no market's: where
the price moved by something like the ratio anyway (GameStop in January 2021), nothing is repaired.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from bifrost.data.repair.findings import ColumnChange, Doubt, Found, Repair, RepairKind, as_date
from bifrost.data.repair.noise import largest_other, log_levels, scale_at
from bifrost.data.repair.split_volume import volume_is_off
from bifrost.data.repair.vendor_series import (
    PRICES,
    Floats,
    VendorSeries,
    change_of,
    usable,
)

# How many sessions before or after its ex-date a split may have been forgotten.
REACH = 20
# The ratio must be so many of the usual moves, and so much more than the largest of them.
CONTRAST_MIN, OUTDONE_MIN = 5.0, 1.5
_CONTRAST_SURE = 8.0
# A step is the ratio within so many of the usual moves, and between these parts of its size.
_TOLERANCE, _TOLERANCE_MIN, _TOLERANCE_MAX = 4.0, 0.12, 0.35
# A split that only one source tells may be proposed as a reason, and never acts by itself.
_ONE_VOTE = 0.5


@dataclass(frozen=True, slots=True)
class _Walk:
    """The bars with a price: their places in the series, their moves, and how many are near."""

    places: NDArray[np.intp]
    moves: Floats
    reach: int


@dataclass(frozen=True, slots=True)
class _Split:
    """A split that is told: its place in the series and the walk, and the ratio's logarithm."""

    at: int
    begins: int
    ratio: float

    @property
    def size(self) -> float:
        return abs(float(np.log(self.ratio)))

    @property
    def step(self) -> float:
        return float(np.log(self.ratio))


def split_errors(
    series: VendorSeries, confirmed: Collection[date] | None, *, per_session: int = 1
) -> Found:
    """Find bars that a told split was not applied to, or twice.

    confirmed: ex-dates of splits that stand; what another one explains is only proposed. None:
    nobody has voted, the file speaks for itself. per_session: how many bars a session has.
    """
    if not (series.splits > 0).any():
        return Found()
    walk = _walk(series, REACH * per_session)
    repairs: list[Repair] = []
    doubts: list[Doubt] = []
    for at in np.flatnonzero(np.isfinite(series.splits) & (series.splits > 0))[::-1]:
        ratio = float(series.splits[at])
        split = _Split(int(at), int(np.searchsorted(walk.places, at)), ratio)
        if ratio == 1 or split.begins >= len(walk.places):
            continue
        votes = 1.0 if confirmed is None or _day(series, at) in confirmed else _ONE_VOTE
        found = _around(series, walk, split, votes)
        repairs += found.repairs
        doubts += found.doubts
    return Found(repairs, doubts)


def _day(series: VendorSeries, at: int) -> date:
    return as_date(series.sessions[at])


def _walk(series: VendorSeries, reach: int) -> _Walk:
    levels = log_levels(series)
    places = np.flatnonzero(np.isfinite(levels))
    return _Walk(places, np.diff(levels[places]), reach)


def _around(series: VendorSeries, walk: _Walk, split: _Split, votes: float) -> Found:
    low = max(0, split.begins - walk.reach - 1)
    near = np.arange(len(walk.moves))[low : split.begins + walk.reach]
    moves, scale = walk.moves[near], scale_at(walk.moves, near)
    tolerance = np.clip(
        _TOLERANCE * scale, _TOLERANCE_MIN * split.size, _TOLERANCE_MAX * split.size
    )
    misfit = np.abs(np.abs(moves) - split.size)
    hits = misfit <= tolerance
    if not hits.any():
        return Found()
    spots = near[hits]
    contrast = split.size / float(scale[hits].max())
    rival = largest_other(walk.moves, spots, 3 * walk.reach)
    if contrast < CONTRAST_MIN or split.size < OUTDONE_MIN * rival:
        reason = (
            f"prices move like the split of {split.ratio:g} for 1 on {_day(series, split.at)}, and"
            f" nearly as far without it ({np.expm1(rival):.0%} in a session): nothing is repaired"
        )
        return Found(doubts=[Doubt(RepairKind.SPLIT_NOT_APPLIED, _day(series, split.at), reason)])
    jumps = np.zeros(len(walk.moves), dtype=np.int64)
    jumps[spots] = np.sign(walk.moves[spots]).astype(np.int64)
    states = np.concatenate([[0], np.cumsum(jumps)])
    # The vendor's own words after the split are in its new shares.
    states -= int(np.median(states[split.begins : split.begins + walk.reach // 2]))
    evidence = {
        "step_is_the_ratio": float(1 - 0.3 * (misfit / tolerance)[hits].max() ** 2),
        "stands_out": min(1.0, contrast / _CONTRAST_SURE),
        "split_stands": votes,
    }
    return _blocks(series, walk, split, states, evidence)


def _blocks(
    series: VendorSeries,
    walk: _Walk,
    split: _Split,
    states: NDArray[np.int64],
    evidence: dict[str, float],
) -> Found:
    off = np.flatnonzero(states)
    repairs: list[Repair] = []
    for run in np.split(off, np.flatnonzero((np.diff(off) != 1) | np.diff(states[off])) + 1):
        if not len(run):
            continue
        if abs(states[run[0]]) > 1:
            reason = f"bars are off by the split of {split.ratio:g} for 1 more than once"
            session = _day(series, int(walk.places[run[0]]))
            return Found(doubts=[Doubt(RepairKind.SPLIT_NOT_APPLIED, session, reason)])
        repairs.append(_repair(series, walk, split, run, int(states[run[0]]), evidence))
    return Found(repairs)


def _repair(
    series: VendorSeries,
    walk: _Walk,
    split: _Split,
    run: NDArray[np.intp],
    state: int,
    evidence: dict[str, float],
) -> Repair:
    ratio = split.ratio if split.step > 0 else 1 / split.ratio
    # Above one: these bars' prices are so many times too high.
    factor = ratio if state > 0 else 1 / ratio
    places = walk.places[run]
    names = [*PRICES, *(["adjusted_close"] if _adjusted_is_off(series, walk, run, factor) else [])]
    changes: list[ColumnChange] = []
    for name in names:
        cells = places[usable(series.column(name)[places])]
        if len(cells):
            changes.append(change_of(series, name, cells, series.column(name)[cells] / factor))
    evidence = dict(evidence)
    with_volume, evidence["volume_agrees"] = volume_is_off(
        series.volume[_edges(walk, run)], series.volume[_beside(walk, run)], factor
    )
    if with_volume:
        cells = places[series.volume[places] > 0]
        repaired = np.floor(series.volume[cells] * factor + 0.5)
        changes.append(change_of(series, "volume", cells, repaired))
    known = max(int(walk.places[min(int(run[-1]) + 1, len(walk.places) - 1)]), split.at)
    kind, reason = _told(split, factor, changes[0], _day(series, split.at))
    return Repair(kind, changes, evidence, reason, _day(series, known))


def _told(split: _Split, factor: float, first: ColumnChange, on: date) -> tuple[RepairKind, str]:
    not_applied = (factor > 1) == (split.ratio > 1)
    kind = RepairKind.SPLIT_NOT_APPLIED if not_applied else RepairKind.SPLIT_APPLIED_TWICE
    how = "not adjusted" if not_applied else "adjusted twice"
    return kind, (
        f"{len(first.raw)} bar(s) {how} for the split of {split.ratio:g} for 1 on {on}:"
        f" {first.column} {first.raw[-1]:.6g} is {factor:.6g} times {first.repaired[-1]:.6g}"
    )


def _edges(walk: _Walk, run: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the places of the bars within reach of a run at each end that has a neighbour."""
    begin = run[: walk.reach] if run[0] > 0 else run[:0]
    end = run[-walk.reach :] if run[-1] + 1 < len(walk.places) else run[:0]
    return walk.places[np.union1d(begin, end)]


def _beside(walk: _Walk, run: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the places of the bars within reach on each side of a run."""
    low, high = int(run[0]), int(run[-1]) + 1
    return np.concatenate(
        [walk.places[max(0, low - walk.reach) : low], walk.places[high : high + walk.reach]]
    )


def _adjusted_is_off(
    series: VendorSeries, walk: _Walk, run: NDArray[np.intp], factor: float
) -> bool:
    """Say whether adjusted closes are off with the closes: their ratio has no step at the edges."""
    ratio = np.log(series.adjusted_close[walk.places]) - np.log(series.close[walk.places])
    steps = [
        abs(float(ratio[inside] - ratio[outside]))
        for inside, outside in ((run[0], run[0] - 1), (run[-1], run[-1] + 1))
        if 0 <= outside < len(ratio)
    ]
    steps = [step for step in steps if np.isfinite(step)]
    return bool(steps) and min(steps) < abs(float(np.log(factor))) / 2
