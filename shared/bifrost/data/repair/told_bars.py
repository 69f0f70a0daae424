"""One source's stored bars as they traded, and the same in the terms that repairs look at.

Stored prices are as traded; a fault stands out of prices that splits do not move. So a series is
put into the shares of its last session, looked at, and what is repaired is put back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from bifrost.core.sessions import exchange_date
from bifrost.data.repair.findings import ColumnChange, Repair, days_of
from bifrost.data.repair.stored import Cell
from bifrost.data.repair.vendor_series import PRICES, Floats, Sessions, VendorSeries
from bifrost.data.series.adjustment import first_moment
from bifrost.data.series.columns import (
    UNITS,
    BarColumns,
    Integers,
    counted,
    exactly,
    instant_of,
    micros,
)
from bifrost.data.series.timeframes import Timeframe

_FIELDS = (*PRICES, "volume")
# What is no number, among counts of millionths.
_NONE = np.iinfo(np.int64).min


@dataclass(frozen=True, slots=True, eq=False)
class ToldBars:
    """Bars as a source told them and repairs left them, oldest first; NaN is no number.

    sessions: datetime64[D]; of shorter bars the instants at which they begin. starts_at:
    microseconds since 1970. Kept-apart bars are among them: they are what most needs repair.
    """

    timeframe: Timeframe
    sessions: Sessions
    starts_at: Integers
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    def __len__(self) -> int:
        return len(self.sessions)

    def places(self, cells: Sequence[Cell]) -> NDArray[np.intp] | None:
        """Return where the bars of these cells are; None where one of them is not there."""
        asked = self._keys(cells)
        found = np.searchsorted(self.sessions, asked)
        known = found < len(self)
        known[known] = self.sessions[found[known]] == asked[known]
        return found if known.all() else None

    def _keys(self, cells: Sequence[Cell]) -> Sessions:
        if self.timeframe.is_daily:
            return np.array([cell.session for cell in cells], dtype="datetime64[D]")
        begins = [micros(cell.begins_at) for cell in cells if cell.begins_at is not None]
        return np.array(begins, dtype=np.int64).view("datetime64[us]")

    def holds(self, cells: Mapping[str, Sequence[Cell]], *, repaired: bool) -> bool:
        """Say whether these cells have their raw, or their repaired, values now."""
        return all(
            self._has(name, column, _values(column, repaired=repaired)).all()
            for name, column in cells.items()
        )

    def holds_either(self, cells: Mapping[str, Sequence[Cell]]) -> bool:
        """Say whether each of these cells has its raw or its repaired value now."""
        return all(
            (
                self._has(name, column, _values(column, repaired=True))
                | self._has(name, column, _values(column, repaired=False))
            ).all()
            for name, column in cells.items()
        )

    def _has(
        self, name: str, column: Sequence[Cell], values: Sequence[Decimal | None]
    ) -> NDArray[np.bool_]:
        """Say of each cell whether it has this value."""
        places = self.places(column)
        if places is None:
            return np.zeros(len(column), dtype=np.bool_)
        wanted = [_NONE if value is None else int(value * UNITS) for value in values]
        same: NDArray[np.bool_] = _counts(getattr(self, name)[places]) == np.array(wanted)
        return same

    def with_cells(
        self, cells: Mapping[str, Sequence[Cell]], *, repaired: bool
    ) -> BarColumns | None:
        """Return the bars that these cells are of, with their values; None: they would be no bars.

        A bar needs prices above zero, its low at the bottom and its high at the top.
        """
        columns = {name: getattr(self, name).copy() for name in _FIELDS}
        touched: list[NDArray[np.intp]] = []
        for name, column in cells.items():
            places = self._held(column)
            values = _values(column, repaired=repaired)
            columns[name][places] = [np.nan if one is None else float(one) for one in values]
            touched.append(places)
        places = np.unique(np.concatenate(touched))
        chosen = {name: column[places] for name, column in columns.items()}
        if not _are_bars(chosen):
            return None
        return BarColumns(self.starts_at[places], *(counted(chosen[name]) for name in _FIELDS))

    def _held(self, cells: Sequence[Cell]) -> NDArray[np.intp]:
        places = self.places(cells)
        if places is None:
            raise AssertionError("cells are held against `holds` before")
        return places

    def days_within(self, first: datetime, before: datetime) -> tuple[date, date, int]:
        """Return the first and the last session of the bars of [first, before), and how many."""
        here = np.searchsorted(self.starts_at, [micros(first), micros(before)])
        days = days_of(self.sessions[slice(*here)])
        ends = days[[0, -1]].tolist() if len(days) else [exchange_date(first)] * 2
        return ends[0], ends[1], len(days)

    def in_last_shares(self, splits: Mapping[date, Decimal]) -> VendorSeries:
        """Return the series adjusted for these splits (ex-date: shares for one), to be looked at.

        Dividends and adjusted closes are untold: the desk adjusts by actions that stand.
        """
        factor = self.factor(splits)
        told = np.zeros(len(self))
        for session, ratio in splits.items():
            at = int(np.searchsorted(self.starts_at, first_moment(session)))
            if 0 < at < len(self):
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
            factor[self.starts_at < first_moment(session)] *= float(ratio)
        return factor

    def cells_of(
        self, repair: Repair, splits: Mapping[date, Decimal]
    ) -> dict[str, tuple[Cell, ...]]:
        """Return a repair's values as traded, by column."""
        factor = self.factor(splits)
        found: dict[str, tuple[Cell, ...]] = {}
        for change in repair.changes:
            scale = self._scale(change, factor)
            repaired = change.repaired * scale
            if change.column == "volume":
                repaired = np.floor(repaired + 0.5)
            cells = _cells(change, decimals_of(change.raw * scale), decimals_of(repaired))
            found[change.column] = found.get(change.column, ()) + cells
        return found

    def _scale(self, change: ColumnChange, factor: Floats) -> Floats:
        """Return what makes the values of a look the values as traded."""
        if change.column == "splits":
            return np.ones(len(change.raw))
        here = factor[np.searchsorted(self.sessions, change.sessions)]
        return 1 / here if change.column == "volume" else here


