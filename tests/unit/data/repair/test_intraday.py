"""Faults in bars within sessions: each is repaired to what was, at any place of a clean series,
and clean minutes, made up or a vendor's own, raise no alarm.
"""

from dataclasses import fields
from datetime import UTC, date, datetime
from itertools import pairwise

import numpy as np
import pytest

from bifrost.data.providers.csv_file import read_csv
from bifrost.data.providers.lean_zip import minute_bars, open_zip
from bifrost.data.repair.findings import RepairKind
from bifrost.data.repair.intraday import by_day, examine_intraday, middles_of, months_of
from bifrost.data.repair.parts import ToldSeries, parts_of
from bifrost.data.repair.stored import ScanAsked
from bifrost.data.repair.told_bars import ToldBars
from bifrost.data.repair.units import DayLevels, day_levels, unit_errors
from bifrost.data.repair.vendor_series import PRICES, VendorSeries
from bifrost.data.series.columns import BarColumns
from bifrost.data.series.timeframes import Timeframe
from tests.clean_series import sessions
from tests.shared_data import shared_data
from tests.unit.data.repair.comparing import differing
from tests.unit.data.repair.minutes import EX, FAULTS, SESSIONS, SPLITS, changed, clean, of_columns

KINDS = {
    "hundred_in_one_bar": RepairKind.UNIT_ERROR,
    "hundredth_of_a_low": RepairKind.UNIT_ERROR,
    "hundred_over_some_sessions": RepairKind.UNIT_ERROR,
    "zero_prices": RepairKind.MISSING_PRICE,
    "frozen": RepairKind.FROZEN_PRICE,
    "split_applied_twice": RepairKind.SPLIT_APPLIED_TWICE,
    "split_not_applied": RepairKind.SPLIT_NOT_APPLIED,
}
FOLDER = "minute_bars"
STOCKS = ("AAPL", "JPM", "MSFT", "SPY", "TSLA")
DAYS = sessions(date(2013, 9, 3), date(2019, 4, 1))


def looked_at(bars: ToldBars) -> VendorSeries:
    return bars.in_last_shares(SPLITS)


@pytest.mark.parametrize("seed", range(4))
def test_clean_minutes_raise_no_alarm(seed: int) -> None:
    found = examine_intraday(looked_at(clean(seed, split=True)), confirmed=SPLITS)

    assert (found.repairs, found.doubts, found.claims) == ((), (), ())


@pytest.mark.parametrize("kind", FAULTS)
def test_each_fault_is_repaired_for_sure_to_what_was(kind: str) -> None:
    faulty = FAULTS[kind](clean(split=True))
    second = looked_at(faulty.second) if faulty.second else None

    found = examine_intraday(looked_at(faulty.told), confirmed=SPLITS, second=second)

    assert differing(looked_at(faulty.told), looked_at(faulty.right))
    assert not differing(found.repaired, looked_at(faulty.right), volume_rounding=4)
    assert {one.kind for one in found.repairs} == {KINDS[kind]}
    assert all(one.is_sure for one in found.repairs)
    assert examine_intraday(found.repaired, confirmed=SPLITS, second=second).repairs == ()


def test_a_split_that_nobody_told_is_claimed_of_its_session_and_changes_nothing() -> None:
    series = clean(split=True).in_last_shares({})

    found = examine_intraday(series, confirmed=())

    assert [(one.kind, one.first) for one in found.claims] == [
        (RepairKind.MISSING_SPLIT, SESSIONS[EX].session)
    ]
    assert found.repairs == ()


def test_a_split_that_one_source_claims_repairs_no_minute() -> None:
    faulty = FAULTS["split_applied_twice"](clean(split=True))

    found = examine_intraday(looked_at(faulty.told), confirmed=())

    assert not any(one.is_sure for one in found.repairs)


