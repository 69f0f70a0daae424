"""Promises of every history, however many accounts, kinds, owners, spouses and chains it has:
economic = allowed + deferred + forfeited, nothing is washed twice, and an order written in parts
is the order.

A few hundred histories each; CONTRIBUTING.md has the command for 100,000.
"""

from collections import defaultdict
from decimal import Decimal
from fractions import Fraction

from hypothesis import given, settings

from bifrost.core.orders import Side
from bifrost.portfolio.tax.disposals import Books
from bifrost.portfolio.tax.statement import Statement, statement
from bifrost.portfolio.tax.wash_sales import wash_sales
from tests.unit.portfolio.tax.histories import History, histories

EXAMPLES = max(400, settings().max_examples)
CENT = Fraction(1, 100)

many = settings(max_examples=EXAMPLES)


@many
@given(histories())
def test_economic_is_allowed_and_deferred_and_forfeited(history: History) -> None:
    books = wash_sales(history.trades, history.elections)
    told = statement(history.trades, books)

    assert books.economic == books.allowed + books.deferred + books.forfeited
    assert told.economic_pnl == told.allowed_pnl + told.deferred + told.forfeited
    assert abs(Fraction(told.economic_pnl) - books.economic) <= CENT / 2
    assert abs(Fraction(told.allowed_pnl) - books.allowed) < 2 * CENT
    assert cash(history) + value_at_cost(books) == books.economic
    assert_losses_are_disjoint(history, books, told)


@many
@given(histories())
def test_orders_written_in_parts_change_nothing(history: History) -> None:
    parts, whole_of = history.split()
    whole = wash_sales(history.trades, history.elections)
    split = wash_sales(parts, history.elections)

    assert without_sales(statement(history.trades, whole)) == without_sales(statement(parts, split))
    assert by_sale(whole, {t.line: t.line for t in history.trades}) == by_sale(split, whole_of)


def cash(history: History) -> Fraction:
    """What all trades brought in."""
    return sum((-t.side.sign * Fraction(t.amount) for t in history.trades), Fraction(0))


def value_at_cost(books: Books) -> Fraction:
    """What is left at what it cost, without any adjustment: a short owes what it brought in."""
    return sum(
        (
            (-1 if one.trade.side is Side.SELL else 1) * one.unit_cost * piece.quantity
            for one in books.open
            for piece in one.pieces
        ),
        Fraction(0),
    )


def assert_losses_are_disjoint(history: History, books: Books, told: Statement) -> None:
    for one in books.disposals:
        washed = one.washed.disallowed + one.washed.forfeited
        assert 0 <= one.washed.disallowed <= washed <= max(Fraction(0), -one.gain)
        assert not (washed and one.sale.kind.is_retirement)
    for line in told.sales:
        assert min(line.allowed_loss, line.disallowed_loss, line.forfeited_loss) >= 0
        assert line.gain == line.proceeds - line.basis
    assert all(piece.adjustment >= 0 for one in books.open for piece in one.pieces)
    assert len(told.sales) == sum(t.side is Side.SELL for t in history.trades)


def without_sales(told: Statement) -> tuple[object, ...]:
    return (told.lots, told.economic_pnl, told.allowed_pnl, told.deferred, told.forfeited)


def by_sale(books: Books, whole_of: dict[int, int]) -> dict[int, list[Fraction]]:
    """What each sale of the whole realised, put off and lost, its parts added up."""
    found: dict[int, list[Fraction]] = defaultdict(lambda: [Fraction(Decimal(0))] * 5)
    for one in books.disposals:
        figures = (one.quantity, one.proceeds, one.gain, one.washed.disallowed,
                   one.washed.forfeited)  # fmt: skip
        line = whole_of[one.sale.line]
        found[line] = [a + b for a, b in zip(found[line], figures, strict=True)]
    return found
