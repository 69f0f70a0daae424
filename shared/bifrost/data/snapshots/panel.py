"""Daily bars of many instruments as one block, each row's newest bar at its end.

Bars are adjusted for the splits that are known on the day, so that a moving average does not fall
with one. A row counts bars, not sessions: what did not trade for a week has no hole in it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from bifrost.core.corporate_actions import CorporateAction
from bifrost.data.series.adjustment import adjust
from bifrost.data.series.asked import Adjustment
from bifrost.data.series.columns import PRICES, BarColumns, Floats, Integers

Booleans: TypeAlias = NDArray[np.bool_]

# A year of sessions and the two hundred before its first, with room for what did not trade.
DEPTH = 300


@dataclass(frozen=True, slots=True)
class History:
    """An instrument's raw bars, oldest first, and its actions that stand."""

    instrument: str
    bars: BarColumns
    actions: Sequence[CorporateAction] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """[instrument, bar]: NaN before an instrument's first bar; the last column is its newest.

    starts_at: 0 where there is no bar.
    """

    instruments: tuple[str, ...]
    starts_at: Integers
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats


def panel_of(histories: Sequence[History], as_of: date, before: int) -> Panel:
    """Lay out the last bars that had closed, adjusted for splits as known on that day.

    before: microseconds since 1970; a bar that begins then or later is not seen.
    """
    shape = (len(histories), DEPTH)
    columns = {name: np.full(shape, np.nan) for name in (*PRICES, "volume")}
    starts = np.zeros(shape, dtype=np.int64)
    for row, history in enumerate(histories):
        seen = int(np.searchsorted(history.bars.starts_at, before))
        bars = history.bars.take(slice(max(0, seen - DEPTH), seen))
        bars = adjust(bars, history.actions, Adjustment.SPLITS, as_of=as_of)
        if not len(bars):
            continue
        starts[row, -len(bars) :] = bars.starts_at
        for name, column in columns.items():
            column[row, -len(bars) :] = bars.prices(name)
    return Panel(tuple(one.instrument for one in histories), starts, **columns)


def aligned_returns(panel: Panel, market: str) -> tuple[Floats, Floats] | None:
    """Return each row's log returns and the market's over the same sessions; None without one.

    NaN where either had no bar in that session or in the market's one before it.
    """
    if market not in panel.instruments:
        return None
    row = panel.instruments.index(market)
    sessions = panel.starts_at[row]
    places = np.full(panel.starts_at.shape, -1)
    for other in range(len(panel.instruments)):
        found = np.searchsorted(panel.starts_at[other], sessions)
        found = np.minimum(found, panel.starts_at.shape[1] - 1)
        same = (panel.starts_at[other][found] == sessions) & (sessions > 0)
        places[other][same] = found[same]
    closes = np.where(places >= 0, np.take_along_axis(panel.close, places, axis=1), np.nan)
    returns = np.diff(np.log(closes), axis=1)
    return returns, np.broadcast_to(returns[row], returns.shape)


def by_name(panel: Panel, values: Mapping[str, Floats], row: int) -> dict[str, float]:
    """Return an instrument's values; what is not known is left out."""
    return {name: float(value[row]) for name, value in values.items() if np.isfinite(value[row])}
