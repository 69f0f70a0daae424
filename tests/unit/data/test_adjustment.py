"""Prices adjusted on read: exact splits, payments by the close before, as of a day, and no later.

With the shared data: AAPL, IBM and SPY over 23 years equal Lean's own factors within the rounding
in which its files are written.
"""

from bisect import bisect_right
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from zipfile import ZipFile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifrost.core.corporate_actions import (
    CashDividend,
    CorporateAction,
    DividendKind,
    SpinOff,
    Split,
    StockDividend,
)
from bifrost.core.errors import InvalidInputError
from bifrost.core.sessions import EXCHANGE
from bifrost.data.files.lean_actions import FACTOR_ROUNDING, factor_actions, read_factor_file
from bifrost.data.series.adjustment import adjust, factors
from bifrost.data.series.asked import Adjustment
from bifrost.data.series.columns import UNITS, BarColumns, micros
from tests.shared_data import shared_data

LEAN = "daily_corporate_actions/lean"
FIRST = date(2020, 1, 2)


def day(number: int) -> date:
    """The session of this place."""
    return FIRST + timedelta(days=number)


def bars(*closes: float, first: date = FIRST, volume: int = 1000) -> BarColumns:
    """One daily bar for each close, at 09:30, all its prices the same."""
    starts = [
        micros(datetime.combine(first + timedelta(days=place), time(9, 30), EXCHANGE))
        for place in range(len(closes))
    ]
    price = np.array([round(close * UNITS) for close in closes], dtype=np.int64)
    volumes = np.full(len(closes), volume * UNITS, dtype=np.int64)
    return BarColumns(np.array(starts, dtype=np.int64), price, price, price, price, volumes)


def action(ex_date: date, terms: Split | StockDividend | CashDividend | SpinOff) -> CorporateAction:
    """An action of X."""
    kinds = {
        Split: "split",
        StockDividend: "stock_dividend",
        CashDividend: "cash_dividend",
        SpinOff: "spin_off",
    }
    kind = kinds[type(terms)]
    return CorporateAction(
        action_id=f"{ex_date}:{kind}",
        vendor="acme",
        revision=1,
        instrument="X",
        currency="USD",
        ex_date=ex_date,
        **{kind: terms},  # type: ignore[arg-type]  # one of four, by the table above
    )


def split(ex_date: date, new: str, old: str = "1") -> CorporateAction:
    """New shares for old."""
    return action(ex_date, Split(Decimal(new), Decimal(old)))


def dividend(ex_date: date, amount: str) -> CorporateAction:
    """Cash."""
    return action(ex_date, CashDividend(DividendKind.ORDINARY, Decimal(amount)))


def closes(series: BarColumns) -> list[float]:
    """The closes, as people write them."""
    return [float(close) for close in series.prices("close")]


def test_prices_before_a_split_are_in_shares_after_it_and_volumes_too() -> None:
    series = bars(100, 102, 51)

    adjusted = adjust(series, [split(day(2), "2")], Adjustment.SPLITS)

    assert closes(adjusted) == [50, 51, 51]
    assert adjusted.prices("volume").tolist() == [2000, 2000, 1000]
    assert adjusted.starts_at is series.starts_at


def test_a_split_is_not_known_before_its_day() -> None:
    series = bars(100, 102, 51)

    assert closes(adjust(series, [split(day(2), "2")], Adjustment.ALL, as_of=day(1))) == [
        100,
        102,
        51,
    ]
    assert closes(adjust(series, [split(day(2), "2")], Adjustment.ALL, as_of=day(2))) == [
        50,
        51,
        51,
    ]


def test_a_price_is_rounded_once_half_to_even_at_the_millionth() -> None:
    series = bars(0.000001, 0.000003, 0.000005, 1)

    adjusted = adjust(series, [split(day(3), "2")], Adjustment.SPLITS)

    assert adjusted.close[:3].tolist() == [0, 2, 2]


def test_two_reverse_splits_leave_no_trace_of_a_rounding_between() -> None:
    series = bars(0.1, 0.1, 0.1)

    adjusted = adjust(series, [split(day(1), "1", "3"), split(day(2), "3")], Adjustment.SPLITS)

    assert closes(adjusted) == [0.1, pytest.approx(0.033333), 0.1]


