"""Look at bars within sessions for the faults that show in them.

Units, zero and frozen prices stand out of minutes as they do out of days; a split is told by its
step between sessions. Dividends are smaller than what a night moves, and are left to daily bars.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from bifrost.data.repair.examining import Examined
from bifrost.data.repair.findings import Doubt, Repair, days_of
from bifrost.data.repair.gaps import frozen_prices, missing_prices
from bifrost.data.repair.looking import Look, look_through
from bifrost.data.repair.missing_splits import missing_splits
from bifrost.data.repair.splits import split_errors
from bifrost.data.repair.units import DayLevels, day_levels, unit_errors
from bifrost.data.repair.vendor_series import VendorSeries, usable

# A thin share's minute may be the one before by chance; three in a row are a feed that stands.
_FROZEN_MIN = 3


def examine_intraday(
    series: VendorSeries,
    *,
    confirmed: Collection[date] | None = None,
    second: VendorSeries | None = None,
    days: DayLevels | None = None,
) -> Examined:
    """Find and make every repair of bars within sessions; claims are of their sessions.

    series: its `sessions` are the instants at which its bars begin. days: the levels of the whole
    that it is a window of; None where it is the whole. The rest as in `examine`.
    """
    per_session = round(len(series) / max(1, len(np.unique(days_of(series.sessions)))))
    looks: tuple[Look, ...] = (
        lambda given: split_errors(given, confirmed, per_session=per_session),
        lambda given: unit_errors(given, days or _levels(given)),
        lambda given: missing_prices(given, second),
        lambda given: frozen_prices(given, second, run_min=_FROZEN_MIN),
    )
    found, repaired = look_through(series, looks)
    claims = tuple(missing_splits(by_day(repaired)).repairs)
    return Examined(tuple(found.repairs), _one_a_day(found.doubts), claims, repaired)


def _levels(series: VendorSeries) -> DayLevels | None:
    days = middles_of(series)
    return day_levels(days) if len(days) else None


def by_day(series: VendorSeries) -> VendorSeries:
    """Return one bar of each day of trading, of whatever hours there are bars of."""
    days = days_of(series.sessions)
    first = np.flatnonzero(np.diff(days, prepend=days[:1] - 1))
    if not len(first):
        return replace(series, sessions=days)
    last = np.append(first[1:], len(series)) - 1
    return VendorSeries(
        sessions=days[first],
        open=series.open[first],
        high=np.fmax.reduceat(series.high, first),
        low=np.fmin.reduceat(series.low, first),
        close=series.close[last],
        adjusted_close=series.adjusted_close[last],
        volume=np.add.reduceat(np.nan_to_num(series.volume), first),
        dividends=series.dividends[first],
        splits=np.fmax.reduceat(series.splits, first),
    )


def middles_of(series: VendorSeries) -> VendorSeries:
    """Return the middle close of each day, as all prices of it; a day without one is left out."""
    told = np.flatnonzero(usable(series.close))
    days = days_of(series.sessions[told])
    ordered = np.lexsort((series.close[told], days))
    found, first, bars = np.unique(days, return_index=True, return_counts=True)
    middle = series.close[told][ordered][first + (bars - 1) // 2]
    volume = np.nan_to_num(series.volume[told])
    untold = np.full(len(found), np.nan)
    return VendorSeries(
        sessions=found,
        open=middle,
        high=middle,
        low=middle,
        close=middle,
        adjusted_close=untold,
        volume=np.add.reduceat(volume, first) if len(found) else untold,
        dividends=untold,
        splits=untold,
    )


def months_of(repair: Repair) -> list[Repair]:
    """Cut a repair at the months' ends: a year of minutes in pence is twelve that one can show."""
    months = [days_of(change.sessions).astype("datetime64[M]") for change in repair.changes]
    found = np.unique(np.concatenate(months))
    if len(found) == 1:
        return [repair]
    return [_of_month(repair, months, month) for month in found]


def _of_month(
    repair: Repair, months: Sequence[NDArray[np.datetime64]], month: np.datetime64
) -> Repair:
    kept = []
    for change, of_change in zip(repair.changes, months, strict=True):
        here = of_change == month
        if here.any():
            kept.append(
                replace(
                    change,
                    sessions=change.sessions[here],
                    raw=change.raw[here],
                    repaired=change.repaired[here],
                )
            )
    return replace(repair, changes=kept)


def _one_a_day(doubts: Sequence[Doubt]) -> tuple[Doubt, ...]:
    """Return the first doubt of each kind and day, which says how many more there are."""
    groups: dict[tuple[str, date], list[Doubt]] = {}
    for one in doubts:
        groups.setdefault((one.kind, one.session), []).append(one)
    return tuple(
        replace(
            first, reason=f"{first.reason} ({len(more)} more of this day)" if more else first.reason
        )
        for first, *more in groups.values()
    )
