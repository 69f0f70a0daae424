"""Promises each way into the execution Lambda: tasks, listeners, HTTP."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from bifrost.adapters.memory.workflows import MemoryWorkflows
from bifrost.core.codec import to_json
from bifrost.events import Event
from bifrost.runtime.lambda_entry import lambda_entry
from functions.execution import handler, wiring
from tests.action_builders import action, announced, split
from tests.builders import ACCOUNT, OWNER, account_opened, cash_deposited, session
from tests.execution_desk import MakeDatabase, bar_closed
from tests.functions.execution_function import opening, plugged_execution
from tests.functions.ways_in import claims_of, http_event

Call = Callable[[dict[str, Any]], Any]
BODY = {
    "account_id": ACCOUNT,
    "instrument": "AAPL",
    "side": "buy",
    "type": "market",
    "quantity": "100",
}


@pytest.fixture
def workflows(
    make_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> Iterator[MemoryWorkflows]:
    """Plug this test's database and recorded workflows into the function."""
    with plugged_execution(monkeypatch, make_database) as recorded:
        yield recorded


@pytest.fixture
def call(workflows: MemoryWorkflows) -> Call:
    """Call the handler as Lambda does; the outbox keeps what it would publish."""
    entry = lambda_entry("execution", tasks=handler.TASKS, listeners=handler.LISTENERS)
    return lambda event: entry(event, None)


