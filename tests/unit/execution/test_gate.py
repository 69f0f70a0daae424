"""Promises what never leaves: the last gate's reasons at each boundary and one step past it."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from bifrost.core.money import Price, Quantity
from bifrost.core.orders import OrderIntent, OrderStatus, OrderType, Side
from bifrost.execution.gate import PRICE_MAX, QUANTITY_MAX, GateFacts, check
from bifrost.execution.switches import GateLimits, GateState, SwitchMode, strictest
from tests.builders import buy, instrument

AAPL = instrument()


def an_order(**changes: Any) -> OrderIntent:
    return replace(buy("100", limit="100"), **changes)


def a_gate(**changes: Any) -> GateState:
    return replace(GateState(SwitchMode.TRADE, GateLimits(Decimal(10) ** 7, 600)), **changes)


# For what is told of prices and sizes alone, whose own bounds lie beyond any sane notional.
UNBOUNDED = a_gate(limits=GateLimits(Decimal(10) ** 20, 600))


def facts(order: OrderIntent | None = None, **changes: Any) -> GateFacts:
    ordinary = GateFacts(order or an_order(), OrderStatus.RECEIVED, AAPL, a_gate())
    return replace(ordinary, **changes)


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
    assert rules(facts(an_order(quantity=Quantity(quantity)), gate=UNBOUNDED)) == broken


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
    order = an_order(limit_price=Price(price))

    assert rules(facts(order, last_price=last, gate=UNBOUNDED)) == broken


@pytest.mark.parametrize(
    ("changes", "last", "broken"),
    [
        ({"limit_price": Price(Decimal(100000))}, None, []),
        ({"limit_price": Price(Decimal("100000.01"))}, None, ["gate_notional"]),
        ({"limit_price": None, "type": OrderType.MARKET}, Decimal(100000), []),
        ({"limit_price": None, "type": OrderType.MARKET}, Decimal("100000.01"), ["gate_notional"]),
        ({"limit_price": None, "type": OrderType.MARKET}, None, []),
    ],
)
def test_a_notional_over_the_gates_limit_does_not_pass(
    changes: dict[str, Any], last: Decimal | None, broken: list[str]
) -> None:
    assert rules(facts(an_order(**changes), last_price=last)) == broken


@pytest.mark.parametrize(("sent_lately", "broken"), [(599, []), (600, ["gate_rate"])])
def test_an_order_past_the_accounts_pace_does_not_pass(sent_lately: int, broken: list[str]) -> None:
    assert rules(facts(gate=a_gate(sent_lately=sent_lately))) == broken


def test_without_limits_in_force_nothing_passes() -> None:
    assert rules(facts(gate=a_gate(limits=None))) == ["gate_limits_absent"]


@pytest.mark.parametrize(
    ("mode", "position", "closing", "passes"),
    [
        (SwitchMode.TRADE, 0, 0, True),
        (SwitchMode.STOP_NEW, 100, 0, True),
        (SwitchMode.STOP_NEW, 99, 0, False),
        (SwitchMode.STOP_NEW, 150, 50, True),
        (SwitchMode.STOP_NEW, 150, 51, False),
        (SwitchMode.HALT, 100, 0, False),
    ],
)
def test_the_kill_switch_lets_a_sale_through_only_as_far_as_it_may(
    mode: SwitchMode, position: int, closing: int, *, passes: bool
) -> None:
    sale = facts(
        an_order(side=Side.SELL),
        gate=a_gate(mode=mode),
        position=Decimal(position),
        closing=Decimal(closing),
    )

    reasons = [(reason.rule, reason.subject) for reason in check(sale).reasons]
    assert reasons == ([] if passes else [("kill_switch", mode.value)])


@pytest.mark.parametrize(
    ("desk", "account", "holds"),
    [
        (None, None, SwitchMode.HALT),
        (None, SwitchMode.TRADE, SwitchMode.HALT),
        (SwitchMode.TRADE, None, SwitchMode.TRADE),
        (SwitchMode.TRADE, SwitchMode.HALT, SwitchMode.HALT),
        (SwitchMode.STOP_NEW, SwitchMode.TRADE, SwitchMode.STOP_NEW),
        (SwitchMode.HALT, SwitchMode.STOP_NEW, SwitchMode.HALT),
    ],
)
def test_the_stricter_switch_holds_and_no_switch_of_the_desk_is_a_halt(
    desk: SwitchMode | None, account: SwitchMode | None, holds: SwitchMode
) -> None:
    assert strictest(desk, account) is holds


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
