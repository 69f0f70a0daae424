"""The data function over a desk of the test's own, for the tests of its addresses."""

import json
from base64 import b64decode
from dataclasses import dataclass
from typing import Any

import pytest

from bifrost.adapters.postgres.database import Database
from bifrost.runtime.lambda_entry import lambda_entry
from functions.data import handler, wiring, wiring_files
from tests.data_desk import INSTRUMENTS, SESSIONS, DataDesk, bar_file
from tests.functions.ways_in import Context, claims_of, http_event

BARS = "bars/daily/AAPL.csv"
REPLAY = {"instruments": ["AAPL"], "from": "2012-01-03", "to": "2012-01-13", "speed": "max"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back over HTTP."""

    status: int
    body: Any
    headers: dict[str, str]

    @property
    def fields(self) -> set[str]:
        """The fields that a problem names."""
        assert self.headers["content-type"] == "application/problem+json"
        assert all(error["fix"] for error in self.body["errors"])
        return {error["field"] for error in self.body["errors"]}


class DataFunction:
    """The handler, wired to a desk of the test's own; what it publishes stays in the outbox."""

    def __init__(self, desk: DataDesk) -> None:
        self.desk = desk
        self.groups = "[admin]"
        self._call = lambda_entry("data", tasks=handler.TASKS, listeners=handler.LISTENERS)

    def put(self, key: str, content: bytes, etag: str = "etag-1") -> list[str]:
        """Put an object, and deliver S3's event; return the ids of the records that failed."""
        self.desk.bucket.objects[key] = content
        found = {"key": key, "size": len(content), "etag": etag, "sequencer": "00"}
        envelope = {
            "version": "0",
            "id": "2d4eba74-fd51-3966-4bfa-b013c9da8ff1",
            "detail-type": "Object Created",
            "source": "aws.s3",
            "detail": {"version": "0", "bucket": {"name": "data"}, "object": found},
        }
        record = {"messageId": "m-1", "eventSource": "aws:sqs", "body": json.dumps(envelope)}
        answer = self._call({"Records": [record]}, Context())
        return [one["itemIdentifier"] for one in answer["batchItemFailures"]]

    def task(self, name: str, **given: Any) -> Any:
        """Call a task as Step Functions does."""
        answer = self._call({"task": name, "input": given, "correlation_id": "c-1"}, Context())
        return json.loads(json.dumps(answer))

    def get(self, path: str, **query: Any) -> Answer:
        """Read an address."""
        return self._http("GET", path, query, None, {})

    def form(
        self, path: str, accept: str, more: dict[str, str] | None = None, /, **query: Any
    ) -> tuple[int, bytes, dict[str, str]]:
        """Read an address in a form; return the status, the bytes and the headers."""
        claims = claims_of("owner-1", self.groups)
        headers = {"accept": accept} | (more or {})
        event = http_event("GET", path, None, claims=claims, headers=headers, query=query)
        answer = self._call(event, Context())
        body = answer["body"]
        content = b64decode(body) if answer["isBase64Encoded"] else body.encode()
        return answer["statusCode"], content, answer["headers"]

    def replay(self, key: str | None = "key-1", body: Any = None, **changes: Any) -> Answer:
        """Ask for a replay."""
        headers = {} if key is None else {"idempotency-key": key}
        asked = {**REPLAY, **changes} if body is None else body
        return self._http("POST", "/v1/replays", {}, asked, headers)

    def post(self, path: str, body: Any) -> Answer:
        """Send a body."""
        return self._http("POST", path, {}, body, {})

    def _http(
        self, method: str, path: str, query: dict[str, Any], body: Any, headers: dict[str, str]
    ) -> Answer:
        claims = claims_of("owner-1", self.groups)
        event = http_event(method, path, body, claims=claims, headers=headers, query=query)
        answer = self._call(event, Context())
        return Answer(answer["statusCode"], json.loads(answer["body"]), answer["headers"])


def data_function(database: Database, monkeypatch: pytest.MonkeyPatch) -> DataFunction:
    """Return the function with nine sessions of AAPL, imported by the bucket's events."""
    desk = DataDesk(database)
    monkeypatch.setattr(wiring, "imports", lambda: desk.imports)
    monkeypatch.setattr(wiring, "data", lambda: desk.service)
    monkeypatch.setattr(wiring, "reference", lambda: desk.reference)
    monkeypatch.setattr(wiring_files, "uploads", lambda: desk.uploads)
    monkeypatch.setattr(wiring_files, "bars", lambda: desk.reading)
    monkeypatch.setattr(wiring_files, "months", lambda: desk.reading.reader)
    function = DataFunction(desk)
    assert function.put("instruments/test.csv", INSTRUMENTS) == []
    assert function.put(BARS, bar_file(*SESSIONS)) == []
    return function
