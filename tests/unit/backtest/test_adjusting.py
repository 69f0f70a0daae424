"""An open order is played from the terms it came with, and its owner is told by which action."""

from dataclasses import replace
from decimal import Decimal

from bifrost.backtest.adjusting import PlacedOrder, cause_of, sentence_of, stands
from bifrost.backtest.entitlements import Traded
from bifrost.core.corporate_actions import Rename
from bifrost.core.orders import OrderType, Side
from bifrost.execution.corporate_actions import CancelledByAction, OpenOrder
from tests.action_builders import EX_DATE, action, split
from tests.builders import instrument, price, quantity, session

D = Decimal
LISTED = {"AAPL": instrument()}
SPLIT = action(split("2", "1"))
TERMS = OpenOrder("o-1", "AAPL", Side.BUY, OrderType.LIMIT, quantity(100), price("90"))
ORDER = PlacedOrder(TERMS, session(2), TERMS)


def bought(day: int, size: str) -> Traded:
    """A part of the order trades."""
    return Traded(session(day), "AAPL", D(size))


def test_only_actions_after_the_session_of_its_terms_change_an_order() -> None:
    placed_on_the_ex_date = replace(ORDER, since=EX_DATE)

    assert stands(placed_on_the_ex_date, [], [SPLIT], LISTED) == TERMS
    assert stands(ORDER, [], [SPLIT], LISTED) == replace(
        TERMS, quantity=quantity(200), limit_price=price("45")
    )


def test_what_traded_before_counts_in_old_shares_and_what_traded_on_the_day_in_new_ones() -> None:
    trades = [bought(3, "60"), bought(2, "40")]

    left = stands(ORDER, trades, [SPLIT], LISTED)
    assert isinstance(left, OpenOrder)
    assert left.quantity == 60


def test_without_actions_an_order_is_what_is_left_of_it_and_needs_no_listing() -> None:
    assert stands(ORDER, [bought(3, "40")], [], {}) == replace(TERMS, quantity=quantity(60))


def test_an_order_that_nobody_can_round_is_cancelled() -> None:
    ended = stands(ORDER, [], [SPLIT], {})

    assert isinstance(ended, CancelledByAction)
    assert ended.text == "AAPL is not listed here: place it anew"


def test_an_order_that_traded_all_it_was_meant_for_ends() -> None:
    ended = stands(ORDER, [bought(3, "100")], [], LISTED)

    assert isinstance(ended, CancelledByAction)
    assert "traded in full before the correction" in ended.text


def test_the_cause_is_the_last_action_on_one_of_the_orders_instruments() -> None:
    rename = action(Rename("NEW"), "a-2")
    later = action(split("3", "1"), "a-3", instrument="NEW", ex_date=session(4))
    others = action(split("3", "1"), "a-4", instrument="IBM", ex_date=session(5))
    now = replace(TERMS, instrument="NEW", quantity=quantity(300), limit_price=price("30"))

    assert cause_of(ORDER, now, [others, later, rename]) == later
    assert cause_of(ORDER, TERMS, [others]) == others


def test_the_sentence_says_whether_the_vendor_changed_its_word() -> None:
    what = f"split of AAPL, ex-date {EX_DATE} (a-1)"

    assert sentence_of(SPLIT) == what
    assert sentence_of(replace(SPLIT, revision=2)) == f"corrected by vendor: {what}"
    withdrawn = replace(SPLIT, revision=2, withdrawn=True)
    assert sentence_of(withdrawn) == f"withdrawn by vendor: {what}"
