"""Lots by HTTP: how sales choose them, by the account, an instrument or an order.

What cannot be chosen is refused with the field that is wrong.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.builders import fill, fill_recorded, instrument_listed
from tests.functions.portfolio_desk import Desk, plugged_desk


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch, database_url: Callable[[str], str]) -> Iterator[Desk]:
    for made in plugged_desk(monkeypatch, database_url):
        made.post(f"{made.cash}/deposits", {"amount": "10000"}, "d-1")
        yield made


def choose(desk: Desk, body: Any, order: str = "") -> Any:
    path = f"{desk.cash}/lot-selection" + (f"/{order}" if order else "")
    return desk.function.http("PUT", path, body)


def closures(desk: Desk) -> list[tuple[str, str]]:
    """What is left of each lot."""
    items = desk.get(f"{desk.cash}/lots").body["items"]
    return [(lot["lot_id"].rsplit("-", 1)[1], lot["quantity"]) for lot in items]


def test_a_standing_method_chooses_what_later_sales_close(desk: Desk) -> None:
    assert choose(desk, {"method": "hifo"}).status == 200
    desk.trade(("10", "100"), ("10", "120"), ("10", "110"), ("-15", "130"))

    assert closures(desk) == [("1", "10"), ("3", "5")]
    assert desk.get(f"{desk.cash}/lots").body["method"] == "hifo"


def test_lots_named_for_an_order_are_closed_over_its_fills_and_the_rest_by_the_method(
    desk: Desk,
) -> None:
    account_id = desk.account["account_id"]
    desk.trade(("10", "100"), ("10", "120"), ("10", "110"))
    named = [
        {"lot_id": f"paper:x-{account_id}-3", "quantity": "4"},
        {"lot_id": f"paper:x-{account_id}-2", "quantity": "5"},
    ]
    assert choose(desk, {"method": "specific", "lots": named}, "o-sale").status == 200

    for number, size in ((4, "-6"), (5, "-6")):
        part = fill(number, size, "130", account_id=account_id, order_id="o-sale")
        assert desk.function.deliver(fill_recorded(part, number)) == []

    assert closures(desk) == [("1", "7"), ("2", "5"), ("3", "6")]
    late = choose(desk, {"method": "lifo"}, "o-sale")
    assert late.status == 409


def test_a_fund_has_the_average_basis_and_shows_that_it_has(desk: Desk) -> None:
    desk.function.deliver(instrument_listed())
    fund = {"method": "average_cost", "instrument": "AAPL", "security": "fund"}
    chosen = choose(desk, fund)
    assert chosen.status == 200, chosen.body
    assert (chosen.body["instrument"], chosen.body["method"]) == ("AAPL", "average_cost")
    desk.trade(("10", "100"), ("10", "120"), ("-5", "130"))

    shown = desk.get(f"{desk.cash}/lots").body

    assert (shown["method"], shown["methods"]) == ("fifo", {"AAPL": "average_cost"})
    assert [(one["quantity"], one["cost"]) for one in shown["items"]] == [
        ("5", "550.00"),
        ("10", "1100.00"),
    ]


@pytest.mark.parametrize(
    ("body", "order", "field"),
    [
        ({"method": "average_cost"}, "", "method"),
        ({"method": "average_cost", "instrument": "AAPL"}, "", "method"),
        ({"method": "lifo", "instrument": "NOPE"}, "", "instrument"),
        ({"method": "specific", "instrument": "AAPL"}, "", "lots"),
        ({"method": "account"}, "", "method"),
        ({"method": "specific"}, "o-9", "lots"),
        ({"method": "lifo", "lots": [{"lot_id": "x", "quantity": "1"}]}, "o-9", "lots"),
        (
            {"method": "specific", "lots": [{"lot_id": "x", "quantity": "1"}]},
            "o-9",
            "lots.0.lot_id",
        ),
        (
            {"method": "specific", "lots": [{"lot_id": "LOT", "quantity": "11"}]},
            "o-9",
            "lots.0.quantity",
        ),
    ],
)
def test_a_choice_that_cannot_be_names_its_field(
    desk: Desk, body: dict[str, Any], order: str, field: str
) -> None:
    desk.function.deliver(instrument_listed())
    desk.trade(("10", "100"))
    lot_id = f"paper:x-{desk.account['account_id']}-1"
    written = json.loads(json.dumps(body).replace("LOT", lot_id))

    refused = choose(desk, written, order)

    assert refused.status == 422, refused.body
    assert field in {one["field"] for one in refused.body["errors"]}
