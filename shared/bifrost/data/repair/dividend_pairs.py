"""Dividends that are told twice within days, or on another day than they were adjusted for.

A vendor that is told of a dividend from two places keeps both, some days apart and one of them
perhaps in other units. A company that pays a special dividend of the same amount in the same week
looks alike: the fall on both days is all that tells.
"""

from itertools import pairwise

import numpy as np

from bifrost.data.repair.adjusted_closes import Readjusted
from bifrost.data.repair.dividend_evidence import Evidence, fall_odds, likeliest
from bifrost.data.repair.dividend_steps import Steps, steps_of
from bifrost.data.repair.findings import Doubt, Found, Repair, RepairKind, as_date
from bifrost.data.repair.vendor_series import VendorSeries

_DAYS_MAX = 10
_ALIKE = 0.1
# Funds that pay weekly are told so by their other dividends.
_OFTEN_DAYS, _OFTEN_MIN = 20, 3
# Odds (logarithms) against a dividend that no close was adjusted for, or in the wrong units.
_UNADJUSTED, _CORRECTED = 3.0, 2.0
_PROPOSED_MIN = 0.6
# Against a date that is wrong in dividend and adjusted closes alike, among some twenty sessions.
_BOTH_MOVED = 7.0
# The fall must say by itself, and of one session alone, that it was paid then.
_FELL = 3.0


def duplicates(series: VendorSeries) -> Found:
    """Find dividends that are told twice within days; the one that fits worse goes."""
    steps = steps_of(series)
    paid = [int(at) for at in np.flatnonzero(steps.told > 0) if at > 0]
    days = series.sessions[steps.places].astype("datetime64[D]").astype(np.int64)
    gaps = np.diff(days[paid]) if paid else np.empty(0)
    repairs: list[Repair] = []
    doubts: list[Doubt] = []
    if (gaps <= _OFTEN_DAYS).sum() >= _OFTEN_MIN:
        return Found()
    for first, second in pairwise(paid):
        one, other = steps.evidence(first), steps.evidence(second)
        unlike = _unlike(one, other)
        if days[second] - days[first] > _DAYS_MAX or unlike > _ALIKE:
            continue
        odds = _standing(one) - _standing(other)
        probability = _logistic(abs(odds))
        gone, kept = (second, first) if odds >= 0 else (first, second)
        if probability < _PROPOSED_MIN:
            reason = (
                f"{one.told:.6g} and {other.told:.6g} within days: one of them may be the other"
            )
            session = as_date(series.sessions[steps.places[second]])
            doubts.append(Doubt(RepairKind.DUPLICATE_DIVIDEND, session, reason))
            continue
        evidence = {"which_one": probability, "alike": 1 - 2 * unlike}
        repair = _without(series, steps, gone, kept, evidence)
        series = series.after(repair)
        repairs.append(repair)
    return Found(repairs, doubts)


def _unlike(one: Evidence, other: Evidence) -> float:
    amounts = [{each.told, likeliest(each)[0]} - {0.0} for each in (one, other)]
    return min(abs(a - b) / max(a, b) for a in amounts[0] for b in amounts[1])


def _standing(evidence: Evidence) -> float:
    """Return what speaks for a dividend of its date, the fall above all."""
    amount, _ = likeliest(evidence)
    amount = amount or evidence.told
    odds = fall_odds(evidence, amount) - fall_odds(evidence, 0.0)
    if evidence.is_unadjusted:
        odds -= _UNADJUSTED
    if amount != evidence.told:
        odds -= _CORRECTED
    return odds


def _without(
    series: VendorSeries, steps: Steps, gone: int, kept: int, evidence: dict[str, float]
) -> Repair:
    made = Readjusted(series, steps, gone)
    made.tells(int(steps.places[gone]), 0.0)
    if abs(steps.implied[gone]) > steps.error[gone]:
        made.adjusts(0.0)
    reason = (
        f"a dividend of {steps.told[gone]:.6g} is the one of {steps.told[kept]:.6g} on"
        f" {as_date(series.sessions[steps.places[kept]])} told again; the price moved by"
        f" {-steps.fall[gone]:+.2%} on this date and by {-steps.fall[kept]:+.2%} on that one"
    )
    known = int(steps.places[max(gone, kept)])
    return made.repair(RepairKind.DUPLICATE_DIVIDEND, evidence, reason, known)


