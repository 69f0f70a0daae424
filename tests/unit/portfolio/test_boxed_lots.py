"""Long and short lots of one instrument, and named lots: each keeps its meaning through actions."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from bifrost.core.corporate_actions import DividendKind, Merger
from bifrost.core.money import exact_sum
from bifrost.events import ChosenPart, Event, LotSelectionChanged
from bifrost.portfolio.corporate_actions.effects import apply_action, refusal
from bifrost.portfolio.lots import apply_fill, closing_quantity
from bifrost.portfolio.rebuild import rebuild
from tests.action_builders import action, announced, dividend, lot, split
from tests.builders import (
    cash_changed,
    cash_deposited,
    closes_at,
    fill,
    fill_recorded,
    session,
    stamp,
)

BOXED = (lot(1, "10", "1000"), lot(2, "-4", "-480"), lot(3, "-2", "-260"))


@pytest.mark.parametrize(
    ("size", "closed", "opened"), [("-3", ["lot-1"], None), ("5", ["lot-2", "lot-3"], None)]
)
def test_a_fill_closes_the_lots_of_the_other_sign_only(
    size: str, closed: list[str], opened: None
) -> None:
    change = apply_fill(BOXED, fill(9, size, "130"), 9)

    assert [one.lot_id for one in change.closures] == closed
    assert change.opened is opened


def test_what_exceeds_the_other_side_opens_a_lot_beside_it() -> None:
    change = apply_fill(BOXED, fill(9, "8", "130"), 9)

    assert closing_quantity(BOXED, fill(9, "8", "130")) == 6
    assert change.opened is not None
    assert change.opened.quantity == 2
    assert change.realised == (480 - 4 * 130) + (260 - 2 * 130)


def test_a_dividend_is_earned_on_the_long_and_owed_on_the_short() -> None:
    change = apply_action(action(dividend("1")), BOXED)

    assert {entry.ledger_account: entry.amount for entry in change.entries} == {
        "assets:cash": Decimal(4),
        "income:dividends:qualified": Decimal(-10),
        "expenses:dividends_on_shorts": Decimal(6),
    }


def test_capital_comes_back_to_the_long_alone() -> None:
    change = apply_action(action(dividend("1", DividendKind.RETURN_OF_CAPITAL)), BOXED)

    assert [one.cost for one in change.after] == [Decimal(990), Decimal(-480), Decimal(-260)]
    assert sum(entry.amount for entry in change.entries) == 0


def test_a_fraction_is_paid_from_the_side_that_the_total_is_of() -> None:
    change = apply_action(action(split("3", "8", "400")), BOXED)

    # Four net become one and a half.
    assert exact_sum(one.quantity for one in change.after) == 1
    assert [one.lot_id for one in change.realisations] == ["lot-1"]


def test_a_merger_for_cash_and_shares_realises_on_the_long_alone() -> None:
    terms = Merger(Decimal(30), "BIG", Decimal("0.5"), Decimal(200))

    change = apply_action(action(terms), BOXED)

    assert [one.lot_id for one, _ in change.closed] == ["lot-1"]
    assert sum(entry.amount for entry in change.entries) == 0


def test_an_action_in_another_currency_says_what_to_do() -> None:
    wrong = action(split("2", "1"), currency="EUR")

    reason = refusal(wrong, BOXED)

    assert "is in EUR, the lots are in USD: import a revision" in reason
    with pytest.raises(ValueError, match="import a revision"):
        apply_action(wrong, BOXED)
    assert rebuild([*BOUGHT, announced(wrong)]).refused == {"a-1": reason}


BOUGHT: list[Event] = [
    cash_deposited("100000"),
    *(
        fill_recorded(fill(n, "10", at, occurred_at=closes_at(1)), n)
        for n, at in ((1, "400"), (2, "480"))
    ),
]


def named(quantity: str, day: int, after_fill: int) -> LotSelectionChanged:
    """The second lot is named for an order."""
    return LotSelectionChanged(
        **stamp(f"chosen-{day}", closes_at(day)),
        account_id="account-1",
        order_id="chosen",
        method="specific",
        parts=(ChosenPart("paper:x-account-1-2", Decimal(quantity)),),
        after_fill=after_fill,
    )


def sold(number: int, size: str, day: int) -> Event:
    """A fill of the order whose lots were named."""
    one = fill(number, size, "125", order_id="chosen", occurred_at=closes_at(day))
    return fill_recorded(one, number)


def test_what_is_left_of_a_named_lot_grows_with_its_split() -> None:
    acted = announced(action(split("4", "1"), ex_date=session(3)))

    books = rebuild([*BOUGHT, acted, named("5", 1, 2), sold(3, "-2", 2), sold(4, "-12", 3)])

    assert {name: one.quantity for name, one in books.lots.items()} == {
        "paper:x-account-1-1": 40,
        "paper:x-account-1-2": 20,
    }


def test_a_lot_named_after_the_split_is_named_in_the_new_shares() -> None:
    acted = announced(action(split("4", "1"), ex_date=session(3)))

    books = rebuild([*BOUGHT, acted, named("5", 3, 2), sold(3, "-5", 3)])

    assert books.lots["paper:x-account-1-2"].quantity == 35


def test_a_flow_waits_for_a_fill_of_an_earlier_session_that_came_late() -> None:
    paid = replace(
        cash_changed("6", 1, kind="return_of_capital", instrument="AAPL", after_fill=1),
        occurred_at=closes_at(4),
        recorded_at=closes_at(4) + timedelta(minutes=1),
    )
    first, late = (
        fill_recorded(fill(n, size, "100", occurred_at=closes_at(n)), n)
        for n, size in ((1, "10"), (2, "20"))
    )

    books = rebuild([cash_deposited("100000"), first, late, paid])

    assert sorted(one.cost for one in books.lots.values()) == [998, 1996]
