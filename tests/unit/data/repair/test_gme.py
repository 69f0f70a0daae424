"""GameStop, January 2021: prices that went to twenty times and back, and no split.

A peer took such moves for a split of 4 for 1 and "repaired" them.
"""

from dataclasses import replace

import numpy as np
import pytest

from bifrost.data.repair.examining import examine
from bifrost.data.repair.vendor_series import Floats, VendorSeries
from tests.unit.data.repair.gamestop import CLOSES, FIRST, gamestop


def with_split(series: VendorSeries, at: int, ratio: float) -> VendorSeries:
    splits: Floats = np.zeros(len(series))
    splits[at] = ratio
    return replace(series, splits=splits)


def test_the_path_itself_is_left_alone() -> None:
    examined = examine(gamestop())

    assert not examined.repairs
    assert not examined.claims


@pytest.mark.parametrize("ratio", [1.5, 2.0, 2.5, 4.0, 5.0, 10.0, 0.5, 0.25, 0.1])
def test_a_split_that_one_source_claims_repairs_no_price(ratio: float) -> None:
    for at in range(FIRST, len(CLOSES)):
        claimed = examine(with_split(gamestop(), at, ratio), confirmed=())

        assert not claimed.repairs, (at, [repair.reason for repair in claimed.repairs])


def test_even_where_nobody_votes_a_move_as_wild_as_its_neighbours_is_no_split() -> None:
    for at in range(FIRST, len(CLOSES)):
        for ratio in (2.0, 2.5, 4.0):
            alone = examine(with_split(gamestop(), at, ratio), confirmed=None)

            assert not any(repair.is_sure for repair in alone.repairs)


def test_the_split_of_july_2022_leaves_january_2021_alone() -> None:
    calm = 40 + 3 * np.sin(np.arange(340) / 7)
    path = [close / 4 for close in CLOSES] + (calm / 1.6).tolist()
    series = gamestop(path)
    at = len(series) - 10

    examined = examine(with_split(series, at, 4.0), confirmed=[series.sessions[at].item()])

    assert not examined.repairs


def test_a_doubt_says_why_nothing_is_done() -> None:
    at = CLOSES.index(90.00)

    examined = examine(with_split(gamestop(), at, 2.5), confirmed=())

    assert not examined.repairs
    assert any("nothing is repaired" in doubt.reason for doubt in examined.doubts)
