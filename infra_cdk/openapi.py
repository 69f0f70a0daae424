"""The whole API as one OpenAPI 3.1 document: `uv run python -m infra_cdk.openapi` writes it.

Each function describes its own routes; no function may import another, so they are joined here,
at build time, and the gateway serves the file.
"""

import json
from importlib import import_module
from pathlib import Path
from typing import Any

from infra_cdk.capabilities import CAPABILITIES

DOCUMENT = Path(__file__).parents[1] / "shared/bifrost/gateway/openapi.json"

_PROBLEM = {
    "type": "object",
    "description": "RFC 9457; `type` is the address of a page that says what to do next.",
    "required": ["type", "title", "status", "detail", "instance", "correlation_id"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "correlation_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {name: {"type": "string"} for name in ("field", "message", "fix")},
            },
        },
        "reasons": {"type": "array", "items": {"type": "object"}},
    },
}
_PROBLEM_ANSWER = {
    "description": "A problem",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


def document() -> dict[str, Any]:
    """Join every capability's document; two schemas of one name must be the same."""
    whole: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {
            "title": "Bifrost",
            "version": "1",
            "description": "One desk: orders, risk, compliance, the ledger and market data."
            " Numbers of money, price and quantity are decimal strings.",
        },
        "servers": [{"url": "/"}],
        "paths": {},
        "components": {"schemas": {"Problem": _PROBLEM}, "securitySchemes": {}},
    }
    for capability in CAPABILITIES:
        _join(whole, import_module(f"functions.{capability.name}.routes").app.openapi())
    return whole


def text() -> str:
    """Return the document as the file holds it."""
    return json.dumps(document(), indent=1, sort_keys=True) + "\n"


def _join(whole: dict[str, Any], part: dict[str, Any]) -> None:
    for path, operations in part["paths"].items():
        for operation in operations.values():
            # FastAPI describes its own 422; ours is a problem like every other.
            operation["responses"].pop("422", None)
            operation["responses"]["default"] = _PROBLEM_ANSWER
        whole["paths"].setdefault(path, {}).update(operations)
    components = part.get("components", {})
    schemas = components.get("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for name, schema in schemas.items():
        if whole["components"]["schemas"].setdefault(name, schema) != schema:
            raise ValueError(f"two schemas are called {name}; rename one")
    whole["components"]["securitySchemes"].update(components.get("securitySchemes", {}))


if __name__ == "__main__":
    DOCUMENT.write_text(text())
