"""Bars that say too little: frozen, copied from elsewhere, one column stuck, or rounded away."""

import numpy as np
from numpy.typing import NDArray

from bifrost.data.quality.context import GateContext
from bifrost.data.quality.defects import DefectKind
from bifrost.data.quality.jumps import Found, found_at
from bifrost.data.quality.neighbours import Mask
from bifrost.data.series.columns import PRICES, UNITS, BarColumns, Integers, instant_of

# Bars of the same four prices, one after the other, that are still believed. AAPL has two such
# sessions (2003-01-28 and 29) whose volumes differ.
_FROZEN_DAILY = 2
_FROZEN_INTRADAY = 4
# A bar without a range may stand longer: nothing traded, or at one price.
_FLAT_DAILY = 5
_FLAT_INTRADAY = 30
_CONSTANT_DAILY = 10
_CONSTANT_INTRADAY = 30
_VALUES_MIN = 6
# So many ticks between high and low are a bid and an ask, which come again by themselves.
_NARROW_DAILY = 2
_NARROW_INTRADAY = 4
# Of such bars so many in a row with the same volume are no chance either.
_TOLD_NARROW = 10
# Equal in all five fields to bars of elsewhere, so many in a row: no chance of trading.
_COPIED_DAILY = 2
_COPIED_INTRADAY = 3
_ROUNDED_DAILY = 5
_ROUNDED_INTRADAY = 15
# Where so many bars are round anyway, a run of round ones says nothing.
_ROUND_SHARE_MAX = 0.2
# With more bars at a single price the instrument is thinly traded, and few prices say little.
_THIN_SHARE = 0.1


def judge_repeats(both: BarColumns, context: GateContext) -> list[Found]:
    """Return what repeats, by place; the bars come in order, those stored already among them."""
    if len(both) < 2:
        return []
    daily = context.timeframe.is_daily
    wide = _is_wide(both, context)
    return [
        *_frozen(both, wide, daily),
        *_copied(both, wide, daily),
        *_constant(both, daily),
        *_rounded(both, daily),
    ]


def _is_wide(both: BarColumns, context: GateContext) -> Mask:
    """Say which bars have room for more than a bid and an ask: what they repeat is no chance."""
    tick = 0 if context.tick_size is None else int(context.tick_size * UNITS)
    narrow = _NARROW_DAILY if context.timeframe.is_daily else _NARROW_INTRADAY
    wide: Mask = both.high - both.low > narrow * tick
    return wide


def _frozen(both: BarColumns, wide: Mask, daily: bool) -> list[Found]:
    prices = np.stack([getattr(both, name) for name in PRICES], axis=1)
    same = _repeats((prices[1:] == prices[:-1]).all(axis=1))
    told = same & np.append(False, both.volume[1:] == both.volume[:-1])
    told &= (both.volume > 0) & (both.high > both.low)
    most = np.where(
        wide,
        _FROZEN_DAILY if daily else _FROZEN_INTRADAY,
        _FLAT_DAILY if daily else _FLAT_INTRADAY,
    )
    most_told = np.where(wide, 1 if daily else 2, _TOLD_NARROW)
    wrong = same & (_run_lengths(same) >= most)
    wrong |= told & (_run_lengths(told) >= most_told)
    # Where days at one price are usual, some more of them may be what happened.
    believed = (both.high == both.low) & _is_thin(both, wrong)
    said = "its prices are those of the bar before: frozen"
    return [Found(DefectKind.STALE, int(i), said, not believed[i]) for i in np.flatnonzero(wrong)]


def _is_thin(both: BarColumns, asked: Mask) -> bool:
    """Say whether, beside those that are asked about, bars at a single price are usual."""
    rest = (both.high == both.low)[~asked]
    return bool(rest.sum() > _THIN_SHARE * len(rest))


