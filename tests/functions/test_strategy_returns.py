"""Returns of a strategy over HTTP: those of its positions, which tie with its P&L, and what is
unknown by its name.
"""

from collections.abc import Callable, Iterator

import pytest

from tests.builders import session
from tests.functions.portfolio_desk import Desk, plugged_desk
from tests.functions.traded_week import a_week, close, flow, trade


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch, database_url: Callable[[str], str]) -> Iterator[Desk]:
    yield from plugged_desk(monkeypatch, database_url)


def a_strategy(desk: Desk) -> str:
    """A strategy of the account, which bought 5 AAPL at 121 after day 3; 125 on day 4."""
    body = {"name": "momentum", "kind": "strategy", "parent_id": desk.account["portfolio_id"]}
    strategy: str = desk.post("/v1/portfolios", body, "s").body["portfolio_id"]
    a_week(desk)
    trade(desk, 2, "5", "121", 3, strategy=strategy)
    close(desk, 4, "125")
    return strategy


def test_a_strategys_returns_are_those_of_its_positions(desk: Desk) -> None:
    strategy = a_strategy(desk)
    for day, price in ((2, "10"), (3, "10"), (4, "11")):
        close(desk, day, price, "SPY")

    shown = desk.get(f"/v1/portfolios/{strategy}/returns", benchmark="SPY").body

    assert float(shown["twr"]) == pytest.approx(605 / 606 * 625 / 605 - 1, rel=1e-12)
    assert (shown["opened_on"], shown["closed_on"]) == (str(session(2)), str(session(4)))
    assert (shown["opening"], shown["closing"], shown["flows"]) == ("0.00", "625.00", "606.00")
    assert (shown["failures"], shown["unvalued"], shown["unattributed"]) == ({}, [], [])
    assert float(shown["benchmark"]["twr"]) == pytest.approx(0.1, rel=1e-12)
    gross = desk.get(f"/v1/portfolios/{strategy}/returns", net="false").body
    assert (gross["twr"], gross["is_net"]) == (shown["twr"], False)


def test_a_range_of_a_strategys_returns_ties_with_its_pnl(desk: Desk) -> None:
    path = f"/v1/portfolios/{a_strategy(desk)}"
    between = {"from": str(session(4)), "to": str(session(4))}

    shown = desk.get(f"{path}/returns", **between).body

    gained = float(shown["closing"]) - float(shown["opening"]) - float(shown["flows"])
    assert gained == float(desk.get(f"{path}/pnl", **between).body["total"]["net"]) == 20
    refused = desk.get(f"{path}/returns", to=str(session(2)))
    assert (refused.status, refused.body["errors"][0]["field"]) == (422, "to")


def test_from_where_a_strategys_worth_is_unknown_it_says_of_which_stock(desk: Desk) -> None:
    strategy = a_strategy(desk)
    flow(desk, "f-1", kind="return_of_capital", amount="30", instrument="AAPL")
    close(desk, 5, "126")

    shown = desk.get(f"/v1/portfolios/{strategy}/returns").body

    assert shown["closed_on"] == str(session(3))
    assert shown["unvalued"] == [str(session(4)), str(session(5))]
    assert (shown["unpriced"], shown["unattributed"]) == ([], ["AAPL"])


def test_a_strategy_that_has_not_traded_has_no_returns(desk: Desk) -> None:
    body = {"name": "carry", "kind": "strategy", "parent_id": desk.account["portfolio_id"]}
    strategy = desk.post("/v1/portfolios", body, "s").body["portfolio_id"]
    a_week(desk)

    refused = desk.get(f"/v1/portfolios/{strategy}/returns")

    assert refused.status == 409
    assert "since the strategy's first trade" in refused.body["detail"]
