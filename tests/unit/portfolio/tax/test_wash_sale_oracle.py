"""Promises that the matcher, which moves shares in pieces, does what moving each share does."""

from hypothesis import given, settings

from bifrost.portfolio.tax.wash_sales import wash_sales
from tests.unit.portfolio.tax.histories import STOCKS, History, histories
from tests.unit.portfolio.tax.share_by_share import ShareByShare, sales_of, shares_of

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
