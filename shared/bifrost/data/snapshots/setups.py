"""Setups: named rules that see a pattern in the last bars, each for all instruments at once.

A rule that lacks bars says no. All are decided at the close of the newest bar, by nothing later.
"""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from bifrost.data.series.columns import Floats
from bifrost.data.snapshots.panel import Booleans, Panel
from bifrost.data.snapshots.technicals import (
    mean_of_last,
    relative_volume,
    rsi,
    true_ranges,
    wilder,
)

Rule: TypeAlias = Callable[[Panel], Booleans]

_YEAR = 252
_GAP_LEAST = 0.02
_OVERSOLD = 30.0
_OVERBOUGHT = 70.0
_SURGE = 3.0
_SQUEEZE_BARS = 20
_BANDS = 2.0
_CHANNEL = 1.5


def setups(panel: Panel) -> dict[str, Booleans]:
    """Return each rule's answer by its name."""
    with np.errstate(invalid="ignore"):
        return {name: rule(panel) for name, rule in RULES.items()}


def new_high_52_weeks(panel: Panel) -> Booleans:
    """Higher than each of the 251 bars before."""
    answer: Booleans = panel.high[:, -1] > panel.high[:, -_YEAR:-1].max(axis=1)
    return answer


def new_low_52_weeks(panel: Panel) -> Booleans:
    """Lower than each of the 251 bars before."""
    answer: Booleans = panel.low[:, -1] < panel.low[:, -_YEAR:-1].min(axis=1)
    return answer


def gap_up(panel: Panel) -> Booleans:
    """The whole bar opened 2 % above the high before."""
    answer: Booleans = panel.open[:, -1] > panel.high[:, -2] * (1 + _GAP_LEAST)
    return answer


def gap_down(panel: Panel) -> Booleans:
    """The bar opened 2 % below the low before."""
    answer: Booleans = panel.open[:, -1] < panel.low[:, -2] * (1 - _GAP_LEAST)
    return answer


def golden_cross(panel: Panel) -> Booleans:
    """The mean of 50 closes rose above that of 200 with this bar."""
    now, before = _lead(panel.close, 0), _lead(panel.close, 1)
    return (now > 0) & (before <= 0)


def death_cross(panel: Panel) -> Booleans:
    """The mean of 50 closes fell below that of 200 with this bar."""
    now, before = _lead(panel.close, 0), _lead(panel.close, 1)
    return (now < 0) & (before >= 0)


def squeeze(panel: Panel) -> Booleans:
    """Bollinger's bands (20 bars, 2 deviations) lie inside Keltner's channel (1.5 ranges)."""
    deviation = panel.close[:, -_SQUEEZE_BARS:].std(axis=1)
    channel = wilder(true_ranges(panel), _SQUEEZE_BARS)[:, -1]
    answer: Booleans = _BANDS * deviation < _CHANNEL * channel
    return answer


def inside_day(panel: Panel) -> Booleans:
    """The whole bar lies inside the one before."""
    answer: Booleans = (panel.high[:, -1] < panel.high[:, -2]) & (
        panel.low[:, -1] > panel.low[:, -2]
    )
    return answer


def outside_day(panel: Panel) -> Booleans:
    """The bar reaches beyond the one before on both sides."""
    answer: Booleans = (panel.high[:, -1] > panel.high[:, -2]) & (
        panel.low[:, -1] < panel.low[:, -2]
    )
    return answer


def oversold_bounce(panel: Panel) -> Booleans:
    """The relative strength index was below 30 and is not."""
    index = rsi(panel.close)
    answer: Booleans = (index[:, -2] < _OVERSOLD) & (index[:, -1] >= _OVERSOLD)
    return answer


def overbought_fade(panel: Panel) -> Booleans:
    """The relative strength index was above 70 and is not."""
    index = rsi(panel.close)
    answer: Booleans = (index[:, -2] > _OVERBOUGHT) & (index[:, -1] <= _OVERBOUGHT)
    return answer


def volume_surge(panel: Panel) -> Booleans:
    """Three times the volume of the twenty bars before."""
    answer: Booleans = relative_volume(panel.volume) >= _SURGE
    return answer


def _lead(close: Floats, back: int) -> Floats:
    return mean_of_last(close, 50, back) - mean_of_last(close, 200, back)


RULES: dict[str, Rule] = {
    rule.__name__: rule
    for rule in (
        new_high_52_weeks,
        new_low_52_weeks,
        gap_up,
        gap_down,
        golden_cross,
        death_cross,
        squeeze,
        inside_day,
        outside_day,
        oversold_bounce,
        overbought_fade,
        volume_surge,
    )
}
