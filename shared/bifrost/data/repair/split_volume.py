"""Whether volume is off where prices are off by a split: one process adjusts both, mostly."""

import numpy as np

from bifrost.data.repair.vendor_series import Floats

# Volumes vary by this at least (of their logarithm), however alike a few of them are.
_SPREAD_MIN = 0.3
# Before anything is counted: a vendor that forgets prices forgets volume with them.
_PRIOR = 4.0


def volume_is_off(inside: Floats, beside: Floats, factor: float) -> tuple[bool, float]:
    """Say whether volume must be multiplied by `factor` with the prices, and how well that fits.

    The fit, in [0, 1], is evidence for the repair as a whole: volume that stayed where it was
    while prices moved is what a real fall looks like.
    """
    inside, beside = _logs(inside), _logs(beside)
    if not len(inside):
        return False, 0.95
    if not len(beside):
        return True, 0.9
    spread = max(_SPREAD_MIN, float(np.std(beside)))
    error = spread * float(np.sqrt(1 / len(inside) + 1 / len(beside)) * 1.25)
    shift = float(np.median(inside) - np.median(beside))
    expected = -float(np.log(factor))
    # Laplace: a session of news trades several times the usual, and must not decide alone.
    odds = (abs(shift) - abs(shift - expected)) / error + _PRIOR
    if odds >= 0:
        return True, 1.0 if abs(shift - expected) < 3 * error else 0.8
    return False, 0.6


def _logs(volume: Floats) -> Floats:
    return np.log(volume[np.isfinite(volume) & (volume > 0)])
