"""The days of a whole series, for a look at a window of it: which of its levels is the right one.

A window may be wrong from end to end, or its right bars the fewer; of all days together most are
right. A day is the middle of five closes: no minute of it speaks for the others.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal

import numpy as np

from bifrost.data.repair.intraday import middles_of
from bifrost.data.repair.parts import Part, ToldSeries, windows
from bifrost.data.repair.ports import RepairBooks
from bifrost.data.repair.splits import split_errors
from bifrost.data.repair.units import DayLevels, day_levels
from bifrost.data.repair.vendor_series import VendorSeries


@dataclass(frozen=True, slots=True)
class WholeSeries:
    """Reads each series' days once in a scan, and again where something changed them."""

    _days: dict[ToldSeries, VendorSeries] = field(default_factory=dict)

    def levels(
        self, books: RepairBooks, part: Part, splits: Mapping[date, Decimal]
    ) -> DayLevels | None:
        """Return the levels of the days of the part's series; None: the part is all of it."""
        series = part.series
        if series.timeframe.is_daily or windows(series) == [part]:
            return None
        if series not in self._days:
            self._days[series] = _days_of(books, series, splits)
        days = self._days[series]
        return day_levels(days) if len(days) else None

    def forget(self, part: Part) -> None:
        """Read anew what was found wrong: it may be made."""
        self._days.pop(part.series, None)


def _days_of(
    books: RepairBooks, series: ToldSeries, splits: Mapping[date, Decimal]
) -> VendorSeries:
    end = series.last + timedelta(days=1)
    bars = books.sampled(series.source, series.timeframe, series.first, end)
    days = middles_of(bars.in_last_shares(splits))
    told = np.zeros(len(days))
    for day, ratio in splits.items():
        at = int(np.searchsorted(days.sessions, np.datetime64(day, "D")))
        if 0 < at < len(days):
            told[at] = float(ratio)
    days = replace(days, splits=told)
    for repair in split_errors(days, splits).repairs:
        days = days.after(repair)
    return days
