"""Over any history a custodian's positions and cash are those of the books that the events make."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bifrost.backtest.entitlements import Traded, holdings_after
from bifrost.core.money import EXACT, exact_product, exact_sum
from bifrost.events import Event, FillRecorded
from bifrost.portfolio.rebuild import rebuild
from tests.action_builders import action, announced
from tests.builders import cash_deposited, closes_at, fill, fill_recorded, session
from tests.unit.portfolio.corporate_actions.test_properties import ANY

DAYS = st.integers(1, 9)
FILLS = st.lists(
    st.tuples(DAYS, st.sampled_from(("AAPL", "NEW")), st.integers(-60, 90).filter(bool)),
    max_size=8,
)
ACTIONS = st.lists(st.tuples(DAYS, st.sampled_from(("AAPL", "NEW")), ANY, DAYS), max_size=5)
THROUGH = session(12)


def actions_of(drawn: list[tuple[int, str, Any, int]]) -> list[Any]:
    """Actions that lead from their instrument to another one."""
    return [
        action(
            terms,
            f"a-{number}",
            instrument=name,
            ex_date=session(day),
            pay_date=session(day) + timedelta(days=later),
        )
        for number, (day, name, terms, later) in enumerate(drawn)
        if getattr(terms, "new_instrument", "") != name
    ]


def fills_of(drawn: list[tuple[int, str, int]]) -> list[FillRecorded]:
    """Fills at 100, one after another."""
    return [
        fill_recorded(
            fill(number, size, "100", instrument=name, occurred_at=closes_at(day)), number
        )
        for number, (day, name, size) in enumerate(sorted(drawn), start=1)
    ]


@settings(max_examples=200)
@given(FILLS, ACTIONS)
def test_positions_and_cash_are_those_of_the_rebuilt_books(
    traded: list[tuple[int, str, int]], acted: list[tuple[int, str, Any, int]]
) -> None:
    fills, actions = fills_of(traded), actions_of(acted)
    events: list[Event] = [cash_deposited(), *fills, *(announced(one) for one in actions)]
    books = rebuild(events, through=THROUGH)

    trades = [
        Traded(session(day), name, Decimal(size))
        for day, name, size in sorted(traded, reverse=True)
    ]
    holdings = holdings_after(trades, actions)

    held = {name: quantity for name, quantity in holdings.positions.items() if quantity}
    assert held == {name: quantity for name, (quantity, _) in books.positions().items() if quantity}
    paid = exact_sum(one.cash for one in holdings.entitlements if one.paid_on <= THROUGH)
    spent = exact_sum(exact_product(one.fill.price, one.fill.signed_quantity) for one in fills)
    assert books.cash == EXACT.add(EXACT.subtract(Decimal(1_000_000), spent), paid)