def _copied(both: BarColumns, wide: Mask, daily: bool) -> list[Found]:
    """Find runs of bars that say in all five fields what a run before them said."""
    _, firsts, which = np.unique(_fingerprints(both), return_index=True, return_inverse=True)
    # np.unique names the first of equal ones, so a later one points back.
    origin = firsts[which]
    lag = np.arange(len(both)) - origin
    telling = (lag > 0) & (both.volume > 0)
    length = np.zeros(len(both), dtype=np.int64)
    run = np.flatnonzero(telling)
    for group in np.split(run, np.flatnonzero((np.diff(run) > 1) | (np.diff(lag[run]) != 0)) + 1):
        # A bar at one price is soon like another: it belongs to a copy and makes none.
        length[group] = wide[group].sum()
    wrong = telling & (lag > 1) & (length >= (_COPIED_DAILY if daily else _COPIED_INTRADAY))
    return [
        found_at(
            DefectKind.REPEATED,
            int(i),
            f"all it says was said at {instant_of(int(both.starts_at[origin[i]])).isoformat()}",
        )
        for i in np.flatnonzero(wrong)
    ]


def _fingerprints(both: BarColumns) -> "NDArray[np.uint64]":
    """Return one number for all that a bar says but its time; two in 2**64 are equal by chance."""
    number = np.zeros(len(both), dtype=np.uint64)
    for name in (*PRICES, "volume"):
        column: Integers = getattr(both, name)
        # Multiplied by Knuth's constant (1997, volume 3, 6.4), and wrapped around.
        number = (number + column.astype(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
        number ^= number >> np.uint64(29)
    return number


def _constant(both: BarColumns, daily: bool) -> list[Found]:
    """Find a column that stands still while the bars move."""
    least = _CONSTANT_DAILY if daily else _CONSTANT_INTRADAY
    moves = _moves(both)
    found = []
    for name in (*PRICES, "volume"):
        column: Integers = getattr(both, name)
        same = _repeats((column[1:] == column[:-1]) & (column[1:] != 0))
        long = same & (_run_lengths(same) >= least - 1)
        stuck = _moving(long, moves, both.open if name == "close" else both.close)
        found += [
            Found(
                DefectKind.CONSTANT_COLUMN,
                int(i),
                f"its {name} has not changed for {least} bars while others did",
                name != "volume",
            )
            for i in np.flatnonzero(stuck)
        ]
    return found


def _moving(runs: Mask, moves: Mask, other: Integers) -> Mask:
    """Choose the runs in which the rest moves, to many values: a bid and an ask are but two."""
    chosen = np.zeros(len(runs), dtype=bool)
    edges = np.flatnonzero(np.diff(np.r_[False, runs, False].astype(np.int8)))
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        run = slice(start, end)
        chosen[run] = moves[run].mean() >= 0.5 and len(np.unique(other[run])) >= _VALUES_MIN
    return chosen


def _moves(both: BarColumns) -> Mask:
    """Say which bars differ from the one before in at least two prices."""
    changed = np.zeros(len(both), dtype=np.int64)
    for name in PRICES:
        column: Integers = getattr(both, name)
        changed[1:] += column[1:] != column[:-1]
    moved: Mask = changed >= 2
    return moved


def _rounded(both: BarColumns, daily: bool) -> list[Found]:
    """Find runs whose prices are all whole, or whole tenths, in a series that has finer ones."""
    prices = np.stack([getattr(both, name) for name in PRICES], axis=1)
    least = _ROUNDED_DAILY if daily else _ROUNDED_INTRADAY
    found: dict[int, Found] = {}
    for unit, said in ((UNITS // 10, "0.1"), (UNITS, "1")):
        whole = (prices % unit == 0).all(axis=1)
        in_run = whole & (_run_lengths(whole) >= least)
        if not in_run.any() or whole[~in_run].sum() > _ROUND_SHARE_MAX * (~in_run).sum():
            continue
        if in_run.all() or _is_thin(both, in_run):
            continue
        reason = f"its prices and its neighbours' are all multiples of {said}, the series' are not"
        found |= {
            int(i): found_at(DefectKind.TRUNCATED, int(i), reason) for i in np.flatnonzero(in_run)
        }
    return list(found.values())


def _repeats(same: Mask) -> Mask:
    """Say of each bar, the first included, whether it is as the one before."""
    repeats: Mask = np.append(False, same)
    return repeats


def _run_lengths(chosen: Mask) -> Integers:
    """Return for each place how long the run of chosen ones is that it is in; 0 where not."""
    lengths = np.zeros(len(chosen), dtype=np.int64)
    edges = np.flatnonzero(np.diff(np.r_[False, chosen, False].astype(np.int8)))
    starts, ends = edges[::2], edges[1::2]
    if len(starts):
        places = np.flatnonzero(chosen)
        lengths[places] = np.repeat(ends - starts, ends - starts)
    return lengths
