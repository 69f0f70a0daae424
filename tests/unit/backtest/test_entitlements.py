"""A custodian's totals are those of the lots, whatever the lots, the actions and their order."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bifrost.backtest.entitlements import Traded, entitlement, holdings_after
from bifrost.core.corporate_actions import (
    CorporateAction,
    Delisting,
    Merger,
    Rename,
    SpinOff,
    Split,
    StockDividend,
    Terms,
)
from bifrost.core.money import EXACT, exact_sum
from bifrost.portfolio.corporate_actions.change import DUE
from bifrost.portfolio.corporate_actions.effects import apply_action
from bifrost.portfolio.ledger import CASH
from bifrost.portfolio.lots import Lot
from tests.action_builders import EX_DATE, action, dividend, split
from tests.unit.portfolio.corporate_actions.test_properties import ANY, LOTS

D = Decimal


def total(lots: tuple[Lot, ...], instrument: str) -> Decimal:
    """The shares of all lots."""
    return exact_sum(one.quantity for one in lots if one.instrument == instrument)


@settings(max_examples=300)
@given(ANY, LOTS)
def test_shares_and_cash_are_the_totals_of_what_happens_to_the_lots(
    terms: Terms, lots: list[Lot]
) -> None:
    one = action(terms, pay_date=EX_DATE + timedelta(days=9))
    change = apply_action(one, lots)

    entitled = entitlement(one, total(tuple(lots), "AAPL"))

    for name in ("AAPL", "NEW"):
        assert entitled.shares.get(name, D(0)) == total(change.after, name)
    paid = exact_sum(e.amount for e in change.entries if e.ledger_account in (CASH, DUE))
    assert (entitled.cash, entitled.paid_on) == (paid, one.paid_on)


@given(st.lists(ANY, max_size=5), LOTS)
def test_a_chain_of_actions_ends_with_the_totals_of_its_lots(
    terms: list[Terms], lots: list[Lot]
) -> None:
    chain = [
        action(one, f"a-{n}", ex_date=EX_DATE + timedelta(days=n)) for n, one in enumerate(terms)
    ]
    after, cash = list(lots), D(0)
    for one in chain:
        change = apply_action(one, after)
        after = [kept for kept in after if kept not in change.before] + list(change.after)
        cash = EXACT.add(
            cash, exact_sum(e.amount for e in change.entries if e.ledger_account == CASH)
        )

    bought = [Traded(EX_DATE - timedelta(days=1), "AAPL", lot.quantity) for lot in lots]
    holdings = holdings_after(bought, chain)

    held = {name: quantity for name, quantity in holdings.positions.items() if quantity}
    names = {one.instrument for one in after}
    expected = {name: total(tuple(after), name) for name in names}
    assert held == {name: quantity for name, quantity in expected.items() if quantity}
    assert exact_sum(one.cash for one in holdings.entitlements) == cash


@pytest.mark.parametrize(
    ("terms", "shares", "cash"),
    [
        (split("3", "2"), {"AAPL": "151.5"}, "0"),
        (split("3", "2", "40"), {"AAPL": "151"}, "20"),
        (split("1", "10", "40"), {"AAPL": "10"}, "4"),
        (StockDividend(D("0.05"), D(10)), {"AAPL": "106"}, "0.5"),
        (dividend("0.24"), {"AAPL": "101"}, "24.24"),
        (SpinOff("NEW", D("0.25"), D("0.1"), D(8), D(8)), {"AAPL": "101", "NEW": "25"}, "2"),
        (Merger(D(2), "NEW", D("0.5"), D(30), D(30)), {"NEW": "50"}, "217"),
        (Merger(D(7)), {}, "707"),
        (Rename("NEW"), {"NEW": "101"}, "0"),
        (Delisting(D(0)), {}, "0"),
        (Delisting(D("0.05")), {}, "5.05"),
        (Delisting(), {"AAPL": "101"}, "0"),
    ],
)
@pytest.mark.parametrize("sign", [1, -1])
def test_what_101_shares_become(terms: Terms, shares: dict[str, str], cash: str, sign: int) -> None:
    entitled = entitlement(action(terms), D(101) * sign)

    assert entitled.shares == {name: D(quantity) * sign for name, quantity in shares.items()}
    assert entitled.cash == D(cash) * sign


def test_an_action_comes_before_the_first_trade_of_its_ex_date() -> None:
    days = [EX_DATE + timedelta(days=n) for n in (-1, 0)]
    trades = [Traded(days[1], "AAPL", D(-30)), Traded(days[0], "AAPL", D(20))]

    holdings = holdings_after(trades, [action(split("2", "1"))])

    assert holdings.positions == {"AAPL": D(10)}


def test_of_one_day_dividends_come_before_splits_and_splits_before_renames() -> None:
    actions: list[CorporateAction] = [
        action(Rename("NEW"), "a-1"),
        action(split("2", "1"), "a-2"),
        action(dividend("1"), "a-3"),
    ]

    holdings = holdings_after([Traded(EX_DATE - timedelta(days=1), "AAPL", D(10))], actions)

    assert {name: held for name, held in holdings.positions.items() if held} == {"NEW": D(20)}
    assert [(one.action_id, one.cash) for one in holdings.entitlements] == [("a-3", D(10))]


def test_an_action_that_was_withdrawn_entitles_to_nothing() -> None:
    with pytest.raises(ValueError, match="a-1 was withdrawn by vendor"):
        entitlement(action(Split(D(2), D(1)), withdrawn=True), D(1))
