"""Amounts of cash are strings of at most two decimals, and exact numbers are shown in full."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bifrost.portfolio.schemas import FLOW_MAX, AccountBody, CashBody, exact_text


@pytest.mark.parametrize(
    "amount",
    [
        "NaN", "Infinity", "-Infinity", "-1", "0", "0.00", "1.001", "1e400", "1e12", "", "ten",
        "1,000.00", 100, 100.5, True, None, ["1"], {"amount": "1"}, str(FLOW_MAX + 1), "9" * 400,
    ],
)  # fmt: skip
def test_what_is_no_amount_of_cash_is_refused(amount: Any) -> None:
    with pytest.raises(ValidationError) as refused:
        CashBody.model_validate({"amount": amount})

    assert refused.value.errors()[0]["loc"] == ("amount",)


@pytest.mark.parametrize("amount", ["0.01", "1", "1.5", "250000.00", str(FLOW_MAX)])
def test_an_amount_of_cash_is_taken_as_it_is_written(amount: str) -> None:
    assert CashBody.model_validate({"amount": amount}).amount == Decimal(amount)


@pytest.mark.parametrize(
    "body",
    [
        {}, {"name": ""}, {"name": "x" * 101}, {"name": "a\x00b"}, {"name": 5},
        {"name": "a", "kind": "offshore"}, {"name": "a", "currency": "EUR"},
        {"name": "a", "owner": "me"},
    ],
)  # fmt: skip
def test_an_account_that_cannot_be_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        AccountBody.model_validate(body)


@pytest.mark.parametrize(
    ("number", "shown"),
    [("5", "5.00"), ("1E+3", "1000.00"), ("12.3400", "12.34"), ("0.12345", "0.12345"),
     ("-0.5", "-0.50"), ("0E-8", "0.00")],
)  # fmt: skip
def test_an_amount_is_shown_with_two_decimals_or_all_it_has(number: str, shown: str) -> None:
    assert exact_text(Decimal(number)) == shown


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20))
def test_what_is_shown_is_the_number_itself(number: Decimal) -> None:
    assert Decimal(exact_text(number)) == number
