"""Whatever is sent to any operation of the API's document, the answer is no fault of ours: below
500, and a problem that names each field and its fix where something is wrong.
"""

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from bifrost.events import Event
from bifrost.gateway.addresses import PARAMETER
from bifrost.runtime import plugs
from infra_cdk.capabilities import CAPABILITIES
from infra_cdk.openapi import DOCUMENT
from tests.builders import (
    ACCOUNT,
    OWNER,
    account_opened,
    bar,
    bar_closed,
    cash_deposited,
    instrument_listed,
)
from tests.functions.ways_in import Context, Function, plug_in, unplug

Json = dict[str, Any]
Send = Callable[..., Json]
Known = dict[str, str]

ROUTES = {
    f"{route.method} {route.path}": row.name
    for row in CAPABILITIES
    for route in row.routes
    if row.schemas and not route.public
}
TEXTS = [
    "", " ", "\x00", "a\x00b", "\u202e", "\uffff", "\U0001f600", "x" * 5000, "NaN", "-Infinity",
    "1e999999", "1e-999999", "9" * 400, "-" + "9" * 400, "0." + "1" * 400, "1_0", "\uff11",
    "10\n", "0x10", "null", "2012-02-31", "0001-01-01", "9999-12-31", "10000-01-01",
    "9" * 18, "9" * 19, "-1", "0", "../x", "%00", "'; --", "AAPL", "10",
]  # fmt: skip
VALUES = [
    *(json.dumps(text) for text in TEXTS),
    "NaN", "-Infinity", "1e400", "9" * 400, "9" * 5000, "-0", "1.5", "true", "null", "[]", "{}",
    '[{"a": 1, "a": 2}]', "[" * 2000 + "]" * 2000, '"\\ud800"', '["AAPL", "AAPL"]',
    json.dumps(["AAPL"] * 1000),
]  # fmt: skip
BODIES = ["", "{", "null", "[]", "\x00", "[" * 30_000, "x" * 65_536, "x" * 65_537, "\ufeff{}"]
HEADERS = [
    *({"idempotency-key": key} for key in ("", " ", "k 1", "k" * 9000, "\u00e9", "\x00", "a,b")),
    *({"content-type": kind} for kind in ("", ";", "text/plain", "multipart/form-data", "\u00e9")),
    *(
        {"if-match": tag}
        for tag in ("", "1", '"', '"1", ', "\u00e9", "W/*", '"' + "9" * 5000 + '"')
    ),
    {"host": "[::1"},
    {"x-forwarded-port": "abc"},
    {"x-correlation-id": "\x00"},
    {"content-length": "-1"},
]
QUERIES = ["a", "&&&", "=", "%ff%fe", "%", "limit=1&limit=2", "limit[]=1", "a=" + "x" * 9000]
GOOD = {
    "account_id": ACCOUNT, "instrument": "AAPL", "instruments": ["AAPL"], "side": "buy",
    "type": "market", "quantity": "1", "amount": "5", "name": "n", "from": "2012-01-03",
    "to": "2012-01-06", "mode": "trade", "reason": "r", "source": "s", "price_collar": "0.05",
    "effective_from": "2012-01-01", "effective_until": "2012-02-01",
}  # fmt: skip


class Silence:
    """A bus that loses everything, and workflows that never begin."""

    def put(self, _entries: Any) -> frozenset[int]:
        return frozenset()

    def start(self, *_given: Any) -> None:
        return None

    def run(self, *_given: Any) -> Json:
        return {"accepted": True, "reasons": [], "checks": [], "breaks": []}


async def at_once(function: Callable[..., Any], *given: Any, **_: Any) -> Any:
    """Answer in this thread: turns to another are a third of what a request takes."""
    return function(*given)


@pytest.fixture
def send(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    database_url: Callable[[str], str],
) -> Iterator[Send]:
    """The capability's function, whose caller is an admin."""
    capability = request.param
    monkeypatch.setenv("VENUE_DATABASE_URL", database_url("venue"))
    monkeypatch.setattr("bifrost.adapters.aws.bus.EventBridgeSink", lambda *_: Silence())
    monkeypatch.setattr("anyio.to_thread.run_sync", at_once)
    monkeypatch.setattr(plugs, "workflows", Silence)
    monkeypatch.setattr(f"functions.{capability}.wiring.workflows", Silence, raising=False)
    plugs.relay.cache_clear()
    plugs.venue_database.cache_clear()
    function = plug_in(monkeypatch, capability, database_url(capability))
    claims = {"sub": OWNER, "token_use": "access", "cognito:groups": "[admin]"}

    def call(method: str, path: str, query: str, body: str | None, **headers: str) -> Json:
        http = {"method": method, "path": path, "sourceIp": "127.0.0.1", "protocol": "HTTP/1.1"}
        event = {
            "version": "2.0",
            "rawPath": path,
            "rawQueryString": query,
            "headers": {"host": "desk.test", "content-type": "application/json"} | headers,
            "body": body,
            "isBase64Encoded": False,
            "requestContext": {
                "requestId": "r-1",
                "http": http,
                "authorizer": {"jwt": {"claims": claims}},
            },
        }
        answer: Json = function._handler(event, Context())
        return answer

    tell_of_an_account(function, capability)
    logging.disable(logging.INFO)  # a line for each of thousands of requests
    yield call
    logging.disable(logging.NOTSET)
    if plugs.venue_database.cache_info().currsize:
        plugs.venue_database().close()
    plugs.venue_database.cache_clear()
    unplug(capability)
    plugs.relay.cache_clear()


