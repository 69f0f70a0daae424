"""Returns do not change with what should not change them, and what has no return says why."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifrost.portfolio.returns.benchmark import Comparison, Level, compare
from bifrost.portfolio.returns.failures import Cause, Failure
from bifrost.portfolio.returns.modified_dietz import (
    by_month,
    by_quarter,
    by_year,
    modified_dietz,
    modified_dietz_linked,
)
from bifrost.portfolio.returns.money_weighted import money_weighted, xirr
from bifrost.portfolio.returns.series import Day, Series, gross_of_fees, part
from bifrost.portfolio.returns.time_weighted import time_weighted
from tests.unit.portfolio.test_returns_oracle import market_series
from tests.unit.portfolio.test_returns_published import founded, rate

YEAR = ("2022-01-01", "2023-01-01")
MEASURES = (time_weighted, money_weighted, modified_dietz)


def cause(found: float | Failure) -> Cause:
    assert isinstance(found, Failure), found
    assert found.message
    return found.cause


def flows(*amounts: int | str, every: int = 365) -> list[tuple[date, Decimal]]:
    """One flow after another."""
    begin = date(2021, 1, 1)
    return [(begin + timedelta(n * every), Decimal(one)) for n, one in enumerate(amounts)]


@given(st.integers(1, 10**8), st.integers(1, 10**8))
def test_without_flows_all_three_are_the_holding_period_return(begin: int, end: int) -> None:
    series = Series(
        date(2022, 1, 1), Decimal(begin), (Day(date(2023, 1, 1), Decimal(0), Decimal(end)),)
    )

    for measure in MEASURES:
        assert rate(measure(series)) == pytest.approx(end / begin - 1, rel=1e-12, abs=1e-12)


@given(market_series(), st.integers(1, 10**6))
def test_another_unit_of_money_changes_nothing(series: Series, scale: int) -> None:
    scaled = Series(
        series.opened_on,
        series.opening * scale,
        tuple(Day(d.on, d.flow * scale, d.value * scale) for d in series.days),
    )

    assert time_weighted(scaled) == time_weighted(series)
    assert modified_dietz(scaled) == modified_dietz(series) or cause(modified_dietz(scaled))
    ours, theirs = money_weighted(scaled), money_weighted(series)
    if isinstance(ours, float) and isinstance(theirs, float):
        assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-11)
    else:
        assert cause(ours) == cause(theirs)


@given(market_series(), st.data())
def test_a_day_more_without_a_flow_leaves_the_time_weighted_return(
    series: Series, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(series.days) - 1))
    day = series.days[place]
    worth = series.days[place - 1].value if place else series.opening
    begins = series.days[place - 1].on if place else series.opened_on
    if worth == 0 or (day.on - begins).days < 2:
        return
    between = Day(day.on - timedelta(days=1), Decimal(0), worth)
    longer = Series(
        series.opened_on, series.opening, (*series.days[:place], between, *series.days[place:])
    )

    assert time_weighted(longer) == time_weighted(series)
    assert modified_dietz(longer) == modified_dietz(series)
    assert money_weighted(longer) == money_weighted(series)


@given(market_series(), st.integers(1, 20))
def test_parts_of_a_range_link_to_the_whole(series: Series, at: int) -> None:
    days = series.days
    middle = days[min(at, len(days) - 1) - 1].on if len(days) > 1 else days[0].on
    first = part(series, date.min, middle)
    second = part(series, middle + timedelta(days=1), date.max)
    if not second.days:
        return

    linked = (1 + rate(time_weighted(first))) * (1 + rate(time_weighted(second))) - 1
    assert linked == pytest.approx(rate(time_weighted(series)), rel=1e-9, abs=1e-9)


def test_a_first_row_without_a_flow_is_what_was_there_before() -> None:
    series = founded((YEAR[0], "0", "1000"), (YEAR[1], "0", "1100"))

    assert (series.opened_on, series.opening) == (date(2022, 1, 1), Decimal(1000))
    assert [rate(measure(series)) for measure in MEASURES] == pytest.approx([0.1] * 3)


def test_the_first_day_earns_on_the_flow_that_founds_it() -> None:
    series = founded((YEAR[0], "1000", "1010"), (YEAR[1], "0", "1111"))

    assert rate(time_weighted(series)) == 0.111


def test_a_flow_in_the_middle_separates_the_two_returns() -> None:
    """Doubling on little and halving on much is nothing to time and a loss to money."""
    series = founded(
        ("2021-01-01", "100", "100"), ("2022-01-01", "0", "200"), ("2022-01-02", "1000", "1200"),
        ("2023-01-02", "0", "600"),
    )  # fmt: skip

    assert rate(time_weighted(series)) == 0
    assert rate(money_weighted(series)) < -0.4
    assert rate(modified_dietz(series)) < -0.7


def test_a_total_loss_is_minus_one_whatever_is_paid_in_later() -> None:
    lost = founded(("2021-01-01", "100", "50"), ("2022-01-01", "0", "0"))
    later = founded(
        ("2021-01-01", "100", "50"), ("2022-01-01", "0", "0"), ("2023-01-01", "10", "20")
    )

    assert [measure(lost) for measure in MEASURES] == [-1.0] * 3
    assert time_weighted(later) == -1.0
    assert rate(money_weighted(later)) > -1.0


def test_a_total_loss_on_the_first_day_is_minus_one() -> None:
    assert [measure(founded(("2021-01-01", "100", "0"))) for measure in MEASURES] == [-1.0] * 3


def test_an_emptied_portfolio_earns_nothing_until_it_is_funded_again() -> None:
    series = founded(
        ("2021-01-01", "100", "110"), ("2021-02-01", "-110", "0"), ("2021-03-01", "0", "0"),
        ("2021-04-01", "50", "55"),
    )  # fmt: skip

    assert rate(time_weighted(series)) == 0.21


@pytest.mark.parametrize(
    ("rows", "named"),
    [
        ([(YEAR[0], "0", "1000")], Cause.NOTHING_TO_MEASURE),
        ([(YEAR[0], "0", "0"), (YEAR[1], "0", "0")], Cause.NOTHING_INVESTED),
        ([(YEAR[0], "-5", "10"), (YEAR[1], "0", "10")], Cause.NEGATIVE_CAPITAL),
        ([(YEAR[0], "100", "100"), (YEAR[1], "-101", "1")], Cause.NEGATIVE_CAPITAL),
        ([(YEAR[0], "100", "-1"), (YEAR[1], "10", "9")], Cause.NEGATIVE_VALUE),
        ([(YEAR[0], "0", "0"), (YEAR[1], "0", "5")], Cause.GAIN_ON_NOTHING),
        ([(YEAR[0], "100", "100"), (YEAR[1], "-100", "7")], Cause.GAIN_ON_NOTHING),
    ],
)
def test_what_has_no_time_weighted_return_says_why(
    rows: list[tuple[str, str, str]], named: Cause
) -> None:
    assert cause(time_weighted(founded(*rows))) == named


@pytest.mark.parametrize(
    ("rows", "named"),
    [
        ([(YEAR[0], "0", "1000")], Cause.NOTHING_TO_MEASURE),
        ([(YEAR[0], "0", "0"), (YEAR[1], "0", "0")], Cause.NO_AVERAGE_CAPITAL),
        ([(YEAR[0], "-5", "10"), (YEAR[1], "0", "10")], Cause.NO_AVERAGE_CAPITAL),
        ([(YEAR[0], "10", "90"), ("2022-01-02", "-80", "10"), (YEAR[1], "0", "9")],
         Cause.NO_AVERAGE_CAPITAL),
    ],
)  # fmt: skip
def test_what_has_no_average_capital_says_so(
    rows: list[tuple[str, str, str]], named: Cause
) -> None:
    assert cause(modified_dietz(founded(*rows))) == named


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ([], Cause.NOTHING_INVESTED),
        (flows(0, 0), Cause.NOTHING_INVESTED),
        (flows(-100, 110, every=0), Cause.ONE_DATE),
        (flows(100, 10), Cause.ONLY_WITHDRAWALS),
        (flows(-100, -10), Cause.NO_RATE),
        # 1,000 in, 3,000 out, 2,500 in: v = 1/(1+r) has no real solution.
        (flows(-1000, 3000, -2500), Cause.NO_RATE),
    ],
)
def test_what_has_no_money_weighted_return_says_why(
    given: list[tuple[date, Decimal]], named: Cause
) -> None:
    assert cause(xirr(given)) == named


def test_two_rates_that_fit_are_both_named() -> None:
    """The oil pump of Lorie and Savage (1955), in the numbers of Solomon (1956): 25 % and 400 %."""
    found = xirr(flows(-1600, 10000, -10000))

    assert isinstance(found, Failure)
    assert found.cause is Cause.SEVERAL_RATES
    assert found.rates == pytest.approx((0.25, 4.0))
    assert "0.25, 4" in found.message


def test_three_rates_that_fit_are_all_named() -> None:
    """(1 + r) of 1.1, 1.2 and 1.3."""
    found = xirr(flows("-1000", "3600", "-4310", "1716"))

    assert isinstance(found, Failure)
    assert found.rates == pytest.approx((0.1, 0.2, 0.3), abs=1e-9)


def test_a_rate_beyond_belief_does_not_spoil_the_only_one_within_it() -> None:
    """Ten percent a year, and what two odd days would be in a year of them."""
    begin = date(2021, 1, 1)
    dated = [(0, -1), (1, 3), (2, -1000), (367, 1100)]

    found = xirr((begin + timedelta(n), Decimal(amount)) for n, amount in dated)

    assert rate(found) == pytest.approx(0.102, abs=0.001)


def test_a_rate_that_the_value_only_touches_is_one_rate() -> None:
    """-1 + 2v - v^2 = -(1 - v)^2: nothing, and only nothing, fits."""
    assert rate(xirr(flows(-100, 200, -100))) == pytest.approx(0, abs=1e-6)


def test_one_day_is_a_year_of_such_days() -> None:
    assert rate(xirr(flows(-1000, 1001, every=1))) == pytest.approx(1.001**365 - 1, rel=1e-12)
    assert rate(xirr(flows(-1000, 1, every=1))) == -1.0


def test_a_rate_beyond_a_double_is_named() -> None:
    assert cause(xirr(flows(-1, 1000, every=1))) == Cause.OUT_OF_RANGE


@pytest.mark.parametrize("scale", ["1E-25", "1E+25"])
def test_tiny_and_huge_flows_have_the_same_rate(scale: str) -> None:
    scaled = [(on, amount * Decimal(scale)) for on, amount in flows(-100, 55, 66)]

    assert rate(xirr(scaled)) == pytest.approx(rate(xirr(flows(-100, 55, 66))), rel=1e-13)


def test_a_tiny_flow_beside_a_huge_one_is_not_lost() -> None:
    grown = xirr([*flows("-1E+20", "1E-10"), (date(2031, 1, 1), Decimal("2E+20"))])

    assert rate(grown) == pytest.approx(2 ** (365 / 3652) - 1, rel=1e-12)


def test_ten_thousand_flows_have_one_rate() -> None:
    given = flows(*([-10, 3] * 5000), every=1)
    given.append((given[-1][0] + timedelta(days=1), Decimal(60000)))

    assert 0 < rate(xirr(given)) < 0.1


def test_the_order_of_flows_and_their_parts_on_a_day_change_nothing() -> None:
    given = flows(-100, 55, 66)
    halves = [(on, amount / 2) for on, amount in given for _ in range(2)]

    assert xirr(reversed(halves)) == xirr(given)


def test_months_of_modified_dietz_link_to_the_time_weighted_return_without_flows() -> None:
    series = founded(
        ("2022-12-31", "0", "100"), ("2023-01-31", "0", "110"), ("2023-02-28", "0", "99"),
        ("2023-04-03", "0", "120"),
    )  # fmt: skip

    for period in (by_month, by_quarter, by_year):
        assert rate(modified_dietz_linked(series, period)) == pytest.approx(0.2)


def test_linked_modified_dietz_is_the_product_of_its_months() -> None:
    """January earns 10/100; February 12 on 110 and 28 for 14 of its 28 days, which is 12/124."""
    series = founded(
        ("2022-12-31", "0", "100"), ("2023-01-31", "0", "110"), ("2023-02-15", "28", "140"),
        ("2023-02-28", "0", "150"),
    )  # fmt: skip

    assert rate(modified_dietz_linked(series, by_month)) == pytest.approx(1.1 * (1 + 12 / 124) - 1)


def test_gross_of_fees_gives_back_what_the_fee_took() -> None:
    days = (
        Day(date(2022, 6, 30), Decimal(0), Decimal(104), fee=Decimal(1)),
        Day(date(2022, 12, 31), Decimal(0), Decimal("109.2"), fee=Decimal(2)),
    )
    net = Series(date(2021, 12, 31), Decimal(100), days)
    gross = gross_of_fees(net)

    assert rate(time_weighted(net)) == pytest.approx(0.092)
    assert rate(time_weighted(gross)) == pytest.approx(1.05 * (111.2 / 104) - 1)
    for measure in (money_weighted, modified_dietz):
        assert rate(measure(gross)) > rate(measure(net))


def test_a_range_opens_with_the_last_value_before_it() -> None:
    series = founded(
        ("2022-01-03", "100", "100"), ("2022-01-07", "0", "110"), ("2022-01-11", "11", "121"),
        ("2022-01-14", "0", "133.1"),
    )  # fmt: skip
    cut = part(series, date(2022, 1, 10), date(2022, 1, 12))

    assert (cut.opened_on, cut.opening, cut.closed_on) == (
        date(2022, 1, 7), Decimal(110), date(2022, 1, 11),
    )  # fmt: skip
    assert rate(time_weighted(cut)) == 0.0


def test_days_that_do_not_ascend_are_refused() -> None:
    with pytest.raises(ValueError, match="must ascend, 2022-01-01 comes after 2022-01-01"):
        founded((YEAR[0], "1", "1"), (YEAR[0], "1", "1"))


def levels(**stood: str) -> list[Level]:
    return [Level(date(2022, 1, int(on[1:])), Decimal(level)) for on, level in stood.items()]


OURS = founded(
    ("2022-01-03", "100", "101"), ("2022-01-04", "99", "206"), ("2022-01-06", "0", "212.18")
)


def compared(found: Comparison | Failure) -> Comparison:
    assert isinstance(found, Comparison), found
    return found


def test_a_benchmark_is_measured_over_the_same_days() -> None:
    found = compared(compare(OURS, levels(d2="1000", d3="1010", d4="1020.1", d5="1", d6="1000")))

    assert found.opened_on == date(2022, 1, 2)
    assert rate(found.benchmark) == 0.0
    assert rate(found.excess) == pytest.approx(rate(time_weighted(OURS)))


def test_a_benchmark_that_begins_with_the_founding_day_is_compared_from_its_end() -> None:
    found = compared(compare(OURS, levels(d3="1000", d4="1000", d6="1010")))

    assert found.opened_on == date(2022, 1, 3)
    assert rate(found.portfolio) == pytest.approx(1.03 * 1.03 - 1)
    assert rate(found.excess) == pytest.approx(1.03 * 1.03 - 1.01)
    assert rate(found.excess_geometric) == pytest.approx(1.03 * 1.03 / 1.01 - 1)
    # Differences of 3 and 2 percent in two periods of three days.
    assert rate(found.tracking_error) == pytest.approx(0.01 / 2**0.5 * (2 * 365 / 3) ** 0.5)


def test_a_portfolio_beside_itself_is_ahead_by_nothing() -> None:
    found = compared(compare(OURS, levels(d2="100", d3="101", d4="104.03", d6="107.1509")))

    assert (found.excess, found.excess_geometric) == pytest.approx((0, 0), abs=1e-15)
    assert rate(found.tracking_error) == pytest.approx(0, abs=1e-12)


def test_a_benchmark_that_begins_too_late_is_named() -> None:
    found = compare(OURS, levels(d4="1000", d6="1010"))

    assert isinstance(found, Failure)
    assert found.cause is Cause.BENCHMARK_WITHOUT_LEVEL
    assert "2022-01-03" in found.message


def test_one_period_has_no_tracking_error() -> None:
    found = compared(compare(founded(*[("2022-01-03", "1", "1"), ("2022-01-04", "0", "2")]),
                             levels(d3="5", d4="6")))  # fmt: skip

    assert isinstance(found.tracking_error, Failure)
    assert found.tracking_error.cause is Cause.TOO_FEW_PERIODS


def test_a_benchmark_at_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="must be positive"):
        levels(d3="0")
