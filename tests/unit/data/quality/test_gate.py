"""What the gate believes and what it does not, one rule at a time: what explains a move, what waits
for a later bar, and what a halt excuses.
"""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from bifrost.data.quality.context import GateContext, Halt, PriceStep, SessionGrid
from bifrost.data.quality.defects import Defect, DefectKind
from bifrost.data.quality.gate import judge, sift
from bifrost.data.quality.report import Completeness
from bifrost.data.series.columns import BarColumns, counted, instant_of, micros
from bifrost.data.series.timeframes import Timeframe
from tests.clean_series import sessions

DAYS = sessions(date(2012, 1, 3), date(2012, 6, 29))
DAILY = GateContext(Timeframe.D1, SessionGrid.of(DAYS), DAYS[-1].closes_at)
MINUTE = 60_000_000
HOUR = 60 * MINUTE


def daily(count: int = len(DAYS), seed: int = 1) -> BarColumns:
    """A quiet series around 100, one bar for each of the first sessions."""
    chance = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(chance.normal(0, 0.01, count)))
    open_ = np.r_[100, close[:-1]] * np.exp(chance.normal(0, 0.002, count))
    high = np.maximum(open_, close) * np.exp(np.abs(chance.normal(0, 0.003, count)))
    low = np.minimum(open_, close) * np.exp(-np.abs(chance.normal(0, 0.003, count)))
    volume = np.rint(1e6 * np.exp(chance.normal(0, 0.2, count)))
    starts = np.array([micros(one.opens_at) for one in DAYS[:count]], dtype=np.int64)
    return BarColumns(
        starts, *(counted(one.round(2)) for one in (open_, high, low, close)), counted(volume)
    )


def minutes(days: int, seed: int = 1) -> BarColumns:
    """Every regular minute of the first sessions, as quiet."""
    chance = np.random.default_rng(seed)
    starts = np.concatenate(
        [np.arange(micros(one.opens_at), micros(one.closes_at), MINUTE) for one in DAYS[:days]]
    )
    close = 100 * np.exp(np.cumsum(chance.normal(0, 0.0005, len(starts))))
    open_ = np.r_[100, close[:-1]]
    high = np.maximum(open_, close) * 1.0002
    low = np.minimum(open_, close) * 0.9998
    volume = np.rint(1e4 * np.exp(chance.normal(0, 0.4, len(starts))))
    return BarColumns(
        starts, *(counted(one.round(2)) for one in (open_, high, low, close)), counted(volume)
    )


def of_minutes(days: int, **more: object) -> GateContext:
    """What the gate knows of the first sessions' minutes."""
    grid = SessionGrid.of(DAYS[:days])
    context = GateContext(Timeframe.M1, grid, DAYS[days - 1].closes_at)
    return replace(context, **more)  # type: ignore[arg-type]


def times(bars: BarColumns, factor: float, from_: int, to: int | None = None) -> BarColumns:
    """Multiply prices of [from_, to)."""
    columns = {}
    for name in ("open", "high", "low", "close"):
        column = getattr(bars, name).copy()
        column[from_:to] = np.rint(column[from_:to] * factor / 10_000).astype(np.int64) * 10_000
        columns[name] = column
    return replace(bars, **columns)


def with_volume(bars: BarColumns, place: int, factor: int) -> BarColumns:
    """Multiply the volume of one bar."""
    volume = bars.volume.copy()
    volume[place] *= factor
    return replace(bars, volume=volume)


def kinds(found: list[Defect]) -> list[tuple[str, int | None, bool]]:
    """Say what was found, where, and whether it blocks."""
    return [(one.kind.value, one.place, one.blocks) for one in found]


def test_quiet_series_have_no_defect() -> None:
    assert judge(daily(), DAILY) == []
    assert judge(minutes(5), of_minutes(5)) == []


def test_known_split_is_no_jump_and_an_unknown_one_is_flagged() -> None:
    split = times(daily(), 0.5, 80)
    step = PriceStep(DAYS[80].opens_at, 0.5, "2-for-1 split")

    assert judge(split, replace(DAILY, steps=(step,))) == []
    assert kinds(judge(split, DAILY)) == [("missed_split", 80, False)]


def test_fall_that_stays_is_flagged_and_with_a_rush_of_volume_it_is_the_market() -> None:
    fallen = times(daily(), 0.62, 80)

    assert kinds(judge(fallen, DAILY)) == [("jump", 80, False)]
    assert judge(with_volume(fallen, 80, 30), DAILY) == []


def test_what_no_later_bar_confirms_waits_until_one_does() -> None:
    fallen = times(daily(), 0.62, 80)
    first, later = fallen.take(slice(0, 81)), fallen.take(slice(80, 83))

    assert kinds(judge(first, DAILY)) == [("jump", 80, True)]
    with_stored = replace(DAILY, stored=fallen.take(slice(0, 80)))
    assert kinds(judge(later, with_stored)) == [("jump", 0, False)]


