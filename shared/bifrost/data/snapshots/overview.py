"""Where the newest bar left an instrument: its close, its change, and its year's range."""

import numpy as np

from bifrost.data.series.columns import Floats
from bifrost.data.snapshots.panel import Booleans, Panel

_YEAR_MICROSECONDS = 364 * 86_400_000_000


def overview(panel: Panel) -> dict[str, Floats]:
    """Return each measure by its name, a value for each instrument.

    Prices are as traded on the day, the range's adjusted for splits since. Fifty-two weeks are
    364 days, the newest one included.
    """
    close, before = panel.close[:, -1], panel.close[:, -2]
    recent = panel.starts_at > panel.starts_at[:, -1:] - _YEAR_MICROSECONDS
    return {
        "last_close": close,
        "change": close - before,
        "change_share": close / before - 1,
        "volume": panel.volume[:, -1],
        "high_52_weeks": _over(np.fmax, panel.high, recent),
        "low_52_weeks": _over(np.fmin, panel.low, recent),
    }


def _over(best: np.ufunc, column: Floats, chosen: Booleans) -> Floats:
    found: Floats = best.reduce(np.where(chosen, column, np.nan), axis=1)
    return found
