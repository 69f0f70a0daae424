"""Promises that the matcher, which counts in today's shares, does what an account of every part
forward in time does, through splits, spin-offs, mergers with and without cash, renames and returns
of capital.
"""

from hypothesis import given, settings

from bifrost.portfolio.tax.wash_sales import wash_sales
from tests.unit.portfolio.tax.acted_histories import Acted, acted_histories
from tests.unit.portfolio.tax.part_by_part import PartByPart, kept_by, paid_by, positive, sales_by

EXAMPLES = max(400, settings().max_examples)


@settings(max_examples=EXAMPLES)
@given(acted_histories())
def test_todays_shares_and_shares_of_the_day_come_to_the_same(history: Acted) -> None:
    books = wash_sales(history.trades, history.elections, history.kept)
    expected = PartByPart(history).play()

    assert books.economic == expected.economic
    assert books.allowed == expected.allowed
    assert books.deferred == expected.deferred()
    assert books.forfeited == expected.forfeited
    assert sales_by(books) == expected.sales
    assert positive(paid_by(books)) == positive(expected.paid)
    assert kept_by(books) == expected.kept()
