"""Dividends that come without adjusted closes: what companies paid is left alone, however much it
was where the price fell for it; amounts in other units are found together, and never one alone.
"""

from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from bifrost.data.repair.findings import RepairKind
from bifrost.data.repair.told_dividends import told_dividend_errors
from bifrost.data.repair.vendor_series import VendorSeries
from tests.unit.data.repair.clean_series import STOCKS, stock

Told = dict[date, Decimal]


def told_of(series: VendorSeries, times: int = 1) -> Told:
    """Return what was paid, as a vendor tells it."""
    return {
        series.sessions[at].item(): Decimal(str(round(series.dividends[at], 4))) * times
        for at in np.flatnonzero(series.dividends > 0)
    }


def found_in(series: VendorSeries, told: Told) -> list[tuple[RepairKind, date]]:
    """Return what is found, and that its right amounts are what was paid."""
    found = told_dividend_errors(series, told, np.ones(len(series)))
    return [(one.kind, one.first) for one in found.repairs]


@pytest.mark.parametrize("name", STOCKS)
def test_what_was_paid_is_left_alone(name: str) -> None:
    assert found_in(stock(name), told_of(stock(name))) == []


@pytest.mark.parametrize("name", ["MSFT", "IBM"])
def test_all_in_other_units_are_found_to_be_what_was_paid(name: str) -> None:
    series, paid = stock(name), told_of(stock(name))

    found = told_dividend_errors(series, told_of(series, times=100), np.ones(len(series)))

    assert {one.kind for one in found.repairs} == {RepairKind.DIVIDEND_UNIT_ERROR}
    amended = {one.first: float(one.changes[0].repaired[0]) for one in found.repairs}
    assert amended == pytest.approx({day: float(amount) for day, amount in paid.items()})
    assert all(one.score > 0.9 for one in found.repairs)


def test_large_dividends_for_which_the_price_fell_are_no_units() -> None:
    series, told = stock("IBM"), {}
    prices = {name: series.column(name).copy() for name in ("open", "high", "low", "close")}
    for at in range(300, len(series), 500):
        paid = round(0.2 * float(prices["close"][at - 1]), 2)
        fell = 1 - paid / float(prices["close"][at - 1])
        for column in prices.values():
            column[at:] *= fell
        told[series.sessions[at].item()] = Decimal(str(paid))
    untold = np.full(len(series), np.nan)
    fallen = VendorSeries(
        sessions=series.sessions,
        adjusted_close=untold,
        volume=series.volume,
        dividends=untold,
        splits=series.splits,
        **prices,
    )

    assert found_in(fallen, told) == []


def test_one_that_the_price_disproves_among_others_is_no_vendor_s_units() -> None:
    series = stock("IBM")
    told = told_of(series)
    day = sorted(told)[20]

    found = told_dividend_errors(series, {**told, day: told[day] * 100}, np.ones(len(series)))

    (one,) = found.repairs
    assert (one.first, list(one.evidence)) == (day, ["likeliest_amount"])
    # No adjusted close was told: nothing was "adjusted for".
    assert one.reason.startswith(f"a dividend of {float(told[day]) * 100:.6g} is told; the price ")
