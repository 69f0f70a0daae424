"""Hundreds of faults of every kind, put by chance into clean series: each is repaired to what was.

What nobody could tell from a series alone is not asked for: a split of 3 for 2 while the market
moves as far by itself, a dividend smaller than a day's noise, the high of a bar that is lost.
"""

import numpy as np
import pytest

from bifrost.data.repair.examining import examine
from tests.unit.data.repair import dividend_faults, faults
from tests.unit.data.repair.clean_series import INDEXES, STOCKS, clean, window
from tests.unit.data.repair.comparing import differing
from tests.unit.data.repair.faults import Faulty

BARS, SEEDS = 700, range(2)
# Dividend and adjusted closes are wrong alike: the fall alone judges, and another one may be it.
HARD = ("hundredfold_in_both", "phantom_in_both", "wrong_date_in_both")
KINDS = faults.FAULTS | dividend_faults.FAULTS


def made(kind: str, name: str, seed: int) -> Faulty:
    chance = np.random.default_rng(seed)
    series = window(name, int(chance.integers(0, len(clean(name)) - BARS + 1)), BARS)
    return KINDS[kind](series, chance)


def rounding(faulty: Faulty) -> float:
    told, right = faulty.told.volume, faulty.right.volume
    traded = (told > 0) & (right > 0)
    return 0.5 * max(1.0, float((right[traded] / told[traded]).max())) + 0.5


@pytest.mark.parametrize("name", [*STOCKS, *INDEXES])
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in HARD])
def test_a_fault_is_repaired_to_what_was(kind: str, name: str) -> None:
    for seed in SEEDS:
        faulty = made(kind, name, seed)

        found = examine(faulty.told, second=faulty.second)

        assert differing(faulty.told, faulty.right)
        wrong = differing(found.repaired, faulty.right, volume_rounding=rounding(faulty))
        assert not wrong, (seed, wrong, [repair.reason for repair in found.repairs])
        assert not examine(found.repaired, second=faulty.second).repairs


@pytest.mark.parametrize("kind", HARD)
def test_a_fault_that_agrees_with_itself_is_mostly_repaired_and_never_surely_wrong(
    kind: str,
) -> None:
    right = 0
    tried = [(name, seed) for name in (*STOCKS, *INDEXES) for seed in SEEDS]
    for name, seed in tried:
        faulty = made(kind, name, seed)

        found = examine(faulty.told)

        wrong = differing(found.repaired, faulty.right)
        right += not wrong
        assert not wrong or not any(repair.is_sure for repair in found.repairs), (name, seed)
    assert right >= 0.75 * len(tried)


@pytest.mark.parametrize("name", [*STOCKS, *INDEXES])
def test_a_repair_is_found_again_when_nothing_later_is_known(name: str) -> None:
    for kind in ("hundred_in_one_bar", "split_not_applied_to_a_block", "close_missing"):
        faulty = made(kind, name, 5)
        whole = examine(faulty.told)
        known = np.datetime64(max(repair.known_from for repair in whole.repairs).isoformat(), "D")

        live = examine(faulty.told.until(known))

        assert [repair.kind for repair in live.repairs] == [repair.kind for repair in whole.repairs]
        assert not differing(live.repaired, faulty.right.until(known), volume_rounding=1e4)
