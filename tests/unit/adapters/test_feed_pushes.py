"""Pushing to WebSocket clients: each outcome has its name, a client's messages stay in order, and
one that does not answer holds nobody else up.
"""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

import pytest

from bifrost.adapters.aws.client import AwsClient
from bifrost.adapters.aws.feed import ApiGatewayPushes
from bifrost.adapters.aws.signing import Credentials
from bifrost.data.streaming.feed_ports import Pushed

_HANGS_SECONDS = 3


class Connections(ThreadingHTTPServer):
    """API Gateway's @connections, with clients that are well, gone, forbidden, broken or mute."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.heard: list[tuple[str, str]] = []
        self.signed: list[bool] = []
        self.asked: list[str] = []
        self.ended = threading.Event()


class Handler(BaseHTTPRequestHandler):
    """Answers by the client's id."""

    server: Connections

    def do_POST(self) -> None:
        """Take a push."""
        *_, stage, _, connection = unquote(self.path).split("/")
        text = self.rfile.read(int(self.headers["content-length"])).decode()
        signature = self.headers.get("Authorization", "")
        self.server.signed.append(stage == "live" and "/execute-api/aws4_request" in signature)
        self.server.asked.append(connection)
        if connection == "mute":
            self.server.ended.wait(_HANGS_SECONDS)
            return
        status = {"gone": 410, "forbidden": 403, "broken": 500}.get(connection, 200)
        self.server.heard.append((connection, text))
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def connections() -> Iterator[Connections]:
    """A server."""
    with Connections() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.ended.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def pushes(connections: Connections) -> Iterator[ApiGatewayPushes]:
    """Pushes to it."""
    host = f"http://127.0.0.1:{connections.server_address[1]}"
    clients: list[AwsClient] = []

    def client() -> AwsClient:
        keys = Credentials("key", "secret")
        clients.append(
            AwsClient("execute-api", "us-east-1", keys, endpoint=host, timeout_seconds=0.5)
        )
        return clients[-1]

    made = ApiGatewayPushes(f"{host}/live", client)
    yield made
    made.close()
    for one in clients:
        one.close()


@pytest.mark.parametrize(
    ("connection", "outcome"),
    [
        ("well", Pushed.SENT),
        ("with/slash=and@", Pushed.SENT),
        ("gone", Pushed.GONE),
        ("forbidden", Pushed.SLOW),
        ("broken", Pushed.SLOW),
        ("mute", Pushed.SLOW),
    ],
)
def test_each_outcome_has_its_name(
    pushes: ApiGatewayPushes, connection: str, outcome: Pushed
) -> None:
    assert pushes.push([(connection, "text")]) == [outcome]


def test_pushes_are_signed_for_the_stage(
    pushes: ApiGatewayPushes, connections: Connections
) -> None:
    pushes.push([("well", "text")])

    assert connections.signed == [True]


def test_what_one_client_is_told_stays_in_order(
    pushes: ApiGatewayPushes, connections: Connections
) -> None:
    told = [(name, str(number)) for number in range(20) for name in ("ann", "bob")]

    outcomes = pushes.push(told)

    assert set(outcomes) == {Pushed.SENT}
    for name in ("ann", "bob"):
        heard = [text for connection, text in connections.heard if connection == name]
        assert heard == [str(number) for number in range(20)]


def test_a_client_that_does_not_answer_is_asked_once_and_holds_nobody_up(
    pushes: ApiGatewayPushes, connections: Connections
) -> None:
    told = [("mute", str(number)) for number in range(20)] + [("well", "text")]

    outcomes = pushes.push(told)

    assert outcomes == [Pushed.SLOW] * 20 + [Pushed.SENT]
    assert connections.heard == [("well", "text")]
    assert sorted(connections.asked) == ["mute", "well"]
