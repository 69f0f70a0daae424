"""What no capability takes: another method of a known address is a 405, all else a 404."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from infra_cdk.capabilities import CAPABILITIES
from tests.functions.ways_in import Context, Function, unplug

ROUTES = [route for row in CAPABILITIES for route in row.routes if route.path != "$default"]
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "NONSENSE")


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("CAPABILITY", "gateway")
    unplug("gateway")
    yield Function("gateway")
    unplug("gateway")


def address(path: str) -> str:
    """An address of the route, as somebody would call it."""
    return "/".join("x-1" if part.startswith("{") else part for part in path.split("/"))


def leads_to(called: str, path: str) -> bool:
    parts, pattern = called.split("/"), path.split("/")
    return len(parts) == len(pattern) and all(
        part == wanted or wanted.startswith("{")
        for part, wanted in zip(parts, pattern, strict=True)
    )


@pytest.mark.parametrize("path", sorted({route.path for route in ROUTES}))
def test_a_known_address_says_which_methods_it_takes(gateway: Any, path: str) -> None:
    called = address(path)
    # `/v1/orders/preview` is an order's address too.
    taken = {route.method for route in ROUTES if leads_to(called, route.path)}

    for method in sorted({*METHODS} - taken):
        answer = raw(gateway, method, called)
        assert answer["statusCode"] == 405, f"{method} {path}: {answer['body']}"
        assert answer["headers"]["content-type"] == "application/problem+json"
        assert answer["headers"]["allow"] == ", ".join(sorted(taken))
        assert answer["headers"]["allow"] in json.loads(answer["body"])["detail"]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "path",
    ["/", "/v1", "/v1/nothing", "/v1/orders/", "/v1/orders/a/b/c", "/v2/orders", "/v1/orders\n"],
)
def test_an_address_that_is_none_is_404_by_every_method(
    gateway: Any, method: str, path: str
) -> None:
    answer = raw(gateway, method, path)

    assert answer["statusCode"] == 404
    assert answer["headers"]["content-type"] == "application/problem+json"
    assert "/v1/openapi.json" in json.loads(answer["body"])["detail"]


def raw(gateway: Any, method: str, path: str) -> Any:
    http = {"method": method, "path": path, "sourceIp": "127.0.0.1", "protocol": "HTTP/1.1"}
    event = {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"host": "desk.test"},
        "requestContext": {"requestId": "r-1", "stage": "$default", "http": http},
    }
    return gateway._handler(event, Context())