def test_a_payment_takes_its_part_of_the_close_before_and_leaves_volumes() -> None:
    series = bars(100, 100, 99)

    adjusted = adjust(series, [dividend(day(2), "1")], Adjustment.ALL)

    assert closes(adjusted) == [99, 99, 99]
    assert adjusted.volume is not None
    assert (adjusted.volume == series.volume).all()
    assert closes(adjust(series, [dividend(day(2), "1")], Adjustment.SPLITS)) == [100, 100, 99]


def test_a_dividend_on_the_day_of_a_split_is_per_share_as_held_before() -> None:
    series = bars(100, 49)

    adjusted = adjust(series, [split(day(1), "2"), dividend(day(1), "2")], Adjustment.ALL)

    assert closes(adjusted) == [49, 49]


def test_a_spin_off_takes_what_the_new_shares_were_worth() -> None:
    worth = SpinOff("Y", Decimal("0.5"), Decimal("0.1"), share_value=Decimal(20))

    assert closes(adjust(bars(100, 90), [action(day(1), worth)], Adjustment.ALL)) == [90, 90]


def test_a_stock_dividend_is_a_split() -> None:
    more = StockDividend(Decimal("0.25"))

    assert closes(adjust(bars(100, 80), [action(day(1), more)], Adjustment.SPLITS)) == [80, 80]


@pytest.mark.parametrize(
    ("one", "message"),
    [
        (dividend(day(1), "100"), "it pays 100 on a close of 100"),
        (action(day(1), SpinOff("Y", Decimal(1), Decimal("0.1"))), "nobody said what one"),
        (dividend(day(9), "1"), "no close is known of the session before it"),
    ],
)
def test_what_cannot_be_adjusted_for_is_refused_and_not_left_out(
    one: CorporateAction, message: str
) -> None:
    with pytest.raises(InvalidInputError, match=message):
        adjust(bars(100, 90), [one], Adjustment.ALL)


def test_of_a_window_the_close_before_a_later_payment_is_given() -> None:
    adjusted = adjust(
        bars(100, 90), [dividend(day(9), "1")], Adjustment.ALL, closes={day(9): 50 * UNITS}
    )

    assert closes(adjusted) == [98, pytest.approx(88.2)]


def test_what_comes_before_every_bar_changes_none() -> None:
    series = bars(100, 90)
    before = [split(day(0), "2"), dividend(day(-5), "1")]

    assert adjust(series, before, Adjustment.ALL) is series
    assert adjust(series, [split(day(1), "2")], Adjustment.NONE) is series
    assert len(adjust(BarColumns.empty(), before, Adjustment.ALL)) == 0


def test_the_evening_before_an_ex_date_is_the_next_session_s() -> None:
    evening = datetime.combine(day(0), time(20), EXCHANGE)
    late = bars(100, 100)
    starts = np.array([late.starts_at[0], micros(evening)], dtype=np.int64)
    series = BarColumns(starts, *list(late.columns())[1:])

    assert closes(adjust(series, [split(day(1), "2")], Adjustment.SPLITS)) == [50, 100]


ACTIONS = st.lists(
    st.one_of(
        st.builds(
            split,
            st.integers(-2, 12).map(day),
            st.sampled_from(["2", "3", "7", "1.5", "1.002693"]),
            st.sampled_from(["1", "10"]),
        ),
        st.builds(dividend, st.integers(-2, 12).map(day), st.sampled_from(["0.1", "0.205", "3"])),
    ),
    max_size=6,
    unique_by=lambda one: one.action_id,
)
CLOSES = st.lists(st.integers(500, 100_000).map(lambda cents: cents / 100), min_size=1, max_size=10)


@given(CLOSES, ACTIONS, st.integers(-2, 12).map(day))
def test_to_a_day_and_then_by_what_came_later_is_to_the_end(
    prices: list[float], told: list[CorporateAction], as_of: date
) -> None:
    series = bars(*prices)
    known = {day(number): round(40 * UNITS) for number in range(-2, 13)}

    def at(place: int, actions: list[CorporateAction], until: date | None) -> Fraction:
        found = factors(series, actions, Adjustment.ALL, as_of=until, closes=known)
        start = series.starts_at[place]
        return next((one.price for one in reversed(found) if start < one.before), Fraction(1))

    later = [one for one in told if one.ex_date > as_of]
    for place in range(len(series)):
        assert at(place, told, as_of) * at(place, later, None) == at(place, told, None)


