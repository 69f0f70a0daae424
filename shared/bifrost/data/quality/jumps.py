"""Prices that volatility does not explain: spikes, bad ticks, hundredfold errors, missed splits.

A bar is blamed when the next one takes its move back, or when one of its prices stands alone. A
move that stays is the market's where volume rushed with it, and is flagged where it did not. What
cannot be confirmed yet, because no later bar is there, is kept apart until one is.
"""

from dataclasses import dataclass

import numpy as np

from bifrost.data.quality.defects import FLAGGED, DefectKind
from bifrost.data.quality.neighbours import Mask, Neighbours
from bifrost.data.series.columns import Floats
from bifrost.data.series.timeframes import Timeframe


@dataclass(frozen=True, slots=True)
class Bounds:
    """From how many deviations on a move is asked about, and the least move that ever is.

    Measured on AAPL, MSFT, IBM and GOOG 2000-2013 and the S&P 500 and Nasdaq 1999-2018, whose
    largest are: a bar apart from both neighbours 0.7, an open taken back 4.9, a close taken back
    3.5, a wick 16.4 (2010-05-06, with 2.3 times the volume), a gap that stays 16.4 (AAPL on
    2000-09-29, with 22 times the volume).
    """

    apart: float
    taken_back: float
    wick: float
    gap: float
    least: float
    gap_least: float


DAILY = Bounds(apart=3.5, taken_back=9, wick=10, gap=12, least=0.015, gap_least=0.08)
INTRADAY = Bounds(apart=12, taken_back=15, wick=15, gap=20, least=0.015, gap_least=0.04)

# A gap of half is asked about, however wild the instrument.
_GAP_ASKED = 0.5
# How much volume may excuse.
_RUSH_MAX = 2.0
# So many times its usual volume explains any gap.
_RUSH_ENOUGH = 15.0
# A move out and its way back are alike within that factor.
_ALIKE = 3.0
# A run of wrong bars is at most so long, but for hundredfold errors, which last for years.
_RUN_MAX = 20
_HUNDRED = float(np.log(100))
_HUNDRED_NEAR = 0.68
# So many stored bars outweigh however many come.
_KNOWN_ENOUGH = 20
_RATIOS = np.array([4 / 3, 3 / 2, 2, 5 / 2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30, 40, 50])
# What a spin-off leaves of the price at the least; a fall below it has another reason.
_LEFT_AT_LEAST = float(np.log(1 / 20))
# How near a gap is to a split's: what a night may add, in deviations, and within bounds.
_SPLIT_NEAR = (0.03, 4.0, 0.12)


@dataclass(frozen=True, slots=True)
class Found:
    """A defect at a place of the neighbours."""

    kind: DefectKind
    place: int
    reason: str
    blocks: bool


def found_at(kind: DefectKind, place: int, reason: str) -> Found:
    """Make what was found block or not, as its kind does."""
    return Found(kind, place, reason, kind not in FLAGGED)


def judge_jumps(beside: Neighbours, timeframe: Timeframe) -> list[Found]:
    """Return what moved without a reason, by place."""
    if len(beside) < 2:
        return []
    bounds = DAILY if timeframe.is_daily else INTRADAY
    apart, ticks = _apart(beside, bounds), _bad_ticks(beside, bounds)
    alone = [
        *_spikes(beside, apart),
        *(found for found in ticks if not apart[found.place]),
    ]
    wrong = np.zeros(len(beside), dtype=bool)
    wrong[[found.place for found in alone]] = True
    kept = np.flatnonzero(~wrong)
    gaps = _judge_gaps(beside.without(wrong), bounds)
    return [
        *alone,
        *(Found(one.kind, int(kept[one.place]), one.reason, one.blocks) for one in gaps),
        *_long_bodies(beside, wrong),
    ]


