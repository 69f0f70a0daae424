"""Clean series are left alone: crashes, bubbles, splits, and 14 years of four companies' dividends.

Where no split is told and prices are as traded, each split is claimed, and Apple's fall by a half
in September 2000 is not.
"""

from dataclasses import replace

import numpy as np
import pytest

from bifrost.data.repair.examining import examine
from bifrost.data.repair.findings import RepairKind
from tests.unit.data.repair.clean_series import (
    INDEXES,
    SPLITS,
    STOCKS,
    as_traded,
    clean,
    window,
)
from tests.unit.data.repair.dividend_faults import paying


@pytest.mark.parametrize("name", [*STOCKS, *INDEXES])
def test_a_clean_series_needs_no_repair(name: str) -> None:
    examined = examine(clean(name))

    assert not examined.repairs
    assert not examined.doubts
    assert not examined.claims


@pytest.mark.parametrize("name", [*STOCKS, *INDEXES])
def test_dividends_that_can_be_seen_are_left_alone(name: str) -> None:
    for seed in range(5):
        chance = np.random.default_rng(seed)
        first = int(chance.integers(0, len(clean(name)) - 700))

        examined = examine(paying(window(name, first, 700), chance, (0.3, 8)))

        assert not examined.repairs, [repair.reason for repair in examined.repairs]


@pytest.mark.parametrize("name", STOCKS)
def test_splits_that_nobody_told_are_claimed_and_change_no_price(name: str) -> None:
    examined = examine(as_traded(name))

    assert {str(claim.first) for claim in examined.claims} == set(SPLITS.get(name, {}))
    assert all(claim.kind is RepairKind.MISSING_SPLIT for claim in examined.claims)
    assert not any(claim.is_sure for claim in examined.claims)
    assert (examined.repaired.close == as_traded(name).close).all()


def test_what_is_not_told_is_not_judged() -> None:
    untold = np.full(len(clean("IBM")), np.nan)
    series = replace(
        clean("IBM"),
        adjusted_close=untold,
        dividends=untold,
        splits=untold,
        volume=untold,
    )

    examined = examine(series)

    assert not examined.repairs
    assert not examined.doubts
