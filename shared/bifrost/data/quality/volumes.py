"""Volumes that cannot be: none where prices moved, or far from what is usual."""

import numpy as np

from bifrost.data.quality.context import GateContext
from bifrost.data.quality.defects import DefectKind
from bifrost.data.quality.jumps import Found, found_at
from bifrost.data.quality.neighbours import shared, trailing_median
from bifrost.data.series.columns import BarColumns, micros

_USUAL_OF = 20
# The most of the clean daily series is 22.4 times (AAPL on 2000-09-29), the least 0.15.
_FAR_DAILY = 50.0
# A closing auction is hundreds of quiet minutes.
_FAR_INTRADAY = 2_000.0
# Thinly traded shares go from a hundred a day to a million: so many of their own deviations.
_SPREADS = 8.0
_DEVIATIONS = 1.4826


def judge_volumes(both: BarColumns, context: GateContext) -> list[Found]:
    """Return the odd ones, by place; the bars come in order, those stored already among them."""
    volume = both.prices("volume")
    if len(both) < 2 or not (volume > 0).any():
        return []
    for step in context.steps:
        # A spin-off is as many shares as before.
        if step.factor is not None:
            volume[both.starts_at >= micros(step.at)] *= step.factor
    usual = trailing_median(volume, _USUAL_OF, shared(context.timeframe))
    none = (volume == 0) & (both.high > both.low) & (usual > 0)
    is_daily = context.timeframe.is_daily
    known = (volume > 0) & (usual > 0)
    off = np.zeros(len(both))
    off[known] = np.log(volume[known] / usual[known])
    bound = np.log(_FAR_DAILY if is_daily else _FAR_INTRADAY)
    if known.any():
        bound = max(bound, _SPREADS * _DEVIATIONS * float(np.median(np.abs(off[known]))))
    much = off > bound
    little = (off < -bound) & is_daily
    return [
        *(
            found_at(DefectKind.VOLUME_MISSING, int(i), "prices moved and no volume is told")
            for i in np.flatnonzero(none)
        ),
        *(
            found_at(
                DefectKind.VOLUME_ABSURD,
                int(i),
                f"its volume is {volume[i] / usual[i]:.4g} times what is usual",
            )
            for i in np.flatnonzero(much | little)
        ),
    ]