def wrong_dates(series: VendorSeries) -> Found:
    """Find dividends on another day than adjusted closes or the price's fall say."""
    steps = steps_of(series)
    repairs: list[Repair] = []
    doubts: list[Doubt] = []
    for at in np.flatnonzero(steps.told > 0):
        if at == 0:
            continue
        evidence = steps.evidence(int(at))
        if evidence.agrees:
            found = _fell_elsewhere(series, steps, int(at))
        elif evidence.is_unadjusted:
            found = _adjusted_elsewhere(series, steps, int(at))
        else:
            continue
        for repair in found.repairs:
            series = series.after(repair)
        repairs += found.repairs
        doubts += found.doubts
    return Found(repairs, doubts)


def _near(series: VendorSeries, steps: Steps, at: int) -> list[int]:
    """Return the other sessions within some days on which nothing is told."""
    days = series.sessions[steps.places]
    distance = np.abs((days - days[at]).astype(np.int64))
    found = np.flatnonzero((distance <= _DAYS_MAX) & (steps.told == 0))
    return [int(other) for other in found if other > 0]


def _adjusted_elsewhere(series: VendorSeries, steps: Steps, at: int) -> Found:
    told = float(steps.told[at])
    others = [
        other
        for other in _near(series, steps, at)
        if abs(steps.implied[other] - told) <= 2 * steps.error[other] + 0.02 * told
    ]
    if len(others) != 1:
        return Found()
    other = others[0]
    odds = _paid_on(steps, other, told) - _paid_on(steps, at, told)
    probability = _logistic(abs(odds))
    dates = [as_date(series.sessions[steps.places[place]]) for place in (at, other)]
    if probability < _PROPOSED_MIN:
        reason = f"a dividend of {told:.6g} told on {dates[0]} and adjusted for on {dates[1]}"
        return Found(doubts=[Doubt(RepairKind.DIVIDEND_DATE, dates[0], reason)])
    right = other if odds > 0 else at
    return Found([_moved(series, steps, at, other, right, {"which_date": probability})])


def _fell_elsewhere(series: VendorSeries, steps: Steps, at: int) -> Found:
    told = float(steps.told[at])
    others = _near(series, steps, at)
    if not others or told < 4 * steps.scale[at] * steps.before[at]:
        return Found()
    *rest, other = sorted(others, key=lambda place: _paid_on(steps, place, told))
    there = _paid_on(steps, other, told)
    rival = max((_paid_on(steps, place, told) for place in rest), default=-np.inf)
    odds = there - _paid_on(steps, at, told) - _BOTH_MOVED
    if there < _FELL or there - rival < _FELL or _logistic(odds) < _PROPOSED_MIN:
        return Found()
    return Found([_moved(series, steps, at, at, other, {"which_date": _logistic(odds)})])


def _paid_on(steps: Steps, at: int, amount: float) -> float:
    evidence = steps.evidence(at)
    return fall_odds(evidence, amount) - fall_odds(evidence, 0.0)


def _moved(
    series: VendorSeries,
    steps: Steps,
    told_at: int,
    adjusted_at: int,
    right: int,
    evidence: dict[str, float],
) -> Repair:
    """Put the dividend, and the step of adjusted closes, on the right session."""
    amount = float(steps.told[told_at])
    made = Readjusted(series, steps, right)
    if told_at != right:
        made.tells(int(steps.places[told_at]), 0.0)
        made.tells(int(steps.places[right]), amount)
    if adjusted_at != right:
        low, high = sorted((int(steps.places[adjusted_at]), int(steps.places[right])))
        factor = 1 - amount / float(steps.before[right])
        undone = 1 - float(steps.implied[adjusted_at]) / float(steps.before[adjusted_at])
        made.scales(0, low, factor / undone)
        made.scales(low, high, factor if right > adjusted_at else 1 / undone)
    days = [as_date(series.sessions[steps.places[place]]) for place in (told_at, right)]
    reason = (
        f"a dividend of {amount:.6g} told on {days[0]} belongs to {days[1]}, when the price moved"
        f" by {-steps.fall[right]:+.2%}"
    )
    known = int(steps.places[max(told_at, adjusted_at, right)])
    return made.repair(RepairKind.DIVIDEND_DATE, evidence, reason, known)


def _logistic(odds: float) -> float:
    return float(1 / (1 + np.exp(-min(odds, 500.0))))
