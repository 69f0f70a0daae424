"""Longer bars out of shorter ones: open of the first, extremes, close of the last, all volume.

Only regular hours are rolled up, unless the hours say otherwise; what lies outside is kept apart.
A bucket is complete when its time has passed, and never because it has had all its minutes: a
stock that did not trade in the last minute has no bar of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bifrost.data.series.columns import BarColumns, Integers
from bifrost.data.series.timeframes import Timeframe
from bifrost.data.series.trading_hours import TradingHours


@dataclass(frozen=True, slots=True, eq=False)
class RolledUp:
    """Longer bars, oldest first; each begins at its bucket's start, a daily one at the open.

    ends_at: of each bucket, microseconds since 1970: the close where that comes sooner.
    outside: the shorter bars that lie in no bucket.
    """

    bars: BarColumns
    ends_at: Integers
    outside: BarColumns

    def complete(self, through: int) -> NDArray[np.bool_]:
        """Say of each bar whether its time had passed at `through` (microseconds since 1970)."""
        return self.ends_at <= through

    def closed(self, through: int, missing: Sequence[tuple[int, int]] = ()) -> BarColumns:
        """Return the complete bars alone: nothing else may be called closed.

        missing: stretches [first, before) of which a shorter bar may be missing; a bar across one
            is not complete, whatever the time.
        """
        complete = self.complete(through)
        for first, before in missing:
            complete &= (self.ends_at <= first) | (self.bars.starts_at >= before)
        return self.bars.take(complete)


def roll_up(bars: BarColumns, timeframe: Timeframe, hours: TradingHours) -> RolledUp:
    """Roll bars up; raise ValueError unless each begins after the one before.

    Bars of any timeframe that divides the wanted one will do: those of 5 minutes make the same
    hours as those of 1 minute, because both are anchored at the open.
    """
    if (np.diff(bars.starts_at) <= 0).any():
        raise ValueError("each bar must begin after the one before")
    found = hours.buckets(bars.starts_at, timeframe)
    inner, outside = bars.take(found.inside), bars.take(~found.inside)
    starts, ends = found.starts_at[found.inside], found.ends_at[found.inside]
    if not len(inner):
        return RolledUp(BarColumns.empty(), np.empty(0, np.int64), outside)
    firsts = np.flatnonzero(np.diff(starts, prepend=starts[0] - 1))
    lasts = np.append(firsts[1:], len(inner)) - 1
    return RolledUp(
        BarColumns(
            starts_at=starts[firsts],
            open=inner.open[firsts],
            high=np.maximum.reduceat(inner.high, firsts),
            low=np.minimum.reduceat(inner.low, firsts),
            close=inner.close[lasts],
            volume=np.add.reduceat(inner.volume, firsts),
        ),
        ends[firsts],
        outside,
    )
