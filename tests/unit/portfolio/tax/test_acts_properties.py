"""Promises of every history with corporate actions in it: economic = allowed + deferred +
forfeited, no cent and no share is lost on the way, and no basis falls below nothing.
"""

from fractions import Fraction

from hypothesis import given, settings

from bifrost.portfolio.tax.form_8949 import form_8949
from bifrost.portfolio.tax.shares import Opens
from bifrost.portfolio.tax.statement import statement
from bifrost.portfolio.tax.wash_sales import wash_sales
from tests.unit.portfolio.tax.acted_histories import Acted, acted_histories

EXAMPLES = max(400, settings().max_examples)


@settings(max_examples=EXAMPLES)
@given(acted_histories(options=True))
def test_economic_is_allowed_and_deferred_and_forfeited_through_every_action(
    history: Acted,
) -> None:
    books = wash_sales(history.trades, history.elections, history.kept)
    told = statement(history.trades, books)

    assert books.economic == books.allowed + books.deferred + books.forfeited
    assert told.economic_pnl == told.allowed_pnl + told.deferred + told.forfeited
    for one in books.disposals:
        washed = one.washed.disallowed + one.washed.forfeited
        assert 0 <= one.washed.disallowed <= washed <= max(Fraction(0), -one.gain)
        assert not one.rule or one.gain >= 0
    for opening in books.open:
        assert all(piece.adjustment >= 0 for piece in opening.pieces)
        assert opening.kind is Opens.SHORT or opening.unit_cost >= 0
    for year in {one.on.year for one in history.trades}:
        assert all(row.gain is not None for row in form_8949(books.disposals, year))
