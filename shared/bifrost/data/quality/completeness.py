"""Which bars a calendar expects, and which of them are not there."""

from datetime import date

import numpy as np
from numpy.typing import NDArray

from bifrost.data.quality.context import GateContext, SessionGrid
from bifrost.data.quality.defects import Defect, DefectKind
from bifrost.data.series.columns import Integers, instant_of, micros
from bifrost.data.series.timeframes import Timeframe

_MINUTE = 60_000_000


def expected_starts(grid: SessionGrid, timeframe: Timeframe) -> tuple[Integers, Integers]:
    """Return when bars begin in regular hours, and the place of each one's session."""
    if timeframe.is_daily or not len(grid.dates):
        return grid.opens_at, np.arange(len(grid.dates))
    width = timeframe.minutes * _MINUTE
    counts = -((grid.opens_at - grid.closes_at) // width)
    places = np.repeat(np.arange(len(grid.dates)), counts)
    firsts = np.repeat(np.cumsum(counts) - counts, counts)
    return grid.opens_at[places] + (np.arange(len(places)) - firsts) * width, places


def judge_completeness(starts_at: Integers, context: GateContext) -> list[Defect]:
    """Return a defect of each gap: so many bars of a session, one after the other, are missing.

    A bar that has not ended when the series was received is not missing, nor is one of a halt.
    """
    starts, places = expected_starts(context.grid, context.timeframe)
    missing = ~np.isin(starts, starts_at) & _was_due(starts, places, context)
    gone = np.flatnonzero(missing)
    if not len(gone):
        return []
    breaks = (np.diff(gone) > 1) | (np.diff(places[gone]) > 0)
    return [
        _gap(starts[group], context.grid.dates[places[group[0]]], context.timeframe)
        for group in np.split(gone, np.flatnonzero(breaks) + 1)
    ]


def _was_due(starts: Integers, places: Integers, context: GateContext) -> NDArray[np.bool_]:
    if context.timeframe.is_daily:
        ends = context.grid.closes_at
    else:
        width = context.timeframe.minutes * _MINUTE
        ends = np.minimum(starts + width, context.grid.closes_at[places])
    due: NDArray[np.bool_] = ends <= micros(context.received_at)
    for halt in context.halts:
        # A bar that a halt only touches may be there, but nobody can expect it.
        due &= (ends <= halt.first) | (starts >= halt.before)
    return due


def _gap(starts: Integers, session: date, timeframe: Timeframe) -> Defect:
    first = instant_of(int(starts[0])).isoformat()
    return Defect(
        DefectKind.MISSING,
        f"{len(starts)} bar(s) of {timeframe.value} are missing from {first} on",
        blocks=False,
        at=int(starts[0]),
        session=session,
        bars=len(starts),
    )
