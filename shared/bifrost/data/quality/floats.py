"""Floats as vendors send them, counted: what is no number is a defect of its row, not an error."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bifrost.data.quality.defects import Defect, DefectKind
from bifrost.data.series.columns import PRICES, UNITS, BarColumns, Floats, Integers

_FIELDS = (*PRICES, "volume")
# Beyond it a count is no int64.
_MOST = 2.0**63 / UNITS


@dataclass(frozen=True, slots=True)
class CountedBars:
    """The rows that are numbers, each with the place it had; a defect for each that is not."""

    bars: BarColumns
    places: Integers
    defects: list[Defect]


def judge_floats(starts_at: Integers, columns: Mapping[str, Floats]) -> CountedBars:
    """Count prices and volumes (in currency and shares), leaving out rows that are no numbers.

    columns: `open`, `high`, `low`, `close` and `volume`, each as long as `starts_at`
    (microseconds since 1970).
    """
    values = np.stack([np.asarray(columns[name], dtype=np.float64) for name in _FIELDS])
    with np.errstate(invalid="ignore"):
        counts = np.isfinite(values) & (np.abs(values) < _MOST)
    good = counts.all(axis=0)
    counted = np.rint(values[:, good] * UNITS).astype(np.int64)
    defects = [
        Defect(
            DefectKind.NOT_A_NUMBER,
            f"{_FIELDS[row]} is {values[row, place]}, which is no number that can be counted",
            int(place),
            at=int(starts_at[place]),
        )
        for place in np.flatnonzero(~good)
        for row in np.flatnonzero(~counts[:, place])[:1]
    ]
    return CountedBars(BarColumns(starts_at[good], *counted), np.flatnonzero(good), defects)
