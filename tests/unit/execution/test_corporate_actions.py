"""Open orders meet corporate actions as FINRA 5330 says, and end with a reason where they end."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifrost.core.corporate_actions import (
    Delisting,
    Merger,
    Rename,
    SpinOff,
    StockDividend,
    Terms,
)
from bifrost.core.orders import OrderType, Side
from bifrost.execution.corporate_actions import (
    CancelledByAction,
    OpenOrder,
    PartFilled,
    adjust,
    after,
)
from tests.action_builders import action, dividend, split
from tests.builders import instrument, price, quantity

LISTED = instrument()


def order(
    side: Side = Side.BUY,
    size: str = "100",
    *,
    limit: str | None = None,
    stop: str | None = None,
    **changes: Any,
) -> OpenOrder:
    """An open order of AAPL."""
    kinds = {
        (False, False): OrderType.MARKET,
        (True, False): OrderType.LIMIT,
        (False, True): OrderType.STOP,
        (True, True): OrderType.STOP_LIMIT,
    }
    fields: dict[str, Any] = {
        "order_id": "o-1",
        "instrument": "AAPL",
        "side": side,
        "type": kinds[(limit is not None, stop is not None)],
        "quantity": quantity(size),
        "limit_price": None if limit is None else price(limit),
        "stop_price": None if stop is None else price(stop),
    }
    return OpenOrder(**fields | changes)


def changed(one: OpenOrder, terms: Terms) -> OpenOrder:
    """The order after the action, still open."""
    adjusted = adjust(one, action(terms), LISTED)
    assert isinstance(adjusted, OpenOrder)
    return adjusted


def ended(one: OpenOrder, terms: Terms) -> CancelledByAction:
    """How the order ends."""
    end = adjust(one, action(terms), LISTED)
    assert isinstance(end, CancelledByAction)
    return end


@pytest.mark.parametrize("side", list(Side))
def test_a_split_multiplies_the_size_and_divides_the_price(side: Side) -> None:
    after_it = changed(order(side, "10", limit="499.20"), split("4", "1"))

    assert (after_it.quantity, after_it.limit_price) == (40, Decimal("124.80"))


def test_prices_round_in_the_owners_favour() -> None:
    buy = changed(order(limit="100"), split("3", "1"))
    sale = changed(order(Side.SELL, limit="100"), split("3", "1"))
    protective = changed(order(Side.SELL, stop="100"), split("3", "1"))

    assert buy.limit_price == Decimal("33.33")
    assert sale.limit_price == Decimal("33.34")
    assert protective.stop_price == Decimal("33.33")


def test_sizes_round_down_to_a_lot() -> None:
    assert changed(order(size="5", limit="30"), split("3", "2")).quantity == 7
    assert changed(order(size="19", limit="30"), StockDividend(Decimal("0.05"))).quantity == 19


def test_a_size_that_its_owner_pinned_does_not_grow() -> None:
    pinned = order(limit="100", do_not_increase=True)

    after_it = changed(pinned, split("4", "1"))

    assert (after_it.quantity, after_it.limit_price) == (100, 25)


def test_a_reverse_split_cancels() -> None:
    end = ended(order(Side.SELL, limit="30"), split("1", "8"))

    assert end.rule == "corporate_action_split"
    assert "5330(c)" in end.text


@pytest.mark.parametrize(
    ("one", "prices"),
    [
        (order(limit="100"), ("99.17", None)),
        (order(Side.SELL, stop="90"), (None, "89.17")),
        (order(Side.SELL, limit="89", stop="90"), ("88.17", "89.17")),
        (order(Side.SELL, limit="120"), ("120", None)),
        (order(stop="120"), (None, "120")),
        (order(limit="121", stop="120"), ("121", "120")),
        (order(), (None, None)),
        (order(limit="100", do_not_reduce=True), ("100", None)),
    ],
)
def test_a_dividend_lowers_limits_to_buy_and_stops_to_sell(
    one: OpenOrder, prices: tuple[str | None, str | None]
) -> None:
    # 100 - 0.825 is 99.175: the next lower tick.
    after_it = changed(one, dividend("0.825"))

    expected = tuple(None if text is None else Decimal(text) for text in prices)
    assert (after_it.limit_price, after_it.stop_price) == expected
    assert after_it.quantity == one.quantity


def test_a_dividend_below_a_cent_lowers_nothing() -> None:
    one = order(limit="100")

    assert changed(one, dividend("0.0099")) == one
    assert changed(one, dividend("0.01")).limit_price == Decimal("99.99")


def test_an_order_of_which_no_price_is_left_ends() -> None:
    assert "nothing is left" in ended(order(limit="5"), dividend("5")).text
    assert "nothing is left" in ended(order(limit="0.01"), split("4", "1")).text


def test_a_spin_off_takes_what_it_is_worth() -> None:
    worth = SpinOff("NEW", Decimal("0.25"), Decimal("0.2"), share_value=Decimal(40))

    assert changed(order(limit="100"), worth).limit_price == 90
    assert changed(order(Side.SELL, limit="100"), worth).limit_price == 100


def test_a_spin_off_of_unknown_worth_asks_the_owner_anew() -> None:
    unknown = SpinOff("NEW", Decimal("0.25"), Decimal("0.2"))

    assert "5330(b)" in ended(order(limit="100"), unknown).text
    assert changed(order(Side.SELL, limit="100"), unknown).limit_price == 100


def test_a_rename_changes_the_instrument_alone() -> None:
    after_it = changed(order(limit="100"), Rename("META"))

    assert (after_it.instrument, after_it.limit_price, after_it.quantity) == ("META", 100, 100)


@pytest.mark.parametrize(
    ("terms", "text"),
    [
        (Merger(cash_per_share=Decimal(54)), "AAPL ends by a merger"),
        (
            Merger(new_instrument="BIG", shares_per_share=Decimal(1)),
            "AAPL ends by a merger and becomes BIG",
        ),
        (Delisting(), "AAPL ends by a delisting"),
    ],
)
def test_an_instrument_that_ends_cancels_with_its_reason(terms: Terms, text: str) -> None:
    assert ended(order(limit="100"), terms).text == text


def test_other_instruments_and_withdrawn_actions_change_nothing() -> None:
    ibm = order(limit="100", instrument="IBM")

    assert adjust(ibm, action(split("2", "1")), LISTED) == ibm
    assert adjust(order(), action(split("2", "1"), withdrawn=True), LISTED) == order()


def test_fills_before_and_after_a_split_are_in_the_shares_of_their_day() -> None:
    steps = (PartFilled(quantity(4)), action(split("4", "1")), PartFilled(quantity(20)))

    left = after(order(size="10", limit="400"), steps, LISTED)

    assert isinstance(left, OpenOrder)
    assert (left.quantity, left.limit_price) == (4, 100)


def test_an_order_filled_whole_is_no_longer_open() -> None:
    assert after(order(size="10"), [PartFilled(quantity(10))], LISTED) is None


def test_nothing_follows_a_cancellation() -> None:
    end = after(order(), [action(Delisting()), action(split("2", "1"))], LISTED)

    assert isinstance(end, CancelledByAction)


@given(st.integers(1, 50), st.integers(1, 50), st.decimals("1", 5000, places=2))
def test_an_adjusted_buy_never_commits_more_cash_than_before(
    new: int, old: int, limit: Decimal
) -> None:
    if new <= old:
        new, old = old + 1, new
    one = order(size="100", limit=str(limit))

    adjusted = adjust(one, action(split(str(new), str(old))), LISTED)

    if isinstance(adjusted, OpenOrder):
        assert adjusted.limit_price is not None
        assert adjusted.quantity * adjusted.limit_price <= 100 * limit
