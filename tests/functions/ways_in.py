"""The three ways into a Lambda, as AWS writes them, and its environment pointed at a test."""

import json
import sys
from dataclasses import dataclass
from importlib import import_module
from typing import Any
from urllib.parse import urlencode

import pytest

from bifrost.core.codec import to_json
from bifrost.events import Event
from bifrost.runtime import plugs
from bifrost.runtime.environment import environment


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back over HTTP."""

    status: int
    body: Any


@dataclass(slots=True)
class Context:
    """As much of a Lambda context as anything here reads."""

    function_name: str = "test"
    memory_limit_in_mb: int = 128
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:000000000000:function:test"
    aws_request_id: str = "request-1"

    def get_remaining_time_in_millis(self) -> int:
        """Enough."""
        return 30_000


def event_record(event: Event) -> dict[str, str]:
    """Write an event as its queue delivers it."""
    detail = {"id": "e", "detail-type": event.detail_type, "detail": to_json(event)}
    return {
        "messageId": event.event_id,
        "eventSource": "aws:sqs",
        "body": json.dumps(detail),
    }


class Function:
    """One capability's handler on a database of the test's own."""

    def __init__(self, capability: str) -> None:
        self._handler = import_module(f"functions.{capability}.handler").handler

    def task(self, name: str, **given: Any) -> Any:
        """Call a task as Step Functions does, JSON on both sides."""
        event = {"task": name, "input": to_json(given), "correlation_id": "c-1"}
        answer = self._handler(json.loads(json.dumps(event)), Context())
        return json.loads(json.dumps(answer))

    def deliver(self, *events: Event) -> list[str]:
        """Deliver events as their queue does; return the ids of those that failed."""
        answer = self._handler({"Records": [event_record(one) for one in events]}, Context())
        return [one["itemIdentifier"] for one in answer["batchItemFailures"]]

    def http(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        owner: str = "owner-1",
        groups: str = "[]",
        **query: str,
    ) -> Answer:
        """Call an address as API Gateway does after its authorizer let the caller in."""
        claims = claims_of(owner, groups)
        event = http_event(method, path, body, claims=claims, query=query)
        answer = self._handler(event, Context())
        return Answer(answer["statusCode"], json.loads(answer["body"] or "null"))


def claims_of(owner: str, groups: str = "[]") -> dict[str, str]:
    """Return what API Gateway's authorizer says of a caller that it let in."""
    return {"sub": owner, "token_use": "access", "cognito:groups": groups}


def http_event(
    method: str,
    path: str,
    body: Any = None,
    *,
    claims: dict[str, str],
    headers: dict[str, str] | None = None,
    query: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Return a request as API Gateway hands it on; a body of None is none."""
    given = {"host": "desk.test", "content-type": "application/json"}
    http = {"method": method, "path": path, "sourceIp": "127.0.0.1", "protocol": "HTTP/1.1"}
    return {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": urlencode(query or {}),
        "headers": given | (headers or {}),
        "body": None if body is None else json.dumps(body),
        "isBase64Encoded": False,
        "requestContext": {
            "requestId": "r-1",
            "stage": "$default",
            "http": http,
            "authorizer": {"jwt": {"claims": claims}},
        },
    }


def plug_in(monkeypatch: pytest.MonkeyPatch, capability: str, database_url: str) -> Function:
    """Return the capability's function with its wiring on `database_url`."""
    monkeypatch.setenv("CAPABILITY", capability)
    monkeypatch.setenv("DATABASE_URL", database_url)
    unplug(capability)
    return Function(capability)


def unplug(capability: str) -> None:
    """Forget what the function was wired to, and close its connection."""
    for door in (plugs.database, plugs.second_database):
        if door.cache_info().currsize:
            door().close()
    import_module(f"functions.{capability}.wiring")
    beginning = f"functions.{capability}.wiring"
    modules = [one for name, one in sys.modules.items() if name.startswith(beginning)]
    wiring = [plug for one in modules for plug in vars(one).values()]
    for plug in (environment, plugs.database, plugs.second_database, *wiring):
        if hasattr(plug, "cache_clear"):
            plug.cache_clear()