@dataclass(frozen=True, slots=True)
class Answer:
    """What API Gateway would hand back."""

    status_code: int
    headers: dict[str, str]
    body: str

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Client:
    """Calls the handler as an HTTP API does, with the claims that its authorizer has checked."""

    call: Call
    owner: str = OWNER

    def get(self, path: str, params: dict[str, str] | None = None) -> Answer:
        return self._send("GET", path, params=params)

    def post(
        self, path: str, *, json: object = None, headers: dict[str, str] | None = None
    ) -> Answer:
        return self._send("POST", path, body=json, headers=headers)

    def _send(
        self,
        method: str,
        path: str,
        *,
        params: dict[str, str] | None = None,
        body: object = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        claims = claims_of(self.owner)
        event = http_event(method, path, body, claims=claims, headers=headers, query=params)
        answer = self.call(event)
        return Answer(answer["statusCode"], answer["headers"], answer["body"])


@pytest.fixture
def client(call: Call) -> Client:
    hear(call, *opening())
    return Client(call)


def hear(call: Call, *events: Event) -> Any:
    """Deliver events as SQS does, each in EventBridge's envelope."""
    return call({"Records": [record(event) for event in events]})


def record(event: Event, **changes: Any) -> dict[str, Any]:
    envelope = {"id": "e", "detail-type": event.detail_type, "detail": to_json(event)} | changes
    return {
        "messageId": event.event_id,
        "receiptHandle": "r",
        "body": json.dumps(envelope),
        "attributes": {},
        "messageAttributes": {},
        "md5OfBody": "",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:execution",
        "awsRegion": "us-east-1",
    }


def task(call: Call, name: str, **given: Any) -> Any:
    return call({"task": name, "input": given, "correlation_id": "corr-1"})


def place(client: Client, key: str = "k-1", **changes: Any) -> Any:
    headers = {"Idempotency-Key": key}
    return client.post("/v1/orders", json={**BODY, **changes}, headers=headers)


def test_an_order_travels_from_http_to_its_fill(
    client: Client, call: Call, workflows: MemoryWorkflows
) -> None:
    placed = place(client)
    order_id = placed.json()["order_id"]
    submitted = task(call, "submit", order_id=order_id)
    hear(call, bar_closed(1))

    shown = client.get(f"/v1/orders/{order_id}").json()
    assert placed.status_code == 202
    assert placed.headers["location"] == f"/v1/orders/{order_id}"
    # Its own workflow, and after the fill the comparison with the venue.
    assert workflows.names == [order_id, f"{ACCOUNT}-fill-1-1"]
    assert submitted == {"status": "accepted", "reasons": []}
    assert (shown["status"], shown["filled_quantity"], shown["average_price"]) == (
        "filled",
        "100",
        "100",
    )
    whats = [step["what"] for step in shown["steps"]]
    assert whats == ["received", "checked", "submitted", "accepted", "fill"]
    assert client.get("/v1/venue").json()["tape"][0]["price"] == "100"


def test_an_open_order_is_shown_as_a_split_has_restated_it(client: Client, call: Call) -> None:
    terms = {"type": "limit", "limit_price": "90", "time_in_force": "gtc"}
    hear(call, bar_closed(1))
    shown = {}
    for key, marks in (("k-1", {}), ("k-2", {"do_not_reduce": True, "do_not_increase": True})):
        order_id = place(client, key, **terms, **marks).json()["order_id"]
        task(call, "submit", order_id=order_id)
        shown[key] = order_id
    hear(call, announced(action(split("2", "1"), ex_date=session(2))), bar_closed(2, "49"))

    first, marked = (client.get(f"/v1/orders/{order_id}").json() for order_id in shown.values())
    assert (first["quantity"], first["limit_price"]) == ("200", "45")
    assert (marked["quantity"], marked["limit_price"]) == ("100", "45")
    assert (first["do_not_reduce"], marked["do_not_reduce"]) == (False, True)
    assert (first["do_not_increase"], marked["do_not_increase"]) == (False, True)
    step = first["steps"][-1]
    assert (step["what"], step["status"], step["detail"]["action_id"]) == (
        "restated",
        "accepted",
        "a-1",
    )


def test_the_same_key_with_another_mark_is_another_request(client: Client) -> None:
    terms = {"type": "limit", "limit_price": "90"}
    unmarked = place(client, **terms, do_not_reduce=False)

    assert unmarked.status_code == 202
    assert place(client, **terms).status_code == 200
    assert place(client, **terms, do_not_reduce=True).status_code == 422
    assert place(client, **terms, do_not_increase=True).status_code == 422


def test_the_same_call_again_is_the_same_order(client: Client) -> None:
    first, again = place(client), place(client)
    other = place(client, quantity="101")

    assert (first.status_code, again.status_code, other.status_code) == (202, 200, 422)
    assert first.json() == again.json()
    assert other.headers["content-type"] == "application/problem+json"
    assert other.json()["type"].endswith("/v1/problems/idempotency-key-reused")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"quantity": 100}, "quantity"),
        ({"quantity": 100.5}, "quantity"),
        ({"quantity": "NaN"}, "quantity"),
        ({"quantity": "Infinity"}, "quantity"),
        ({"quantity": "-1"}, "quantity"),
        ({"quantity": "0"}, "quantity"),
        ({"quantity": "1e400"}, "quantity"),
        ({"quantity": "1_0"}, "quantity"),
        ({"quantity": " 10 "}, "quantity"),
        ({"quantity": "\uff11\uff10"}, "quantity"),
        ({"quantity": "1000000001"}, "quantity"),
        ({"quantity": "0.000000001"}, "quantity"),
        ({"quantity": None}, "quantity"),
        ({"quantity": "0.5"}, "quantity"),
        ({"type": "limit"}, "limit_price"),
        ({"type": "limit", "limit_price": 10.5}, "limit_price"),
        ({"type": "limit", "limit_price": "10000001"}, "limit_price"),
        ({"limit_price": "10"}, "limit_price"),
        ({"type": "stop"}, "stop_price"),
        ({"type": "iceberg"}, "type"),
        ({"side": "short"}, "side"),
        ({"time_in_force": "fok"}, "time_in_force"),
        ({"instrument": "NOPE"}, "instrument"),
        ({"instrument": "A\u0000"}, "instrument"),
        ({"instrument": ["AAPL"]}, "instrument"),
        ({"do_not_reduce": "yes"}, "do_not_reduce"),
        ({"do_not_increase": 1}, "do_not_increase"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_bad_input_names_the_field_and_the_fix_and_writes_nothing(
    client: Client, workflows: MemoryWorkflows, changes: dict[str, Any], field: str
) -> None:
    answer = place(client, **changes)

    assert answer.status_code == 422
    (problem, *_) = answer.json()["errors"]
    assert problem["field"] == field
    assert problem["fix"]
    assert client.get("/v1/orders").json()["items"] == []
    assert workflows.started == []


@pytest.mark.parametrize("key", [None, "", "a b", "k\u00e9", "k" * 256])
def test_an_order_needs_a_usable_key(client: Client, key: Any) -> None:
    headers = {} if key is None else {"Idempotency-Key": key}

    answer = client.post("/v1/orders", json=BODY, headers=headers)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"].lower() == "idempotency-key"


def test_what_is_somebody_elses_is_not_found(client: Client, call: Call) -> None:
    hear(call, account_opened("acc-2", "owner-2"))

    assert place(client, account_id="acc-2").status_code == 404
    assert client.get("/v1/orders/no-such").status_code == 404
    assert client.post("/v1/orders/no-such/cancel").status_code == 404
    assert client.get("/v1/orders", params={"account_id": "acc-2"}).status_code == 404
    asked = client.post("/v1/reconciliations", json={"account_id": "acc-2"})
    assert asked.status_code == 404


def test_orders_are_listed_by_pages(client: Client) -> None:
    ids = [place(client, f"k-{n}").json()["order_id"] for n in range(5)]

    seen: list[str] = []
    cursor: str | None = None
    while True:
        given = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = client.get("/v1/orders", params=given).json()
        seen += [order["order_id"] for order in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert seen == ids[::-1]
    for bad in ({"limit": "0"}, {"limit": "201"}, {"cursor": "x"}, {"status": "lost"}):
        assert client.get("/v1/orders", params=bad).status_code == 422


def test_a_cancel_over_http_and_one_that_comes_too_late(client: Client, call: Call) -> None:
    early = place(client, "k-1").json()["order_id"]
    late = place(client, "k-2").json()["order_id"]
    task(call, "submit", order_id=late)
    hear(call, bar_closed(1))

    cancelled = client.post(f"/v1/orders/{early}/cancel")
    refused = client.post(f"/v1/orders/{late}/cancel")

    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")
    assert refused.status_code == 409
    assert "filled" in refused.json()["detail"]


def test_a_refusal_shows_its_numbers_and_a_sentence(client: Client, call: Call) -> None:
    order_id = place(client).json()["order_id"]
    reason = {"rule": "order_notional", "limit": "10", "value": "20", "unit": "USD"}

    first = task(call, "refuse", order_id=order_id, reasons=[reason])
    again = task(call, "refuse", order_id=order_id, reasons=[])

    (shown,) = client.get(f"/v1/orders/{order_id}").json()["reasons"]
    assert first == again
    assert first["status"] == "refused"
    assert (shown["limit"], shown["value"], shown["headroom"]) == ("10", "20", None)
    assert "10 USD" in shown["message"]


def test_a_preview_words_every_checks_reasons(client: Client, workflows: MemoryWorkflows) -> None:
    reason = {"rule": "restricted_list", "subject": "AAPL"}
    check = {"check": "compliance", "accepted": False, "reasons": [reason]}
    workflows.machines["order_preview"] = lambda _: {
        "accepted": False,
        "reasons": [reason],
        "checks": [check],
    }

    sheet = client.post("/v1/orders/preview", json=BODY)

    assert sheet.status_code == 200
    assert sheet.json()["reasons"][0]["message"] == "AAPL is on the restricted list"
    assert client.get("/v1/orders").json()["items"] == []


def test_the_gate_answers_a_preview_without_writing(client: Client, call: Call) -> None:
    placed = place(client)
    workflow_input = to_json(wiring.orders().show(placed.json()["order_id"], OWNER)[0].intent)

    answer = task(call, "check_gate", order=workflow_input, mode="preview")

    assert answer == {"accepted": True, "reasons": []}


def test_a_reconciliation_answers_the_workflows_breaks(
    client: Client, workflows: MemoryWorkflows, call: Call
) -> None:
    workflows.machines["reconcile"] = lambda _: {"account_id": ACCOUNT, "breaks": []}

    answer = client.post("/v1/reconciliations", json={"account_id": ACCOUNT})

    assert answer.json() == {"account_id": ACCOUNT, "breaks": []}
    assert task(call, "reconcile_all") == {"started": 1, "is_complete": True}
    assert task(call, "statement", account_id=ACCOUNT)["fill_sequence"] == 0


def test_orders_and_fills_are_compared_and_the_comparison_is_concluded_by_tasks(
    client: Client, call: Call, workflows: MemoryWorkflows
) -> None:
    order_id = place(client).json()["order_id"]
    task(call, "submit", order_id=order_id)
    hear(call, bar_closed(1))

    assert task(call, "reconcile", account_id=ACCOUNT) == {"breaks": [], "is_settled": True}
    at = "2026-11-20T15:00:00+00:00"
    large = {
        "account_id": ACCOUNT, "book": "risk", "kind": "cash", "subject": "USD", "ours": "1",
        "theirs": "500", "first_seen": at, "last_seen": at, "cause": "unexplained",
        "owner": "risk", "detail": "", "venue": None,
    }  # fmt: skip
    assert task(call, "conclude", account_id=ACCOUNT, breaks=[large]) == {
        "is_stopped": True,
        "started": 0,
    }
    switches = client.get("/v1/kill-switch").json()["items"]
    assert [(one["account_id"], one["mode"]) for one in switches][-1] == (ACCOUNT, "stop_new")


def test_a_dependency_that_is_down_is_a_503_and_not_a_5xx_fault(
    client: Client, workflows: MemoryWorkflows
) -> None:
    workflows.down = True

    assert client.post("/v1/orders/preview", json=BODY).status_code == 503
    assert place(client).status_code == 202


def test_one_unreadable_event_fails_alone(call: Call) -> None:
    good, bad = opening()[1], cash_deposited()
    broken = record(bad, detail={"nonsense": True})

    answer = call({"Records": [record(good), broken]})

    assert answer == {"batchItemFailures": [{"itemIdentifier": bad.event_id}]}


def test_the_sweep_is_a_task(client: Client, call: Call) -> None:
    order_id = place(client).json()["order_id"]
    task(call, "submit", order_id=order_id)

    assert task(call, "sweep") == {"reports": 1}
