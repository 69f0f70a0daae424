"""What each bar says of a dividend: what is told, what adjusted closes imply, how far prices fell.

Adjusted closes before an ex-date are lower by the factor 1 - dividend / close before it (CRSP's
and Yahoo's rule), so their step there tells the dividend that the vendor adjusted for.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bifrost.data.repair.dividend_evidence import Evidence
from bifrost.data.repair.noise import local_scale
from bifrost.data.repair.vendor_series import Floats, VendorSeries, usable

# Relative noise of an adjusted close: two single-precision floats were divided.
_NOISE = 3e-6
# From a standard deviation of returns to the scale of Student's t of 3 with the same median of |x|.
_STUDENT = 0.6744897501960817 / 0.7648923284
_SCALE_MIN = 0.003


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """The bars with a close and an adjusted close, and what happened since the one before each.

    places: in the series. before: the close before. told: the dividend of this session. implied:
    what the step of adjusted closes says. error: how far implied may be off by rounding. fall: how
    far the close fell, relative. scale: the fall's usual size, infinite where nobody traded.
    """

    places: NDArray[np.intp]
    before: Floats
    told: Floats
    implied: Floats
    error: Floats
    fall: Floats
    scale: Floats

    def evidence(self, at: int) -> Evidence:
        """Return what the bars say of the dividend at this place of the arrays (not the first)."""
        return Evidence(
            told=float(self.told[at]),
            implied=float(self.implied[at]),
            error=float(self.error[at]),
            before=float(self.before[at]),
            fall=float(self.fall[at]),
            scale=float(self.scale[at]),
        )


def steps_of(series: VendorSeries) -> Steps:
    """Return the steps of a series; the first bar's are NaN."""
    places = np.flatnonzero(usable(series.close) & usable(series.adjusted_close))
    close, adjusted = series.close[places], series.adjusted_close[places]
    before, step = np.full((2, len(places)), np.nan)
    before[1:] = close[:-1]
    factor = adjusted / close
    step[1:] = factor[:-1] / factor[1:]
    fall = 1 - close / before
    scale = np.full(len(places), _SCALE_MIN)
    if len(places) > 1:
        # A price that stood still says nothing of how far it moves when somebody trades.
        moved = np.where(fall[1:] != 0, fall[1:], np.nan)
        usual = np.nan_to_num(local_scale(moved, reach=30, floor=0), nan=np.inf)
        scale[1:] = np.maximum(usual * _STUDENT, _SCALE_MIN)
    scale[series.volume[places] == 0] = np.inf
    return Steps(
        places=places,
        before=before,
        told=series.dividends[places],
        implied=(1 - step) * before,
        error=before * (_NOISE + 2 * _resolution(adjusted)),
        fall=fall,
        scale=scale,
    )


def _resolution(adjusted: Floats) -> Floats:
    """Return the relative rounding of adjusted closes that are written with few decimals."""
    for places in (2, 3, 4):
        if np.allclose(adjusted, np.round(adjusted, places), rtol=0, atol=1e-9):
            return 0.5 * 10.0**-places / adjusted
    return np.zeros(len(adjusted))
