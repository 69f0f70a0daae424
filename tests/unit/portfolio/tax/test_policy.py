"""Promises that every reading has its source and dates, and how holding periods are counted."""

from datetime import date

import pytest

from bifrost.core.errors import InvalidInputError
from bifrost.portfolio.tax.elections import taxpayers
from bifrost.portfolio.tax.identity import security_of
from bifrost.portfolio.tax.policy import SWITCHES, VALUES, Policy
from bifrost.portfolio.tax.preview import long_term
from tests.unit.portfolio.tax.builders import trades


def test_every_switch_has_a_source_and_a_value_that_can_be_chosen() -> None:
    assert {row.name for row in SWITCHES} == set(VALUES)
    assert all(row.source and row.value in VALUES[row.name] for row in SWITCHES)
    for name in VALUES:
        assert min(row.effective_from for row in SWITCHES if row.name == name) == date.min


@pytest.mark.parametrize(
    ("on", "value"), [(date(1988, 11, 10), "allow"), (date(1988, 11, 11), "same_contract")]
)
def test_a_switch_is_read_as_of_the_loss(on: date, value: str) -> None:
    assert Policy().value("option_losses", on) == value
    assert Policy({"option_losses": "underlying"}).value("option_losses", on) == "underlying"


def test_an_owner_has_one_spouse() -> None:
    rows = trades(*(f"2014-01-06 buy 1 1 {owner}.main.cash" for owner in ("al", "bo", "cy")))

    for pairs in ([("al", "bo")], [("bo", "al")], [("al", "bo"), ("bo", "al")]):
        assert taxpayers(rows, pairs) == {"al": "al", "bo": "al", "cy": "cy"}
    with pytest.raises(InvalidInputError, match="'al' cannot be linked so"):
        taxpayers(rows, [("al", "bo"), ("al", "cy")])


@pytest.mark.parametrize(
    ("since", "short", "long"),
    [
        (date(2013, 1, 10), date(2014, 1, 10), date(2014, 1, 11)),
        (date(2015, 2, 28), date(2016, 2, 29), date(2016, 3, 1)),
        (date(2016, 2, 28), date(2017, 2, 28), date(2017, 3, 1)),
        (date(2016, 2, 29), date(2017, 2, 28), date(2017, 3, 1)),
        (date(2015, 12, 31), date(2016, 12, 31), date(2017, 1, 1)),
    ],
)
def test_long_term_is_more_than_a_year_from_the_day_after(
    since: date, short: date, long: date
) -> None:
    assert not long_term(since, short)
    assert long_term(since, long)


@pytest.mark.parametrize(
    ("symbol", "underlying", "right"),
    [
        ("AAPL  240119C00150000", "AAPL", "C"),
        ("AAPL240119P00150000", "AAPL", "P"),
        ("AAPL", "AAPL", ""),
        ("AAPL240119C150", "AAPL240119C150", ""),
    ],
)
def test_an_option_is_known_by_its_occ_symbol(symbol: str, underlying: str, right: str) -> None:
    found = security_of(symbol)

    assert (found.underlying, found.right) == (underlying, right)
    assert found.shares == (100 if right else 1)
