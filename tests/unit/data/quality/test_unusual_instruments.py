"""What is usual differs: shares of cents, shares that nobody trades for days, half days, first
bars, wild weeks. What may have happened there is not kept out, and what cannot have still is.
"""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import numpy as np

from bifrost.data.quality.context import GateContext, PriceStep, SessionGrid
from bifrost.data.quality.defects import Defect, DefectKind
from bifrost.data.quality.gate import judge
from bifrost.data.series.columns import PRICES, BarColumns, Floats, counted, micros
from bifrost.data.series.timeframes import Timeframe
from tests.clean_series import sessions

DAYS = sessions(date(2012, 1, 3), date(2012, 12, 31))
DAILY = GateContext(Timeframe.D1, SessionGrid.of(DAYS), DAYS[-1].closes_at)
MINUTE = 60_000_000


def series(close: Floats, volume: Floats, spread: float, cents: float = 0.01) -> BarColumns:
    """One bar a session, each opening where the one before closed, rounded to the tick."""
    starts = np.array([micros(one.opens_at) for one in DAYS[: len(close)]], dtype=np.int64)
    open_ = np.r_[close[:1], close[:-1]]
    columns = (
        open_,
        np.maximum(open_, close) * (1 + spread),
        np.minimum(open_, close) * (1 - spread),
        close,
    )
    prices = [counted(np.maximum(np.rint(one / cents), 1) * cents) for one in columns]
    return BarColumns(starts, *prices, counted(np.rint(volume)))


def walk(count: int, size: float, seed: int = 1) -> Floats:
    """Return what a price is multiplied by, day after day."""
    chance = np.random.default_rng(seed)
    made: Floats = np.exp(np.cumsum(chance.normal(0, size, count)))
    return made


def volumes(count: int, size: float) -> Floats:
    """Return lognormal volumes."""
    made: Floats = 1e5 * np.exp(np.random.default_rng(2).normal(0, size, count))
    return made


def liquid() -> BarColumns:
    """Shares of 50 dollars, traded every day."""
    return series(50 * walk(250, 0.01), volumes(250, 0.3), 0.003)


def thin() -> BarColumns:
    """Shares that every second day trade at one price, a hundred a day or a million."""
    bars = series(12 * walk(250, 0.01), volumes(250, 2.0), 0.002)
    columns = {name: getattr(bars, name).copy() for name in PRICES}
    for place in range(0, 250, 2):
        for column in columns.values():
            column[place] = bars.close[place]
    return replace(bars, **columns)


def frozen(bars: BarColumns, first: int, before: int) -> BarColumns:
    """Repeat a close without volume in [first, before), as vendors fill days without a trade."""
    columns = {name: getattr(bars, name).copy() for name in PRICES}
    volume = bars.volume.copy()
    for column in columns.values():
        column[first:before] = bars.close[first - 1]
    volume[first:before] = 0
    return replace(bars, volume=volume, **columns)


def kinds(found: list[Defect]) -> set[tuple[DefectKind, bool]]:
    """Say what was found, and whether it blocks."""
    return {(one.kind, one.blocks) for one in found}


def test_shares_of_six_cents_that_move_by_whole_cents_are_believed() -> None:
    bars = series(0.06 * walk(250, 0.08), volumes(250, 1.0), 0.0)

    found = judge(bars, replace(DAILY, tick_size=Decimal("0.01")))

    assert {one.kind for one in found if one.blocks} == set()


def test_days_without_a_trade_are_odd_in_a_thin_share_and_wrong_in_a_liquid_one() -> None:
    assert judge(thin(), DAILY) == []
    assert kinds(judge(frozen(thin(), 100, 112), DAILY)) == {(DefectKind.STALE, False)}
    wrong = judge(frozen(liquid(), 100, 112), DAILY)
    assert (DefectKind.STALE, True) in kinds(wrong)
    assert {one.place for one in wrong if one.blocks} >= set(range(101, 112))


def test_volume_is_absurd_by_what_the_share_is_used_to() -> None:
    for bars, wrong in ((liquid(), {100}), (thin(), set())):
        volume = bars.volume.copy()
        volume[100] = int(np.median(volume)) * 150
        found = judge(replace(bars, volume=volume), DAILY)
        assert {one.place for one in found} == wrong


def test_wild_weeks_explain_a_gap_that_quiet_ones_do_not() -> None:
    size = np.r_[np.full(100, 0.005), np.full(12, 0.06), np.full(60, 0.02)]
    chance = np.random.default_rng(5)
    steps = chance.normal(0, 1, 172) * size
    gap = np.zeros(172)
    gap[112:] = np.log(0.85)
    wild = 100 * np.exp(np.cumsum(steps) + gap)
    quiet = 100 * np.exp(np.cumsum(steps * np.where(size > 0.05, 0.1, 1)) + gap)

    believed, odd = (
        judge(opened_there(series(close, volumes(172, 0.2), 0.004), 112), DAILY)
        for close in (wild, quiet)
    )

    assert [one for one in believed if one.place == 112] == []
    assert kinds([one for one in odd if one.place == 112]) == {(DefectKind.JUMP, False)}


def opened_there(bars: BarColumns, place: int) -> BarColumns:
    """Let the bar open where it closed: what it moved, it moved over night."""
    columns = {name: getattr(bars, name).copy() for name in PRICES}
    for column in columns.values():
        column[place] = bars.close[place]
    columns["high"][place] += 50_000
    columns["low"][place] -= 50_000
    return replace(bars, **columns)


