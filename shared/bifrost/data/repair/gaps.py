"""Prices that are missing, zero or frozen.

What can be told from the bar itself is: a close from its adjusted close, every price of a bar that
nobody traded from its close. A high that is missing cannot be known from what is left, and is
taken from a second source or doubted, never made up.
"""

from datetime import date

import numpy as np
from numpy.typing import NDArray

from bifrost.data.repair.findings import ColumnChange, Doubt, Found, Repair, RepairKind, as_date
from bifrost.data.repair.vendor_series import (
    PRICES,
    Floats,
    VendorSeries,
    change_of,
    usable,
)

# A second source agrees where its closes around are within this of ours (two venues' last trades).
_AGREES = 0.01
# Bars of fewer prices and fewer digits of volume repeat by chance: 100 shares at 5, and again.
_PRICES_MIN, _DIGITS_MIN = 3, 4


def missing_prices(series: VendorSeries, second: VendorSeries | None) -> Found:
    """Find zero and missing prices, and repair those that something else tells."""
    told = usable(series.prices())
    repairs: list[Repair] = []
    doubts: list[Doubt] = []
    adjustment = adjustments(series)
    for at in np.flatnonzero(~told.all(axis=1)):
        bad = [name for name, fine in zip(PRICES, told[at], strict=True) if not fine]
        values, evidence = _known(series, second, int(at), bad, float(adjustment[at]))
        if values:
            repairs.append(_repair(series, int(at), values, evidence))
        unknown = [name for name in bad if name not in values]
        if unknown:
            reason = f"{', '.join(unknown)} missing or zero, and nothing here tells what it was"
            doubts.append(Doubt(RepairKind.MISSING_PRICE, _day(series, at), reason))
    repairs += _missing_adjusted(series, adjustment)
    return Found(repairs, doubts)


def _known(
    series: VendorSeries, second: VendorSeries | None, at: int, bad: list[str], adjustment: float
) -> tuple[dict[str, float], dict[str, float]]:
    """Return what the missing prices of a bar were, by the best that tells it, and how well."""
    values: dict[str, float] = {}
    adjusted = series.adjusted_close[at]
    if "close" in bad and usable(adjusted) and np.isfinite(adjustment):
        values["close"] = float(adjusted / adjustment)
    close = values.get("close", series.close[at])
    left = [name for name in bad if name not in values]
    if left and usable(close) and series.volume[at] == 0 and _is_flat(series, at, float(close)):
        values |= dict.fromkeys(left, float(close))
        return values, {"told_by_the_bar": 0.9}
    if not left:
        return values, {"told_by_the_bar": 0.95}
    other = _from_second(series, second, at, left)
    values |= {name: value for name, value in other.items() if value > 0}
    return values, {"second_source": 0.8 if other else 1.0}


def _is_flat(series: VendorSeries, at: int, close: float) -> bool:
    """Say whether every price that the bar tells is this one: nobody traded."""
    prices = series.prices()[at]
    prices = prices[usable(prices)]
    return bool((np.abs(prices - close) <= 1e-9 * close).all())


def _from_second(
    series: VendorSeries, second: VendorSeries | None, at: int, names: list[str]
) -> dict[str, float]:
    """Return a second source's prices of this bar, where the two agree about the bars around."""
    place = _place(second, series.sessions[at])
    if second is None or place is None or not _agree(series, second, at):
        return {}
    return {name: float(second.column(name)[place]) for name in names}


def _place(second: VendorSeries | None, session: np.datetime64) -> int | None:
    if second is None or not len(second):
        return None
    place = int(np.searchsorted(second.sessions, session))
    return place if place < len(second) and second.sessions[place] == session else None


def _agree(series: VendorSeries, second: VendorSeries, at: int) -> bool:
    around = [near for near in range(max(0, at - 5), min(len(series), at + 6)) if near != at]
    compared: list[float] = []
    for near in around:
        place = _place(second, series.sessions[near])
        if place is not None and usable(series.close[near]) and usable(second.close[place]):
            compared.append(abs(float(series.close[near] / second.close[place]) - 1))
    return bool(compared) and float(np.median(compared)) <= _AGREES


def adjustments(series: VendorSeries) -> Floats:
    """Return adjusted close over close of each bar; where one is missing, its neighbours'.

    The factor changes on ex-dates alone, so a bar has that of the bar before it, or on an ex-date
    that of the bar after; NaN where neither tells.
    """
    both = usable(series.adjusted_close) & usable(series.close)
    factor = np.full(len(series), np.nan)
    if not both.any():
        return factor
    factor[both] = series.adjusted_close[both] / series.close[both]
    paid = np.nan_to_num(series.dividends) > 0
    for at in np.flatnonzero(~both):
        if at + 1 < len(series) and both[at + 1] and not paid[at + 1]:
            factor[at] = factor[at + 1]
        elif at > 0 and np.isfinite(factor[at - 1]) and not paid[at]:
            factor[at] = factor[at - 1]
    return factor


