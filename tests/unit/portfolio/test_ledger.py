"""Every posting balances in each currency, or it cannot be made."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifrost.core.money import Money, exact_sum
from bifrost.portfolio.ledger import (
    CAPITAL,
    CASH,
    COMMISSION,
    REALISED,
    Entry,
    Posting,
    fill_entries,
    flow_entries,
)
from bifrost.portfolio.lots import apply_fill
from tests.builders import FIRST_CLOSE, fill
from tests.unit.portfolio.test_lots import PRICE, SIGNED


def posting(*entries: Entry) -> Posting:
    """A posting of these entries."""
    return Posting(
        transaction_id="t-1",
        account_id="a-1",
        kind="deposit",
        reference="deposit:t-1",
        description="",
        event_id="e-1",
        occurred_at=FIRST_CLOSE,
        recorded_at=FIRST_CLOSE,
        entries=entries,
    )


def test_a_deposit_is_cash_against_capital() -> None:
    entries = flow_entries(Money(Decimal("100.01"), "USD"))

    assert [(e.ledger_account, e.amount) for e in entries] == [
        (CASH, Decimal("100.01")),
        (CAPITAL, Decimal("-100.01")),
    ]


def test_a_sale_writes_cash_position_gain_and_commission() -> None:
    bought = apply_fill([], fill(1, "10", "100"), 1).opened
    assert bought is not None
    sale = fill(2, "-4", "110", commission="1.25")

    entries = fill_entries(sale, apply_fill([bought], sale, 2))

    assert {(e.ledger_account, e.amount, e.quantity) for e in entries} == {
        (CASH, Decimal("438.75"), None),
        ("assets:positions:AAPL", Decimal(-400), Decimal(-4)),
        (REALISED, Decimal(-40), None),
        (COMMISSION, Decimal("1.25"), None),
    }


def test_a_free_purchase_writes_no_line_of_nothing() -> None:
    bought = fill(1, "10", "100")

    entries = fill_entries(bought, apply_fill([], bought, 1))

    assert [e.ledger_account for e in entries] == [CASH, "assets:positions:AAPL"]


@given(SIGNED, PRICE, SIGNED, PRICE, st.decimals(0, 50, places=4))
def test_every_pair_of_fills_balances(
    first: Decimal, at: Decimal, second: Decimal, then: Decimal, commission: Decimal
) -> None:
    lot = apply_fill([], fill(1, first, at), 1).opened
    assert lot is not None
    closing = fill(2, second, then, commission=commission)

    entries = fill_entries(closing, apply_fill([lot], closing, 2))

    assert exact_sum(e.amount for e in entries) == 0


def test_an_unbalanced_posting_is_refused_by_its_constructor() -> None:
    with pytest.raises(ValueError, match=r"out of balance by 0\.01 USD"):
        posting(Entry(CASH, "USD", Decimal("1.01")), Entry(CAPITAL, "USD", Decimal(-1)))


def test_two_currencies_do_not_balance_each_other() -> None:
    with pytest.raises(ValueError, match="out of balance"):
        posting(Entry(CASH, "USD", Decimal(1)), Entry(CAPITAL, "EUR", Decimal(-1)))


def test_a_single_entry_is_refused() -> None:
    with pytest.raises(ValueError, match="needs two entries"):
        posting(Entry(CASH, "USD", Decimal(0)))
