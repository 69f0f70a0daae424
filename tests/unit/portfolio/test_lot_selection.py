"""Each method picks its lots as its name says, and always exactly the quantity that is closed."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifrost.core.money import EXACT, exact_sum
from bifrost.portfolio.lot_selection import (
    LotMethod,
    Sale,
    Security,
    Selection,
    average_refused,
    averaged,
    is_long_term,
    lowest_tax,
    select,
)
from bifrost.portfolio.lots import Lot, LotPart, apply_fill
from tests.builders import fill

SOLD_AT = datetime(2024, 6, 3, 20, tzinfo=UTC)
METHODS = [one for one in LotMethod if one not in (LotMethod.SPECIFIC, LotMethod.ACCOUNT)]


def lot(number: int, quantity: str, price: str, held_days: int = 10) -> Lot:
    size = Decimal(quantity)
    opened = SOLD_AT - timedelta(days=held_days)
    return Lot(f"l{number}", "AAPL", "USD", opened, number, size, size * Decimal(price))


def sale(quantity: str, price: str = "100") -> Sale:
    return Sale(Decimal(quantity), Decimal(price), SOLD_AT)


def picked(lots: Sequence[Lot], method: LotMethod, of: Sale) -> list[tuple[str, int]]:
    """Which lots, and how much of them in whole shares."""
    return [(part.lot_id, int(part.quantity)) for part in select(lots, of, Selection(method))]


LOTS = [lot(1, "10", "100"), lot(2, "10", "130"), lot(3, "10", "90")]


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        (LotMethod.FIFO, [("l1", 10), ("l2", 5)]),
        (LotMethod.LIFO, [("l3", 10), ("l2", 5)]),
        (LotMethod.HIFO, [("l2", 10), ("l1", 5)]),
    ],
)
def test_a_method_picks_what_its_name_says(
    method: LotMethod, expected: list[tuple[str, int]]
) -> None:
    assert picked(LOTS, method, sale("15")) == expected


def test_hifo_of_a_short_buys_back_what_gains_least_first() -> None:
    shorts = [lot(1, "-10", "120"), lot(2, "-10", "105"), lot(3, "-10", "140")]

    assert picked(shorts, LotMethod.HIFO, sale("15")) == [("l2", 10), ("l1", 5)]


def test_lowest_tax_takes_losses_at_short_term_first_and_gains_at_short_term_last() -> None:
    short, long = 20, 500
    lots = [
        lot(1, "1", "90", short),  # gains at short term
        lot(2, "1", "80", long),  # gains more, at long term
        lot(3, "1", "95", long),  # gains less, at long term
        lot(4, "1", "100", short),  # neither
        lot(5, "1", "150", long),  # loses most, at long term
        lot(6, "1", "105", short),  # loses little, at short term
        lot(7, "1", "110", short),  # loses more, at short term
        lot(8, "1", "99", short),  # gains less, at short term
    ]

    order = [lot_id for lot_id, _ in picked(lots, LotMethod.LOWEST_TAX, sale("8"))]

    assert order == ["l7", "l6", "l5", "l4", "l3", "l2", "l8", "l1"]


@pytest.mark.parametrize(
    ("acquired", "sold", "expected"),
    [
        (date(2023, 6, 3), date(2024, 6, 3), False),
        (date(2023, 6, 3), date(2024, 6, 4), True),
        # Rev. Rul. 66-7: bought on the last of a month, long on the first of the thirteenth.
        (date(2019, 2, 28), date(2020, 2, 29), False),
        (date(2019, 2, 28), date(2020, 3, 1), True),
        (date(2020, 2, 28), date(2021, 2, 28), False),
        (date(2020, 2, 28), date(2021, 3, 1), True),
        (date(2020, 2, 29), date(2021, 2, 28), False),
        (date(2020, 2, 29), date(2021, 3, 1), True),
    ],
)
def test_long_term_is_more_than_a_year_counted_from_the_day_after(
    acquired: date, sold: date, *, expected: bool
) -> None:
    assert is_long_term(acquired, sold) is expected


def test_named_lots_are_closed_in_their_order_and_what_is_missing_by_the_standing_method() -> None:
    named = Selection(LotMethod.SPECIFIC, (LotPart("l3", Decimal(4)), LotPart("gone", Decimal(3))))

    parts = select(LOTS, sale("10"), named, LotMethod.HIFO)

    assert parts == (LotPart("l3", Decimal(4)), LotPart("l2", Decimal(6)))


def test_a_lot_that_is_named_and_then_picked_again_is_closed_once() -> None:
    named = Selection(LotMethod.SPECIFIC, (LotPart("l1", Decimal(4)),))

    assert select(LOTS, sale("8"), named) == (LotPart("l1", Decimal(8)),)


def test_a_sale_of_more_than_the_lots_hold_is_refused() -> None:
    with pytest.raises(ValueError, match="no more than its lots hold"):
        picked(LOTS, LotMethod.FIFO, sale("31"))


def test_average_cost_is_for_funds_and_reinvestment_plans_alone() -> None:
    assert "1.1012-1(e)" in str(average_refused(Security.STOCK))
    assert average_refused(Security.FUND) is None
    assert average_refused(Security.REINVESTMENT_PLAN) is None


def test_the_average_basis_is_one_for_all_shares() -> None:
    # 300 shares for 4,800: 16 each.
    lots = [lot(1, "100", "10"), lot(2, "100", "12"), lot(3, "100", "26")]

    assert [one.cost for one in averaged(lots)] == [1600, 1600, 1600]


SIZES = st.decimals("0.001", 5000, places=3)
PRICES = st.decimals("0.0001", 5000, places=4)
HELD = st.lists(st.tuples(SIZES, PRICES, st.integers(0, 900)), min_size=1, max_size=12)


def lots_of(held: list[tuple[Decimal, Decimal, int]], sign: int = 1) -> list[Lot]:
    return [
        lot(number, str(sign * size), str(price), days)
        for number, (size, price, days) in enumerate(held, 1)
    ]


@given(HELD, PRICES, st.sampled_from(METHODS), st.sampled_from([1, -1]), st.data())
def test_every_method_closes_exactly_the_quantity_and_loses_no_digit_of_cost(
    held: list[tuple[Decimal, Decimal, int]],
    price: Decimal,
    method: LotMethod,
    sign: int,
    data: st.DataObject,
) -> None:
    lots = lots_of(held, sign)
    if method is LotMethod.AVERAGE_COST:
        lots = averaged(lots)
    total = exact_sum(abs(one.quantity) for one in lots)
    quantity = data.draw(st.decimals("0.001", total, places=3))

    parts = select(lots, Sale(quantity, price, SOLD_AT), Selection(method))
    change = apply_fill(lots, fill(99, -sign * quantity, price), 99, parts)

    assert exact_sum(part.quantity for part in parts) == quantity
    assert len({part.lot_id for part in parts}) == len(parts)
    assert change.opened is None
    untouched = [one for one in lots if one.lot_id not in {part.lot_id for part in parts}]
    left = exact_sum(one.cost for one in (*change.remaining, *untouched))
    closed = exact_sum(closure.cost for closure in change.closures)
    assert EXACT.add(left, closed) == exact_sum(one.cost for one in lots)


@given(HELD, PRICES, st.data())
def test_hifo_never_realises_more_than_another_method(
    held: list[tuple[Decimal, Decimal, int]], price: Decimal, data: st.DataObject
) -> None:
    lots = lots_of(held)
    total = exact_sum(one.quantity for one in lots)
    quantity = data.draw(st.decimals("0.001", total, places=3))

    def realised(method: LotMethod) -> Decimal:
        parts = select(lots, Sale(quantity, price, SOLD_AT), Selection(method))
        return apply_fill(lots, fill(99, -quantity, price), 99, parts).realised

    # Each part's cost is rounded once, to 1E-12.
    assert realised(LotMethod.HIFO) <= min(map(realised, METHODS)) + Decimal("1E-11")


@given(HELD, PRICES, st.data())
def test_named_lots_of_any_sizes_close_exactly_the_quantity(
    held: list[tuple[Decimal, Decimal, int]], price: Decimal, data: st.DataObject
) -> None:
    lots = lots_of(held)
    total = exact_sum(one.quantity for one in lots)
    quantity = data.draw(st.decimals("0.001", total, places=3))
    names = st.sampled_from([one.lot_id for one in lots] + ["gone"])
    named = data.draw(st.lists(st.builds(LotPart, names, SIZES), min_size=1, max_size=5))

    parts = select(lots, Sale(quantity, price, SOLD_AT), Selection(LotMethod.SPECIFIC, (*named,)))

    open_lots = {one.lot_id: one.quantity for one in lots}
    assert exact_sum(part.quantity for part in parts) == quantity
    assert all(0 < part.quantity <= open_lots[part.lot_id] for part in parts)


@given(HELD)
def test_averaging_moves_cost_between_lots_and_makes_none(
    held: list[tuple[Decimal, Decimal, int]],
) -> None:
    lots = lots_of(held)
    made = averaged(lots)

    assert exact_sum(one.cost for one in made) == exact_sum(one.cost for one in lots)
    per_share = [one.cost / one.quantity for one in made]
    assert max(per_share) - min(per_share) < Decimal("1E-7")


@given(HELD, PRICES)
def test_the_order_of_the_least_tax_is_total(
    held: list[tuple[Decimal, Decimal, int]], price: Decimal
) -> None:
    of = Sale(Decimal(1), price, SOLD_AT)
    keys = [lowest_tax(one, of) for one in lots_of(held)]

    assert len(set(keys)) == len(keys)
