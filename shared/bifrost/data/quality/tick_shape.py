"""What may be wrong with any message: when it says that it was, told twice, a price far from all.

A price is far where it is far from those before it and from those after it, so that a market which
moves blames nobody. At the end of what came nothing stands after it yet: there only what no market
does within its neighbours' time is believed to be wrong.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Generic

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from bifrost.data.quality.context import Halt, SessionGrid
from bifrost.data.quality.defects import FLAGGED, Defect, DefectKind
from bifrost.data.quality.times import EARLY, LATE
from bifrost.data.series.columns import UNITS, Floats, Integers, instant_of, micros
from bifrost.data.series.ticks import Ticks, taken

Mask = NDArray[np.bool_]
# A vendor's clock and ours differ.
CLOCKS_DIFFER = timedelta(seconds=1)
_NEIGHBOURS = 10
# So many have to follow before they say that a price was wrong.
_FOLLOWING_MIN = 3
# Half or twice: no price band of any American market lets it trade so within seconds.
_NEVER = float(np.log(2))
# A cheap share moves by whole cents.
CENTS = 3 * UNITS // 100
_AT_ONCE = 1 << 16


@dataclass(frozen=True, slots=True, eq=False)
class TickContext(Generic[Ticks]):
    """What messages are judged by.

    grid: the calendar's sessions around them. received_at: when they came.
    before: what their source said in the hour before them, in order; the last of it is enough.
    halts: when it did not trade. until: what came after it is not among them; None: nothing did.
    """

    grid: SessionGrid
    received_at: datetime
    before: Ticks
    halts: tuple[Halt, ...] = ()
    until: datetime | None = None


def sessions_of(times: Integers, grid: SessionGrid) -> tuple[Integers, Mask]:
    """Return the place of each time's session, and whether its early to late hours hold it."""
    if not len(grid.dates):
        return np.zeros(len(times), np.int64), np.zeros(len(times), np.bool_)
    places = np.searchsorted(grid.opens_at - EARLY, times, side="right") - 1
    # What stood when the last minute ended is of its end.
    inside = (places >= 0) & (times <= grid.closes_at[places] + LATE)
    return np.maximum(places, 0), inside


def judge_times(ticks: Ticks, context: TickContext[Ticks]) -> list[Defect]:
    """Return what is wrong with the times: in no session, not yet, out of order, or twice."""
    at = ticks.occurred_at
    inside: Mask = sessions_of(at, context.grid)[1]
    future: Mask = at > micros(context.received_at + CLOCKS_DIFFER)
    rank: Integers = np.empty(len(ticks), np.int64)
    rank[np.lexsort((ticks.sequence, at))] = np.arange(len(ticks))
    late: Mask = rank < np.maximum.accumulate(np.where(inside & ~future, rank, -1))
    came = f"it was received before, at {context.received_at.isoformat()}"
    found = [
        (DefectKind.OUTSIDE_SESSION, ~inside, "it is in no session"),
        (DefectKind.FUTURE, future, came),
        (DefectKind.OUT_OF_ORDER, late, "one before it is later"),
        (DefectKind.DUPLICATE_TIME, _repeated(ticks), "it was told twice in one place"),
    ]
    return [one for kind, wrong, why in found for one in defects(kind, ticks, wrong, saying(why))]


def saying(why: str) -> Callable[[int], str]:
    """Return a reason that is every place's."""
    return lambda _: why


def far(prices: Integers, bound: float) -> tuple[Mask, Mask]:
    """Say which prices (millionths, > 0) are far from the ten before and after, and which may be.

    bound: as a logarithm; at least twelve times the usual step, and three cents. What may be far
    has nothing after it to tell.
    """
    count = len(prices)
    none = np.zeros(count, np.bool_)
    if count <= 2 * _FOLLOWING_MIN:
        return none, none
    logs = np.log(prices.astype(np.float64))
    usual = 12 * 1.4826 * float(np.median(np.abs(np.diff(logs))))
    bounds = np.maximum(max(bound, usual), np.log1p(CENTS / prices))
    back = logs - _medians(logs)
    ahead = logs - _medians(logs[::-1])[::-1]
    places = np.arange(count)
    known, told = places >= _FOLLOWING_MIN, places < count - _FOLLOWING_MIN
    apart = known & (np.abs(back) > bounds)
    wrong = apart & told & (np.abs(ahead) > bounds) & (np.sign(back) == np.sign(ahead))
    wrong |= apart & ~told & (np.abs(back) > np.maximum(bounds, _NEVER))
    return wrong, apart & ~told & ~wrong


def defects(
    kind: DefectKind,
    ticks: Ticks,
    wrong: Mask,
    reason: Callable[[int], str],
    blocks: bool | None = None,
) -> Iterator[Defect]:
    """Yield a defect for each place that is wrong; `blocks` unless its kind is only flagged."""
    for place in np.flatnonzero(wrong).tolist():
        at = int(ticks.occurred_at[place])
        says = f"{instant_of(at).isoformat()}: {reason(place)}"
        stops = kind not in FLAGGED if blocks is None else blocks
        yield Defect(kind, says, place, stops, at)


def dated(found: list[Defect], grid: SessionGrid) -> list[Defect]:
    """Name the session of each defect, and put them in order of their places."""
    at = np.array([one.at or 0 for one in found], dtype=np.int64)
    places, inside = sessions_of(at, grid)
    days: list[date | None] = [
        grid.dates[place] if here else None
        for place, here in zip(places.tolist(), inside.tolist(), strict=True)
    ]
    named = [replace(one, session=day) for one, day in zip(found, days, strict=True)]
    return sorted(named, key=lambda one: -1 if one.place is None else one.place)


def _medians(logs: Floats) -> Floats:
    """Return the median of the ten before each place; of fewer at the beginning, by repetition."""
    padded = np.concatenate([np.full(_NEIGHBOURS, logs[0]), logs[:-1]])
    found = [
        np.median(sliding_window_view(padded[first : first + _AT_ONCE + _NEIGHBOURS - 1],
                                      _NEIGHBOURS), axis=1)
        for first in range(0, len(logs), _AT_ONCE)
    ]  # fmt: skip
    return np.concatenate(found)[: len(logs)]


def _repeated(ticks: Ticks) -> Mask:
    """Say which is the later of two that say the same in one place, and both where they differ."""
    order = np.lexsort((ticks.sequence, ticks.occurred_at))
    ordered = taken(ticks, order)
    again = (np.diff(ordered.occurred_at) == 0) & (np.diff(ordered.sequence) == 0)
    alike = np.all([one[1:] == one[:-1] for one in ordered.columns()], axis=0)
    wrong = np.zeros(len(ticks), np.bool_)
    wrong[order] = np.append(False, again) | np.append(again & ~alike, False)
    return wrong
