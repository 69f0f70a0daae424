"""What other dividends say of one: what the company pays, how often, and how the vendor errs."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bifrost.data.repair.dividend_evidence import Evidence, for_told
from bifrost.data.repair.dividend_steps import Steps
from bifrost.data.repair.vendor_series import Sessions

# So many others make a habit; a gap within this part of the usual one keeps to it.
_OTHERS_MIN, _GAP = 2, 0.25
# What others of the same fault may say at most: a logarithm of odds.
_ALIKE_MAX = 4.0


def in_company(steps: Steps, sessions: Sessions) -> Mapping[int, Evidence]:
    """Return what is known of each dividend, by its place in the steps."""
    paid = [int(at) for at in np.flatnonzero(steps.told > 0) if at > 0]
    known = {at: steps.evidence(at) for at in paid}
    agreed = {at: evidence.told for at, evidence in known.items() if evidence.agrees}
    days = sessions[paid].astype("datetime64[D]").astype(np.int64)
    for place, at in enumerate(paid):
        others = [amount for other, amount in agreed.items() if other != at]
        usual = float(np.median(others)) if len(others) >= _OTHERS_MIN else None
        known[at] = replace(known[at], usual=usual, on_time=_is_on_time(days, place))
    return {**known, **_alike(known)}


def _is_on_time(days: NDArray[np.int64], place: int) -> bool | None:
    """Say whether a dividend keeps the usual distance from those around; None: no habit known."""
    gaps = np.diff(days)
    if len(gaps) < _OTHERS_MIN:
        return None
    usual = float(np.median(gaps))
    around = gaps[max(0, place - 1) : place + 1] / usual
    return bool((np.abs(around - 1) <= _GAP).any() and (around > 1 - _GAP).all())


def _alike(known: Mapping[int, Evidence]) -> Mapping[int, Evidence]:
    """Let each dividend that is told in other units hear what the others with the fault say."""
    odds = {at: for_told(each) for at, each in known.items() if each.in_other_units}
    heard: dict[int, Evidence] = {}
    for at in odds:
        others = sum(value for other, value in odds.items() if other != at)
        limited = max(-_ALIKE_MAX, min(_ALIKE_MAX, others))
        heard[at] = replace(known[at], alike=limited)
    return heard
