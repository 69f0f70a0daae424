"""Dividends that a vendor told the desk, held against the desk's prices.

A vendor's actions come without adjusted closes, so what it told is put into the prices as if it
had adjusted by it: then only the fall on the ex-date, the other dividends and their rhythm can say
that it is wrong.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal

import numpy as np

from bifrost.data.repair.dividends import dividend_errors
from bifrost.data.repair.findings import Found, Repair
from bifrost.data.repair.vendor_series import Floats, VendorSeries, usable


def told_dividend_errors(
    series: VendorSeries, told: Mapping[date, Decimal], factor: Floats
) -> Found:
    """Find what is wrong with dividends; each repair changes `dividends` alone.

    told: by ex-date, per share of that day. factor: how many of the series' shares each of a
    session's shares is.
    """
    dividends = np.zeros(len(series))
    for day, amount in told.items():
        at = int(np.searchsorted(series.sessions, np.datetime64(day, "D")))
        if at < len(series) and series.sessions[at] == np.datetime64(day, "D"):
            dividends[at] += float(amount) / factor[at]
    if not dividends.any():
        return Found()
    adjusted = _as_if_adjusted(series.close, dividends)
    looked_at = replace(
        series, sessions=series.sessions, dividends=dividends, adjusted_close=adjusted
    )
    found = dividend_errors(looked_at)
    return Found([kept for one in found.repairs for kept in _of_dividends(one)], found.doubts)


def _as_if_adjusted(close: Floats, dividends: Floats) -> Floats:
    """Return closes adjusted for these dividends, and for a hundredth of one above the price."""
    places = np.flatnonzero(usable(close))
    kept = np.ones(len(places))
    before, paid = close[places[:-1]], dividends[places[1:]]
    paid = np.where(paid >= before, paid / 100, paid)
    kept[:-1] = 1 - paid / before
    adjusted = np.full(len(close), np.nan)
    adjusted[places] = close[places] * np.cumprod(kept[::-1])[::-1]
    return adjusted


def _of_dividends(repair: Repair) -> list[Repair]:
    changes = [change for change in repair.changes if change.column == "dividends"]
    return [replace(repair, changes=changes)] if changes else []
