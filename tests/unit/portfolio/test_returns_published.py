"""The published worked examples come out as published; each names its source."""

from datetime import date
from decimal import Decimal

import pytest

from bifrost.portfolio.returns.modified_dietz import modified_dietz
from bifrost.portfolio.returns.money_weighted import money_weighted, xirr
from bifrost.portfolio.returns.series import Day, Series, series_of
from bifrost.portfolio.returns.time_weighted import time_weighted


def founded(*rows: tuple[str, str, str]) -> Series:
    """A series of (date, flow, value) as a file has them."""
    return series_of(
        Day(date.fromisoformat(on), Decimal(flow), Decimal(value)) for on, flow, value in rows
    )


def rate(found: object) -> float:
    assert isinstance(found, float), found
    return found


def test_excels_example_of_xirr() -> None:
    """Microsoft Support, XIRR function, example: 0.373362535 or 37.34%."""
    flows = [
        (date(2008, 1, 1), Decimal(-10000)),
        (date(2008, 3, 1), Decimal(2750)),
        (date(2008, 10, 30), Decimal(4250)),
        (date(2009, 2, 15), Decimal(3250)),
        (date(2009, 4, 1), Decimal(2750)),
    ]

    # Excel stops at an accuracy of 1e-8, as its page says.
    assert rate(xirr(flows)) == pytest.approx(0.373362535, abs=1e-8)


def test_excels_example_as_a_series_whose_last_value_is_withdrawn() -> None:
    series = founded(
        ("2008-01-01", "10000", "10000"),
        ("2008-03-01", "-2750", "7500"),
        ("2008-10-30", "-4250", "4000"),
        ("2009-02-15", "-3250", "2000"),
        ("2009-04-01", "0", "2750"),
    )

    assert rate(money_weighted(series)) == pytest.approx(0.373362535, abs=1e-8)


def test_wikipedias_example_of_the_modified_dietz_method() -> None:
    """Wikipedia, Modified Dietz method: 100, 50 more after one of two years, 300 at the end.

    The gain of 150 over an average capital of 125 is 120 %; the yearly internal rate is 50 %.
    """
    series = founded(
        ("2021-01-01", "100", "100"), ("2022-01-01", "50", "200"), ("2022-12-31", "0", "300")
    )

    assert rate(modified_dietz(series)) == 1.2
    years = [(date(2021, 1, 1), -100), (date(2022, 1, 1), -50), (date(2023, 1, 1), 300)]
    assert rate(xirr((on, Decimal(c)) for on, c in years)) == pytest.approx(0.5, abs=1e-14)


def test_wikipedias_example_of_the_time_weighted_return() -> None:
    """Wikipedia, Time-weighted return: 500 doubles, 1,000 is added, 2,000 falls to 1,500: +50 %."""
    series = founded(
        ("2021-01-01", "500", "500"),
        ("2021-12-31", "0", "1000"),
        ("2022-01-01", "1000", "2000"),
        ("2022-12-31", "0", "1500"),
    )

    assert rate(time_weighted(series)) == 0.5


def test_the_curriculums_example_of_two_shares_and_their_dividends() -> None:
    """CFA Program, Level I, Discounted Cash Flow Applications: one share at 100, another at 120 a
    year later, both sold at 130 after two, 2 a share paid each year. Money-weighted 13.86 %,
    time-weighted 15.84 % a year.
    """
    series = founded(
        ("2022-01-01", "100", "100"),
        ("2022-12-31", "0", "122"),
        ("2023-01-01", "118", "240"),
        ("2024-01-01", "0", "264"),
    )

    assert rate(money_weighted(series)) == pytest.approx(0.1386, abs=5e-5)
    assert (1 + rate(time_weighted(series))) ** 0.5 - 1 == pytest.approx(0.1584, abs=5e-5)
    assert rate(time_weighted(series)) == 0.342


def test_the_curriculums_example_of_a_hundred_shares_over_three_years() -> None:
    """CFA Program, Level I, practice question: 20, 22 and 2 paid, 25 and 2.50 paid, 24: the
    time-weighted return is 12.92 % a year.
    """
    series = founded(
        ("2021-01-01", "2000", "2000"),
        ("2021-12-31", "0", "2400"),
        ("2022-01-01", "240", "2640"),
        ("2022-12-31", "0", "3300"),
        ("2023-01-01", "-300", "3000"),
        ("2023-12-31", "0", "2880"),
    )

    assert (1 + rate(time_weighted(series))) ** (1 / 3) - 1 == pytest.approx(0.1292, abs=5e-5)


def test_the_composite_of_the_gips_reading() -> None:
    """CFA Program, Level III, GIPS verification (Bloomberg Exam Prep): 585.60 to 602.34 in October
    with flows on the 5th, 9th, 15th and 24th, which count from the day after: 2.45 %.
    """
    flows = {6: "-15.05", 10: "19.82", 16: "16.42", 25: "-18.96"}
    days = [Day(date(2020, 10, n), Decimal(flow), Decimal(600)) for n, flow in flows.items()]
    last = Day(date(2020, 10, 31), Decimal(0), Decimal("602.34"))

    found = modified_dietz(Series(date(2020, 9, 30), Decimal("585.60"), (*days, last)))

    assert rate(found) == pytest.approx(0.0245, abs=5e-5)
