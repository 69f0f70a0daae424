"""Promises of sales at the average basis: each share costs what all of its account's do, with the
losses put off into them; the oldest go first; and nothing is lost on the way.

Worked by hand from Treas. Reg. 1.1012-1(e)(7): total cost over total shares, oldest shares sold.
"""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifrost.core.errors import InvalidInputError
from bifrost.portfolio.tax.elections import Elections, LotOrder
from bifrost.portfolio.tax.statement import Statement, statement
from bifrost.portfolio.tax.wash_sales import wash_sales
from tests.unit.portfolio.tax.builders import lots, trades
from tests.unit.portfolio.tax.histories import STOCKS, History, histories
from tests.unit.portfolio.tax.test_wash_sale_properties import (
    by_sale,
    cash,
    many,
    value_at_cost,
    without_sales,
)


def told(*rows: str, method: LotOrder = LotOrder.FIFO) -> Statement:
    """The statement of a fund's history."""
    history = trades(*rows)
    return statement(history, wash_sales(history, Elections(method, averaged=frozenset({"XYZ"}))))


@pytest.mark.parametrize("method", LotOrder)
def test_a_sale_takes_the_oldest_shares_at_the_average_of_all(method: LotOrder) -> None:
    found = told(
        "2012-01-05 buy 200 2000",
        "2012-03-05 buy 200 2200",
        "2012-09-05 sell 50 600",
        "2012-09-06 buy 50 975",
        "2012-11-05 sell 100 1500",
        method=method,
    )

    # 400 at 10.50; then 350 at 10.50 and 50 at 19.50 are 400 at 11.625.
    assert [(f"{one.basis:f}", f"{one.gain:f}") for one in found.sales] == [
        ("525.00", "75.00"),
        ("1162.50", "337.50"),
    ]
    assert lots(found) == [("50", "581.25"), ("200", "2325.00"), ("50", "581.25")]


def test_a_loss_put_off_into_some_shares_is_shared_by_all() -> None:
    found = told(
        "2012-01-05 buy 100 1000",
        "2012-09-05 sell 50 400",
        "2012-09-10 buy 50 450",
        "2012-12-20 sell 50 600",
    )

    # 100 of loss goes into the 50 bought; 100 shares then cost 500 + 450 + 100.
    assert [f"{one.disallowed_loss:f}" for one in found.sales] == ["100.00", "0.00"]
    assert [f"{one.basis:f}" for one in found.sales] == ["500.00", "525.00"]
    assert lots(found) == [("50", "525.00")]


def test_another_account_and_another_instrument_have_their_own_basis() -> None:
    found = told(
        "2012-01-05 buy 10 100",
        "2012-01-05 buy 10 500 al.second.cash",
        "2012-01-06 buy 10 300 QQQ",
        "2012-01-07 buy 10 500 QQQ",
        "2012-02-05 buy 10 200",
        "2012-12-05 sell 10 160",
        "2012-12-06 sell 10 600 QQQ",
    )

    assert [f"{one.basis:f}" for one in found.sales] == ["150.00", "300.00"]


def test_an_instrument_that_no_row_has_is_refused() -> None:
    history = trades("2012-01-05 buy 10 100 QQQ")
    with pytest.raises(InvalidInputError, match="XYZ is in no row"):
        wash_sales(history, Elections(averaged=frozenset({"XYZ"})))


@many
@given(histories(), st.frozensets(st.sampled_from(STOCKS), min_size=1))
def test_nothing_is_lost_and_parts_of_orders_change_nothing(
    history: History, funds: frozenset[str]
) -> None:
    funds &= {one.instrument for one in history.trades}
    elections = replace(history.elections, averaged=funds)
    books = wash_sales(history.trades, elections)

    assert books.economic == books.allowed + books.deferred + books.forfeited
    assert cash(history) + value_at_cost(books) == books.economic

    parts, whole_of = history.split()
    split = wash_sales(parts, elections)
    assert without_sales(statement(history.trades, books)) == without_sales(statement(parts, split))
    assert by_sale(books, {one.line: one.line for one in history.trades}) == by_sale(
        split, whole_of
    )
