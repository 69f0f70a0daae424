"""The API's one document says what the functions serve: every route, its guard and its problems."""

import json
from typing import Any

import pytest

from infra_cdk.capabilities import CAPABILITIES
from infra_cdk.openapi import DOCUMENT, text
from tests.architecture.capability_map import route_shape

API: dict[str, Any] = json.loads(DOCUMENT.read_text())
OPERATIONS = {
    route_shape(method.upper(), path): operation
    for path, operations in API["paths"].items()
    for method, operation in operations.items()
}
ROWS = {
    route_shape(route.method, route.path): route
    for row in CAPABILITIES
    for route in row.routes
    if route.path != "$default"
}
# The pages that show the document are no part of it.
PAGES = {"GET /v1/docs", "GET /v1/docs/{}", "GET /v1/openapi.json", "GET /v1/problems"} | {
    "GET /v1/problems/{}"
}


def test_the_document_is_written_from_the_functions_as_they_are() -> None:
    assert DOCUMENT.read_text() == text(), "write it anew: uv run python -m infra_cdk.openapi"


def test_the_document_is_openapi_3_1_and_has_every_route_of_the_table() -> None:
    assert API["openapi"].startswith("3.1")
    assert set(ROWS) - PAGES <= set(OPERATIONS) <= set(ROWS)


@pytest.mark.parametrize("shape", sorted(OPERATIONS))
def test_an_operation_asks_for_a_token_exactly_where_its_row_does(shape: str) -> None:
    assert bool(OPERATIONS[shape].get("security")) is not ROWS[shape].public


@pytest.mark.parametrize("shape", sorted(OPERATIONS))
def test_an_operation_says_what_it_does_and_that_a_failure_is_a_problem(shape: str) -> None:
    operation = OPERATIONS[shape]

    assert operation.get("description") or operation.get("summary")
    assert "application/problem+json" in operation["responses"]["default"]["content"]


@pytest.mark.parametrize("shape", sorted(s for s in OPERATIONS if s.startswith("POST /v1/orders")))
def test_an_order_needs_an_idempotency_key(shape: str) -> None:
    required = {p["name"] for p in OPERATIONS[shape].get("parameters", []) if p.get("required")}

    # A preview writes nothing, and cancelling twice is cancelling.
    assert ("Idempotency-Key" in required) is (shape == "POST /v1/orders")


def test_no_number_of_the_api_is_a_json_float() -> None:
    def kinds(node: Any) -> list[str]:
        if isinstance(node, dict):
            own = [node["type"]] if isinstance(node.get("type"), str) else []
            return own + [kind for value in node.values() for kind in kinds(value)]
        if isinstance(node, list):
            return [kind for value in node for kind in kinds(value)]
        return []

    assert "number" not in kinds(API["components"]["schemas"])
