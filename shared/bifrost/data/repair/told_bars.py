"""One source's stored daily bars as they traded, and the same in the terms that repairs look at.

Stored prices are as traded; a fault stands out of prices that splits do not move. So a series is
put into the shares of its last session, looked at, and what is repaired is put back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from bifrost.data.repair.findings import Repair, as_date
from bifrost.data.repair.stored import Cell
from bifrost.data.repair.vendor_series import PRICES, Floats, Sessions, VendorSeries
from bifrost.data.series.columns import BarColumns, Integers, counted, exactly

_FIELDS = (*PRICES, "volume")


@dataclass(frozen=True, slots=True, eq=False)
class ToldBars:
    """Bars as a source told them and repairs left them, oldest first; NaN is no number.

    starts_at: microseconds since 1970. Kept-apart bars are among them: they are what most needs
    repair.
    """

    sessions: Sessions
    starts_at: Integers
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    def __len__(self) -> int:
        return len(self.sessions)

    def places(self, sessions: Sequence[date]) -> NDArray[np.intp] | None:
        """Return where these sessions are; None where one of them is not there."""
        asked = np.array(sessions, dtype="datetime64[D]")
        found = np.searchsorted(self.sessions, asked)
        known = found < len(self)
        known[known] = self.sessions[found[known]] == asked[known]
        return found if known.all() else None

    def holds(self, cells: Mapping[str, Sequence[Cell]], *, repaired: bool) -> bool:
        """Say whether these cells have their raw, or their repaired, values now."""
        for name, column in cells.items():
            places = self.places([cell.session for cell in column])
            if places is None:
                return False
            values = [cell.repaired if repaired else cell.raw for cell in column]
            if [decimal_of(one) for one in getattr(self, name)[places]] != values:
                return False
        return True

    def holds_either(self, cells: Mapping[str, Sequence[Cell]]) -> bool:
        """Say whether each of these cells has its raw or its repaired value now."""
        each = [{name: (cell,)} for name, column in cells.items() for cell in column]
        return all(
            self.holds(one, repaired=True) or self.holds(one, repaired=False) for one in each
        )

    def with_cells(
        self, cells: Mapping[str, Sequence[Cell]], *, repaired: bool
    ) -> BarColumns | None:
        """Return the bars that these cells are of, with their values; None: they would be no bars.

        A bar needs prices above zero, its low at the bottom and its high at the top.
        """
        columns = {name: getattr(self, name).copy() for name in _FIELDS}
        touched: list[date] = []
        for name, column in cells.items():
            places = self._held([cell.session for cell in column])
            values = [cell.repaired if repaired else cell.raw for cell in column]
            columns[name][places] = [np.nan if one is None else float(one) for one in values]
            touched += [cell.session for cell in column]
        places = self._held(sorted(set(touched)))
        chosen = {name: column[places] for name, column in columns.items()}
        if not _are_bars(chosen):
            return None
        return BarColumns(self.starts_at[places], *(counted(chosen[name]) for name in _FIELDS))

    def _held(self, sessions: Sequence[date]) -> NDArray[np.intp]:
        places = self.places(sessions)
        if places is None:
            raise AssertionError("cells are held against `holds` before")
        return places

    def in_last_shares(self, splits: Mapping[date, Decimal]) -> VendorSeries:
        """Return the series adjusted for these splits (ex-date: shares for one), to be looked at.

        Dividends and adjusted closes are untold: the desk adjusts by actions that stand.
        """
        factor = self.factor(splits)
        told = np.zeros(len(self))
        for session, ratio in splits.items():
            at = int(np.searchsorted(self.sessions, np.datetime64(session, "D")))
            if at < len(self):
                told[at] = float(ratio)
        untold = np.full(len(self), np.nan)
        prices = {name: getattr(self, name) / factor for name in PRICES}
        return VendorSeries(
            sessions=self.sessions,
            adjusted_close=untold,
            volume=self.volume * factor,
            dividends=untold.copy(),
            splits=told,
            **prices,
        )

    def factor(self, splits: Mapping[date, Decimal]) -> Floats:
        """Return how many of the last session's shares one of each session's is."""
        factor = np.ones(len(self))
        for session, ratio in splits.items():
            factor[self.sessions < np.datetime64(session, "D")] *= float(ratio)
        return factor


def cells_of(
    repair: Repair, bars: ToldBars, splits: Mapping[date, Decimal]
) -> dict[str, tuple[Cell, ...]]:
    """Return a repair's values as traded, by column."""
    factor = bars.factor(splits)
    found: dict[str, tuple[Cell, ...]] = {}
    for change in repair.changes:
        places = np.searchsorted(bars.sessions, change.sessions)
        scale = np.ones(len(places))
        if change.column in PRICES or change.column == "dividends":
            scale = factor[places]
        elif change.column == "volume":
            scale = 1 / factor[places]
        repaired = change.repaired * scale
        if change.column == "volume":
            repaired = np.floor(repaired + 0.5)
        found[change.column] = found.get(change.column, ()) + tuple(
            Cell(as_date(session), decimal_of(raw), decimal_of(repaired))
            for session, raw, repaired in zip(
                change.sessions, change.raw * scale, repaired, strict=True
            )
        )
    return found


def id_of(source: str, instrument: str, repair: Repair, cells: Mapping[str, object]) -> str:
    """Return the id of a repair: of the same change by the same method always the same."""
    told = f"{source}/{instrument}/{repair.kind}/{repair.method}/{sorted(cells.items())!r}"
    return f"repair-{sha256(told.encode()).hexdigest()[:24]}"


def decimal_of(value: float) -> Decimal | None:
    """Return the decimal that a float is, to a millionth; None for NaN."""
    return exactly(int(counted([value])[0])) if np.isfinite(value) else None


def _are_bars(columns: Mapping[str, Floats]) -> bool:
    together = np.column_stack([columns[name] for name in _FIELDS])
    if not np.isfinite(together).all() or (together[:, :4] <= 0).any():
        return False
    low, high = columns["low"], columns["high"]
    inside = [(low <= columns[name]) & (columns[name] <= high) for name in ("open", "close")]
    return bool(np.all(inside) and (columns["volume"] >= 0).all())
