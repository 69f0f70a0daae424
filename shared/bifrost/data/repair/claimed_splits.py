"""Splits that are claimed and do not stand: what the price says of them, and that nothing is done.

In January 2021 one vendor had GameStop split. A claim with one vote is shown and held, whatever
the price did: it had gone to twenty times in a month.
"""

import numpy as np

from bifrost.data.repair.findings import Doubt, RepairKind
from bifrost.data.repair.noise import local_scale, log_levels
from bifrost.data.repair.stored import HeldClaim
from bifrost.data.repair.vendor_series import VendorSeries

# A move is told from a split's where the split's is so many of the usual ones.
_CONTRAST_MIN = 5.0


def held(series: VendorSeries, claim: HeldClaim) -> Doubt:
    """Say what the price tells of a claimed split; series: not adjusted for it."""
    told_by = " and ".join(claim.told_by)
    told = f"a split of {claim.ratio:f} for 1 on {claim.ex_date} is claimed by {told_by} alone"
    held_so = f"{told}: it is held, and no price is changed; {_of_price(series, claim)}"
    return Doubt(RepairKind.PHANTOM_SPLIT, claim.ex_date, held_so)


def _of_price(series: VendorSeries, claim: HeldClaim) -> str:
    levels = log_levels(series)
    places = np.flatnonzero(np.isfinite(levels))
    at = int(np.searchsorted(series.sessions[places], np.datetime64(claim.ex_date, "D")))
    if not 0 < at < len(places):
        return "there are no bars around it"
    moves = np.diff(levels[places])
    move, scale = float(moves[at - 1]), float(local_scale(moves)[at - 1])
    size = abs(float(np.log(float(claim.ratio))))
    went = f"the price went to {np.exp(move):.0%} of the day before's"
    if size < _CONTRAST_MIN * scale:
        return f"{went}, and moves so far by itself that it tells nothing"
    expected = -float(np.log(float(claim.ratio)))
    if abs(move - expected) < size / 3:
        return f"{went}, as it would by the split"
    return f"{went}, and not to {np.exp(expected):.0%}"