def _missing_adjusted(series: VendorSeries, adjustment: Floats) -> list[Repair]:
    wrong = ~usable(series.adjusted_close) & usable(series.close) & np.isfinite(adjustment)
    repairs: list[Repair] = []
    for at in np.flatnonzero(wrong):
        repaired = series.close[at] * adjustment[at]
        change = change_of(series, "adjusted_close", np.array([at]), np.array([repaired]))
        reason = f"adjusted close missing: close {series.close[at]:.6g} times {adjustment[at]:.6g}"
        repairs.append(_made(series, RepairKind.MISSING_PRICE, [change], reason, int(at), 0.95))
    return repairs


def _repair(
    series: VendorSeries, at: int, values: dict[str, float], evidence: dict[str, float]
) -> Repair:
    changes = [
        change_of(series, name, np.array([at]), np.array([value])) for name, value in values.items()
    ]
    told = ", ".join(f"{name} {value:.6g}" for name, value in values.items())
    how = "a second source" if "second_source" in evidence else "the bar itself"
    reason = f"missing or zero, and told by {how}: {told}"
    known = as_date(series.sessions[min(at + 1, len(series) - 1)])
    return Repair(RepairKind.MISSING_PRICE, changes, evidence, reason, known)


def _made(
    series: VendorSeries,
    kind: RepairKind,
    changes: list[ColumnChange],
    reason: str,
    at: int,
    score: float,
) -> Repair:
    known = as_date(series.sessions[min(at + 1, len(series) - 1)])
    return Repair(kind, changes, {"told_by_the_bar": score}, reason, known)


def frozen_prices(series: VendorSeries, second: VendorSeries | None, *, run_min: int = 1) -> Found:
    """Find bars that repeat the one before, volume and all; repair them from a second source.

    run_min: how many in a row are no chance.
    """
    repairs: list[Repair] = []
    doubts: list[Doubt] = []
    with np.errstate(invalid="ignore", divide="ignore"):
        factor = series.adjusted_close / series.close
    # Backwards: the adjustment of a bar is that of the bar after, lower by a dividend between.
    for at in np.flatnonzero(_frozen(series, run_min))[::-1]:
        other = _from_second(series, second, int(at), [*PRICES, "volume"])
        if not other:
            reason = (
                f"open, high, low, close and a volume of {series.volume[at]:.0f} repeat the bar"
                " before: no second source tells what they were"
            )
            doubts.append(Doubt(RepairKind.FROZEN_PRICE, _day(series, at), reason))
        elif any(other[name] != series.column(name)[at] for name in other):
            if at + 1 < len(series):
                paid = np.nan_to_num(series.dividends[at + 1])
                factor[at] = factor[at + 1] * (1 - paid / other["close"])
            repairs.append(_thawed(series, float(factor[at]), int(at), other))
    return Found(repairs, doubts)


def _frozen(series: VendorSeries, run_min: int) -> NDArray[np.bool_]:
    columns = np.column_stack([series.prices(), series.volume])
    same = np.zeros(len(series), dtype=np.bool_)
    same[1:] = (columns[1:] == columns[:-1]).all(axis=1)
    with np.errstate(invalid="ignore"):
        moved = (series.high > series.low) & (series.volume > 0)
    candidates = _in_runs(same & moved, run_min)
    for at in np.flatnonzero(candidates):
        prices = len(set(series.prices()[at].tolist()))
        digits = len(f"{series.volume[at]:.0f}".rstrip("0"))
        candidates[at] = prices >= _PRICES_MIN or digits >= _DIGITS_MIN
    return candidates


def _in_runs(chosen: NDArray[np.bool_], run_min: int) -> NDArray[np.bool_]:
    """Return those of them that stand in a row of so many."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], chosen, [False]])))
    kept = np.zeros(len(chosen), dtype=np.bool_)
    for first, end in zip(edges[::2], edges[1::2], strict=True):
        kept[first:end] = end - first >= run_min
    return kept


def _thawed(series: VendorSeries, factor: float, at: int, other: dict[str, float]) -> Repair:
    changes = [
        change_of(series, name, np.array([at]), np.array([value])) for name, value in other.items()
    ]
    if np.isfinite(factor):
        repaired = np.array([other["close"] * factor])
        changes.append(change_of(series, "adjusted_close", np.array([at]), repaired))
    reason = (
        f"the bar repeats the one before, volume {series.volume[at]:.0f} and all;"
        f" a second source has close {other['close']:.6g}"
    )
    known = as_date(series.sessions[min(at + 1, len(series) - 1)])
    return Repair(RepairKind.FROZEN_PRICE, changes, {"second_source": 0.8}, reason, known)


def _day(series: VendorSeries, at: np.intp | int) -> date:
    return as_date(series.sessions[at])
