"""What an operator looks at: readiness, the API's document and pages, and the dead letters."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from bifrost.core.codec import to_json
from bifrost.core.problems import PROBLEMS
from bifrost.local.aws import client
from infra_cdk.capabilities import CAPABILITIES
from tests.builders import account_opened
from tests.live_desk import LiveDesk, new_key

Json = dict[str, Any]
JSON = {"Content-Type": "application/json"}
METHODS = ("get", "post", "put", "delete")


def test_every_capability_is_ready_and_says_what_it_asked(desk: LiveDesk) -> None:
    for row in CAPABILITIES:
        answer = desk.call("GET", f"/v1/{row.name}/ready", token=None)
        assert answer.status_code == 200, f"{row.name}: {answer.text}"
        asked = answer.json()["checks"]
        assert set(asked.values()) <= {"ok"}
        assert ("database" in asked) == bool(row.schemas), row.name
        assert ("venue" in asked) == ("venue" in row.schemas), row.name


def test_the_document_is_openapi_3_1_and_every_path_in_it_is_served(desk: LiveDesk) -> None:
    document = desk.call("GET", "/v1/openapi.json", token=None).json()

    assert document["openapi"].startswith("3.1")
    for path, operations in document["paths"].items():
        for method in operations.keys() & set(METHODS):
            answer = desk.call(method.upper(), re.sub(r"{\w+}", "nope", path), token=None)
            known = answer.status_code != 404 or "nothing is at" not in answer.text
            assert known, f"{method} {path}"


def test_the_pages_own_assets_are_all_that_the_api_page_loads(desk: LiveDesk) -> None:
    page = desk.call("GET", "/v1/docs", token=None)

    assets = re.findall(r"(?:src|href)=[\"']([^\"']+)", page.text)
    assert page.headers["content-type"].startswith("text/html")
    assert len(assets) >= 2, page.text
    for asset in assets:
        answer = desk.call("GET", str(httpx.URL(str(page.url)).join(asset)), token=None)
        assert answer.url.host == page.url.host, f"{asset} comes from elsewhere"
        assert answer.status_code == 200, f"{asset}: {answer.status_code}"
        assert len(answer.content) > 100, asset


def test_each_problems_type_opens_a_page_that_says_what_to_do(desk: LiveDesk) -> None:
    met = [
        desk.call("GET", "/v1/nothing"),
        desk.call("GET", "/v1/accounts", token=None),
        desk.call("POST", "/v1/orders", headers=JSON, content=b"{"),
        desk.call("POST", "/v1/orders", json={}),
        desk.call("POST", "/v1/orders", content=b"x" * 70_000),
    ]
    types = {answer.json()["type"] for answer in met}
    assert len(types) == len(met), types

    for url in types | {f"{desk.state.api_url}/v1/problems/{p.slug}" for p in PROBLEMS.values()}:
        page = desk.call("GET", url, token=None)
        kind = next(p for p in PROBLEMS.values() if url.endswith(f"/{p.slug}"))
        assert page.status_code == 200, url
        assert page.headers["content-type"].startswith("text/html")
        assert kind.title in page.text, url


@pytest.fixture
def dead_letters(desk: LiveDesk) -> Iterator[tuple[Json, Json]]:
    """Two of compliance's: one that it will apply, and one that it never can."""
    good = an_opening()
    bad = good | {"detail": good["detail"] | {"event_id": new_key(), "account_id": 7}}
    url = desk.state.outputs["ComplianceDeadLetterQueueUrl"]
    sqs = client("sqs", desk.state.endpoint_url)
    for body in (good, bad):
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps(body))
    yield good, bad
    sqs.purge_queue(QueueUrl=url)
    sqs.close()


def an_opening() -> Json:
    """An account's opening as EventBridge wraps it; nobody has heard it yet."""
    opened = account_opened(new_key(), "nobody")
    event = replace(opened, event_id=new_key(), correlation_id=new_key())
    return {"id": "1", "detail-type": event.detail_type, "detail": to_json(event)}


def test_dead_letters_are_counted_shown_and_sent_back_one_by_one(
    desk: LiveDesk, dead_letters: tuple[Json, Json]
) -> None:
    good, bad = (letter["detail"] for letter in dead_letters)

    depths = {row["listener"]: row["dead"] for row in desk.command_json("dlq", "list")["items"]}
    shown = {i["event_id"]: i for i in desk.command_json("dlq", "show", "compliance")["items"]}
    chosen = shown[good["event_id"]]["message_id"]
    moved = desk.command_json("dlq", "redrive", "compliance", "--message-id", chosen)
    desk.settle()
    left = desk.command_json("dlq", "show", "compliance")["items"]

    assert depths == {**dict.fromkeys(depths, 0), "compliance": 2}
    assert shown.keys() == {good["event_id"], bad["event_id"]}
    assert shown[good["event_id"]]["correlation_id"] == good["correlation_id"]
    assert moved == {"listener": "compliance", "redriven": 1}
    heard = "SELECT event_id FROM compliance.inbox WHERE event_id = ANY(%s)"
    assert [row["event_id"] for row in desk.rows(heard, list(shown))] == [good["event_id"]]
    assert [letter["event_id"] for letter in left] == [bad["event_id"]]
