"""Portfolio's function as a test calls it: its bus and workflow recorded, one account open."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bifrost.adapters.memory.bus import MemoryBus
from bifrost.adapters.memory.workflows import MemoryWorkflows
from bifrost.runtime import plugs
from functions.portfolio import wiring
from tests.builders import fill, fill_recorded
from tests.functions.ways_in import Answer, Function, plug_in, unplug


class Desk:
    """The function, its bus and its workflow, and one account."""

    def __init__(self, function: Function, bus: MemoryBus, workflows: MemoryWorkflows) -> None:
        self.function = function
        self.bus = bus
        self.workflows = workflows
        self._handler = function._handler
        self._headers: dict[str, str] = {}
        function._handler = self._with_headers
        opened = self.post("/v1/accounts", {"name": "Main"}, "open")
        self.account: dict[str, Any] = opened.body
        self.books = f"/v1/portfolios/{self.account['portfolio_id']}"
        self.cash = f"/v1/accounts/{self.account['account_id']}"

    def post(self, path: str, body: Any, key: str | None, owner: str = "owner-1") -> Answer:
        """Call with an Idempotency-Key, or without."""
        self._headers = {"idempotency-key": key} if key else {}
        return self.function.http("POST", path, body, owner=owner)

    def get(self, path: str, owner: str = "owner-1", **query: str) -> Answer:
        """Read an address."""
        return self.function.http("GET", path, owner=owner, **query)

    def trade(self, *quantities: tuple[str, str]) -> None:
        """Deliver fills of (quantity, price)."""
        account_id = self.account["account_id"]
        fills = [
            fill_recorded(fill(n, quantity, price, account_id=account_id, commission="1"), n)
            for n, (quantity, price) in enumerate(quantities, start=1)
        ]
        assert self.function.deliver(*fills) == []

    def _with_headers(self, event: dict[str, Any], context: Any) -> Any:
        if "headers" in event:
            event["headers"] |= self._headers
        return self._handler(event, context)


def plugged_desk(
    monkeypatch: pytest.MonkeyPatch, database_url: Callable[[str], str]
) -> Iterator[Desk]:
    """Portfolio on this test's database, with its bus and workflow recorded."""
    bus, workflows = MemoryBus(), MemoryWorkflows()
    monkeypatch.setattr("bifrost.adapters.aws.bus.EventBridgeSink", lambda *_: bus)
    for one in (wiring, plugs):
        monkeypatch.setattr(one, "workflows", lambda: workflows)
    plugs.relay.cache_clear()
    function = plug_in(monkeypatch, "portfolio", database_url("portfolio"))
    yield Desk(function, bus, workflows)
    unplug("portfolio")
    plugs.relay.cache_clear()
