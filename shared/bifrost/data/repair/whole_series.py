"""The days of a whole series, for a look at a window of it: which of its levels is the right one.

A window may be wrong from end to end, or its right bars the fewer; of all days together most are
right. A day is its middle close: no minute of it speaks for the others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from decimal import Decimal

import numpy as np

from bifrost.data.repair.intraday import middles_of
from bifrost.data.repair.parts import Part, windows
from bifrost.data.repair.ports import RepairBooks
from bifrost.data.repair.splits import split_errors
from bifrost.data.repair.units import DayLevels, day_levels
from bifrost.data.repair.vendor_series import VendorSeries


@dataclass(frozen=True, slots=True)
class WholeSeries:
    """Reads each window's days once in a scan, and again where something changed them."""

    _days: dict[Part, VendorSeries] = field(default_factory=dict)

    def levels(
        self, books: RepairBooks, part: Part, splits: Mapping[date, Decimal]
    ) -> DayLevels | None:
        """Return the levels of the days of the part's series; None: the part is all of it."""
        every = windows(part.series)
        if part.series.timeframe.is_daily or every == [part]:
            return None
        days = _joined([self._of(books, one, splits) for one in every], splits)
        for repair in split_errors(days, splits).repairs:
            days = days.after(repair)
        return day_levels(days) if len(days) else None

    def forget(self, part: Part) -> None:
        """Read anew what this part covers."""
        for one in list(self._days):
            is_near = one.first < part.before and part.first < one.before
            if one.series == part.series and is_near:
                del self._days[one]

    def _of(self, books: RepairBooks, part: Part, splits: Mapping[date, Decimal]) -> VendorSeries:
        if part not in self._days:
            series = part.series
            bars = books.bars(series.source, series.timeframe, part.first, part.before)
            self._days[part] = middles_of(bars.in_last_shares(splits))
        return self._days[part]


def _joined(parts: Sequence[VendorSeries], splits: Mapping[date, Decimal]) -> VendorSeries:
    columns = {
        one.name: np.concatenate([getattr(part, one.name) for part in parts])
        for one in fields(VendorSeries)
    }
    told = np.zeros(len(columns["sessions"]))
    for day, ratio in splits.items():
        at = int(np.searchsorted(columns["sessions"], np.datetime64(day, "D")))
        if 0 < at < len(told):
            told[at] = float(ratio)
    return VendorSeries(**{**columns, "splits": told})
