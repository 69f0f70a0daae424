"""Promises that the matcher, which moves shares in pieces, does what moving each share does."""

from fractions import Fraction

from hypothesis import given, settings

from bifrost.portfolio.tax.shares import Opens
from bifrost.portfolio.tax.wash_sales import Books, wash_sales
from tests.unit.portfolio.tax.histories import STOCKS, History, histories
from tests.unit.portfolio.tax.share_by_share import ShareByShare

EXAMPLES = max(300, settings().max_examples)


@settings(max_examples=EXAMPLES)
@given(histories(STOCKS))
def test_pieces_and_single_shares_come_to_the_same(history: History) -> None:
    books = wash_sales(history.trades, history.elections)
    expected = ShareByShare(history.trades, history.elections).totals()

    assert books.economic == expected.economic
    assert books.allowed == expected.allowed
    assert books.deferred == expected.deferred
    assert books.forfeited == expected.forfeited
    assert sales_of(books) == expected.sales
    assert shares_of(books) == expected.kept


def sales_of(books: Books) -> dict[int, list[Fraction]]:
    found: dict[int, list[Fraction]] = {}
    for one in books.disposals:
        before = found.get(one.sale.line, [Fraction(0)] * 3)
        figures = (one.gain, one.washed.disallowed, one.washed.forfeited)
        found[one.sale.line] = [a + b for a, b in zip(before, figures, strict=True)]
    return found


def shares_of(books: Books) -> list[tuple[str, str, int, int, Fraction]]:
    """Each share that is left: account, instrument, acquired, held since, basis."""
    found = []
    for one in books.open:
        sign = -1 if one.kind is Opens.SHORT else 1
        for piece in one.pieces:
            basis = sign * one.unit_cost + piece.adjustment
            row = (one.trade.account, one.trade.instrument, one.day, one.day - piece.days_before)
            found += [(*row, basis)] * int(piece.quantity)
    return sorted(found)
