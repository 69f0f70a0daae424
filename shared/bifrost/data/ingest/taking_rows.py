"""A person's file of daily bars goes the way of all bars, and keeps every digit.

The gate sees millionths; what is stored, or kept apart, is what the file said.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal

import numpy as np

from bifrost.data.files.bar_file import SOURCE, BarRow
from bifrost.data.ingest.taking import Occasion, Taken, take
from bifrost.data.ports import Books, Listing
from bifrost.data.series.columns import PRICES, UNITS, BarColumns, Integers
from bifrost.data.series.ports import SeriesKey
from bifrost.data.series.timeframes import Timeframe


def take_rows(
    books: Books,
    listing: Listing,
    rows: Mapping[date, BarRow],
    opens_at: Mapping[date, int],
    occasion: Occasion,
) -> Taken:
    """Take rows in, by session; see `taking.take`.

    opens_at: when each session opens, in microseconds since 1970.
    """
    by_start = {opens_at[session]: rows[session] for session in sorted(rows)}
    told = list(by_start.values())
    bars = BarColumns(
        np.array(list(by_start), dtype=np.int64),
        # What is above zero is judged as such, however small it is.
        **{name: np.maximum(1, _counted(getattr(row, name) for row in told)) for name in PRICES},
        volume=_counted(row.volume for row in told),
    )
    key = SeriesKey(listing.instrument.symbol, Timeframe.D1, SOURCE)
    return take(books.taking_rows(listing, by_start), key, bars, occasion)


def _counted(values: Iterable[Decimal]) -> Integers:
    return np.array([int(one * UNITS) for one in values], dtype=np.int64)
