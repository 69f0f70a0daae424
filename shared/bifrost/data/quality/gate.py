"""The gate: what a series must be before anything may decide by it. Pure, and in whole columns.

Each bar is judged by itself and by its time first. What is left is judged beside its neighbours,
so that one bad bar does not make its neighbours look bad.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bifrost.data.quality.completeness import judge_completeness
from bifrost.data.quality.context import GateContext
from bifrost.data.quality.defects import Defect
from bifrost.data.quality.jumps import Found, judge_jumps
from bifrost.data.quality.neighbours import beside
from bifrost.data.quality.repeats import judge_repeats
from bifrost.data.quality.shape import judge_shape
from bifrost.data.quality.times import judge_times, session_places
from bifrost.data.quality.volumes import judge_volumes
from bifrost.data.series.columns import BarColumns


@dataclass(frozen=True, slots=True)
class Sifted:
    """What may be stored, in order and each time once, and what was found.

    blocked: places (in the series that was given) that are not in `good`.
    """

    good: BarColumns
    defects: list[Defect]
    blocked: tuple[int, ...]


def judge(bars: BarColumns, context: GateContext) -> list[Defect]:
    """Return every defect of the series, by place; those of no bar (gaps) last.

    A bar may have several. An empty series has gaps at most.
    """
    context = replace(context, prior=_before(context.prior, bars))
    times, shapes = judge_times(bars, context), judge_shape(bars)
    in_time = _without(bars, times)
    sound = _without(bars, [*times, *shapes])
    found = [*times, *shapes, *_beside(bars, in_time, sound, context)]
    if context.whole:
        found += judge_completeness(bars.starts_at, context)
    return sorted(
        _with_sessions(found, context),
        key=lambda one: (one.place is None, one.place or 0, one.at or 0),
    )


def sift(bars: BarColumns, context: GateContext) -> Sifted:
    """Judge the series and part what blocks from what may be stored."""
    defects = judge(bars, context)
    blocked = sorted({one.place for one in defects if one.blocks and one.place is not None})
    keep = np.ones(len(bars), dtype=bool)
    keep[blocked] = False
    return Sifted(bars.take(keep), defects, tuple(blocked))


def _before(prior: BarColumns, bars: BarColumns) -> BarColumns:
    """Leave out prior bars that the series tells anew."""
    return prior.take(prior.starts_at < bars.starts_at.min()) if len(bars) else prior


def _beside(
    bars: BarColumns,
    in_time: "NDArray[np.intp]",
    sound: "NDArray[np.intp]",
    context: GateContext,
) -> list[Defect]:
    """Judge beside their neighbours the bars whose times are right, and those that are sound."""
    prior, timely, whole = context.prior, bars.take(in_time), bars.take(sound)
    repeats = judge_repeats(prior, timely, context)
    volumes = judge_volumes(prior, whole, context)
    # A copy moves as its original did: what it is blamed for is that it is one.
    copies = {one.place for one in repeats if one.blocks}
    apart = [i for i, place in enumerate(sound) if _at(place, in_time) + len(prior) not in copies]
    lone = sound[np.array(apart, dtype=np.intp)]
    seen = beside(bars.take(lone), session_places(bars.starts_at[lone], context), context)
    jumps = judge_jumps(seen, context.timeframe)
    return [
        *_placed(bars, repeats, in_time, len(prior)),
        *_placed(bars, volumes, sound, len(prior)),
        *_placed(bars, jumps, lone, seen.own),
    ]


def _at(place: int, among: "NDArray[np.intp]") -> int:
    return int(np.searchsorted(among, place))


def _placed(
    bars: BarColumns, found: list[Found], places: "NDArray[np.intp]", own: int
) -> list[Defect]:
    """Give what was found among prior and judged bars its place in the series; drop prior's."""
    return [
        Defect(
            one.kind,
            one.reason,
            int(places[one.place - own]),
            one.blocks,
            int(bars.starts_at[places[one.place - own]]),
        )
        for one in found
        if one.place >= own
    ]


def _without(bars: BarColumns, defects: list[Defect]) -> "NDArray[np.intp]":
    keep = np.ones(len(bars), dtype=bool)
    keep[[one.place for one in defects if one.blocks and one.place is not None]] = False
    return np.flatnonzero(keep)


def _with_sessions(found: list[Defect], context: GateContext) -> list[Defect]:
    """Name the session that each defect counts for: the one that its bar is in, or nearest to."""
    if not found or not len(context.grid.dates):
        return found
    at = np.array([one.at or 0 for one in found], dtype=np.int64)
    places = session_places(at, context)
    return [
        replace(one, session=context.grid.dates[int(place)])
        for one, place in zip(found, places, strict=True)
    ]
