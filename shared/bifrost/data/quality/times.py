"""What is wrong with when a bar says that it was: twice, backwards, off the grid, not yet, or shut.

A series shifted by whole hours is read as one fault and not as many: the bars that the shift left
inside the session are as wrong as those that it put outside.
"""

from bisect import bisect_right

import numpy as np
from numpy.typing import NDArray

from bifrost.data.quality.context import GateContext
from bifrost.data.quality.defects import Defect, DefectKind
from bifrost.data.quality.shape import at_places
from bifrost.data.series.columns import BarColumns, Integers, instant_of, micros

_MINUTE = 60_000_000
_HOUR = 60 * _MINUTE
# 04:00 before an open at 9:30, 20:00 after a close at 16:00, in New York.
EARLY = 330 * _MINUTE
LATE = 240 * _MINUTE
# A day has to have so many bars before hours are believed to be shifted, and not bars astray.
_SHIFTED_MIN = 3

Mask = NDArray[np.bool_]


def judge_times(bars: BarColumns, context: GateContext) -> list[Defect]:
    """Return the defects of the bars' times."""
    places, inside = _sessions(bars.starts_at, context)
    shifted = _shifted(bars.starts_at, places, inside, context)
    off = inside & ~_on_grid(bars.starts_at, places, context) & ~shifted
    ends = ends_at(bars.starts_at, places, context)
    received = micros(context.received_at)
    return [
        *_duplicates(bars),
        *at_places(
            DefectKind.OUT_OF_ORDER,
            bars,
            _backwards(bars.starts_at),
            lambda i: f"{_when(bars, i)} is out of order among the bars around it",
        ),
        *at_places(
            DefectKind.SHIFTED_TIME,
            bars,
            shifted,
            lambda i: f"{_when(bars, i)}: its session's bars are shifted by whole hours",
        ),
        *at_places(
            DefectKind.OUTSIDE_SESSION,
            bars,
            ~inside & ~shifted,
            lambda i: f"{_when(bars, i)} is in no session of the calendar",
        ),
        *at_places(
            DefectKind.MISALIGNED,
            bars,
            off,
            lambda i: f"{_when(bars, i)} is no beginning of a {context.timeframe.value} bar",
        ),
        *at_places(
            DefectKind.FUTURE,
            bars,
            ends > received,
            lambda i: (
                f"it ends at {instant_of(ends[i]).isoformat()}, after it was received at"
                f" {context.received_at.isoformat()}"
            ),
        ),
        *at_places(
            DefectKind.TRADED_IN_HALT,
            bars,
            _halted(bars.starts_at, ends, context) & (bars.volume > 0),
            lambda i: f"{_when(bars, i)}: it traded while it was halted",
        ),
    ]


def ends_at(starts_at: Integers, places: Integers, context: GateContext) -> Integers:
    """Return when each bar ends: a daily one at its session's close."""
    width = context.timeframe.minutes * _MINUTE
    if not context.timeframe.is_daily:
        return starts_at + width
    if not len(context.grid.dates):
        return starts_at
    closes: Integers = np.maximum(context.grid.closes_at[places], starts_at)
    return closes


def session_places(starts_at: Integers, context: GateContext) -> Integers:
    """Return the place of the session that each instant is in, or is nearest to."""
    return _sessions(starts_at, context)[0]


def _sessions(starts_at: Integers, context: GateContext) -> tuple[Integers, Mask]:
    """Return the nearest session's place for each instant, and whether it trades then."""
    grid = context.grid
    if not len(grid.dates):
        return np.zeros(len(starts_at), dtype=np.int64), np.zeros(len(starts_at), dtype=bool)
    middles = (grid.opens_at + grid.closes_at) // 2
    bounds = (middles[1:] + middles[:-1]) // 2
    places = np.searchsorted(bounds, starts_at, side="right")
    early, late = (EARLY, LATE) if context.extended else (0, 0)
    opens, closes = grid.opens_at[places] - early, grid.closes_at[places] + late
    if context.timeframe.is_daily:
        # Named by its session's date at any hour of it, it is misaligned and not astray.
        day = _day(grid.opens_at)[places]
        return places, _day(starts_at) == day
    return places, (starts_at >= opens) & (starts_at < closes)


def _day(instants: Integers) -> Integers:
    """Return UTC's date, in which every regular session of New York lies whole."""
    days: Integers = instants // (24 * _HOUR)
    return days