def _apart(beside: Neighbours, bounds: Bounds) -> Mask:
    """Say which bars lie wholly above or wholly below both their neighbours, and far."""
    apart = np.zeros(len(beside), dtype=bool)
    high, low = beside.high, beside.low
    above = (low[1:-1] - high[:-2], low[1:-1] - high[2:])
    below = (low[:-2] - high[1:-1], low[2:] - high[1:-1])
    sigma = np.maximum(beside.sigma[1:-1], beside.sigma[2:])
    far = np.maximum(bounds.apart * sigma, bounds.least)
    for there, back in (above, below):
        # As far on both sides: else it is two moves, of which one may be its neighbour's fault.
        alike = np.maximum(there, back) < _ALIKE * np.minimum(there, back)
        apart[1:-1] |= alike & (np.minimum(there, back) > far)
    return apart


def _spikes(beside: Neighbours, apart: Mask) -> list[Found]:
    return [_out_and_back(beside, int(i), int(i) + 1) for i in np.flatnonzero(apart)]


def _out_and_back(beside: Neighbours, first: int, place: int, of: int | None = None) -> Found:
    move = float(beside.close[first] - beside.close[first - 1])
    if abs(abs(move) - _HUNDRED) < _HUNDRED_NEAR:
        said = f"{_times(move)} what it was before, and back after: hundredths taken for whole ones"
        return found_at(DefectKind.SCALE, of if of is not None else first, said)
    said = f"{_times(move)} what it was before, and taken back after {place - first} bar(s)"
    return found_at(DefectKind.SPIKE, of if of is not None else first, said)


def _bad_ticks(beside: Neighbours, bounds: Bounds) -> list[Found]:
    """Return bars of which one price stands alone: a wick, an open or a close."""
    body = beside.close - beside.open
    after = np.append(beside.gap[1:], 0.0)
    after_sigma = np.append(beside.sigma[1:], beside.sigma[-1:])
    wick = np.maximum(
        beside.high - np.maximum(beside.open, beside.close),
        np.minimum(beside.open, beside.close) - beside.low,
    )
    rushed = np.clip(beside.rush, 1.0, _RUSH_MAX)
    opened, closed = _taken_back(beside.gap, body), _taken_back(body, after)
    taken = bounds.taken_back * np.maximum(beside.sigma, beside.bar_sigma) * rushed
    late = bounds.taken_back * np.maximum(after_sigma, beside.bar_sigma) * rushed
    checks = (
        ("its high or low", wick, np.maximum(bounds.wick * beside.bar_sigma * rushed, 0.02)),
        ("its open", opened, np.maximum(taken, bounds.least)),
        ("its close", closed, np.maximum(late, bounds.least)),
    )
    return [
        found_at(
            DefectKind.BAD_TICK,
            int(place),
            f"{name} lies {100 * np.expm1(off[place]):.1f} % from its other prices, and no trading"
            " around it does",
        )
        for name, off, bound in checks
        for place in np.flatnonzero(off > bound)
    ]


def _long_bodies(beside: Neighbours, wrong: Mask) -> list[Found]:
    """Flag bars that went to half, or doubled, between open and close on trading as usual.

    Prices from before and after a split stand in one bar where its vendor mixed them.
    """
    body = beside.close - beside.open
    enough = np.minimum(np.abs(body) / beside.lately / 4, _RUSH_ENOUGH)
    odd = (np.abs(body) > _GAP_ASKED) & (beside.rush < enough) & ~wrong
    return [
        found_at(
            DefectKind.JUMP,
            int(place),
            f"its close is {_times(body[place])} its open, on {beside.rush[place]:.1f} times its"
            " usual trading",
        )
        for place in np.flatnonzero(odd)
    ]


def _taken_back(first: Floats, second: Floats) -> Floats:
    """Return how much of a move the next one takes back, as it is; 0 where it goes on."""
    opposite = np.sign(first) * np.sign(second) < 0
    return np.where(opposite, np.minimum(np.abs(first), np.abs(second)), 0.0)


def _judge_gaps(beside: Neighbours, bounds: Bounds) -> list[Found]:
    asked = _asked_from(beside.sigma, beside, bounds)
    believed = _asked_from(beside.lately, beside, bounds)
    large = [int(i) for i in np.flatnonzero(np.abs(beside.gap) > asked) if i > 0]
    found: list[Found] = []
    while large:
        first = large.pop(0)
        back = _way_back(beside, first, large)
        if back is None:
            found += _stayed(beside, first, float(believed[first]))
            continue
        large.remove(back)
        found += [_out_and_back(beside, first, back, place) for place in range(first, back)]
    return found


