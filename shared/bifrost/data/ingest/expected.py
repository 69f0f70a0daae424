"""Which bars a calendar expects, and which stretches of them are not there."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np

from bifrost.core.sessions import Session
from bifrost.data.series.columns import Integers, micros
from bifrost.data.series.timeframes import Timeframe

_MINUTE = 60_000_000


def bars_expected(
    sessions: Sequence[Session], timeframe: Timeframe, first: datetime, before: datetime
) -> Integers:
    """Return when each bar of the sessions would begin (microseconds), of those in [first, before).

    A daily bar begins at its session's open; of a session only what lies in the range counts.
    """
    width = timeframe.minutes * _MINUTE
    parts = [
        np.array([micros(one.opens_at)], dtype=np.int64)
        if timeframe.is_daily
        else np.arange(micros(one.opens_at), micros(one.closes_at), width, dtype=np.int64)
        for one in sessions
    ]
    starts = np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)
    return starts[(starts >= micros(first)) & (starts < micros(before))]


def stretches(expected: Integers, present: Integers) -> list[tuple[int, int, int]]:
    """Return (first, last, how many) of each run of expected bars that are not present.

    Two missing bars are of one run where no bar that is present was expected between them: a
    night, a weekend and a holiday part no run.
    """
    missing = ~np.isin(expected, present)
    places = np.flatnonzero(missing)
    if not len(places):
        return []
    runs = np.split(places, np.flatnonzero(np.diff(places) > 1) + 1)
    return [(int(expected[run[0]]), int(expected[run[-1]]), len(run)) for run in runs]


def outside(starts: Integers, ranges: Sequence[tuple[int, int]]) -> Integers:
    """Return the starts that lie in none of the ranges [first, before)."""
    kept = np.ones(len(starts), dtype=np.bool_)
    for first, before in ranges:
        kept &= (starts < first) | (starts >= before)
    return starts[kept]
