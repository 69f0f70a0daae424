"""What is wrong with one bar by itself: prices that are none, or in no order, and volumes."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bifrost.data.quality.defects import Defect, DefectKind
from bifrost.data.series.columns import BarColumns, exactly


def judge_shape(bars: BarColumns) -> list[Defect]:
    """Return what each bar contradicts by itself."""
    least = np.minimum.reduce([bars.open, bars.high, bars.low, bars.close])
    no_price = least <= 0
    no_order = ~no_price & (
        (bars.high < np.maximum(bars.open, bars.close))
        | (bars.low > np.minimum(bars.open, bars.close))
        | (bars.high < bars.low)
    )
    return [
        *at_places(
            DefectKind.PRICE_NOT_POSITIVE,
            bars,
            no_price,
            lambda i: f"a price is {exactly(least[i])}; prices are above zero",
        ),
        *at_places(DefectKind.PRICE_ORDER, bars, no_order, lambda i: _order_said(bars, i)),
        *at_places(
            DefectKind.VOLUME_NEGATIVE,
            bars,
            bars.volume < 0,
            lambda i: f"volume is {exactly(bars.volume[i])}; it is never below zero",
        ),
    ]


def at_places(
    kind: DefectKind,
    bars: BarColumns,
    wrong: "NDArray[np.bool_] | NDArray[np.intp]",
    said: Callable[[int], str],
    *,
    blocks: bool = True,
) -> list[Defect]:
    """Make a defect of each place that is wrong."""
    places = np.flatnonzero(wrong) if wrong.dtype == np.bool_ else wrong
    return [
        Defect(kind, said(int(i)), int(i), blocks, int(bars.starts_at[i])) for i in places.tolist()
    ]


def _order_said(bars: BarColumns, place: int) -> str:
    open_, high, low, close = (
        exactly(column[place]) for column in (bars.open, bars.high, bars.low, bars.close)
    )
    return f"low {low} <= open {open_}, close {close} <= high {high} does not hold"
