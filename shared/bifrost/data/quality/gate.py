"""The gate: what a series must be before anything may decide by it. Pure, and in whole columns.

Each bar is judged by itself and by its time first. What is left is judged beside its neighbours,
so that one bad bar does not make its neighbours look bad.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

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
    """Return every defect of the series, by place; a bar may have several.

    What is not there is none: the report counts it, and `data.ingest.gaps` has it fetched.
    """
    stored = _others(context.stored, bars)
    times, shapes = judge_times(bars, replace(context, stored=stored)), judge_shape(bars)
    in_time = _without(bars, times)
    sound = _without(bars, [*times, *shapes])
    found = [*times, *shapes, *_beside(bars, in_time, sound, replace(context, stored=stored))]
    return sorted(_with_sessions(found, context), key=lambda one: one.place or 0)


def sift(bars: BarColumns, context: GateContext) -> Sifted:
    """Judge the series and part what blocks from what may be stored."""
    defects = judge(bars, context)
    blocked = sorted({one.place for one in defects if one.blocks and one.place is not None})
    keep = np.ones(len(bars), dtype=bool)
    keep[blocked] = False
    return Sifted(bars.take(keep), defects, tuple(blocked))


def _others(stored: BarColumns, bars: BarColumns) -> BarColumns:
    """Leave out stored bars that the series tells anew, and those that are no prices."""
    if not len(stored):
        return stored
    least = np.minimum.reduce([stored.open, stored.high, stored.low, stored.close])
    return stored.take((least > 0) & ~np.isin(stored.starts_at, bars.starts_at))


@dataclass(frozen=True, slots=True)
class _Merged:
    """Chosen bars among the stored ones, in order; places: in the series, -1 for a stored one."""

    bars: BarColumns
    places: "NDArray[np.intp]"

    def placed(self, found: list[Found]) -> list[Defect]:
        """Give what was found its place in the series; drop what is said of stored bars."""
        return [
            Defect(
                one.kind,
                one.reason,
                int(self.places[one.place]),
                one.blocks,
                int(self.bars.starts_at[one.place]),
            )
            for one in found
            if self.places[one.place] >= 0
        ]


def _merged(stored: BarColumns, bars: BarColumns, chosen: "NDArray[np.intp]") -> _Merged:
    if not len(stored):
        return _Merged(bars.take(chosen), chosen)
    both = BarColumns.concatenated([stored, bars.take(chosen)])
    places = np.concatenate([np.full(len(stored), -1, dtype=np.intp), chosen])
    order = np.argsort(both.starts_at, kind="stable")
    return _Merged(both.take(order), places[order])


def _beside(
    bars: BarColumns,
    in_time: "NDArray[np.intp]",
    sound: "NDArray[np.intp]",
    context: GateContext,
) -> list[Defect]:
    """Judge beside their neighbours the bars whose times are right, and those that are sound."""
    timely = _merged(context.stored, bars, in_time)
    whole = _merged(context.stored, bars, sound)
    repeats = timely.placed(judge_repeats(timely.bars, context))
    volumes = whole.placed(judge_volumes(whole.bars, context))
    # A copy moves as its original did: what it is blamed for is that it is one.
    lone = _merged(context.stored, bars, sound[np.isin(sound, _without(bars, repeats))])
    seen = beside(lone.bars, lone.places >= 0, context)
    return [*repeats, *volumes, *lone.placed(judge_jumps(seen, context.timeframe))]


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
