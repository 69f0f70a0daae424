"""A vendor's daily bars as it tells them: prices, adjusted closes, dividends and splits together.

Floats, and NaN is "not told": a repair weighs evidence, it does not keep books. What is written
afterwards is counted in millionths again by whoever writes it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from bifrost.data.repair.findings import ColumnChange, Repair

Floats: TypeAlias = NDArray[np.float64]
Sessions: TypeAlias = NDArray[np.datetime64]

PRICES = ("open", "high", "low", "close")


@dataclass(frozen=True, slots=True, eq=False)
class VendorSeries:
    """Daily bars, oldest first, one place in each column (all of one length).

    sessions: datetime64[D]; of bars shorter than a session the instants at which they begin, in
    microseconds. Prices per share and volume in shares, both in the shares of the last
    session (adjusted for splits, not for dividends). adjusted_close: for dividends too. dividends:
    per share on its ex-date, 0 for none. splits: shares after for one before, 0 for none. NaN is
    what the vendor did not tell; a column of NaN alone is one that it does not have.
    """

    sessions: Sessions
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    adjusted_close: Floats
    volume: Floats
    dividends: Floats
    splits: Floats

    def __post_init__(self) -> None:
        lengths = {len(getattr(self, field.name)) for field in fields(self)}
        if len(lengths) > 1:
            raise ValueError(f"columns of one series have one length, were {sorted(lengths)}")
        if (np.diff(self.sessions) <= np.timedelta64(0, "D")).any():
            raise ValueError("sessions must rise: two bars of one session, or the newest first")

    def __len__(self) -> int:
        return len(self.sessions)

    def column(self, name: str) -> Floats:
        """Return the column of this name."""
        column: Floats = getattr(self, name)
        return column

    def prices(self) -> Floats:
        """Return open, high, low and close side by side: (bars, 4)."""
        return np.column_stack([self.column(name) for name in PRICES])

    def until(self, session: np.datetime64) -> "VendorSeries":
        """Return what was there when this session had closed."""
        end = int(np.searchsorted(self.sessions, session, side="right"))
        return VendorSeries(*(getattr(self, field.name)[:end] for field in fields(self)))

    def after(self, repair: Repair) -> "VendorSeries":
        """Return the series as this repair leaves it."""
        return self.changed(repair.changes)

    def changed(self, changes: Sequence[ColumnChange]) -> "VendorSeries":
        """Return the series with these cells replaced; raise ValueError for a session it lacks."""
        columns: dict[str, Floats] = {}
        for change in changes:
            places = np.searchsorted(self.sessions, change.sessions)
            known = places < len(self)
            if not known.all() or (self.sessions[places] != change.sessions).any():
                raise ValueError(f"no bar on some of {change.sessions[:3]} …")
            column = columns.setdefault(change.column, self.column(change.column).copy())
            column[places] = change.repaired
        return replace(self, sessions=self.sessions, **columns)


def usable(values: Floats) -> NDArray[np.bool_]:
    """Say which prices can be one: told, finite and above zero."""
    with np.errstate(invalid="ignore"):
        return np.isfinite(values) & (values > 0)


def change_of(
    series: VendorSeries, column: str, places: NDArray[np.intp], repaired: Floats
) -> ColumnChange:
    """Say that these cells of a column become `repaired`, keeping what they are."""
    return ColumnChange(column, series.sessions[places], series.column(column)[places], repaired)
