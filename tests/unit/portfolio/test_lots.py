"""Lots close first in, first out, long and short, and their costs are exact to the last digit."""

from collections.abc import Sequence
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifrost.core.fills import Fill
from bifrost.core.money import EXACT, exact_sum
from bifrost.portfolio.lots import Closure, Lot, apply_fill
from tests.builders import fill

SIGNED = st.decimals(-5000, 5000, places=3).filter(lambda quantity: quantity != 0)
PRICE = st.decimals("0.0001", 5000, places=4)
FILLS = st.lists(st.tuples(SIGNED, PRICE), min_size=1, max_size=25)


def play(*fills: Fill) -> tuple[list[Lot], list[Closure]]:
    """Apply fills in their order; return what is open and what was closed."""
    open_lots: dict[str, Lot] = {}
    closures: list[Closure] = []
    for sequence, one in enumerate(fills, start=1):
        change = apply_fill([lot for lot in open_lots.values() if lot.quantity], one, sequence)
        closures += change.closures
        open_lots |= {lot.lot_id: lot for lot in change.remaining}
        if change.opened:
            open_lots[change.opened.lot_id] = change.opened
    return [lot for lot in open_lots.values() if lot.quantity], closures


def numbered(pairs: Sequence[tuple[Decimal, Decimal]]) -> list[Fill]:
    """Fills of one instrument from (signed quantity, price)."""
    return [fill(n, quantity, price) for n, (quantity, price) in enumerate(pairs, start=1)]


def test_a_sale_closes_the_oldest_lot_first() -> None:
    lots, closures = play(fill(1, "10", "100"), fill(2, "10", "200"), fill(3, "-12", "300"))

    assert [(c.quantity, c.cost, c.realised) for c in closures] == [(10, 1000, 2000), (2, 400, 200)]
    assert [(lot.quantity, lot.cost) for lot in lots] == [(8, 1600)]


def test_a_short_that_is_bought_back_cheaper_gains() -> None:
    lots, closures = play(fill(1, "-10", "100"), fill(2, "4", "90"))

    assert [(c.quantity, c.proceeds, c.cost, c.realised) for c in closures] == [
        (-4, -360, -400, 40)
    ]
    assert [(lot.quantity, lot.cost) for lot in lots] == [(-6, -600)]


def test_a_sale_of_more_than_is_held_closes_all_and_opens_a_short() -> None:
    lots, closures = play(fill(1, "10", "100"), fill(2, "-15", "110"))

    assert [c.realised for c in closures] == [100]
    assert [(lot.quantity, lot.cost, lot.sequence) for lot in lots] == [(-5, -550, 2)]


def test_commission_is_no_part_of_a_lots_cost() -> None:
    lots, _ = play(fill(1, "10", "100", commission="7.77"))

    assert lots[0].cost == 1000


def test_parts_of_a_lot_whose_cost_does_not_divide_still_sum_to_it() -> None:
    opened = fill(1, "3", "1")
    lot = Lot("l", "AAPL", "USD", opened.occurred_at, 1, Decimal(3), Decimal(100))
    costs = []

    for number in (2, 3, 4):
        change = apply_fill([lot], fill(number, "-1", "40"), number)
        (lot,) = change.remaining
        costs.append(change.closures[0].cost)

    assert exact_sum(costs) == 100
    assert (lot.quantity, lot.cost) == (0, 0)
    assert max(costs) - min(costs) <= Decimal("1E-12")


@pytest.mark.parametrize("quantity", ["10", "-10"])
def test_a_fill_of_the_same_sign_closes_nothing(quantity: str) -> None:
    lots, closures = play(fill(1, quantity, "100"), fill(2, quantity, "120"))

    assert closures == []
    assert len(lots) == 2


@given(FILLS)
def test_realised_and_remaining_cost_account_for_every_digit_paid(
    pairs: list[tuple[Decimal, Decimal]],
) -> None:
    lots, closures = play(*numbered(pairs))

    paid = exact_sum(EXACT.multiply(quantity, price) for quantity, price in pairs)
    realised = exact_sum(c.realised for c in closures)
    assert exact_sum(lot.cost for lot in lots) == EXACT.add(paid, realised)


@given(FILLS)
def test_open_lots_hold_what_was_bought_less_sold_and_never_both_signs(
    pairs: list[tuple[Decimal, Decimal]],
) -> None:
    lots, _ = play(*numbered(pairs))

    assert exact_sum(lot.quantity for lot in lots) == exact_sum(q for q, _ in pairs)
    assert len({lot.quantity > 0 for lot in lots}) <= 1
    assert all(lot.quantity * lot.cost > 0 for lot in lots)


@given(st.integers(2, 40), st.decimals("0.01", 900, places=2))
def test_selling_in_parts_realises_what_selling_at_once_does(parts: int, price: Decimal) -> None:
    bought = fill(1, Decimal(parts), "33.33")
    sold = [fill(n, "-1", price) for n in range(2, parts + 2)]

    _, in_parts = play(bought, *sold)
    _, at_once = play(bought, fill(2, -Decimal(parts), price))

    assert exact_sum(c.realised for c in in_parts) == at_once[0].realised
