"""One order's whole way over HTTP: placed once, checked, sent, filled, and told step by step.

The desk is real from the API to the ledger; its Step Functions executions are looked at too.
"""

import json
from decimal import Decimal
from typing import Any

import pytest

from bifrost.local.aws import client
from tests.live_desk import LiveDesk, an_order, difference, new_key

Json = dict[str, Any]


@pytest.fixture(scope="module")
def account(live_desk: LiveDesk) -> str:
    live_desk.ensure_up()
    live_desk.price()
    return live_desk.account("100000")


def placed(desk: LiveDesk, account: str, **changes: str) -> Json:
    """An order that a rule or the venue has answered."""
    answer = desk.call("POST", "/v1/orders", key=new_key(), json=an_order(account, **changes))
    assert answer.status_code == 202, answer.text
    return desk.order(answer.json()["order_id"])


def states_of(desk: LiveDesk, order_id: str) -> list[str]:
    """The states that the order's execution entered."""
    state = desk.state
    states = client("stepfunctions", state.endpoint_url)
    arn = state.outputs["OrderFlowArn"].replace(":stateMachine:", ":execution:") + f":{order_id}"
    history = states.get_execution_history(executionArn=arn, maxResults=1000)["events"]
    states.close()
    entered = [event.get("stateEnteredEventDetails") for event in history]
    return [details["name"] for details in entered if details]


def test_the_same_key_and_body_is_the_same_order_for_ever(desk: LiveDesk, account: str) -> None:
    key, body = new_key(), an_order(account, type="limit", limit_price=str(desk.price()))

    first = desk.call("POST", "/v1/orders", key=key, json=body)
    again = desk.call("POST", "/v1/orders", key=key, json=body)
    order = desk.order(first.json()["order_id"])
    ended = desk.call("POST", "/v1/orders", key=key, json=body)

    assert [first.status_code, again.status_code, ended.status_code] == [202, 200, 200]
    assert len({answer.json()["order_id"] for answer in (first, again, ended)}) == 1
    assert order["client_order_id"] == f"{order['order_id']}-0-0"
    sent = desk.rows(
        "SELECT * FROM venue.orders WHERE client_order_id LIKE %s", order["order_id"] + "%"
    )
    assert len(sent) == 1, sent


def test_another_body_under_a_key_is_refused_and_the_first_order_stands(
    desk: LiveDesk, account: str
) -> None:
    key = new_key()
    first = desk.call("POST", "/v1/orders", key=key, json=an_order(account))

    other = desk.call("POST", "/v1/orders", key=key, json=an_order(account, quantity="11"))

    assert other.status_code == 422, other.text
    assert other.json()["type"].endswith("/v1/problems/idempotency-key-reused")
    assert desk.order(first.json()["order_id"])["quantity"] == "10"


def test_a_filled_order_shows_every_step_with_its_time(desk: LiveDesk, account: str) -> None:
    order_id = placed(desk, account)["order_id"]
    desk.play()

    steps = desk.order(order_id)["steps"]
    printed = desk.command("orders", "show", order_id).stdout

    statuses = [step["status"] for step in steps]
    assert statuses == ["received", "checked", "submitted", "accepted", "filled"], steps
    for step in steps:
        line = [text for text in printed.splitlines() if text.startswith(step["recorded_at"])]
        assert any(step["occurred_at"] in text and step["status"] in text for text in line), printed
    assert [s["recorded_at"] for s in steps] == sorted(s["recorded_at"] for s in steps)


def test_the_execution_is_named_by_the_order_and_shows_each_state(
    desk: LiveDesk, account: str
) -> None:
    accepted = placed(desk, account)["order_id"]
    refused = placed(desk, account, quantity="90000")["order_id"]
    desk.settle()

    assert states_of(desk, accepted) == [
        "CheckRisk", "RiskAccepts", "CheckCompliance", "ComplianceAccepts", "Submit", "Outcome",
        "Done",
    ]  # fmt: skip
    ended = states_of(desk, refused)
    assert (ended[0], ended[-1]) == ("CheckRisk", "Refused"), ended
    assert {"Refuse", "Release"} <= set(ended), ended
    assert "Submit" not in ended


