"""What a cash flow writes balances in each currency, and a return of capital loses no digit."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifrost.core.money import EXACT, Money, exact_sum
from bifrost.portfolio.cash_flows import (
    EXPENSES,
    INCOME,
    capital_entries,
    cash_changes,
    expense_entries,
    fx_entries,
    income_entries,
    return_capital,
)
from bifrost.portfolio.ledger import Entry
from bifrost.portfolio.lots import Lot
from tests.builders import FIRST_CLOSE

CENTS = st.decimals("0.01", 10**8, places=2)
LOTS = st.lists(
    st.tuples(st.decimals("0.001", 5000, places=3), st.decimals(0, 5000, places=4)),
    min_size=1,
    max_size=10,
)


def off_balance(entries: tuple[Entry, ...]) -> set[Decimal]:
    currencies = {line.currency for line in entries}
    return {exact_sum(e.amount for e in entries if e.currency == one) for one in currencies}


@given(CENTS, st.sampled_from([*INCOME, *EXPENSES]))
def test_income_comes_in_and_expenses_go_out(amount: Decimal, kind: object) -> None:
    money = Money(amount, "USD")
    make = income_entries if kind in INCOME else expense_entries

    entries = make(kind, money, "AAPL")  # type: ignore[arg-type]

    assert off_balance(entries) == {0}
    assert cash_changes(entries) == [money if kind in INCOME else -money]


@given(CENTS, CENTS)
def test_an_exchange_balances_in_each_currency(sold: Decimal, bought: Decimal) -> None:
    entries = fx_entries(Money(sold, "USD"), Money(bought, "EUR"))

    assert off_balance(entries) == {0}
    assert cash_changes(entries) == [Money(-sold, "USD"), Money(bought, "EUR")]


def test_a_currency_is_not_exchanged_for_itself() -> None:
    with pytest.raises(ValueError, match="another currency"):
        fx_entries(Money(Decimal(1), "USD"), Money(Decimal(1), "USD"))


@given(LOTS, CENTS)
def test_a_return_of_capital_is_basis_and_gain_and_nothing_else(
    held: list[tuple[Decimal, Decimal]], amount: Decimal
) -> None:
    lots = [
        Lot(f"l{n}", "AAPL", "USD", FIRST_CLOSE, n, size, EXACT.multiply(size, price))
        for n, (size, price) in enumerate(held, 1)
    ]

    made = return_capital(lots, amount)

    before, after = exact_sum(one.cost for one in lots), exact_sum(one.cost for one in made.lots)
    assert EXACT.subtract(before, after) == made.basis
    assert EXACT.add(made.basis, made.gain) == amount
    assert all(one.cost >= 0 for one in made.lots)
    assert off_balance(capital_entries(made, Money(amount, "USD"), "AAPL")) == {0}