def test_what_only_a_second_source_tells_is_doubted_once_a_day_without_one() -> None:
    faulty = FAULTS["frozen"](clean(split=True))

    found = examine_intraday(looked_at(faulty.told), confirmed=SPLITS)

    (doubt,) = found.doubts
    assert (doubt.kind, doubt.session) == (RepairKind.FROZEN_PRICE, SESSIONS[3000 // 390].session)
    assert "19 more of this day" in doubt.reason
    assert found.repairs == ()


def test_a_minute_that_is_as_the_one_before_by_chance_is_left_alone() -> None:
    bars = clean(split=True)
    for name in ("open", "high", "low", "close", "volume"):
        getattr(bars, name)[101:103] = getattr(bars, name)[100]

    assert examine_intraday(looked_at(bars), confirmed=SPLITS).doubts == ()


def test_a_long_repair_is_cut_at_the_ends_of_months() -> None:
    faulty = FAULTS["hundred_over_some_sessions"](clean(split=True))
    (repair,) = examine_intraday(looked_at(faulty.told), confirmed=SPLITS).repairs

    march, april = months_of(repair)

    assert (march.first.month, march.last.month, april.first.month) == (3, 3, 4)
    assert sum(len(one.changes[0].raw) for one in (march, april)) == 4000
    assert (march.score, march.reason) == (repair.score, repair.reason)


def test_a_day_of_minutes_has_their_open_extremes_close_and_volume() -> None:
    series = looked_at(clean())

    days = by_day(series)

    assert days.sessions.tolist() == [one.session for one in SESSIONS]
    first = slice(0, 390)
    assert (days.open[0], days.close[0]) == (series.open[0], series.close[389])
    assert (days.high[0], days.low[0]) == (series.high[first].max(), series.low[first].min())
    assert days.volume[0] == series.volume[first].sum()


def test_minutes_are_looked_at_in_windows_of_a_year_and_days_at_once() -> None:
    first, last = datetime(2019, 1, 2, 15, tzinfo=UTC), datetime(2021, 6, 1, tzinfo=UTC)
    told = [
        ToldSeries("yahoo", 30, Timeframe.D1, first, last),
        ToldSeries("alpaca", 10, Timeframe.M1, first, last),
        ToldSeries("csv", 1, Timeframe.M5, first, last),
    ]

    parts = parts_of(told, ScanAsked("AAPL"))

    assert [one.series.source for one in parts] == ["yahoo", "csv", "alpaca", "alpaca", "alpaca"]
    assert all(one.before == two.first for one, two in pairwise(parts[2:]))
    assert [(one.first.month, one.first.day) for one in parts[3:]] == [(1, 1), (1, 1)]
    assert (parts[2].first, parts[-1].before > last) == (first, True)
    later = parts_of(told, ScanAsked("AAPL", after=parts[2].place))
    assert [one.place for one in later] == [one.place for one in parts[3:]]
    vendors = parts_of(told, ScanAsked("AAPL", told_by_vendors=True))
    assert {one.series.source for one in vendors} == {"yahoo", "alpaca"}


def test_a_look_at_the_newest_minutes_begins_with_their_month() -> None:
    first, last = datetime(2019, 1, 2, 15, tzinfo=UTC), datetime(2021, 6, 1, tzinfo=UTC)
    told = [ToldSeries("alpaca", 10, Timeframe.M1, first, last)]

    (part,) = parts_of(told, ScanAsked("AAPL", since=datetime(2021, 4, 20, tzinfo=UTC)))

    assert (part.holds(date(2021, 4, 1)), part.holds(date(2021, 3, 31))) == (True, False)


def in_windows(off: slice, seen: slice) -> tuple[VendorSeries, DayLevels, VendorSeries]:
    """Return a window of minutes with some in cents, the levels of all days, and it as it was."""
    right = looked_at(clean())
    told = looked_at(changed(clean(), PRICES, off, 100))
    first, before = told.sessions[seen][[0, -1]]
    return (
        _between(told, first, before),
        day_levels(middles_of(told)),
        _between(right, first, before),
    )


def _between(series: VendorSeries, first: np.datetime64, last: np.datetime64) -> VendorSeries:
    here = slice(*np.searchsorted(series.sessions, [first, last + np.timedelta64(1, "us")]))
    return VendorSeries(*(getattr(series, one.name)[here] for one in fields(VendorSeries)))


@pytest.mark.parametrize("off", [slice(2000, 9000), slice(0, 7000), slice(2000, 7000)])
def test_what_fills_more_than_half_of_a_window_is_repaired_by_the_days_of_all(off: slice) -> None:
    told, days, right = in_windows(off, slice(1950, 6000))

    found = examine_intraday(told, confirmed=SPLITS, days=days)

    assert not differing(found.repaired, right)
    assert not unit_errors(right, day_levels(middles_of(looked_at(clean())))).repairs


def test_a_window_whose_days_are_all_wrong_is_seen() -> None:
    told, days, right = in_windows(slice(3900, 9000), slice(5000, 7000))

    found = examine_intraday(told, confirmed=SPLITS, days=days)

    assert not differing(found.repaired, right)
    assert not unit_errors(told).repairs


def test_where_the_wrong_days_are_nearly_as_many_nothing_is_sure() -> None:
    told, days, _ = in_windows(slice(4000, 12_000), slice(3900, 8000))

    found = unit_errors(told, days)

    assert found.repairs
    assert not any(one.is_sure for one in found.repairs)


@pytest.mark.parametrize("first", [12_000, 3900])
def test_a_fall_to_a_hundredth_that_stays_and_is_traded_is_not_made_undone(first: int) -> None:
    fallen = changed(clean(), PRICES, slice(first, None), 0.01)
    traded = changed(fallen, ("volume",), slice(first, None), 20)

    error, ruin = (
        unit_errors(looked_at(one), day_levels(middles_of(looked_at(one))))
        for one in (fallen, traded)
    )

    assert {one.is_sure for one in error.repairs} == {True}
    assert {one.is_sure for one in ruin.repairs} == {False}
    daily = unit_errors(by_day(looked_at(traded)))
    assert {one.is_sure for one in daily.repairs} == {False}


def test_minutes_without_any_close_are_judged_by_what_they_have() -> None:
    untold = changed(clean(), ("close",), slice(None), float("nan"))
    faulty = changed(untold, ("open", "high", "low"), slice(5000, 5001), 100)

    units, *rest = examine_intraday(looked_at(faulty), confirmed=SPLITS).repairs

    assert rest == []
    assert units.columns == ("open", "high", "low")
    assert units.changes[0].sessions.tolist() == [looked_at(faulty).sessions[5000].item()]


def test_the_middle_close_of_a_day_is_not_moved_by_some_minutes() -> None:
    right = middles_of(looked_at(clean()))

    told = middles_of(looked_at(changed(clean(), PRICES, slice(0, 100), 100)))

    assert told.sessions.tolist() == [one.session for one in SESSIONS]
    assert told.close[0] == pytest.approx(right.close[0], rel=0.02)
    assert told.close[1:].tolist() == right.close[1:].tolist()
    assert day_levels(told).off.tolist() == [0] * len(SESSIONS)


def vendor_s(name: str, timeframe: Timeframe = Timeframe.M1) -> BarColumns:
    content = shared_data(f"{FOLDER}/us_5_days_2019/{name}.csv").read_bytes()
    return read_csv(content, timeframe, DAYS).bars.bars


@pytest.mark.parametrize("symbol", STOCKS)
def test_a_vendor_s_minutes_raise_no_alarm(symbol: str) -> None:
    series = of_columns(vendor_s(f"{symbol}_1min")).in_last_shares({})

    found = examine_intraday(series, confirmed=())

    assert (found.repairs, found.doubts, found.claims) == ((), (), ())


@pytest.mark.parametrize("symbol", ["AAPL", "JPM", "MSFT", "SPY"])
def test_a_vendor_s_quarters_of_an_hour_raise_no_alarm(symbol: str) -> None:
    bars = of_columns(vendor_s(f"{symbol}_15min", Timeframe.M15), Timeframe.M15)

    found = examine_intraday(bars.in_last_shares({}), confirmed=())

    assert (found.repairs, found.doubts, found.claims) == ((), (), ())


@pytest.mark.parametrize("symbol", ["spy", "ibm", "aapl"])
def test_lean_s_minutes_raise_no_alarm(symbol: str) -> None:
    files = sorted(shared_data(f"{FOLDER}/lean_us_equity/{symbol}").glob("*_trade.zip"))
    bars = [minute_bars(open_zip(one.read_bytes())).bars for one in files]

    found = examine_intraday(
        of_columns(BarColumns.concatenated(bars)).in_last_shares({}), confirmed=()
    )

    assert bars
    assert (found.repairs, found.doubts) == ((), ())


@pytest.mark.parametrize("kind", ["hundred_in_one_bar", "hundredth_of_a_low", "zero_prices"])
@pytest.mark.parametrize("symbol", STOCKS)
def test_a_fault_put_into_a_vendor_s_minutes_is_repaired(symbol: str, kind: str) -> None:
    bars = of_columns(vendor_s(f"{symbol}_1min"))
    minute = 60_000_000
    repeated = np.concatenate([bars.starts_at + week * 7 * 1440 * minute for week in range(4)])
    longer = ToldBars(
        Timeframe.M1,
        repeated.view("datetime64[us]"),
        repeated,
        *(np.tile(getattr(bars, name), 4) for name in ("open", "high", "low", "close", "volume")),
    )
    faulty = FAULTS[kind](longer)
    second = faulty.second.in_last_shares({}) if faulty.second else None

    found = examine_intraday(faulty.told.in_last_shares({}), confirmed=(), second=second)

    assert not differing(found.repaired, longer.in_last_shares({}))
    assert {one.kind for one in found.repairs} == {KINDS[kind]}
