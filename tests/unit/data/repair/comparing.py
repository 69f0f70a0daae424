"""Two series side by side: equal within the rounding of what a vendor writes."""

import numpy as np

from bifrost.data.repair.vendor_series import VendorSeries

# A single-precision price with five decimals (0.05300 restated by 0.4406 is 0.12029).
RELATIVE = 1e-5
COLUMNS = (
    *("open", "high", "low", "close", "adjusted_close"),
    *("volume", "dividends", "splits"),
)


def differing(
    one: VendorSeries, other: VendorSeries, *, volume_rounding: float = 0.5
) -> dict[str, list[str]]:
    """Return, by column, the sessions on which two series differ by more than rounding.

    volume_rounding: shares by which volume may differ; one that was divided lost its last digits.
    """
    found: dict[str, list[str]] = {}
    for name in COLUMNS:
        absolute = volume_rounding if name == "volume" else 1e-9
        same = np.isclose(
            one.column(name), other.column(name), rtol=RELATIVE, atol=absolute, equal_nan=True
        )
        if not same.all():
            found[name] = [str(session) for session in one.sessions[~same]]
    return found
