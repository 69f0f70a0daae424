"""The demo: one desk's quarter, through the same API that everything else uses.

Real daily bars are played in three stretches. Between them orders are placed that will fill,
fill in parts, be cancelled and be refused; at the end the books are compared with the venue's.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any

from bifrost.adapters.ids import RandomIds
from bifrost.core.errors import ConflictError
from bifrost.local.api import Api, wait_for
from bifrost.local.desk import decided, deposit, open_account, place, portfolio_of, replay

INSTRUMENTS = ("AAPL", "IBM", "MSFT", "GOOG")
FIRST_SESSION = "2012-01-03"
CASH = "5000000"
# Sessions played before the orders, while they work, and after some were cancelled.
OPENING, WORKING, CLOSING = 3, 8, 12
RESTRICTED = "GOOG"

Progress = Callable[[str], None]
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """One order of the plan; prices are fractions of the last close, so any quarter will do."""

    name: str
    side: str
    quantity: int
    instrument: str
    type: str
    time_in_force: str = "day"
    limit: Decimal | None = None
    stop: Decimal | None = None


PLAN = (
    Step("a market order", "buy", 100, "AAPL", "market"),
    Step("a limit order", "buy", 400, "MSFT", "limit", "gtc", limit=Decimal("1.01")),
    Step("a stop order", "buy", 50, "IBM", "stop", "gtc", stop=Decimal("1.001")),
    Step("an order of two sessions' volume", "buy", 6000, "IBM", "limit", "gtc",
         limit=Decimal("1.05")),
    Step("a day order larger than its session", "buy", 8000, "IBM", "market"),
    Step("an order to be cancelled", "buy", 100, "MSFT", "limit", "gtc", limit=Decimal("0.70")),
    Step("an order over its limits", "buy", 900_000, "AAPL", "market"),
    Step("an order in a restricted instrument", "buy", 10, RESTRICTED, "market"),
)  # fmt: skip
CLOSING_PLAN = (Step("a sale", "sell", 40, "AAPL", "market"),)


class Demo:
    """One run; it continues where the market's time stands, so it can run again."""

    def __init__(self, api: Api, progress: Progress, workflow_count: Callable[[list[str]], int]):
        self._api = api
        self._say = progress
        self._workflow_count = workflow_count
        self._ids = RandomIds()

    def run(self) -> Json:
        """Play, trade and report; see the README for the shape of the answer."""
        began = time.monotonic()
        stretches = self._stretches()
        self._play(stretches[0])
        account_id = self._account()
        self._api.put(f"/v1/restricted-list/{RESTRICTED}", {"reason": "demo: research pending"})
        placed = {step.name: self._place(account_id, step) for step in PLAN}
        self._play(stretches[1])
        self._cancel(placed["an order to be cancelled"])
        for step in CLOSING_PLAN:
            placed[step.name] = self._place(account_id, step)
        self._play(stretches[2])
        report = self._report(account_id, list(placed.values()), stretches[2])
        return {**report, "api_url": self._api.base_url, "seconds": _since(began)}

    def _stretches(self) -> list[tuple[str, str]]:
        market_time = self._api.get("/v1/venue")["occurred_at"]
        first = FIRST_SESSION if market_time is None else market_time[:10]
        sessions = [
            s["session"]
            for s in self._api.pages("/v1/sessions", 100, **{"from": first, "to": "2013-03-01"})
        ]
        if market_time is not None:
            sessions = sessions[1:]
        ends = (0, OPENING, OPENING + WORKING, OPENING + WORKING + CLOSING)
        if len(sessions) < ends[-1]:
            raise ConflictError(
                f"the sample bars end soon after {market_time}: `bifrost reset` begins anew"
            )
        return [(sessions[a], sessions[b - 1]) for a, b in pairwise(ends)]

    def _play(self, stretch: tuple[str, str]) -> None:
        self._say(f"playing the sessions {stretch[0]} to {stretch[1]}")
        body = {
            "instruments": list(INSTRUMENTS),
            "from": stretch[0],
            "to": stretch[1],
            "speed": "max",
        }
        replay(self._api, body, self._ids.new(), progress=lambda line: None)
        wait_for("the venue reaching the last bar", lambda: self._venue_is_at(stretch[1]))

    def _venue_is_at(self, session: str) -> bool:
        tape = {mark["instrument"]: mark["occurred_at"] for mark in self._tape()}
        return all(tape.get(name, "")[:10] >= session for name in INSTRUMENTS)

    def _tape(self) -> Iterator[Json]:
        cursor = None
        while True:
            page = self._api.get("/v1/venue", limit=1000, cursor=cursor)
            yield from page["tape"]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def _account(self) -> str:
        self._say(f"opening an account with {CASH} USD")
        account = open_account(
            self._api, {"name": "demo", "kind": "cash", "currency": "USD"}, self._ids.new()
        )
        account_id = str(account["account_id"])
        deposit(self._api, account_id, {"amount": CASH, "currency": "USD"}, self._ids.new())
        return account_id

    def _place(self, account_id: str, step: Step) -> str:
        last = Decimal(self._last_close(step.instrument))
        body = {
            "account_id": account_id,
            "instrument": step.instrument,
            "side": step.side,
            "type": step.type,
            "quantity": str(step.quantity),
            "time_in_force": step.time_in_force,
        }
        for field, fraction in (("limit_price", step.limit), ("stop_price", step.stop)):
            if fraction is not None:
                body[field] = str((last * fraction).quantize(Decimal("0.01")))
        order = place(self._api, body, self._ids.new())
        self._say(f"{step.name}: {order['status']}")
        return str(order["order_id"])

    def _last_close(self, instrument: str) -> str:
        return next(str(m["price"]) for m in self._tape() if m["instrument"] == instrument)

    def _cancel(self, order_id: str) -> None:
        self._api.post(f"/v1/orders/{order_id}/cancel")
        self._say(f"cancelled: {decided(self._api, order_id)['status']}")

    def _report(self, account_id: str, order_ids: list[str], last: tuple[str, str]) -> Json:
        portfolio_id = portfolio_of(self._api, account_id)
        path = f"/v1/portfolios/{portfolio_id}"
        orders = [self._api.get(f"/v1/orders/{order_id}") for order_id in order_ids]
        wait_for("the books reaching the last fill", lambda: self._books_are_at(path, orders, last))
        portfolio = self._api.get(path)
        breaks = self._api.post("/v1/reconciliations", {"account_id": account_id})["breaks"]
        return {
            "orders": [_order_shown(order) for order in orders],
            "filled": sum(order["status"] == "filled" for order in orders),
            "refused": sum(order["status"] == "refused" for order in orders),
            "positions": [_position_shown(p) for p in self._api.get(f"{path}/positions")["items"]],
            "cash": portfolio["cash"],
            "equity": portfolio["equity"],
            "realised_pnl": portfolio["realised_pnl"],
            "ledger_imbalance": portfolio["ledger_imbalance"],
            "reconciliation_breaks": len(breaks),
            "workflow_executions": self._workflow_count(order_ids),
        }

    def _books_are_at(self, path: str, orders: list[Json], last: tuple[str, str]) -> bool:
        held: dict[str, Decimal] = {}
        for order in orders:
            sign = 1 if order["side"] == "buy" else -1
            name, filled = order["instrument"], Decimal(order["filled_quantity"])
            held[name] = held.get(name, Decimal(0)) + sign * filled
        booked = {
            p["instrument"]: Decimal(p["quantity"])
            for p in self._api.get(f"{path}/positions")["items"]
        }
        as_of = self._api.get(path)["valued_at"] or ""
        wanted = {name: quantity for name, quantity in held.items() if quantity}
        return booked == wanted and as_of[:10] >= last[1]


def _order_shown(order: Json) -> Json:
    fields = (
        "client_order_id", "instrument", "side", "type", "quantity", "status",
        "filled_quantity", "average_price", "reasons",
    )  # fmt: skip
    return {field: order[field] for field in fields}


def _position_shown(position: Json) -> Json:
    fields = ("instrument", "quantity", "average_cost", "market_price", "unrealised_pnl")
    return {field: position[field] for field in fields}


def _since(began: float) -> float:
    return round(time.monotonic() - began, 2)
