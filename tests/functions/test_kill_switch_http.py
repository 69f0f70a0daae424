"""Promises who may read and set the kill switch over HTTP, and that it stops the next order."""

from collections.abc import Iterator
from typing import Any

import pytest

from bifrost.core.codec import to_json
from bifrost.runtime.lambda_entry import lambda_entry
from functions.execution import handler, wiring
from tests.builders import ACCOUNT, OWNER
from tests.execution_desk import MakeDatabase, a_request
from tests.functions.execution_function import opening, plugged_execution
from tests.functions.ways_in import Answer, Function

PATH = "/v1/kill-switch"


@pytest.fixture
def execution(make_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch) -> Iterator[Function]:
    """The function, which has heard of one funded account and of AAPL."""
    with plugged_execution(monkeypatch, make_database):
        function = Function("execution")
        function._handler = lambda_entry(
            "execution", tasks=handler.TASKS, listeners=handler.LISTENERS
        )
        assert function.deliver(*opening()) == []
        yield function


def put(execution: Function, **body: Any) -> Answer:
    """Set the switch as an admin."""
    whole = {"mode": "halt", "reason": "the feed is wrong"} | body
    return execution.http("PUT", PATH, whole, owner="admin-1", groups="[admin]")


def test_a_halt_stops_orders_and_shows_who_set_it(execution: Function) -> None:
    before = execution.http("GET", PATH, owner=OWNER).body
    halted = put(execution)
    order_id = wiring.orders().place(a_request(), "c-1").record.order_id
    stopped = execution.task("submit", order_id=order_id)

    shown = execution.http("GET", PATH, owner=OWNER).body
    (reason,) = execution.http("GET", f"/v1/orders/{order_id}", owner=OWNER).body["reasons"]
    assert (before["mode"], shown["mode"]) == ("trade", "halt")
    assert halted.status == 200
    assert shown["items"] == [halted.body]
    assert (halted.body["account_id"], halted.body["set_by"]) == (None, "admin-1")
    assert stopped["status"] == "refused"
    assert reason["message"] == "the kill switch stands at halt"


def test_a_preview_shows_the_switch(execution: Function) -> None:
    intent = wiring.orders().place(a_request(), "c-1").record.intent
    put(execution, account_id=ACCOUNT)

    answer = execution.task("check_gate", order=to_json(intent), mode="preview")

    assert [(one["rule"], one["subject"]) for one in answer["reasons"]] == [("kill_switch", "halt")]


def test_only_an_admin_sets_it(execution: Function) -> None:
    answer = execution.http("PUT", PATH, {"mode": "halt", "reason": "I wish"}, owner=OWNER)

    assert answer.status == 403
    assert execution.http("GET", PATH, owner=OWNER).body["mode"] == "trade"


def test_an_accounts_switch_is_shown_to_its_owner_and_to_admins(execution: Function) -> None:
    assert put(execution, mode="stop_new", account_id=ACCOUNT).body["account_id"] == ACCOUNT
    assert put(execution, account_id="no-such").status == 404

    def seen(owner: str, groups: str = "[]") -> list[str | None]:
        shown = execution.http("GET", PATH, owner=owner, groups=groups).body
        return [item["account_id"] for item in shown["items"]]

    assert seen(OWNER) == [None, ACCOUNT]
    assert seen("admin-1", "[admin]") == [None, ACCOUNT]
    assert seen("owner-2") == [None]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"mode": "off"}, "mode"),
        ({"reason": ""}, "reason"),
        ({"reason": "a\u0000"}, "reason"),
        ({"reason": "a" * 501}, "reason"),
        ({"account_id": "a b"}, "account_id"),
        ({"until": "noon"}, "until"),
    ],
)
def test_what_cannot_be_read_changes_nothing(
    execution: Function, changes: dict[str, Any], field: str
) -> None:
    answer = put(execution, **changes)

    assert answer.status == 422
    assert answer.body["errors"][0]["field"] == field
    assert execution.http("GET", PATH, owner=OWNER).body["mode"] == "trade"
