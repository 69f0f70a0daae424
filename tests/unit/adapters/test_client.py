"""The light client: one request per call, errors with their names, and no silent second sending."""

import json
import socket
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from bifrost.adapters.aws.bus import EventBridgeSink
from bifrost.adapters.aws.client import AwsCallError, AwsClient
from bifrost.adapters.aws.objects import S3Objects
from bifrost.adapters.aws.signing import Credentials
from bifrost.adapters.aws.workflows import StepFunctionsWorkflows
from bifrost.core.errors import InvalidInputError, NotFoundError, UnavailableError
from bifrost.data.files.imports import BYTES_MAX

Answers = list[tuple[int, Any]]


class Service(ThreadingHTTPServer):
    """Answers from a list, remembers what it was asked; status 0 hangs up without an answer."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: Answers = []
        self.asked: list[tuple[str, str, str]] = []


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Service

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
        self.server.asked.append((self.path, self.headers.get("x-amz-target", ""), body))
        status, answer = self.server.answers.pop(0)
        if status == 0:
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST  # noqa: N815  # the base class's name

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base's name
        """Say nothing."""


@pytest.fixture
def service() -> Iterator[Service]:
    with Service() as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def client(service: Service) -> Iterator[Callable[[str], AwsClient]]:
    endpoint = f"http://127.0.0.1:{service.server_port}"
    made: list[AwsClient] = []

    def make(name: str) -> AwsClient:
        made.append(
            AwsClient(name, "us-east-1", Credentials("a", "b"), endpoint=endpoint,
                      timeout_seconds=1)
        )  # fmt: skip
        return made[-1]

    yield make
    for one in made:
        one.close()


Make = Callable[[str], AwsClient]


def test_an_answer_lost_after_sending_is_unavailable_and_sent_once(
    service: Service, client: Make
) -> None:
    service.answers = [(0, None)]

    with pytest.raises(UnavailableError):
        client("states").call("A.B", {})
    assert len(service.asked) == 1


def test_a_connection_closed_while_idle_is_opened_anew(service: Service, client: Make) -> None:
    service.answers = [(200, {"n": 1}), (0, None), (200, {"n": 3})]
    one = client("states")
    one.call("A.B", {})

    with pytest.raises(UnavailableError):
        one.call("A.B", {})

    assert one.call("A.B", {}) == {"n": 3}


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_fault_is_unavailable(service: Service, client: Make, status: int) -> None:
    service.answers = [(status, {"message": "boom"})]

    with pytest.raises(UnavailableError, match=str(status)):
        client("events").call("A.B", {})


def test_a_refusal_keeps_its_code(service: Service, client: Make) -> None:
    service.answers = [(400, {"__type": "com.amazonaws#ValidationException", "message": "no"})]

    with pytest.raises(AwsCallError, match="ValidationException: no"):
        client("events").call("A.B", {})


def test_a_bus_that_took_only_some_events_says_which_it_refused(
    service: Service, client: Make
) -> None:
    service.answers = [(200, {"FailedEntryCount": 1, "Entries": [{}, {"ErrorCode": "x"}]})]
    sink = EventBridgeSink(client("events"), "desk")

    assert sink.put([("s", "A.v1", "{}"), ("s", "B.v1", "{}")]) == {1}


def test_a_bus_that_does_not_say_which_events_it_refused_has_not_answered(
    service: Service, client: Make
) -> None:
    service.answers = [(200, {"FailedEntryCount": 1, "Entries": [{}, {}]})]

    with pytest.raises(UnavailableError, match="which of 2"):
        EventBridgeSink(client("events"), "desk").put([("s", "A.v1", "{}"), ("s", "B.v1", "{}")])


def test_a_workflow_that_runs_already_has_been_started(service: Service, client: Make) -> None:
    service.answers = [(400, {"__type": "ExecutionAlreadyExists", "message": "it runs"})]
    states = client("states")
    workflows = StepFunctionsWorkflows(states, states, {"order_flow": "arn:of"})

    workflows.start("order_flow", "o-1", {"order": 1})

    asked = json.loads(service.asked[0][2])
    assert (asked["name"], json.loads(asked["input"])) == ("o-1", {"order": 1})


def test_a_workflow_that_failed_is_no_answer(service: Service, client: Make) -> None:
    service.answers = [(200, {"status": "FAILED", "error": "NotFoundError", "cause": "x"})]
    states = client("states")
    workflows = StepFunctionsWorkflows(states, states, {"reconcile": "arn:r"})

    with pytest.raises(UnavailableError, match="FAILED"):
        workflows.run("reconcile", {})


def test_an_object_that_is_not_there_is_not_found(service: Service, client: Make) -> None:
    service.answers = [(404, b"<Error/>"), (200, b"date,open")]
    objects = S3Objects(client("s3"), "bucket")

    with pytest.raises(NotFoundError):
        objects.get("bars/daily/XX.csv")
    assert objects.get("bars/daily/AAPL.csv") == b"date,open"
    assert service.asked[1][0] == "/bucket/bars/daily/AAPL.csv"


def test_an_object_that_is_too_large_is_not_read_to_its_end(service: Service, client: Make) -> None:
    service.answers = [(200, b" " * (BYTES_MAX + 1_000_000)), (200, b"date,open")]
    objects = S3Objects(client("s3"), "bucket")

    with pytest.raises(InvalidInputError, match=f"{BYTES_MAX} are the most"):
        objects.get("uploads/1/0000-large.csv")
    assert objects.get("bars/daily/AAPL.csv") == b"date,open"


def test_nothing_listening_is_unavailable() -> None:
    closed = AwsClient("s3", "us-east-1", Credentials("a", "b"), endpoint="http://127.0.0.1:1")

    with pytest.raises(UnavailableError):
        closed.get("/b/k")
