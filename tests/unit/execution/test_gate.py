"""Promises what never leaves: the last gate's reasons at each boundary and one step past it."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from bifrost.core.instruments import Instrument
from bifrost.core.money import Price, Quantity
from bifrost.core.orders import OrderIntent, OrderStatus, OrderType, Side, TimeInForce
from bifrost.execution.gate import PRICE_MAX, QUANTITY_MAX, GateFacts, check

AAPL = Instrument("AAPL", "XNYS", "USD", Decimal("0.01"), Decimal(1), "Apple Inc.")


def an_order(**changes: Any) -> OrderIntent:
    order = OrderIntent(
        order_id="o-1",
        client_order_id="o-1-0-0",
        account_id="acc-1",
        owner="owner-1",
        instrument="AAPL",
        side=Side.BUY,
        type=OrderType.LIMIT,
        quantity=Quantity(Decimal(100)),
        time_in_force=TimeInForce.DAY,
        currency="USD",
        occurred_at=datetime(2012, 1, 3, 21, tzinfo=UTC),
        limit_price=Price(Decimal(100)),
    )
    return replace(order, **changes)


def facts(order: OrderIntent | None = None, **changes: Any) -> GateFacts:
    return replace(GateFacts(order or an_order(), OrderStatus.RECEIVED, AAPL), **changes)


def rules(of: GateFacts) -> list[str]:
    return [reason.rule for reason in check(of).reasons]


def test_an_ordinary_order_passes() -> None:
    assert check(facts()).accepted


@pytest.mark.parametrize(
    "status", [s for s in OrderStatus if s not in (OrderStatus.RECEIVED, OrderStatus.CHECKED)]
)
def test_an_order_that_has_gone_on_does_not_pass_again(status: OrderStatus) -> None:
    assert rules(facts(status=status)) == ["order_not_open"]


def test_an_instrument_nobody_listed_does_not_pass() -> None:
    assert rules(facts(instrument=None)) == ["instrument_not_listed"]


@pytest.mark.parametrize(
    ("quantity", "broken"),
    [
        (QUANTITY_MAX, []),
        (QUANTITY_MAX + 1, ["quantity_sanity"]),
        (Decimal("0.5"), ["lot_size"]),
    ],
)
def test_quantity_stays_within_bounds_and_lots(quantity: Decimal, broken: list[str]) -> None:
    assert rules(facts(an_order(quantity=Quantity(quantity)))) == broken


@pytest.mark.parametrize(
    ("price", "last", "broken"),
    [
        (PRICE_MAX, None, []),
        (PRICE_MAX + 1, None, ["price_sanity"]),
        (Decimal(1000), Decimal(100), []),
        (Decimal("1000.01"), Decimal(100), ["price_sanity"]),
        (Decimal(10), Decimal(100), []),
        (Decimal("9.99"), Decimal(100), ["price_sanity"]),
        (Decimal("100.001"), None, ["tick_size"]),
    ],
)
def test_a_price_stays_within_sight_of_the_market(
    price: Decimal, last: Decimal | None, broken: list[str]
) -> None:
    assert rules(facts(an_order(limit_price=Price(price)), last_price=last)) == broken


def test_more_than_was_asked_for_is_never_sent() -> None:
    (reason,) = check(facts(committed=Decimal(1))).reasons

    assert reason.rule == "sent_twice"
    assert (reason.limit, reason.value, reason.headroom) == (100, 101, 99)


@pytest.mark.parametrize(
    ("side", "position", "closing", "passes"),
    [
        (Side.BUY, 0, 0, False),
        (Side.BUY, 100, 0, False),
        (Side.SELL, 100, 0, True),
        (Side.SELL, 99, 0, False),
        (Side.SELL, 150, 50, True),
        (Side.SELL, 150, 51, False),
        (Side.BUY, -100, 0, True),
        (Side.BUY, -100, 1, False),
    ],
)
def test_beside_an_unknown_order_only_reducing_passes(
    side: Side, position: int, closing: int, *, passes: bool
) -> None:
    beside = facts(
        an_order(side=side),
        unresolved=True,
        position=Decimal(position),
        closing=Decimal(closing),
    )

    assert check(beside).accepted is passes
    assert check(replace(beside, unresolved=False)).accepted


def test_every_broken_rule_comes_back() -> None:
    bad = an_order(quantity=Quantity(Decimal("0.5")), limit_price=Price(Decimal("5.001")))

    broken = rules(facts(bad, last_price=Decimal(100), unresolved=True))

    assert broken == ["lot_size", "price_sanity", "tick_size", "instrument_unresolved"]
