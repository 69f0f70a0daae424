"""Thousands of random series agree with other people's arithmetic: the money-weighted return with
pyxirr (a library of its own, in Rust), the two exact measures with fractions.
"""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
import pyxirr
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from bifrost.portfolio.returns.failures import Cause, Failure
from bifrost.portfolio.returns.modified_dietz import modified_dietz
from bifrost.portfolio.returns.money_weighted import money_weighted, xirr
from bifrost.portfolio.returns.series import Day, Series, series_of
from bifrost.portfolio.returns.time_weighted import time_weighted

FIRST = date(2001, 2, 3)
CENTS = st.integers(1, 10**9).map(lambda cents: Decimal(cents).scaleb(-2))
SIGNED = st.integers(-(10**9), 10**9).map(lambda cents: Decimal(cents).scaleb(-2))
GAPS = st.integers(1, 400)
CALM = [HealthCheck.filter_too_much]


def _at_least(examples: int) -> settings:
    """So many, or more where the profile asks for them."""
    most = max(examples, settings().max_examples)
    return settings(max_examples=most, deadline=None, suppress_health_check=CALM)


THOUSANDS, HUNDREDS = _at_least(1500), _at_least(300)


@st.composite
def market_series(draw: st.DrawFn) -> Series:
    """A portfolio that grows and shrinks between flows which leave something in it."""
    on, worth, days = FIRST, Decimal(0), []
    for place in range(draw(st.integers(2, 25))):
        if place == 0:
            flow = draw(CENTS)
        else:
            share = draw(st.integers(-90, 200))
            flow = (worth * share / 100).quantize(Decimal("0.01")) if draw(st.booleans()) else 0
        growth = Decimal(draw(st.integers(300, 3000))).scaleb(-3)
        worth = ((worth + flow) * growth).quantize(Decimal("0.01"))
        assume(worth > 0)
        days.append(Day(on, Decimal(flow), worth))
        on += timedelta(days=draw(GAPS))
    return series_of(days)


@st.composite
def any_flows(draw: st.DrawFn) -> list[tuple[date, Decimal]]:
    """Flows of any sign at any gaps."""
    on, flows = FIRST, []
    for _ in range(draw(st.integers(2, 15))):
        flows.append((on, draw(SIGNED)))
        on += timedelta(days=draw(GAPS))
    return flows


def investors(series: Series) -> dict[date, float]:
    """What pyxirr is given: paid in negative, the last value coming back."""
    flows: dict[date, Decimal] = {series.opened_on: -series.opening}
    for day in series.days:
        flows[day.on] = flows.get(day.on, Decimal(0)) - day.flow
    flows[series.closed_on] += series.closing
    return {on: float(amount) for on, amount in flows.items()}


@given(market_series())
@THOUSANDS
def test_the_money_weighted_return_is_that_of_pyxirr(series: Series) -> None:
    ours = money_weighted(series)

    if isinstance(ours, Failure):
        # Rates are many or beyond a double, or the last deposit is as large as the last value.
        assert ours.cause in {
            Cause.SEVERAL_RATES, Cause.OUT_OF_RANGE, Cause.NO_RATE, Cause.ONE_DATE
        }  # fmt: skip
        return
    theirs = pyxirr.xirr(investors(series))
    # Beyond a million a year pyxirr loses digits: 1.5 ** 365 in its fifth.
    if theirs is not None and theirs < 1e6:
        assert ours == pytest.approx(theirs, rel=1e-6, abs=1e-8)


@given(any_flows())
@THOUSANDS
def test_a_rate_is_one_that_pyxirr_values_at_nothing(flows: list[tuple[date, Decimal]]) -> None:
    found = xirr(flows)
    rates = found.rates if isinstance(found, Failure) else (found,)
    given = {on: float(amount) for on, amount in flows}

    for one in rates:
        if one > -0.9999 and one < 1e6:
            slack = 1e-9 * sum(
                abs(c) * (1 + one) ** (-(on - FIRST).days / 365) for on, c in given.items()
            )
            assert pyxirr.xnpv(one, given) == pytest.approx(0, abs=slack)


@given(any_flows())
@HUNDREDS
def test_where_no_rate_is_found_the_value_never_changes_its_sign(
    flows: list[tuple[date, Decimal]],
) -> None:
    found = xirr(flows)
    assume(isinstance(found, Failure) and found.cause is Cause.NO_RATE)

    given = {on: float(amount) for on, amount in flows}
    rates = [2.0 ** (power / 4) - 1 for power in range(-80, 81)]
    assert len({pyxirr.xnpv(rate, given) > 0 for rate in rates}) == 1


@given(any_flows())
@THOUSANDS
def test_a_rate_that_pyxirr_finds_is_among_ours(flows: list[tuple[date, Decimal]]) -> None:
    theirs = pyxirr.xirr(dict(flows), silent=True)
    assume(theirs is not None and -0.999 < theirs < 1e5)

    found = xirr(flows)
    rates = found.rates if isinstance(found, Failure) else (found,)
    assert any(one == pytest.approx(theirs, rel=1e-5, abs=1e-7) for one in rates)


@given(market_series())
@HUNDREDS
def test_the_time_weighted_return_is_the_product_of_fractions(series: Series) -> None:
    grown, worth = Fraction(1), Fraction(series.opening)
    for day in series.days:
        grown *= Fraction(day.value) / (worth + Fraction(day.flow))
        worth = Fraction(day.value)

    assert time_weighted(series) == float(grown - 1)


@given(market_series())
@HUNDREDS
def test_the_modified_dietz_return_is_gain_over_average_capital_in_fractions(
    series: Series,
) -> None:
    begin = series.opened_on
    whole = (series.closed_on - begin).days
    gain, average = Fraction(series.closing) - Fraction(series.opening), Fraction(series.opening)
    for day in series.days:
        # The share of the range after the flow, which comes at the end of the day before.
        share = 1 - Fraction((day.on - timedelta(days=1) - begin).days, whole)
        gain -= Fraction(day.flow)
        average += share * Fraction(day.flow)
    found = modified_dietz(series)

    if average <= 0:
        assert isinstance(found, Failure)
        assert found.cause is Cause.NO_AVERAGE_CAPITAL
    else:
        assert found == float(gain / average)
