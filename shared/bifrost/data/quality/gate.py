"""The gate: what a series must be before anything may decide by it. Pure, and in whole columns.

Each bar is judged by itself and by its time first. What is left is judged beside its neighbours,
so that one bad bar does not make its neighbours look bad.
"""

from dataclasses import dataclass

import numpy as np

from bifrost.data.quality.context import GateContext
from bifrost.data.quality.defects import Defect
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
    """Return every defect of the series, by place; those of no bar (gaps) last."""
    return []


def sift(bars: BarColumns, context: GateContext) -> Sifted:
    """Judge the series and part what blocks from what may be stored."""
    defects = judge(bars, context)
    blocked = sorted({one.place for one in defects if one.blocks and one.place is not None})
    keep = np.ones(len(bars), dtype=bool)
    keep[blocked] = False
    return Sifted(bars.take(keep), defects, tuple(blocked))
