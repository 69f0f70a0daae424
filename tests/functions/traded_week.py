"""A week that a desk traded: prices, fills and cash, as they come to portfolio's function."""

from typing import Any

from tests.builders import bar, bar_closed, closes_at, fill, fill_recorded
from tests.functions.portfolio_desk import Desk


def close(desk: Desk, day: int, price: str, symbol: str = "AAPL") -> None:
    """End a session."""
    assert desk.function.deliver(bar_closed(bar(day, price, instrument=symbol), day)) == []


def trade(desk: Desk, number: int, size: str, price: str, day: int, strategy: str = "") -> None:
    """Fill an order at a session's close."""
    account_id = desk.account["account_id"]
    one = fill(number, size, price, account_id=account_id, commission="1",
               occurred_at=closes_at(day))  # fmt: skip
    assert desk.function.deliver(fill_recorded(one, number, strategy)) == []


def deposit(desk: Desk, amount: str, key: str) -> None:
    assert desk.post(f"{desk.cash}/deposits", {"amount": amount}, key).status == 201


def flow(desk: Desk, key: str, **body: Any) -> None:
    made = desk.post(f"{desk.cash}/cash-flows", body, key)
    assert made.status == 201, made.body


def a_week(desk: Desk) -> None:
    """10 AAPL bought on day 1 at 100; 110 on day 2, and 10,000 more paid in after; 121 on day 3."""
    close(desk, 1, "100")
    deposit(desk, "2000", "d-1")
    trade(desk, 1, "10", "100", 1)
    close(desk, 2, "110")
    deposit(desk, "10000", "d-2")
    close(desk, 3, "121")