def _values(column: Sequence[Cell], *, repaired: bool) -> list[Decimal | None]:
    return [cell.repaired if repaired else cell.raw for cell in column]


def _cells(
    change: ColumnChange, raw: Sequence[Decimal | None], repaired: Sequence[Decimal | None]
) -> tuple[Cell, ...]:
    days = days_of(change.sessions).tolist()
    begins: Sequence[datetime | None] = [None] * len(days)
    if np.datetime_data(change.sessions.dtype)[0] != "D":
        begins = [instant_of(one) for one in change.sessions.astype(np.int64).tolist()]
    return tuple(map(Cell, days, raw, repaired, begins))


def id_of(key: str, instrument: str, repair: Repair, cells: Mapping[str, Sequence[Cell]]) -> str:
    """Return the id of a repair: of the same change by the same method always the same.

    key: the source, and the timeframe where it is shorter than a day.
    """
    told = f"{key}/{instrument}/{repair.kind}/{repair.method}/"
    values = [
        (name, [(str(one.begins_at or one.session), one.raw, one.repaired) for one in cells[name]])
        for name in sorted(cells)
    ]
    return f"repair-{sha256(f'{told}{values!r}'.encode()).hexdigest()[:24]}"


def decimals_of(values: Floats) -> list[Decimal | None]:
    """Return the decimals that floats are, to a millionth; None for NaN."""
    return [None if one == _NONE else exactly(one) for one in _counts(values).tolist()]


def _counts(values: Floats) -> Integers:
    told = np.isfinite(values)
    counts = counted(np.where(told, values, 0))
    counts[~told] = _NONE
    return counts


def _are_bars(columns: Mapping[str, Floats]) -> bool:
    together = np.column_stack([columns[name] for name in _FIELDS])
    if not np.isfinite(together).all() or (together[:, :4] <= 0).any():
        return False
    low, high = columns["low"], columns["high"]
    inside = [(low <= columns[name]) & (columns[name] <= high) for name in ("open", "close")]
    return bool(np.all(inside) and (columns["volume"] >= 0).all())
