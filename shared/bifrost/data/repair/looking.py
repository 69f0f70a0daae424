"""Looks at a series, one after the other: each sees what the ones before it repaired."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from bifrost.data.repair.findings import Doubt, Found, Repair
from bifrost.data.repair.vendor_series import VendorSeries

Look: TypeAlias = Callable[[VendorSeries], Found]


def look_through(series: VendorSeries, looks: Sequence[Look]) -> tuple[Found, VendorSeries]:
    """Return what all of them found, in their order, and the series with all of it made."""
    repairs: list[Repair] = []
    doubts: list[Doubt] = []
    for look in looks:
        found = look(series)
        for repair in found.repairs:
            series = series.after(repair)
        repairs += found.repairs
        doubts += found.doubts
    return Found(repairs, doubts), series