def test_a_refusal_names_every_broken_limit_with_its_numbers(desk: LiveDesk, account: str) -> None:
    order = placed(desk, account, quantity="90000", type="limit", limit_price="900.00")

    assert order["status"] == "refused"
    broken = {reason["rule"]: reason for reason in order["reasons"]}
    assert broken.keys() >= {"order_notional", "position", "buying_power", "price_collar"}, broken
    for reason in broken.values():
        assert Decimal(reason["limit"]) < Decimal(reason["value"]), reason


def test_a_preview_asks_every_check_and_writes_nothing(desk: LiveDesk, account: str) -> None:
    restriction = {"reason": "test", "account_id": account}
    restricted = desk.call("PUT", "/v1/restricted-list/MSFT", json=restriction)
    desk.settle()
    before = desk.counts()

    good = desk.call("POST", "/v1/orders/preview", json=an_order(account))
    bad = desk.call(
        "POST",
        "/v1/orders/preview",
        json=an_order(account, instrument="MSFT", quantity="90000"),
    )
    desk.settle()

    assert restricted.status_code == 200, restricted.text
    assert good.json()["accepted"] is True, good.text
    checks = {check["check"]: check["accepted"] for check in bad.json()["checks"]}
    assert checks == {"risk": False, "compliance": False, "execution": True}, bad.text
    assert not difference(before, desk.counts())


def test_a_cancel_ends_a_working_order_and_frees_its_cash(desk: LiveDesk, account: str) -> None:
    path = f"/v1/accounts/{account}/buying-power"
    desk.settle()
    free = desk.api.get(path)
    order = placed(desk, account, type="limit", limit_price=str(desk.price() - 20))

    answer = desk.call("POST", f"/v1/orders/{order['order_id']}/cancel")
    desk.settle()

    assert answer.status_code == 200, answer.text
    assert desk.order(order["order_id"])["status"] == "cancelled"
    assert desk.api.get(path) == free


def test_a_withdrawal_is_posted_and_one_of_what_orders_need_is_refused(desk: LiveDesk) -> None:
    account = desk.account("1000")
    path = f"/v1/accounts/{account}/withdrawals"

    posted = desk.call("POST", path, key=new_key(), json={"amount": "250.50"})
    refused = desk.call("POST", path, key=new_key(), json={"amount": "749.51"})
    desk.settle()

    assert (posted.status_code, posted.json()["status"]) == (201, "posted"), posted.text
    assert refused.status_code == 422, refused.text
    assert [reason["rule"] for reason in refused.json()["reasons"]] == ["buying_power"]
    assert desk.portfolio(account)["cash"] == "749.50"
    assert desk.breaks(account) == []


def test_the_requests_correlation_id_reaches_the_log_of_the_last_listener(
    desk: LiveDesk, account: str
) -> None:
    given = f"followed-{new_key()}"
    answer = desk.call(
        "POST",
        "/v1/orders",
        key=new_key(),
        headers={"X-Correlation-Id": given},
        json=an_order(account),
    )
    desk.order(answer.json()["order_id"])
    desk.play()

    assert answer.headers["x-correlation-id"] == given
    heard = {capability: followed(desk, capability, given) for capability in ("risk", "portfolio")}
    assert "FillRecorded.v1" in heard["portfolio"], heard
    assert {"FillRecorded.v1", "OrderFilled.v1", "check_and_reserve"} <= heard["risk"], heard


def followed(desk: LiveDesk, capability: str, correlation_id: str) -> set[str]:
    """The tasks and events that a capability logged under this id."""
    lines = desk.command_json("logs", capability, "--lines", "100000")["lines"]
    logged = [json.loads(one["line"]) for one in lines if correlation_id in one["line"]]
    return {str(line.get("detail_type") or line.get("task")) for line in logged}
