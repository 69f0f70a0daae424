"""What a dividend was, weighed: the vendor's word, its adjusted closes, the fall, the others paid.

Each amount that may be meant has a sum of logarithms of odds; the answer is the likeliest, and its
score its share of them all. The fall on the ex-date is Student's t of 3: prices have fat tails, and
one good day must not disprove a dividend of half a per cent.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

# A dividend is 0.7 % of the price, mostly within a factor of eleven (two deviations of this).
_YIELD, _YIELD_SPREAD = float(np.log(0.007)), 1.2
# Odds (logarithms) against each fault, before a price is looked at.
UNIT, NEVER_PAID, _NOT_ADJUSTED, _MISADJUSTED = 2.0, 3.0, 2.0, 2.5
# Against two faults that agree: dividend and adjusted close both wrong, and alike.
_BOTH_WRONG = 6.0
_OTHERS_SPREAD, _OTHERS_MAX = 1.0, 4.0
# For a dividend that comes when this company pays, and against one that comes between.
_ON_TIME, _OFF_TIME = 2.5, 1.5


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of one dividend, in the currency of the prices.

    told: by the vendor. implied: by its adjusted closes; within `error` of it. fall: of the price
    on the ex-date, relative; scale: its usual size. usual: what is paid otherwise; on_time: it
    comes when the others let one expect it; None: unknown. alike: what other dividends with the
    same fault say for `told` (a logarithm of odds): a vendor errs the same way each time.
    """

    told: float
    implied: float
    error: float
    before: float
    fall: float
    scale: float
    usual: float | None = None
    on_time: bool | None = None
    alike: float = 0.0

    @property
    def agrees(self) -> bool:
        """The adjusted closes were adjusted for what is told."""
        return abs(self.implied - self.told) <= self.error + 2e-3 * self.told

    @property
    def is_unadjusted(self) -> bool:
        """The adjusted closes know of no dividend here."""
        return abs(self.implied) <= max(self.error, 0.002 * self.told)

    @property
    def in_other_units(self) -> bool:
        """What is implied is a hundredth, or a hundred times, of what is told."""
        hundredth = _near(self.told, 100 * self.implied, 100 * self.error)
        hundredfold = _near(self.implied, 100 * self.told, self.error)
        return not self.is_unadjusted and (hundredth or hundredfold)


def amounts(evidence: Evidence) -> Mapping[float, float]:
    """Return each amount that may be meant, and the logarithm of its odds."""
    told = evidence.told
    if evidence.in_other_units:
        # Two witnesses with the same digits: it was paid, and one of them has its units right.
        choices = {told, _snapped(evidence)}
    else:
        choices = {0.0, told, told / 100, told * 100}
        if not evidence.is_unadjusted and not evidence.agrees and evidence.implied > 0:
            choices.add(evidence.implied)
    return {choice: _odds(evidence, choice) for choice in choices}


def likeliest(evidence: Evidence) -> tuple[float, float]:
    """Return the likeliest amount, and its probability among the amounts that may be meant."""
    odds = amounts(evidence)
    best = max(odds, key=lambda amount: odds[amount])
    weights = np.exp(np.array(list(odds.values())) - odds[best])
    return best, float(1 / weights.sum())


def for_told(evidence: Evidence) -> float:
    """Return how much likelier the told amount is than the one implied, in other units (a log)."""
    odds = amounts(evidence)
    return odds[evidence.told] - odds[_snapped(evidence)]


def fall_odds(evidence: Evidence, amount: float) -> float:
    """Return how well the fall fits a dividend of this amount (a logarithm, Student's t of 3)."""
    away = (evidence.fall - amount / evidence.before) / evidence.scale
    return -2 * float(np.log1p(away**2 / 3))


def _snapped(evidence: Evidence) -> float:
    """Return what is implied, as the told amount in other units where it is that."""
    for unit in (0.01, 100.0):
        if _near(evidence.implied, evidence.told * unit, evidence.error):
            return evidence.told * unit
    return evidence.implied


def _odds(evidence: Evidence, amount: float) -> float:
    if amount >= evidence.before:
        return -1e3
    odds = fall_odds(evidence, amount) + _of_others(evidence, amount)
    if amount == evidence.told:
        odds += evidence.alike
    if evidence.agrees:
        return odds - (0.0 if amount == evidence.told else _BOTH_WRONG)
    if amount:
        odds -= ((np.log(amount / evidence.before) - _YIELD) / _YIELD_SPREAD) ** 2 / 2
    return odds - _of_telling(evidence, amount) - _of_adjusting(evidence, amount)


def _of_telling(evidence: Evidence, amount: float) -> float:
    if amount == evidence.told:
        return 0.0
    return UNIT if amount else NEVER_PAID


def _of_adjusting(evidence: Evidence, amount: float) -> float:
    if _near(amount, evidence.implied, evidence.error):
        return 0.0
    return _NOT_ADJUSTED if evidence.is_unadjusted else _MISADJUSTED


def _of_others(evidence: Evidence, amount: float) -> float:
    if not amount:
        return 0.0
    timely = 0.0
    if evidence.on_time is not None:
        timely = _ON_TIME if evidence.on_time else -_OFF_TIME
    if evidence.usual is None:
        return timely
    away = float(np.log(amount / evidence.usual)) / _OTHERS_SPREAD
    return timely - min(_OTHERS_MAX, away**2 / 2)


def _near(one: float, other: float, error: float) -> bool:
    return abs(one - other) <= error + 0.005 * max(abs(one), abs(other))