@given(CLOSES, ACTIONS)
def test_adjusted_prices_are_their_exact_ones_within_half_a_millionth(
    prices: list[float], told: list[CorporateAction]
) -> None:
    series = bars(*prices)
    known = {day(number): round(40 * UNITS) for number in range(-2, 13)}

    adjusted = adjust(series, told, Adjustment.ALL, closes=known)

    found = factors(series, told, Adjustment.ALL, as_of=None, closes=known)
    for place, start in enumerate(series.starts_at.tolist()):
        factor = next((one.price for one in reversed(found) if start < one.before), Fraction(1))
        exact = int(series.close[place]) * factor
        assert abs(int(adjusted.close[place]) - exact) <= Fraction(500_001, 1_000_000)


def lean_series(name: str) -> tuple[BarColumns, list[date]]:
    """A Lean zip as bars, and their sessions."""
    with ZipFile(shared_data(f"{LEAN}/daily/{name}.zip")) as archive:
        lines = archive.read(archive.namelist()[0]).decode().split("\n")
    rows = [line.replace(" 00:00", "").split(",") for line in lines if line.strip()]
    sessions = [date.fromisoformat(row[0]) for row in rows]
    starts = [micros(datetime.combine(one, time(9, 30), EXCHANGE)) for one in sessions]
    opened, high, low, close = (
        np.array([int(row[place]) * 100 for row in rows]) for place in (1, 2, 3, 4)
    )
    volume = np.array([int(row[5]) * UNITS for row in rows])
    times = np.array(starts, dtype=np.int64)
    return BarColumns(times, opened, high, low, close, volume), sessions


@pytest.mark.parametrize("name", ["aapl", "ibm", "spy"])
def test_over_23_years_our_factors_are_lean_s_own(name: str) -> None:
    series, sessions = lean_series(name)
    rows = read_factor_file(shared_data(f"{LEAN}/factor_files/{name}.csv").read_bytes())
    actions = factor_actions(name.upper(), rows, lambda of: sessions[bisect_right(sessions, of)])

    by_splits = adjust(series, actions, Adjustment.SPLITS)
    by_all = adjust(series, actions, Adjustment.ALL)

    assert len(actions) > 30
    days = [row.day for row in rows]
    for place, session in enumerate(sessions):
        # A row's factors hold for its own day and those back to the row before.
        row = rows[next(number for number, last in enumerate(days) if last >= session)]
        raw = int(series.close[place])
        split_factor = Fraction(int(by_splits.close[place]), raw)
        paid_factor = Fraction(int(by_all.close[place]), raw) / split_factor
        rounding = Fraction(1, raw)
        assert abs(split_factor - Fraction(row.split_factor)) <= FACTOR_ROUNDING + rounding
        assert abs(paid_factor - Fraction(row.price_factor)) <= Fraction(1, 10**6) + rounding * 120


def test_apple_s_split_of_2005_is_seen_from_its_day_on() -> None:
    series, sessions = lean_series("aapl")
    rows = read_factor_file(shared_data(f"{LEAN}/factor_files/aapl.csv").read_bytes())
    actions = factor_actions("AAPL", rows, lambda of: sessions[bisect_right(sessions, of)])
    window = slice(sessions.index(date(2005, 2, 25)), sessions.index(date(2005, 3, 2)) + 1)

    def shown(as_of: date) -> list[float]:
        return closes(adjust(series, actions, Adjustment.SPLITS, as_of=as_of).take(window))

    assert shown(date(2005, 2, 26))[0] == 88.97
    assert shown(date(2005, 3, 2)) == [44.485, 44.84, 44.43, 44.13]
    assert shown(date(2014, 6, 9))[0] == pytest.approx(44.485 / 7, abs=1e-6)


def test_the_dividends_of_a_day_are_in_order_of_the_series() -> None:
    found = factors(
        bars(100, 100, 100),
        [dividend(day(1), "1"), dividend(day(2), "1")],
        Adjustment.ALL,
        as_of=None,
        closes={},
    )

    assert [one.price for one in found] == [Fraction(99, 100), Fraction(99, 100) ** 2]
    assert all(later.before > earlier.before for later, earlier in pairwise(found))
