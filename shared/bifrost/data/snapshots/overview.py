"""Where the newest bar left an instrument: its close, its change, and its year's range."""

import numpy as np

from bifrost.data.series.columns import Floats
from bifrost.data.snapshots.panel import Booleans, Panel

_DAY = 86_400_000_000
_YEAR_MICROSECONDS = 364 * _DAY
# A year's range needs a bar from its first days on, and four fifths of its sessions.
_FIRST_DAYS = 14 * _DAY
_SESSIONS_MIN = 200


def overview(panel: Panel) -> dict[str, Floats]:
    """Return each measure by its name, a value for each instrument.

    Prices are as traded on the day, the range's adjusted for splits since. Fifty-two weeks are
    364 days, the newest one included; of fewer bars than make a year there is no year's range.
    """
    close, before = panel.close[:, -1], panel.close[:, -2]
    recent = _last_year(panel)
    return {
        "last_close": close,
        "change": close - before,
        "change_share": close / before - 1,
        "volume": panel.volume[:, -1],
        "high_52_weeks": _over(np.fmax, panel.high, recent),
        "low_52_weeks": _over(np.fmin, panel.low, recent),
    }


def _last_year(panel: Panel) -> Booleans:
    """Say which bars are of the last fifty-two weeks; none of an instrument that lacks a part."""
    begins = panel.starts_at[:, -1:] - _YEAR_MICROSECONDS
    recent: Booleans = panel.starts_at > begins
    early = (panel.starts_at > 0) & (panel.starts_at <= begins + _FIRST_DAYS)
    whole = early.any(axis=1) & (recent.sum(axis=1) >= _SESSIONS_MIN)
    chosen: Booleans = recent & whole[:, np.newaxis]
    return chosen


def _over(best: np.ufunc, column: Floats, chosen: Booleans) -> Floats:
    found: Floats = best.reduce(np.where(chosen, column, np.nan), axis=1)
    return found
