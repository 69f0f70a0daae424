"""GameStop's daily bars around January 2021, as everybody could see them.

Closes and volumes are the public ones, in the shares of that time; the rest of each bar follows
from them.
"""

import numpy as np

from bifrost.data.repair.vendor_series import VendorSeries

CLOSES = [
    *(15.80, 16.58, 16.12, 16.90, 16.35, 16.94, 13.66, 14.12, 13.31, 12.72, 13.85),
    *(13.85, 14.83, 15.63, 15.53, 19.46, 20.57, 20.15, 20.99, 19.38, 19.26, 18.84),
    *(17.25, 17.37, 18.36, 18.08, 17.69, 19.94, 19.95, 31.40, 39.91, 35.50, 39.36),
    *(39.12, 43.03, 65.01, 76.79, 147.98, 347.51, 193.60, 325.00, 225.00, 90.00),
    *(92.41, 53.50, 63.77, 60.00, 50.31, 51.20, 51.10, 52.40, 49.51, 45.94, 40.69),
    *(40.59, 46.00, 44.97, 91.71, 108.73, 101.74),
]
# Millions of shares, from 4 January 2021 on; before and after, some ten.
VOLUMES = [
    *(10.0, 5.0, 6.1, 6.1, 6.5, 14.9, 7.1, 144.5, 93.7, 46.9, 74.7, 33.5, 57.1),
    *(196.8, 177.9, 178.6, 93.4, 58.8, 50.6, 37.4, 78.2, 42.7, 62.4, 81.3, 25.7),
]
HOLIDAYS = [np.datetime64(day) for day in ("2020-12-25", "2021-01-01", "2021-01-18", "2021-02-15")]
FIRST = 22


def sessions(count: int) -> "np.ndarray[tuple[int], np.dtype[np.datetime64]]":
    days = np.arange(np.datetime64("2020-12-01"), np.datetime64("2020-12-01") + 2 * count)
    return days[np.is_busday(days, holidays=HOLIDAYS)][:count]


def gamestop(closes: list[float] = CLOSES) -> VendorSeries:
    close = np.array(closes)
    before = np.concatenate([close[:1], close[:-1]])
    volume = np.full(len(close), 10e6)
    volume[FIRST : FIRST + len(VOLUMES)] = np.array(VOLUMES) * 1e6
    nothing = np.zeros(len(close))
    return VendorSeries(
        sessions=sessions(len(close)),
        open=before,
        high=np.maximum(before, close) * 1.05,
        low=np.minimum(before, close) * 0.93,
        close=close,
        adjusted_close=close.copy(),
        volume=volume,
        dividends=nothing,
        splits=nothing.copy(),
    )
