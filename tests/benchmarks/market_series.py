"""Generated minute bars: random walks in cents over the sessions of New York, of any instrument."""

from datetime import UTC, date, datetime

import numpy as np

from bifrost.adapters.calendars import xnys
from bifrost.data.series.columns import BarColumns, micros

MINUTES = 390
# 252 sessions, as a year has, that all end before what counts as today.
YEAR_BEGINS = date(2024, 1, 2)
TODAY = datetime(2025, 3, 1, tzinfo=UTC)
YEAR_SESSIONS = 252


def opens(sessions: int) -> list[datetime]:
    """Return when the first so many sessions opened."""
    known = xnys.sessions(YEAR_BEGINS, date(2025, 2, 28))
    return [session.opens_at for session, _ in zip(known, range(sessions), strict=False)]


def minute_bars(seed: int, first: int, sessions: int) -> BarColumns:
    """Return the bars of sessions [first, sessions), 390 of each, the same for one seed."""
    rng = np.random.default_rng((seed, first))
    days = np.array([micros(one) for one in opens(sessions)[first:]], dtype=np.int64)
    starts = (days[:, None] + np.arange(MINUTES, dtype=np.int64) * 60_000_000).ravel()
    close = np.maximum(15_000 + np.cumsum(rng.integers(-3, 4, len(starts))), 100) * 10_000
    opened = np.concatenate([close[:1], close[:-1]])
    high = np.maximum(opened, close) + rng.integers(0, 4, len(starts)) * 10_000
    low = np.minimum(opened, close) - rng.integers(0, 4, len(starts)) * 10_000
    volume = rng.integers(1, 100_000, len(starts)) * 1_000_000
    return BarColumns(starts, opened, high, low, close, volume)