def test_first_bar_of_all_is_judged_by_itself_alone() -> None:
    bars = liquid()
    high = bars.high.copy()
    high[0] = 1

    assert judge(bars.take(slice(0, 1)), DAILY) == []
    (found,) = judge(replace(bars, high=high).take(slice(0, 1)), DAILY)
    assert (found.kind, found.blocks) == (DefectKind.PRICE_ORDER, True)


def test_reverse_split_of_a_hundred_is_believed_where_anybody_told_of_it() -> None:
    bars = series(0.5 * walk(250, 0.01), volumes(250, 0.3), 0.003, 0.0001)
    after = {name: getattr(bars, name).copy() for name in PRICES}
    for column in after.values():
        column[120:] *= 100
    volume = bars.volume.copy()
    volume[120:] //= 100
    split = replace(bars, volume=volume, **after)
    step = PriceStep(DAYS[120].opens_at, 100, "1-for-100")

    assert (DefectKind.SCALE, True) in kinds(judge(split, DAILY))
    claimed = kinds(judge(split, replace(DAILY, claims=(step,))))
    assert claimed == {(DefectKind.MISSED_SPLIT, False), (DefectKind.VOLUME_ABSURD, False)}
    assert judge(split, replace(DAILY, steps=(step,))) == []
    assert judge(bars, replace(DAILY, claims=(step,))) == []


def test_late_minutes_of_a_half_day_end_four_hours_after_its_close() -> None:
    half = sessions(date(2012, 11, 23), date(2012, 11, 23))
    opens, closes = micros(half[0].opens_at), micros(half[0].closes_at)
    starts = np.arange(opens, closes + 5 * 60 * MINUTE, MINUTE)
    price = 200 * walk(len(starts), 0.0004)
    open_ = np.r_[price[:1], price[:-1]]
    columns = (open_, np.maximum(open_, price) + 0.01, np.minimum(open_, price) - 0.01, price)
    prices = [counted(one.round(2)) for one in columns]
    bars = BarColumns(starts, *prices, counted(np.rint(volumes(len(starts), 0.4))))
    grid = SessionGrid.of(half)
    context = GateContext(Timeframe.M1, grid, DAYS[-1].closes_at, extended=True)

    found = judge(bars, context)

    assert closes - opens == 210 * MINUTE
    assert {one.kind for one in found} == {DefectKind.OUTSIDE_SESSION}
    assert [one.place for one in found] == list(range(450, 510))


def test_minutes_that_are_seldom_traded_are_in_place() -> None:
    opens = micros(DAYS[0].opens_at)
    chance = np.random.default_rng(6)
    at = opens + np.sort(chance.choice(390, 40, replace=False)) * MINUTE
    price = counted((3 * walk(40, 0.004)).round(2))
    bars = BarColumns(at, price, price, price, price, counted(np.full(40, 100.0)))
    context = GateContext(Timeframe.M1, SessionGrid.of(DAYS[:1]), DAYS[0].closes_at)

    assert [one for one in judge(bars, context) if one.blocks] == []


def test_minutes_that_go_to_and_fro_between_a_bid_and_an_ask_are_believed() -> None:
    """Shares of three dollars: for hours each minute is 3.00 and 3.01, a hundred at a time."""
    chance = np.random.default_rng(7)
    starts = np.concatenate(
        [np.arange(micros(one.opens_at), micros(one.closes_at), MINUTE) for one in DAYS[:5]]
    )
    bid = counted(3 + 0.01 * np.repeat(chance.integers(0, 5, len(starts) // 65), 65))
    open_, close = (bid + 10_000 * chance.integers(0, 2, len(starts)) for _ in "ab")
    volume = counted(100.0 * chance.integers(1, 4, len(starts)))
    bars = BarColumns(starts, open_, bid + 10_000, bid, close, volume)
    context = GateContext(Timeframe.M1, SessionGrid.of(DAYS[:5]), DAYS[4].closes_at)

    assert judge(bars, replace(context, tick_size=Decimal("0.01"))) == []


def test_days_of_a_share_of_cents_repeat_by_themselves() -> None:
    chance = np.random.default_rng(8)
    low = np.full(200, 60_000)
    open_, close = (low + 10_000 * chance.integers(0, 2, 200) for _ in "ab")
    starts = np.array([micros(one.opens_at) for one in DAYS[:200]], dtype=np.int64)
    bars = BarColumns(starts, open_, low + 10_000, low, close, counted(volumes(200, 1.0).round()))

    assert judge(bars, replace(DAILY, tick_size=Decimal("0.01"))) == []


def test_column_that_stands_still_for_half_an_hour_is_blocked() -> None:
    starts = np.arange(micros(DAYS[0].opens_at), micros(DAYS[0].closes_at), MINUTE)
    price = 200 * walk(len(starts), 0.0005)
    open_ = np.r_[price[:1], price[:-1]]
    columns = (open_, np.maximum(open_, price) + 0.02, np.minimum(open_, price) - 0.02, price)
    prices = [counted(one.round(2)) for one in columns]
    prices[1][100:140] = prices[1][90:150].max()
    bars = BarColumns(starts, *prices, counted(volumes(len(starts), 0.3).round()))
    context = GateContext(Timeframe.M1, SessionGrid.of(DAYS[:1]), DAYS[0].closes_at)

    found = judge(bars, replace(context, tick_size=Decimal("0.01")))

    stuck = {one.place for one in found if one.kind is DefectKind.CONSTANT_COLUMN and one.blocks}
    assert stuck == set(range(101, 140))
