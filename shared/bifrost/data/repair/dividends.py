"""Dividends that are wrong, and adjusted closes that are out of line with them, one at a time.

In this order, because each changes what the next one sees: a dividend told twice, one on a wrong
date, each one's amount and adjustment, and steps of adjusted closes that no dividend explains.
"""

import numpy as np

from bifrost.data.repair.adjusted_closes import Readjusted, lone_adjusted, undeclared
from bifrost.data.repair.dividend_company import in_company
from bifrost.data.repair.dividend_evidence import Evidence, likeliest
from bifrost.data.repair.dividend_pairs import duplicates, wrong_dates
from bifrost.data.repair.dividend_steps import Steps, steps_of
from bifrost.data.repair.findings import Doubt, Found, Repair, RepairKind, as_date
from bifrost.data.repair.looking import Look, look_through
from bifrost.data.repair.vendor_series import VendorSeries

# Below this nothing is even proposed: two answers are nearly as likely.
PROPOSED_MIN = 0.6


def dividend_errors(series: VendorSeries, *, are_adjusted_told: bool = True) -> Found:
    """Find what is wrong with dividends; nothing where the vendor tells no dividends.

    are_adjusted_told: the adjusted closes are the vendor's, and no stand-in for what it told.
    """
    if not np.isfinite(series.dividends).any():
        return Found()
    looks: tuple[Look, ...] = (
        lone_adjusted,
        duplicates,
        wrong_dates,
        lambda given: _amounts(given, are_adjusted_told=are_adjusted_told),
        undeclared,
    )
    found, _ = look_through(series, looks)
    return found


def _amounts(series: VendorSeries, *, are_adjusted_told: bool) -> Found:
    repairs: list[Repair] = []
    doubts: list[Doubt] = []
    steps = steps_of(series)
    known = in_company(steps, series.sessions[steps.places])
    for at in sorted(known, reverse=True):
        evidence = known[at]
        amount, score = likeliest(evidence)
        if amount == evidence.told and evidence.agrees:
            continue
        if score < PROPOSED_MIN or _is_unclear(evidence, amount):
            reason = _unclear(evidence, are_adjusted_told=are_adjusted_told)
            session = as_date(series.sessions[steps.places[at]])
            doubts.append(Doubt(RepairKind.ADJUSTED_CLOSE, session, reason))
            continue
        told = _told(evidence, are_adjusted_told=are_adjusted_told)
        repair = _repair(series, steps, at, amount, score, told)
        series = series.after(repair)
        repairs.append(repair)
    return Found(repairs, doubts)


def _is_unclear(evidence: Evidence, amount: float) -> bool:
    """Say whether told and implied differ by no known fault, and the fall is no judge of it."""
    if evidence.is_unadjusted or evidence.agrees:
        return False
    if evidence.in_other_units:
        return False
    apart = abs(evidence.told - evidence.implied) / evidence.before
    return amount == 0 or apart < 3 * evidence.scale


def _told(evidence: Evidence, *, are_adjusted_told: bool) -> str:
    told = f"a dividend of {evidence.told:.6g} is told"
    return f"{told} and {evidence.implied:.6g} adjusted for" if are_adjusted_told else told


def _unclear(evidence: Evidence, *, are_adjusted_told: bool) -> str:
    told = _told(evidence, are_adjusted_told=are_adjusted_told)
    moved = f"{told}; the price moved by {-evidence.fall * evidence.before:+.4g}, which"
    if are_adjusted_told:
        return f"{moved} tells neither from the other"
    return f"{moved} neither bears it out nor tells what it was"


def _repair(
    series: VendorSeries, steps: Steps, at: int, amount: float, score: float, told: str
) -> Repair:
    place, evidence = int(steps.places[at]), steps.evidence(at)
    made = Readjusted(series, steps, at)
    if amount != evidence.told:
        made.tells(place, amount)
    if abs(amount - evidence.implied) > evidence.error + 2e-3 * amount:
        made.adjusts(amount)
    kind = _kind(evidence, amount)
    reason = (
        f"{told}; the price {evidence.before:.6g} moved by"
        f" {-evidence.fall * evidence.before:+.4g}: it was {amount:.6g}"
    )
    return made.repair(kind, {"likeliest_amount": score}, reason)


def _kind(evidence: Evidence, amount: float) -> RepairKind:
    if amount == 0:
        return RepairKind.PHANTOM_DIVIDEND
    if amount != evidence.told:
        return RepairKind.DIVIDEND_UNIT_ERROR
    if evidence.is_unadjusted:
        return RepairKind.DIVIDEND_NOT_ADJUSTED
    return RepairKind.ADJUSTED_CLOSE
