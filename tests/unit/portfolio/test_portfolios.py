"""Portfolios add up what stands below them, stand only where they make sense, and an account is
put away only when it is empty.
"""

from dataclasses import replace
from decimal import Decimal

import pytest

from bifrost.core.errors import InvalidInputError
from bifrost.portfolio.accounts import what_is_left
from bifrost.portfolio.portfolios import Portfolio, PortfolioKind, added_up, place_below
from bifrost.portfolio.valuation import Balance, value
from bifrost.portfolio.watchlists import require_known
from tests.builders import WALL, closes_at

BOOKS = Portfolio("p-1", "ann", "Main", PortfolioKind.PORTFOLIO, "USD", "a-1", None, WALL)
OTHER_BOOKS = replace(BOOKS, portfolio_id="p-2", account_id="a-2")
GATHERS = replace(BOOKS, portfolio_id="p-3", account_id=None)
STRATEGY = replace(BOOKS, portfolio_id="p-4", kind=PortfolioKind.STRATEGY, parent_id="p-1")


def cash(amount: str, currency: str = "USD") -> Balance:
    return Balance("assets:cash", "", Decimal(amount), currency=currency)


def held(quantity: str, cost: str, price: str | None = "11") -> Balance:
    marked = closes_at(1) if price else None
    return Balance(
        "assets:positions:AAPL",
        "AAPL",
        Decimal(cost),
        Decimal(quantity),
        Decimal(price) if price else None,
        marked,
    )


def test_one_instrument_in_two_accounts_is_one_position() -> None:
    together = value(added_up([cash("5"), held("10", "100"), cash("7"), held("2", "24")]))

    (position,) = together.positions
    assert [position.quantity, position.cost, together.cash] == [12, 124, 12]
    assert together.unrealised_pnl == Decimal(8)


def test_an_account_that_sold_out_does_not_hide_the_price_from_one_that_holds() -> None:
    together = value(added_up([held("0", "0", None), held("2", "24")]))

    assert together.market_value == Decimal(22)


def test_two_currencies_are_never_added() -> None:
    assert len(added_up([cash("5"), cash("7", "EUR"), cash("1")])) == 2


def test_what_is_added_up_alone_is_itself() -> None:
    alone = [cash("5"), held("10", "100")]

    assert added_up(alone) == alone


@pytest.mark.parametrize(
    ("child", "parent"), [(BOOKS, GATHERS), (STRATEGY, BOOKS), (STRATEGY, STRATEGY)]
)
def test_books_stand_in_what_gathers_and_strategies_in_books(
    child: Portfolio, parent: Portfolio
) -> None:
    place_below(child, parent)


@pytest.mark.parametrize(
    ("child", "parent"),
    [
        (BOOKS, OTHER_BOOKS),
        (GATHERS, BOOKS),
        (BOOKS, STRATEGY),
        (STRATEGY, OTHER_BOOKS),
        (STRATEGY, GATHERS),
        (BOOKS, replace(GATHERS, archived_at=WALL)),
        (BOOKS, replace(GATHERS, currency="EUR")),
    ],
)
def test_a_place_that_counts_twice_or_mixes_books_is_refused(
    child: Portfolio, parent: Portfolio
) -> None:
    with pytest.raises(InvalidInputError, match="parent_id"):
        place_below(child, parent)


def test_cash_of_any_currency_and_every_position_keep_an_account_open() -> None:
    left = what_is_left([held("10", "100"), cash("12.50"), cash("-3", "EUR")])

    assert left == ["12.5 USD in assets:cash", "-3 EUR in assets:cash", "10 AAPL"]


def test_what_was_earned_and_spent_keeps_no_account_open() -> None:
    done = [
        cash("0"),
        held("0", "0"),
        Balance("income:realised", "", Decimal(-5)),
        Balance("equity:capital", "", Decimal(5)),
    ]

    assert what_is_left(done) == []


def test_each_instrument_that_is_not_listed_is_named_by_its_place() -> None:
    with pytest.raises(InvalidInputError) as refused:
        require_known(("AAPL", "NONE", "MSFT", "NOPE"), {"AAPL", "MSFT"})

    fields = [problem.field for problem in refused.value.problems]
    assert fields == ["instruments.1", "instruments.3"]
    assert "NOPE" in str(refused.value)
