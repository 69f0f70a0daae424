"""A caller of portfolio's function who reads entity tags and sends them back."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.functions.ways_in import Context, claims_of, http_event


@dataclass(frozen=True, slots=True)
class Tagged:
    """What came back, and its tag."""

    status: int
    body: Any
    tag: str | None


class Owner:
    """One caller."""

    def __init__(self, handler: Callable[..., Any], name: str = "owner-1") -> None:
        self._handler = handler
        self._claims = claims_of(name)

    def get(self, path: str, **query: str) -> Tagged:
        """Read."""
        return self._call("GET", path, None, {}, query)

    def make(self, path: str, body: Any, key: str = "k-1") -> Tagged:
        """Create under a key."""
        return self._call("POST", path, body, {"idempotency-key": key}, {})

    def change(self, method: str, path: str, body: Any = None, tag: str | None = "*") -> Tagged:
        """Change what has this tag; None sends none."""
        headers = {} if tag is None else {"if-match": tag}
        return self._call(method, path, body, headers, {})

    def _call(
        self, method: str, path: str, body: Any, headers: dict[str, str], query: Mapping[str, str]
    ) -> Tagged:
        event = http_event(
            method, path, body, claims=self._claims, headers=headers, query=dict(query)
        )
        answer = self._handler(event, Context())
        found = {name.lower(): value for name, value in answer["headers"].items()}
        return Tagged(answer["statusCode"], json.loads(answer["body"]), found.get("etag"))
