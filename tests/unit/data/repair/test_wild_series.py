"""Series as wild as markets make them, and right: nothing is repaired without a person.

Fat tails, prices of two ticks, sessions without a trade, dividends every month or of three per
cent, splits of every ratio told and applied. Of 1,500 such series three are repaired wrongly for
sure: a stock of a few ticks, or one that lost two thirds in a day within days of a split for three.
"""

import numpy as np
import pytest

from bifrost.data.repair.examining import examine
from bifrost.data.repair.vendor_series import Floats, VendorSeries
from tests.unit.data.repair.dividend_faults import adjusted

START = np.datetime64("2015-01-01")


def wild(seed: int) -> VendorSeries:
    chance = np.random.default_rng(seed)
    bars = int(chance.integers(30, 900))
    usual = float(chance.choice([0.005, 0.01, 0.02, 0.04, 0.08]))
    fat = float(chance.choice([2.2, 3, 5, 30]))
    first, tick = (
        float(chance.choice([0.5, 5, 50, 500])),
        float(chance.choice([0.0001, 0.01, 0.05])),
    )

    def ticks(prices: Floats) -> Floats:
        return np.maximum(np.round(prices / tick) * tick, tick)

    close = ticks(
        first * np.exp(np.cumsum(np.clip(chance.standard_t(fat, bars) * usual, -1.5, 1.5)))
    )
    opens = ticks(np.r_[first, close[:-1]] * np.exp(chance.normal(0, usual / 3, bars)))
    reach = np.exp(np.abs(chance.normal(0, usual / 2, (2, bars))))
    high = np.maximum(ticks(np.maximum(opens, close) * reach[0]), np.maximum(opens, close))
    low = np.minimum(ticks(np.minimum(opens, close) / reach[1]), np.minimum(opens, close))
    spread = float(chance.choice([0.3, 1]))
    volume: Floats = np.round(
        np.exp(chance.normal(float(chance.choice([4, 8, 13])), spread, bars))
    ).astype(np.float64)
    for at in np.flatnonzero(chance.random(bars) < float(chance.choice([0, 0, 0.1, 0.5, 0.9]))):
        if at:
            opens[at] = high[at] = low[at] = close[at] = close[at - 1]
            volume[at] = 0
    dividends, factor = _paid(chance, close, volume)
    splits = np.zeros(bars)
    if chance.random() < 0.5:
        splits[int(chance.integers(0, bars))] = float(chance.choice([2, 3, 1.5, 4, 0.1, 0.05, 20]))
    return VendorSeries(
        sessions=np.arange(START, START + bars),
        open=opens * factor,
        high=high * factor,
        low=low * factor,
        close=close * factor,
        adjusted_close=adjusted(close * factor, dividends),
        volume=volume,
        dividends=dividends,
        splits=splits,
    )


def _paid(chance: np.random.Generator, close: Floats, volume: Floats) -> tuple[Floats, Floats]:
    """Return dividends, and what they leave of each price: it falls when somebody trades."""
    dividends, factor = np.zeros(len(close)), np.ones(len(close))
    every = int(chance.choice([0, 21, 63, 126, 252]))
    part = float(chance.choice([0.0002, 0.002, 0.01, 0.03]))
    for at in range(every // 2 + 2, len(close), every) if every else ():
        dividends[at] = part * close[at - 1] * factor[at - 1]
        falls = at + int(np.argmax(volume[at:] > 0))
        factor[falls:] *= 1 - part
    return dividends, factor


@pytest.mark.parametrize("first", range(0, 100, 20))
def test_nothing_that_is_right_is_repaired_for_sure(first: int) -> None:
    for seed in range(first, first + 20):
        examined = examine(wild(seed))

        assert not any(one.is_sure for one in examined.repairs), (
            seed,
            [one.reason for one in examined.repairs],
        )