def test_bars_before_are_enough_to_judge_one_bar() -> None:
    bars = times(daily(), 100, 80, 81)
    context = replace(DAILY, stored=bars.take(slice(0, 80)))

    assert kinds(judge(bars.take(slice(80, 81)), context)) == [("scale", 0, True)]


def test_crash_like_1987_is_believed_without_a_word_of_the_rest_of_the_market() -> None:
    """S&P 500: -20.5 % on 1987-10-19 from the open on, on 3.5 times the volume, and +5 and +9 %."""
    bars = daily()
    columns = {name: getattr(bars, name).copy() for name in ("open", "high", "low", "close")}
    before = int(bars.close[79])
    for place, told in enumerate(
        ((1, 1, 0.795, 0.7953), (0.7961, 0.8689, 0.7657, 0.8377), (0.8377, 0.9155, 0.8377, 0.9140)),
        80,
    ):
        for name, factor in zip(("open", "high", "low", "close"), told, strict=True):
            columns[name][place] = int(before * factor)
    for name, column in columns.items():
        column[83:] = getattr(bars, name)[83:] * 0.88
    crashed = with_volume(replace(bars, **columns), 80, 4)

    assert judge(crashed, DAILY) == []


def test_defect_names_its_bar_its_session_and_what_it_says() -> None:
    bars = daily()
    high = bars.high.copy()
    high[7] = bars.low[7] - 10_000

    (found,) = judge(replace(bars, high=high), DAILY)

    assert (found.place, found.session) == (7, DAYS[7].session)
    assert found.at == bars.starts_at[7]
    assert f"high {high[7] / 1e6:g} does not hold" in found.reason


def test_sifting_leaves_what_is_good_in_order_and_each_time_once() -> None:
    bars = daily()
    doubled = times(bars, 3, 50, 51).take(np.sort(np.r_[0 : len(bars), 10]))

    sifted = sift(doubled, DAILY)

    assert sifted.blocked == (11, 51)
    assert (np.diff(sifted.good.starts_at) > 0).all()
    assert len(sifted.good) == len(bars) - 1
    assert {one.kind for one in sifted.defects} == {DefectKind.SPIKE, DefectKind.DUPLICATE_TIME}


def test_bar_is_known_from_its_close_on() -> None:
    bars = daily()
    early = replace(DAILY, received_at=DAYS[-1].closes_at - timedelta(seconds=1))

    assert kinds(judge(bars, early)) == [("future", len(bars) - 1, True)]
    assert judge(bars, DAILY) == []


@pytest.mark.parametrize("extended", [False, True])
@pytest.mark.parametrize("hours", [-5, -1, 1, 3])
def test_session_moved_by_hours_is_wrong_whole(hours: int, extended: bool) -> None:
    bars = minutes(3)
    starts = bars.starts_at.copy()
    starts[390:780] += hours * HOUR
    moved = replace(bars, starts_at=starts)

    found = judge(moved, of_minutes(3, extended=extended))

    assert {one.place for one in found if one.kind is DefectKind.SHIFTED_TIME} == set(
        range(390, 780)
    )
    assert {one.place for one in found} == set(range(390, 780))


def test_early_and_late_bars_are_in_place_where_they_are_asked_for() -> None:
    bars, other = minutes(1), minutes(1, seed=2)
    moved = replace(other, starts_at=other.starts_at - 330 * MINUTE).take(slice(0, 300))
    early = BarColumns.concatenated([moved, bars])

    assert judge(early, of_minutes(1, extended=True)) == []
    assert len(sift(early, of_minutes(1)).blocked) == 300


def test_what_traded_in_a_halt_is_blocked_and_what_is_not_there_is_no_defect() -> None:
    bars = minutes(2)
    halt = Halt(instant_of(bars.starts_at[100]), instant_of(bars.starts_at[110]))
    context = of_minutes(2, halts=(halt,))

    assert judge(bars.take(np.r_[0:100, 110:780]), context) == []
    assert judge(BarColumns.empty(), context) == []
    blocked = [("traded_in_halt", place, True) for place in range(100, 110)]
    assert kinds(judge(bars, context)) == blocked


def test_share_of_99_and_a_half_per_cent_is_just_too_little() -> None:
    assert not Completeness(date(2012, 1, 3), expected=1000, stored=995).is_reached
    assert Completeness(date(2012, 1, 3), expected=1000, stored=996).is_reached
    assert Completeness(date(2012, 1, 3), expected=1, stored=1).is_reached


def test_judging_later_than_now_needs_an_aware_instant() -> None:
    naive = datetime(2012, 1, 3, tzinfo=UTC).replace(tzinfo=None)

    with pytest.raises(ValueError, match="timezone-aware"):
        judge(daily(), replace(DAILY, received_at=naive))
