"""Every fault of a thousand of its kind, put into clean series, is blocked or flagged in its place,
and no bar beside it is blocked; the clean series themselves raise no alarm.

Seeded: the same thousand each time, some twenty to a series, far apart.
"""

from collections import Counter
from functools import lru_cache
from itertools import cycle

import numpy as np
import pytest

from bifrost.data.quality.context import GateContext, SessionGrid
from bifrost.data.quality.defects import Defect
from bifrost.data.quality.gate import judge
from bifrost.data.series.timeframes import Timeframe
from tests import defect_neighbours
from tests.clean_series import STOCKS, clean, received, steps
from tests.defect_injectors import INJECTORS, Injected, Wrong

OF_EACH = 1000
SERIES = ("AAPL", "MSFT", "IBM", "S&P 500")
APART = 120
FIRST = 80
TAKEN_BACK = ("spike", "wrong_days")


@lru_cache
def context(name: str) -> GateContext:
    """What the gate knows of a clean series: its sessions and its splits."""
    grid = SessionGrid.of(clean(name)[0])
    return GateContext(Timeframe.D1, grid, received(name), whole=True, steps=steps(name))


@pytest.mark.parametrize("name", [*STOCKS, "S&P 500"])
def test_clean_series_raises_no_alarm(name: str) -> None:
    assert judge(clean(name)[1], context(name)) == []


def test_nasdaq_has_two_sessions_without_volume_and_no_other_alarm() -> None:
    """Not clean: Yahoo told no volume on two days, and the gate finds just these."""
    found = judge(clean("Nasdaq")[1], context("Nasdaq"))

    assert [(one.kind.value, str(one.session)) for one in found] == [
        ("volume_missing", "2015-05-12"),
        ("volume_missing", "2018-01-09"),
    ]


def test_there_are_more_than_twenty_kinds() -> None:
    assert INJECTORS is defect_neighbours.INJECTORS
    assert len(INJECTORS) >= 25


@pytest.mark.parametrize("kind", INJECTORS)
def test_each_of_a_thousand_is_blocked_or_flagged_in_its_place(kind: str) -> None:
    chance = np.random.default_rng([ord(letter) for letter in kind])
    missed: list[str] = []
    told: Counter[str] = Counter()
    count = 0
    names = cycle(SERIES)
    while count < OF_EACH:
        name = next(names)
        injected = made(kind, name, chance, OF_EACH - count)
        count += len(injected.wrong)
        found = judge(injected.bars, injected.context)
        missed += [f"{name} {one}" for one in injected.wrong if not is_found(one, found, kind)]
        told.update(bystanders(injected, found))

    assert count >= OF_EACH
    assert missed == []
    assert told == Counter()


def made(kind: str, name: str, chance: np.random.Generator, wanted: int) -> Injected:
    """Put some of the kind into a clean series."""
    bars = clean(name)[1]
    starts = np.arange(FIRST, len(bars) - APART, APART)
    places = (starts + chance.integers(0, APART - 40, len(starts))).tolist()
    return INJECTORS[kind].inject(bars, places[:wanted], chance, context(name))


def is_found(wrong: Wrong, found: list[Defect], kind: str) -> bool:
    """Say whether a defect of an expected kind is where the fault is."""
    expected = [one for one in found if one.kind in INJECTORS[kind].kinds]
    if wrong.gone is not None:
        return any(one.at == wrong.gone for one in expected)
    places = (*wrong.places, wrong.ends) if kind in TAKEN_BACK else wrong.places
    return any(one.place in places for one in expected)


def bystanders(injected: Injected, found: list[Defect]) -> list[str]:
    """Name what was blocked and is as it was."""
    wrong = {place for one in injected.wrong for place in one.places}
    return [
        f"{one.kind.value} at {one.place}"
        for one in found
        if one.blocks and one.place is not None and one.place not in wrong
    ]
