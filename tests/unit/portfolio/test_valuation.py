"""Equity is cash and what is held at the market's price, and unknown is not zero."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bifrost.core.money import exact_sum
from bifrost.portfolio.ledger import CAPITAL, CASH, COMMISSION, REALISED, position_account
from bifrost.portfolio.valuation import Balance, value
from tests.builders import FIRST_CLOSE, closes_at

MONEY = st.decimals(-(10**9), 10**9, places=6)


def held(name: str, quantity: str, cost: str, price: str | None) -> Balance:
    """A position's balance."""
    return Balance(
        position_account(name),
        name,
        Decimal(cost),
        Decimal(quantity),
        None if price is None else Decimal(price),
        None if price is None else FIRST_CLOSE,
    )


def test_equity_is_cash_and_quantity_times_price() -> None:
    worth = value(
        [
            Balance(CASH, "", Decimal("500.25")),
            held("AAPL", "10", "1000", "101.01"),
            held("IBM", "-3", "-600", "210"),
        ]
    )

    assert worth.market_value == Decimal("380.10")
    assert worth.equity == Decimal("880.35")
    assert worth.unrealised_pnl == Decimal("-19.90")
    assert worth.valued_at == FIRST_CLOSE


def test_one_position_without_a_price_leaves_equity_unknown_and_is_named() -> None:
    worth = value([held("AAPL", "10", "1000", "101"), held("MSFT", "1", "30", None)])

    assert (worth.market_value, worth.equity, worth.unrealised_pnl) == (None, None, None)
    assert worth.unpriced == ("MSFT",)


def test_a_flat_position_is_no_position_and_needs_no_price() -> None:
    worth = value([Balance(CASH, "", Decimal(5)), held("AAPL", "0", "0", None)])

    assert worth.positions == ()
    assert worth.equity == 5


def test_average_cost_is_per_unit_and_positive_for_a_short() -> None:
    (short,) = value([held("IBM", "-3", "-100", None)]).positions

    assert short.average_cost == Decimal("33.33333333")


def test_realised_pnl_is_gross_of_commissions() -> None:
    worth = value(
        [
            Balance(REALISED, "AAPL", Decimal(-40)),
            Balance(REALISED, "IBM", Decimal(15)),
            Balance(COMMISSION, "AAPL", Decimal("2.50")),
        ]
    )

    assert (worth.realised_pnl, worth.commissions) == (25, Decimal("2.50"))


def test_valued_at_is_the_newest_price_used() -> None:
    late = Balance(position_account("A"), "A", Decimal(1), Decimal(1), Decimal(1), closes_at(9))

    assert value([held("B", "1", "1", "1"), late]).valued_at == closes_at(9)


@given(MONEY, MONEY, MONEY, st.decimals(1, 9999, places=4))
def test_equity_is_what_came_in_and_what_was_gained(
    capital: Decimal, realised: Decimal, commission: Decimal, price: Decimal
) -> None:
    cost = Decimal("1234.56")
    cash = exact_sum([capital, realised, -commission, -cost])
    worth = value(
        [
            Balance(CASH, "", cash),
            Balance(CAPITAL, "", -capital),
            Balance(REALISED, "X", -realised),
            Balance(COMMISSION, "X", commission),
            held("X", "7", str(cost), str(price)),
        ]
    )

    assert worth.imbalance == 0
    assert worth.unrealised_pnl is not None
    assert worth.equity == exact_sum(
        [worth.net_deposits, worth.realised_pnl, -worth.commissions, worth.unrealised_pnl]
    )
