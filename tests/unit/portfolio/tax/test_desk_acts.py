"""Promises of tax reports over the desk's books through any corporate actions: where the books
closed the oldest first they tell what a file of the same trades and actions tells, nothing is left
out, and economic = allowed + deferred + forfeited.
"""

from dataclasses import replace
from decimal import Decimal

from hypothesis import given, settings

from bifrost.portfolio.tax.desk import history_of
from bifrost.portfolio.tax.elections import LotOrder
from bifrost.portfolio.tax.statement import LotLine, Statement, statement
from bifrost.portfolio.tax.wash_sales import wash_sales
from tests.unit.portfolio.tax.acted_histories import Acted, acted_histories
from tests.unit.portfolio.tax.books_of_acts import rows_of

# A third of a share has no last digit in the books: half a cent may be rounded otherwise, and lots
# that are told as one have the last digit of each.
CENT = Decimal("0.01")
DIGITS = 9


@given(acted_histories())
@settings(max_examples=300)
def test_books_that_close_the_oldest_are_told_as_a_file_of_the_same_is(history: Acted) -> None:
    trades = [replace(one, owner="al", account=f"{one.owner}-{one.account}")
              for one in history.trades]  # fmt: skip
    if not trades:
        return
    elections = replace(history.elections, method=LotOrder.FIFO, spouses=())
    of_file = statement(trades, wash_sales(trades, elections, history.kept))

    desk = history_of(rows_of(trades, [one.action for one in history.kept.acts]))
    books = wash_sales(desk.trades, elections, desk.kept)

    assert desk.excluded == ()
    assert books.economic == books.allowed + books.deferred + books.forfeited
    told = statement(desk.trades, books)
    assert figures(told) == figures(of_file)
    for mine, other in zip(amounts(told), amounts(of_file), strict=True):
        assert abs(mine - other) <= CENT, (told, of_file)


def figures(told: Statement) -> list[tuple[object, ...]]:
    """What is no amount."""
    sales = [
        (one.account, one.date, one.instrument, round(one.quantity, DIGITS), one.rule)
        for one in told.sales
    ]
    lots = [
        (
            one.account,
            one.instrument,
            one.acquired,
            one.holding_period_start,
            round(one.quantity, DIGITS),
        )
        for one in lots_of(told)
    ]
    return [*sales, *lots]


def amounts(told: Statement) -> list[Decimal]:
    """Every amount, in the same order."""
    sales = [
        (one.proceeds, one.gain, one.allowed_loss, one.disallowed_loss, one.forfeited_loss)
        for one in told.sales
    ]
    totals = (told.economic_pnl, told.allowed_pnl, told.deferred, told.forfeited)
    return [
        *(one for line in sales for one in line),
        *(one.basis for one in lots_of(told)),
        *totals,
    ]


def lots_of(told: Statement) -> list[LotLine]:
    """In an order that no last digit has to do with."""
    return sorted(
        told.lots,
        key=lambda one: (one.account, one.instrument, one.acquired, one.holding_period_start,
                         round(one.quantity, DIGITS), one.basis),
    )  # fmt: skip