def _on_grid(starts_at: Integers, places: Integers, context: GateContext) -> Mask:
    if not len(context.grid.dates):
        return np.ones(len(starts_at), dtype=bool)
    offset = starts_at - context.grid.opens_at[places]
    if context.timeframe.is_daily:
        aligned: Mask = offset == 0
    else:
        aligned = offset % (context.timeframe.minutes * _MINUTE) == 0
    return aligned


def _shifted(starts_at: Integers, places: Integers, inside: Mask, context: GateContext) -> Mask:
    """Say which bars are of a session that whole hours would move into its place."""
    shifted = np.zeros(len(starts_at), dtype=bool)
    if not len(context.grid.dates):
        return shifted
    opens, closes = context.grid.opens_at[places], context.grid.closes_at[places]
    if context.timeframe.is_daily:
        off = starts_at - opens
        shifted |= inside & (off != 0) & (off % _HOUR == 0)
        return shifted
    shifted |= _moved_whole(starts_at, places, context)
    for place in np.unique(places[~inside]):
        of_day = np.flatnonzero(places == place)
        if len(of_day) >= _SHIFTED_MIN and _fits_shifted(
            starts_at[of_day], opens[of_day[0]], closes[of_day[0]]
        ):
            shifted[of_day] = True
    return shifted


def _moved_whole(starts_at: Integers, places: Integers, context: GateContext) -> Mask:
    """Say which bars are of a day that begins and ends by the same whole hours beside its session.

    In the early and late session such a day is inside, and still in the wrong place.
    """
    days, which = np.unique(places, return_inverse=True)
    first = np.full(len(days), np.iinfo(np.int64).max)
    last = np.full(len(days), np.iinfo(np.int64).min)
    np.minimum.at(first, which, starts_at)
    np.maximum.at(last, which, starts_at)
    by = first - context.grid.opens_at[days]
    width = context.timeframe.minutes * _MINUTE
    moved = (by != 0) & (by % _HOUR == 0) & (last + width - context.grid.closes_at[days] == by)
    found: Mask = moved[which]
    return found


def _fits_shifted(starts_at: Integers, opens: int, closes: int) -> bool:
    """Say whether moving all of a day's bars by the same hours puts every one into its session."""
    first, last = int(starts_at.min()), int(starts_at.max())
    least, most = -((first - opens) // _HOUR), (closes - 1 - last) // _HOUR
    return any(hours for hours in range(least, most + 1))


def _backwards(starts_at: Integers) -> Mask:
    """Say which bars are not of the longest series in order: one that is astray blames no other."""
    wrong = np.zeros(len(starts_at), dtype=bool)
    if not (np.diff(starts_at) < 0).any():
        return wrong
    tails: list[int] = []
    ends: list[int] = []
    before = np.full(len(starts_at), -1)
    for place, at in enumerate(starts_at.tolist()):
        length = bisect_right(tails, at)
        before[place] = ends[length - 1] if length else -1
        tails[length : length + 1] = [at]
        ends[length : length + 1] = [place]
    wrong[:] = True
    place = ends[-1]
    while place >= 0:
        wrong[place] = False
        place = int(before[place])
    return wrong


def _duplicates(bars: BarColumns) -> list[Defect]:
    """Blame the later of two that say the same, and both where they differ."""
    order = np.argsort(bars.starts_at, kind="stable")
    times = bars.starts_at[order]
    again = np.flatnonzero(times[1:] == times[:-1]) + 1
    if not len(again):
        return []
    rows = np.stack(list(bars.columns()), axis=1)
    defects = []
    for group in np.split(again, np.flatnonzero(np.diff(again) > 1) + 1):
        places = order[group[0] - 1 : group[-1] + 1]
        same = bool((rows[places] == rows[places[0]]).all())
        said = "it says what the first said" if same else "what they say differs"
        defects += [
            Defect(
                DefectKind.DUPLICATE_TIME,
                f"{len(places)} bars begin at {_when(bars, int(place))}; {said}",
                int(place),
                at=int(bars.starts_at[place]),
            )
            for place in (places[1:] if same else places)
        ]
    return defects


def _halted(starts_at: Integers, ends: Integers, context: GateContext) -> Mask:
    halted = np.zeros(len(starts_at), dtype=bool)
    for halt in context.halts:
        halted |= (starts_at >= halt.first) & (ends <= halt.before)
    return halted


def _when(bars: BarColumns, place: int) -> str:
    return instant_of(int(bars.starts_at[place])).isoformat()
