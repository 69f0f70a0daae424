"""An order's intent is complete, and its ids follow from it."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifrost.core.money import Price, Quantity
from bifrost.core.orders import (
    OrderStatus,
    OrderType,
    Side,
    client_order_id_of,
    order_id_of,
)
from tests.builders import buy, price

MARKET = buy("10")
P = price("100")
NEEDS = {
    OrderType.MARKET: (None, None),
    OrderType.LIMIT: (P, None),
    OrderType.STOP: (None, P),
    OrderType.STOP_LIMIT: (P, P),
}


def test_the_same_key_of_the_same_account_names_the_same_order_for_ever() -> None:
    # Recorded once: another derivation would send old orders a second time.
    assert order_id_of("a-1", "k-1") == "725ea2b8-5652-58a0-9774-0f1e1baee740"


@given(st.text(min_size=1), st.text(min_size=1))
def test_another_account_or_another_key_names_another_order(account: str, key: str) -> None:
    assert order_id_of(f"{account}x", key) != order_id_of(account, key)
    assert order_id_of(account, f"{key}x") != order_id_of(account, key)


def test_each_leg_and_piece_has_a_client_order_id_of_its_own() -> None:
    ids = {
        client_order_id_of("o-1", leg=leg, piece=piece) for leg in range(3) for piece in range(3)
    }

    assert len(ids) == 9
    assert client_order_id_of("o-1") == "o-1-0-0"


@pytest.mark.parametrize("kind", OrderType)
@pytest.mark.parametrize("prices", NEEDS.values())
def test_an_order_carries_exactly_the_prices_of_its_type(
    kind: OrderType, prices: tuple[Price | None, Price | None]
) -> None:
    limit, stop = prices

    if NEEDS[kind] == prices:
        assert replace(MARKET, type=kind, limit_price=limit, stop_price=stop).type is kind
    else:
        with pytest.raises(ValueError, match=f"a {kind} order with"):
            replace(MARKET, type=kind, limit_price=limit, stop_price=stop)


@pytest.mark.parametrize("quantity", ["0", "-1"])
def test_a_quantity_that_is_not_positive_is_refused(quantity: str) -> None:
    with pytest.raises(ValueError, match=f"quantity must be positive, was {quantity}"):
        replace(MARKET, quantity=Quantity(Decimal(quantity)))


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="timezone-aware"):
        replace(MARKET, occurred_at=datetime(2012, 1, 3, 21))  # noqa: DTZ001  # what is refused


def test_a_sale_takes_quantity_away() -> None:
    assert MARKET.signed_quantity == 10
    assert replace(MARKET, side=Side.SELL).signed_quantity == -10


def test_an_order_of_unknown_outcome_has_not_ended() -> None:
    ended = {status for status in OrderStatus if status.is_terminal}

    assert ended == {"filled", "cancelled", "expired", "rejected", "refused"}
    assert not OrderStatus.UNKNOWN.is_terminal
