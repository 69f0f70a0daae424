"""Dividends that a vendor told the desk, held against the desk's prices.

A vendor's actions come without adjusted closes, so what it told is put into the prices as if it
had adjusted by it: then only the fall on the ex-date, the other dividends and their rhythm can say
that it is wrong. Amounts in other units are looked for first and together: one dividend that is a
quarter of the price may be special, but no company pays that each year without its price falling.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal

import numpy as np

from bifrost.data.repair.dividend_evidence import NEVER_PAID, UNIT, fall_odds
from bifrost.data.repair.dividend_steps import Steps, steps_of
from bifrost.data.repair.dividends import dividend_errors
from bifrost.data.repair.findings import Found, Repair, RepairKind, as_date
from bifrost.data.repair.looking import Look, look_through
from bifrost.data.repair.vendor_series import Floats, VendorSeries, change_of, usable

# An amount is disproved where a hundredth of it fits the fall so much better (a logarithm of odds).
_DISPROVED = 3.0
# So many alike, and this part of all that is paid, are one vendor's units.
_ALIKE_MIN, _ALIKE_PART = 2, 0.5


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
    looked_at = replace(series, sessions=series.sessions, dividends=dividends)
    looks: tuple[Look, ...] = (
        _in_other_units,
        lambda given: dividend_errors(_as_if_adjusted(given), are_adjusted_told=False),
    )
    found, _ = look_through(looked_at, looks)
    return Found([kept for one in found.repairs for kept in _of_dividends(one)], found.doubts)


def _in_other_units(series: VendorSeries) -> Found:
    """Find dividends a hundred times too high, where most of them are."""
    steps = steps_of(_as_if_adjusted(series))
    paid = [int(at) for at in np.flatnonzero(steps.told > 0) if at > 0]
    odds = {at: _odds_of_hundredth(steps, at) for at in paid}
    wrong = [at for at in paid if odds[at] >= _DISPROVED]
    if len(wrong) < _ALIKE_MIN or len(wrong) < _ALIKE_PART * len(paid):
        return Found()
    alike = 1 - float(np.exp(UNIT - NEVER_PAID * len(wrong)))
    return Found([_hundredth(series, steps, at, odds[at], alike) for at in wrong])


def _odds_of_hundredth(steps: Steps, at: int) -> float:
    """Return how much better a hundredth of it fits the fall; a price has no more to give."""
    evidence = steps.evidence(at)
    if evidence.told >= evidence.before:
        return 2 * _DISPROVED
    return fall_odds(evidence, evidence.told / 100) - fall_odds(evidence, evidence.told)


def _hundredth(series: VendorSeries, steps: Steps, at: int, odds: float, alike: float) -> Repair:
    place, evidence = int(steps.places[at]), steps.evidence(at)
    change = change_of(series, "dividends", np.array([place]), np.array([evidence.told / 100]))
    reason = (
        f"a dividend of {evidence.told:.6g} is told; the price {evidence.before:.6g} moved by"
        f" {-evidence.fall * evidence.before:+.4g}, and did not fall for others like it: it was"
        f" {evidence.told / 100:.6g}"
    )
    known = as_date(series.sessions[place])
    named = {"price_disproves_it": 1 - float(np.exp(-odds)), "others_are_alike": alike}
    return Repair(RepairKind.DIVIDEND_UNIT_ERROR, [change], named, reason, known)


def _as_if_adjusted(series: VendorSeries) -> VendorSeries:
    """Return it with closes adjusted for its dividends, and a hundredth of one above the price."""
    close, dividends = series.close, series.dividends
    places = np.flatnonzero(usable(close))
    kept = np.ones(len(places))
    before, paid = close[places[:-1]], dividends[places[1:]]
    paid = np.where(paid >= before, paid / 100, paid)
    kept[:-1] = 1 - paid / before
    adjusted: Floats = np.full(len(close), np.nan)
    adjusted[places] = close[places] * np.cumprod(kept[::-1])[::-1]
    return replace(series, sessions=series.sessions, adjusted_close=adjusted)


def _of_dividends(repair: Repair) -> list[Repair]:
    changes = [change for change in repair.changes if change.column == "dividends"]
    return [replace(repair, changes=changes)] if changes else []
