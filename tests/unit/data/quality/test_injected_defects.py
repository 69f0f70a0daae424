"""Every fault of a thousand of its kind, put into clean series, is blocked in its place, or flagged
where its bar may be true; no bar beside it is blocked; the clean series themselves raise no alarm.
A bar that is not there is found as the search for gaps finds it, beside the calendar.

Seeded: the same thousand each time, some twenty to a series, far apart.
"""

from collections import Counter
from functools import lru_cache
from itertools import cycle

import numpy as np
import pytest

from bifrost.data.ingest.expected import bars_expected, stretches
from bifrost.data.quality.context import GateContext, SessionGrid
from bifrost.data.quality.defects import Defect
from bifrost.data.quality.gate import judge
from bifrost.data.series.columns import BarColumns
from bifrost.data.series.timeframes import Timeframe
from tests import defect_neighbours
from tests.clean_series import STOCKS, clean, received, steps
from tests.defect_injectors import ABSENT, FLAGGED, INJECTORS, Injected, Wrong

OF_EACH = 1000
SERIES = ("AAPL", "MSFT", "IBM", "S&P 500")
APART = 120
FIRST = 80
TAKEN_BACK = ("spike", "wrong_days")
# Of a thousand, those that come upon a crash or a split as large: a flag is all that is honest.
UPON_A_CRASH = {"wrong_days": 2}


@lru_cache
def context(name: str) -> GateContext:
    """What the gate knows of a clean series: its sessions and its splits."""
    grid = SessionGrid.of(clean(name)[0])
    return GateContext(Timeframe.D1, grid, received(name), steps=steps(name))


@pytest.mark.parametrize("name", [*STOCKS, "S&P 500"])
def test_clean_series_raises_no_alarm(name: str) -> None:
    assert judge(clean(name)[1], context(name)) == []
    assert gaps(name, clean(name)[1]) == []


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


def test_each_of_a_thousand_missing_bars_is_a_gap_and_no_other() -> None:
    chance = np.random.default_rng([ord(letter) for letter in ABSENT])
    count = 0
    for name in cycle(SERIES):
        injected = made(ABSENT, name, chance, OF_EACH - count)
        gone = [one.gone for one in injected.wrong]
        count += len(gone)
        assert gaps(name, injected.bars) == [(start, start, 1) for start in gone]
        assert [one for one in judge(injected.bars, injected.context) if one.blocks] == []
        if count == OF_EACH:
            break


@pytest.mark.parametrize("kind", [kind for kind in INJECTORS if kind != ABSENT])
def test_each_of_a_thousand_is_blocked_in_its_place_or_flagged_if_it_may_be_true(kind: str) -> None:
    chance = np.random.default_rng([ord(letter) for letter in kind])
    missed: list[str] = []
    let_in: list[str] = []
    blocked: list[str] = []
    told: Counter[str] = Counter()
    count = 0
    names = cycle(SERIES)
    while count < OF_EACH:
        name = next(names)
        injected = made(kind, name, chance, OF_EACH - count)
        count += len(injected.wrong)
        found = judge(injected.bars, injected.context)
        told.update(bystanders(injected, found))
        for one in injected.wrong:
            expected = found_of(one, found, kind)
            told_so = [f"{name} {one}"]
            missed += [] if expected else told_so
            if any(each.blocks for each in expected):
                blocked += told_so
            elif not (kind == "constant_column" and one.is_of_volume(injected.bars)):
                let_in += told_so

    assert count >= OF_EACH
    assert missed == []
    assert told == Counter()
    if kind in FLAGGED:
        assert blocked == []
    else:
        assert len(let_in) <= UPON_A_CRASH.get(kind, 0), let_in


def made(kind: str, name: str, chance: np.random.Generator, wanted: int) -> Injected:
    """Put some of the kind into a clean series."""
    bars = clean(name)[1]
    starts = np.arange(FIRST, len(bars) - APART, APART)
    places = (starts + chance.integers(0, APART - 40, len(starts))).tolist()
    return INJECTORS[kind].inject(bars, places[:wanted], chance, context(name))


def gaps(name: str, bars: BarColumns) -> list[tuple[int, int, int]]:
    """Return what the calendar expects of the series and is not there."""
    days = clean(name)[0]
    expected = bars_expected(days, Timeframe.D1, days[0].opens_at, days[-1].closes_at)
    return stretches(expected, bars.starts_at)


def found_of(wrong: Wrong, found: list[Defect], kind: str) -> list[Defect]:
    """Return the defects of an expected kind that are where the fault is."""
    expected = [one for one in found if one.kind in INJECTORS[kind].kinds]
    places = (*wrong.places, wrong.ends) if kind in TAKEN_BACK else wrong.places
    return [one for one in expected if one.place in places]


def bystanders(injected: Injected, found: list[Defect]) -> list[str]:
    """Name what was blocked and is as it was."""
    wrong = {place for one in injected.wrong for place in one.places}
    return [
        f"{one.kind.value} at {one.place}"
        for one in found
        if one.blocks and one.place is not None and one.place not in wrong
    ]
