"""Promises of every history with corporate actions in it: economic = allowed + deferred +
forfeited, no basis falls below nothing, every share is somewhere, and an order written in parts is
the order.
"""

from collections import defaultdict
from dataclasses import replace
from fractions import Fraction

from hypothesis import assume, given, settings

from bifrost.portfolio.tax.disposals import Books
from bifrost.portfolio.tax.form_8949 import form_8949
from bifrost.portfolio.tax.history import Trade
from bifrost.portfolio.tax.kept import Kept
from bifrost.portfolio.tax.shares import Opens
from bifrost.portfolio.tax.statement import Statement, statement
from bifrost.portfolio.tax.wash_sales import wash_sales
from tests.unit.portfolio.tax.acted_histories import Acted, acted_histories

EXAMPLES = max(400, settings().max_examples)

many = settings(max_examples=EXAMPLES)


@many
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
        assert not one.rule or (one.gain >= 0 and not one.quantity)
    for opening in books.open:
        assert all(piece.adjustment >= 0 for piece in opening.pieces)
        assert opening.kind is Opens.SHORT or opening.unit_cost >= 0
    for year in {one.on.year for one in history.trades}:
        assert all(row.adjustment >= 0 for row in form_8949(books.disposals, year))


@many
@given(acted_histories(options=True))
def test_orders_written_in_halves_change_nothing(history: Acted) -> None:
    # Of a purchase and what was spun off of it the oldest first: that is by rows.
    assume(not has_come_together(history))
    halves, whole_of = in_halves(history)
    whole = wash_sales(history.trades, history.elections, history.kept)
    split = wash_sales(halves.trades, halves.elections, halves.kept)

    assert without_sales(statement(history.trades, whole)) == without_sales(
        statement(halves.trades, split)
    )
    assert by_sale(whole, {one: one for one in whole_of.values()}) == by_sale(split, whole_of)


def has_come_together(history: Acted) -> bool:
    """Say whether what was spun off was merged with what it came of."""
    came_of: dict[str, set[str]] = {}
    for one in history.kept.acts:
        name, new = one.action.instrument, one.action.new_instrument
        own = came_of.setdefault(name, {name})
        if new:
            other = came_of.get(new, {new})
            if one.action.merger and own & other:
                return True
            came_of[new] = own | other
    return False


def in_halves(history: Acted) -> tuple[Acted, dict[int, int]]:
    """Every row twice, with half of it; and for each line the one that it was."""
    trades: list[Trade] = []
    whole_of: dict[int, int] = {}
    first: dict[int, int] = {}
    for trade in history.trades:
        for _ in range(2):
            line = len(trades) + 2
            half = replace(trade, line=line, quantity=trade.quantity / 2, amount=trade.amount / 2)
            trades.append(half)
            whole_of[line] = trade.line
            first.setdefault(trade.line, line)
    end = history.trades[-1].line + 1
    first[end] = whole_of_end = trades[-1].line + 1
    whole_of[whole_of_end] = end
    acts = tuple(replace(one, before=first[one.before]) for one in history.kept.acts)
    return Acted(tuple(trades), Kept(acts=acts), history.elections), whole_of


def without_sales(told: Statement) -> tuple[object, ...]:
    return (
        sorted(map(str, told.lots)),
        told.economic_pnl,
        told.allowed_pnl,
        told.deferred,
        told.forfeited,
    )


def by_sale(books: Books, whole_of: dict[int, int]) -> dict[tuple[int, str], list[Fraction]]:
    """What each sale, or each action, realised, put off and lost, its parts added up."""
    found: dict[tuple[int, str], list[Fraction]] = defaultdict(lambda: [Fraction(0)] * 5)
    for one in books.disposals:
        figures = (one.quantity, one.proceeds, one.gain, one.washed.disallowed,
                   one.washed.forfeited)  # fmt: skip
        key = (whole_of[one.sale.line], one.rule)
        found[key] = [a + b for a, b in zip(found[key], figures, strict=True)]
    return found
