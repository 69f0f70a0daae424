"""`bifrost demo` as a newcomer runs it: a process, its last line, and books that add up.

Its run is one for all tests here; each looks at another promise of the same report.
"""

from decimal import Decimal
from typing import Any

import pytest

from bifrost.local.aws import client
from tests.live_desk import LiveDesk

Json = dict[str, Any]

REPORT = {
    "orders": list,
    "filled": int,
    "refused": int,
    "positions": list,
    "cash": str,
    "equity": str,
    "realised_pnl": str,
    "ledger_imbalance": str,
    "reconciliation_breaks": int,
    "workflow_executions": int,
    "api_url": str,
    "seconds": float,
}
ORDER = {
    "client_order_id": str,
    "instrument": str,
    "side": str,
    "type": str,
    "quantity": str,
    "status": str,
    "filled_quantity": str,
    "average_price": (str, type(None)),
    "reasons": list,
}
POSITION = dict.fromkeys(
    ("instrument", "quantity", "average_cost", "market_price", "unrealised_pnl"), str
)


@pytest.fixture(scope="module")
def report(live_desk: LiveDesk) -> Json:
    """The object on the last line of stdout."""
    live_desk.choose_port()
    found: Json = live_desk.command_json("demo")
    return found


@pytest.fixture
def orders(report: Json) -> list[Json]:
    found: list[Json] = report["orders"]
    return found


def filled(orders: list[Json]) -> list[Json]:
    return [order for order in orders if order["status"] == "filled"]


def assert_shaped(found: Json, shape: Json) -> None:
    """Exactly these keys, each of its type."""
    assert found.keys() == shape.keys()
    wrong = {key: found[key] for key, kind in shape.items() if not isinstance(found[key], kind)}
    assert not wrong, f"of another type than promised: {wrong}"


def test_the_last_line_is_one_object_with_every_promised_key_and_type(report: Json) -> None:
    assert_shaped(report, REPORT)
    for order in report["orders"]:
        assert_shaped(order, ORDER)
    for position in report["positions"]:
        assert_shaped(position, POSITION)


def test_four_orders_of_three_kinds_fill_in_three_instruments(
    report: Json, orders: list[Json]
) -> None:
    assert report["filled"] == len(filled(orders)) >= 4, orders
    assert len({order["instrument"] for order in filled(orders)}) >= 3, orders
    assert {order["type"] for order in filled(orders)} >= {"market", "limit", "stop"}, orders


def test_an_order_fills_in_part_and_another_is_cancelled(orders: list[Json]) -> None:
    parts = [o for o in orders if 0 < Decimal(o["filled_quantity"]) < Decimal(o["quantity"])]

    assert parts, orders
    assert "cancelled" in {order["status"] for order in orders}, orders


def test_risk_and_compliance_each_refuse_an_order_by_rules_of_their_own(
    report: Json, orders: list[Json]
) -> None:
    refused = [order for order in orders if order["status"] == "refused"]
    rules = [{reason["rule"] for reason in order["reasons"]} for order in refused]

    assert report["refused"] == len(refused) == 2, orders
    assert {"restricted_list"} in rules, rules
    assert any("buying_power" in broken for broken in rules), rules
    assert not rules[0] & rules[1], rules


def test_equity_is_cash_plus_positions_at_the_market_to_the_cent(report: Json) -> None:
    held = sum(Decimal(p["quantity"]) * Decimal(p["market_price"]) for p in report["positions"])

    assert Decimal(report["equity"]) == Decimal(report["cash"]) + held, report


def test_positions_are_what_the_orders_bought_less_what_they_sold(
    report: Json, orders: list[Json]
) -> None:
    bought: dict[str, Decimal] = {}
    for order in orders:
        signed = Decimal(order["filled_quantity"]) * (1 if order["side"] == "buy" else -1)
        bought[order["instrument"]] = bought.get(order["instrument"], Decimal(0)) + signed

    held = {p["instrument"]: Decimal(p["quantity"]) for p in report["positions"]}
    assert held == {name: quantity for name, quantity in bought.items() if quantity}


def test_the_books_balance_and_agree_with_the_venue(report: Json) -> None:
    assert report["ledger_imbalance"] == "0"
    assert report["reconciliation_breaks"] == 0


def test_each_order_had_a_workflow_of_its_own_name(
    live_desk: LiveDesk, report: Json, orders: list[Json]
) -> None:
    state = live_desk.state
    states = client("stepfunctions", state.endpoint_url)
    arn = state.outputs["OrderFlowArn"].replace(":stateMachine:", ":execution:")
    named = {order["client_order_id"].removesuffix("-0-0") for order in orders}
    ended = {
        name: states.describe_execution(executionArn=f"{arn}:{name}")["status"] for name in named
    }
    states.close()

    assert set(ended.values()) == {"SUCCEEDED"}, ended
    assert report["workflow_executions"] == len(named) == len(orders)