def _asked_from(sigma: Floats, beside: Neighbours, bounds: Bounds) -> Floats:
    wide = np.maximum(bounds.gap * sigma, bounds.gap_least)
    return np.minimum(wide, _GAP_ASKED)


def _way_back(beside: Neighbours, first: int, large: list[int]) -> int | None:
    """Return where a gap is taken back: the next one of its size that goes the other way."""
    there = float(beside.gap[first])
    near = max(0.35 * abs(there), 6 * float(beside.sigma[first]))
    is_hundred = abs(abs(there) - _HUNDRED) < _HUNDRED_NEAR
    for place in large:
        if not is_hundred and place - first > _RUN_MAX:
            return None
        back = float(beside.gap[place])
        if there * back < 0 and abs(there + back) < near:
            return place
    return None


def _stayed(beside: Neighbours, place: int, believed: float) -> list[Found]:
    """Return what there is to say of a move that no later one took back."""
    gap, sigma = float(beside.gap[place]), float(beside.sigma[place])
    least, nights, most = _SPLIT_NEAR
    near = min(max(least, nights * sigma), most)
    said = f"{_times(gap)} what it was before"
    explained = _explained(beside, place, near)
    if explained is not None:
        return explained
    if abs(abs(gap) - _HUNDRED) < _HUNDRED_NEAR:
        return _hundredfold(beside, place)
    distances = np.abs(np.abs(gap) - np.log(_RATIOS))
    like_split = bool(distances.min() < near)
    if abs(gap) <= believed and not like_split:
        return []
    unusual = abs(gap) / (sigma if like_split else float(beside.lately[place]))
    # After a split the same trading is more shares of a lower price.
    rush = float(beside.rush[place] * np.exp(gap))
    if rush >= min(unusual / (2 if like_split else 4), _RUSH_ENOUGH):
        return []
    unconfirmed = place == len(beside) - 1
    later = "; no later bar confirms it yet" if unconfirmed else ""
    if like_split:
        ratio = _RATIOS[int(distances.argmin())]
        said += f", as after a split of {ratio:.4g} that is not known"
        return [Found(DefectKind.MISSED_SPLIT, place, said + later, unconfirmed)]
    said += f": {unusual:.0f} times its usual move, on {rush:.1f} times its usual trading"
    return [Found(DefectKind.JUMP, place, said + later, unconfirmed)]


def _explained(beside: Neighbours, place: int, near: float) -> list[Found] | None:
    """Return what an issuer's act leaves to say of a move; None where none explains it.

    What one source alone claims lets the bar in, and leaves it flagged.
    """
    gap, claimed = float(beside.gap[place]), float(beside.claimed[place])
    said = f"{_times(gap)} what it was before, as after a"
    if claimed and abs(gap - claimed) < near:
        said += " split that one source alone claims"
        return [Found(DefectKind.MISSED_SPLIT, place, said, False)]
    if not _LEFT_AT_LEAST < gap < 0:
        return None
    if beside.unsized[place]:
        return []
    if beside.unsized_claim[place]:
        said += " spin-off that is claimed, and of which nobody told the value"
        return [Found(DefectKind.JUMP, place, said, False)]
    return None


def _hundredfold(beside: Neighbours, place: int) -> list[Found]:
    """Blame the side that is not what was known before, or, where little was, the shorter."""
    known_before, known_after = (
        int((~side).sum()) for side in (beside.judged[:place], beside.judged[place:])
    )
    if max(known_before, known_after) >= _KNOWN_ENOUGH:
        after_is_wrong = known_before >= known_after
    else:
        after_is_wrong = len(beside) - place <= place
    wrong = range(place, len(beside)) if after_is_wrong else range(place)
    said = f"{_times(float(beside.gap[place]))} beside the rest: hundredths taken for whole ones"
    return [found_at(DefectKind.SCALE, i, said) for i in wrong]


def _times(move: float) -> str:
    return f"{np.exp(move):.4g} times"