def tell_of_an_account(function: Function, capability: str) -> None:
    """Let it hear of an account with cash and of an instrument with a price."""
    market: list[Event] = [instrument_listed(), cash_deposited("1000"), bar_closed(bar(1), 1)]
    facts: dict[str, list[Event]] = {
        "risk": [account_opened(), *market],
        "execution": [account_opened(), *market],
        "compliance": [account_opened()],
        "portfolio": [instrument_listed()],
    }
    if capability in facts:
        assert function.deliver(*facts[capability]) == []


def known_ids(send: Send, capability: str) -> Known:
    """What stands in an address: the account, which portfolio makes itself."""
    known: Known = {"account_id": ACCOUNT, "symbol": "AAPL", "instrument": "AAPL"}
    if capability != "portfolio":
        return known
    made = send("POST", "/v1/accounts", "", '{"name": "n"}', **{"idempotency-key": "open"})
    opened_account: Known = json.loads(made["body"])
    watched = '{"name": "n", "instruments": ["AAPL"]}'
    made = send("POST", "/v1/watchlists", "", watched, **{"idempotency-key": "watch"})
    return known | opened_account | {"watchlist_id": json.loads(made["body"])["watchlist_id"]}


def operations() -> Iterator[Any]:
    """Each guarded operation of the document, with the capability that answers it."""
    for path, methods in json.loads(DOCUMENT.read_bytes())["paths"].items():
        for method, operation in methods.items():
            name = f"{method.upper()} {path}"
            if name in ROUTES:
                yield pytest.param(ROUTES[name], method.upper(), path, operation, id=name)


@pytest.mark.parametrize(
    ("send", "method", "path", "operation"), list(operations()), indirect=["send"]
)
def test_no_request_is_a_fault_of_ours(send: Send, method: str, path: str, operation: Json) -> None:
    known = known_ids(send, ROUTES[f"{method} {path}"])
    for number, given in enumerate(requests(path, operation, known)):
        headers = {"idempotency-key": f"key-{number}", "if-match": "*"} | given.get("headers", {})
        answer = send(method, given["path"], given["query"], given["body"], **headers)
        assert_explained(answer, f"{method} {path} {str(given)[:300]}: {answer['body'][:500]}")


def requests(path: str, operation: Json, known: Known) -> Iterator[Json]:
    """A good one, then one thing wrong at a time in each place where a caller can write."""
    body, fields = good_body(operation)
    query, names = good_query(operation)
    good = {"path": address(path, **known), "query": urlencode(query), "body": text_of(body)}
    yield good
    for text in TEXTS:
        if "{" in path:
            yield good | {"path": address(path, **dict.fromkeys(known, text))}
        for name in names:
            yield good | {"query": urlencode(query | {name: text})}
    for name in fields:
        for value in VALUES:
            yield good | {"body": text_of(body | {name: value})}
    yield from (good | {"query": wrong} for wrong in QUERIES)
    yield from (good | {"headers": wrong} for wrong in HEADERS)
    yield from (good | {"body": wrong} for wrong in BODIES)


def good_body(operation: Json) -> tuple[dict[str, str], list[str]]:
    """The fields that are required, in JSON and as good as can be known here; and all names."""
    if "requestBody" not in operation:
        return {}, []
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    schemas = json.loads(DOCUMENT.read_bytes())["components"]["schemas"]
    body = schemas[schema["$ref"].rsplit("/", 1)[1]]
    required = body.get("required", [])
    return {name: json.dumps(GOOD.get(name, "1")) for name in required}, list(body["properties"])


def good_query(operation: Json) -> tuple[dict[str, str], list[str]]:
    """The parameters that are required; and all names."""
    written = [one for one in operation.get("parameters", []) if one["in"] == "query"]
    required = {one["name"]: str(GOOD.get(one["name"], "1")) for one in written if one["required"]}
    return required, [one["name"] for one in written]


def text_of(body: dict[str, str]) -> str | None:
    if not body:
        return None
    return "{" + ", ".join(f"{json.dumps(name)}: {value}" for name, value in body.items()) + "}"


def address(path: str, **known: str) -> str:
    """The path with a value for each parameter, as API Gateway writes it."""
    return PARAMETER.sub(lambda found: quote(known.get(found[0][1:-1], "x-1"), safe=""), path)


def assert_explained(answer: Json, said: str) -> None:
    assert answer["statusCode"] < 500 or "is not decided yet" in answer["body"], said
    if answer["statusCode"] < 400:
        return
    assert answer["headers"]["content-type"] == "application/problem+json", said
    problem = json.loads(answer["body"])
    assert problem["status"] == answer["statusCode"], said
    if answer["statusCode"] in (400, 413):
        assert problem["errors"], said
    assert all(one["fix"] and "openapi" not in one["fix"] for one in problem.get("errors", [])), (
        said
    )
