"""P&L by lot over HTTP: of any range, of a strategy, a page at a time, of its owner alone."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.builders import bar, bar_closed, closes_at, fill, fill_recorded, session
from tests.functions.portfolio_desk import Desk, plugged_desk


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch, database_url: Callable[[str], str]) -> Iterator[Desk]:
    yield from plugged_desk(monkeypatch, database_url)


def close(desk: Desk, day: int, price: str) -> None:
    """End a session."""
    assert desk.function.deliver(bar_closed(bar(day, price), day)) == []


def trade(desk: Desk, number: int, size: str, price: str, day: int, strategy: str = "") -> str:
    """Fill an order at a session's close; return the lot that it opens, if it does."""
    one = fill(number, size, price, account_id=desk.account["account_id"], commission="1",
               occurred_at=closes_at(day))  # fmt: skip
    assert desk.function.deliver(fill_recorded(one, number, strategy)) == []
    return f"paper:{one.execution_id}"


def a_week(desk: Desk, strategy: str = "") -> list[str]:
    """Two lots, of which the first is sold in part on the third day."""
    close(desk, 1, "100")
    lots = [trade(desk, 1, "10", "100", 1, strategy), trade(desk, 2, "5", "101", 1, strategy)]
    close(desk, 2, "110")
    close(desk, 3, "121")
    trade(desk, 3, "-4", "121", 3, strategy)
    close(desk, 4, "120")
    return lots


def items(shown: Any) -> dict[str | None, dict[str, Any]]:
    return {one["group"]: one for one in shown.body["items"]}


def test_a_lot_has_what_it_gained_in_the_range(desk: Desk) -> None:
    first, second = a_week(desk)

    shown = desk.get(
        f"{desk.books}/pnl", by="lot", **{"from": str(session(3)), "to": str(session(3))}
    )

    assert shown.status == 200, shown.body
    lots = items(shown)
    assert list(lots) == [None, first, second]
    # Four of ten sold at 121, the others from 110 to 121; what they gained before is not of it.
    assert (lots[first]["price_realised"], lots[first]["price_unrealised"]) == ("84.00", "26.00")
    assert (lots[second]["net"], lots[second]["instrument"]) == ("55.00", "AAPL")
    assert (lots[None]["fee"], lots[None]["net"]) == ("-1.00", "-1.00")
    by_position = desk.get(
        f"{desk.books}/pnl", by="position", **{"from": str(session(3)), "to": str(session(3))}
    )
    assert shown.body["total"] == by_position.body["total"]
    assert (shown.body["opened_on"], shown.body["closed_on"]) == (str(session(2)), str(session(3)))


def test_pages_of_a_ranges_lots_are_all_of_them_once(desk: Desk) -> None:
    lots = a_week(desk)

    names: list[str | None] = []
    query = {"by": "lot", "to": str(session(4)), "limit": "1"}
    shown = desk.get(f"{desk.books}/pnl", **query)
    while shown.body["next_cursor"]:
        names += items(shown)
        shown = desk.get(f"{desk.books}/pnl", **query, cursor=shown.body["next_cursor"])

    assert [*names, *items(shown)] == [None, *lots]


def test_a_strategys_lots_are_its_own_and_one_that_others_sold_from_is_named(desk: Desk) -> None:
    body = {"name": "momentum", "kind": "strategy", "parent_id": desk.account["portfolio_id"]}
    strategy = desk.post("/v1/portfolios", body, "s").body["portfolio_id"]
    first, second = a_week(desk, strategy)
    before = desk.get(f"/v1/portfolios/{strategy}/pnl", by="lot")
    trade(desk, 4, "-1", "120", 4)

    shown = desk.get(f"/v1/portfolios/{strategy}/pnl", by="lot")

    assert items(before)[first]["net"] == "204.00"
    lots = items(shown)
    assert (lots[first]["net"], lots[first]["unattributed"]) == (None, ["AAPL"])
    assert lots[second] == items(before)[second]
    by_position = desk.get(f"/v1/portfolios/{strategy}/pnl", by="position")
    assert shown.body["total"] == by_position.body["total"]
    assert lots[None]["net"] == f"{float(shown.body['total']['net']) - 95:.2f}"


def test_anothers_lots_are_not_found(desk: Desk) -> None:
    a_week(desk)

    shown = desk.get(f"{desk.books}/pnl", owner="owner-2", by="lot", to=str(session(4)))

    assert shown.status == 404


@pytest.mark.parametrize("query", [{}, {"to": str(session(4))}])
def test_a_currency_without_a_rate_is_no_lots_and_named(desk: Desk, query: dict[str, str]) -> None:
    (first, _) = a_week(desk)
    assert desk.post(f"{desk.cash}/deposits", {"amount": "5000"}, "d").status == 201
    exchange = {"kind": "fx", "amount": "110", "counter_amount": "100", "counter_currency": "EUR"}
    assert desk.post(f"{desk.cash}/cash-flows", exchange, "fx").status == 201

    lots = items(desk.get(f"{desk.books}/pnl", by="lot", **query))

    assert (lots[None]["fx_realised"], lots[None]["net"]) == (None, None)
    assert lots[None]["unpriced"] == ["EUR"]
    assert lots[first]["net"] == "204.00"
