"""The client of the live feed: what it hands on is in order and without a gap, though the line
drops, doubles and cuts; a refused token is told at once.
"""

import json
import threading
from collections.abc import Callable, Iterator
from http import HTTPStatus
from itertools import islice
from typing import Any

import pytest
from websockets.http11 import Request, Response
from websockets.sync.server import Server, ServerConnection, serve

from bifrost.core.errors import UnauthenticatedError, UnavailableError
from bifrost.local import feed as client_module
from bifrost.local.feed import FeedClient

Json = dict[str, Any]
Talk = Callable[[ServerConnection, Json], None]
CHANNEL = "bars:AAPL:1d"


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again at once."""
    monkeypatch.setattr(client_module, "_PAUSE_SECONDS", 0.0)


@pytest.fixture
def feed() -> Iterator[Callable[[Talk], str]]:
    """Serves a feed that answers each request by a function; gives its address."""
    opened: list[tuple[Server, threading.Thread]] = []

    def make(talk: Talk) -> str:
        def handle(line: ServerConnection) -> None:
            for frame in line:
                talk(line, json.loads(frame))

        def check(line: ServerConnection, request: Request) -> Response | None:
            if request.headers.get("Authorization") == "Bearer good":
                return None
            return line.respond(HTTPStatus.FORBIDDEN, "no")

        server = serve(handle, "127.0.0.1", 0, process_request=check)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        opened.append((server, thread))
        return f"http://127.0.0.1:{server.socket.getsockname()[1]}/live"

    yield make
    for server, thread in opened:
        server.shutdown()
        thread.join()


def say(line: ServerConnection, *messages: Json) -> None:
    """Send messages of the channel."""
    for message in messages:
        line.send(json.dumps({"channel": CHANNEL, **message}))


def bar(sequence: int) -> Json:
    """Make a bar's message."""
    return {"type": "bar", "sequence": sequence, "bar": {"t": f"day {sequence}"}}


def subscribed(sequence: int, *, resumed: bool) -> Json:
    """Make the answer to a subscription."""
    return {"type": "subscribed", "sequence": sequence, "resumed": resumed, "snapshot": None}


def sequences(client: FeedClient, count: int) -> list[int]:
    """Follow until so many bars came."""
    told = (one for one in client.follow([CHANNEL]) if one["type"] == "bar")
    return [one["sequence"] for one in islice(told, count)]


def test_a_missing_message_is_asked_for_and_none_comes_twice(
    feed: Callable[[Talk], str],
) -> None:
    asked: list[Json] = []

    def talk(line: ServerConnection, request: Json) -> None:
        asked.append(request)
        if len(asked) == 1:
            say(line, subscribed(3, resumed=False), bar(4), bar(4), bar(7))
        else:
            say(line, subscribed(7, resumed=True), bar(5), bar(6), bar(7))

    found = sequences(FeedClient(feed(talk), "good"), 4)

    assert found == [4, 5, 6, 7]
    assert [one.get("after") for one in asked] == [None, 4]


def test_a_cut_line_is_opened_again_where_it_was(feed: Callable[[Talk], str]) -> None:
    asked: list[Json] = []

    def talk(line: ServerConnection, request: Json) -> None:
        asked.append(request)
        if len(asked) == 1:
            say(line, subscribed(0, resumed=False), bar(1))
            line.close_socket()
        else:
            say(line, subscribed(3, resumed=True), bar(2), bar(3))

    found = sequences(FeedClient(feed(talk), "good"), 3)

    assert found == [1, 2, 3]
    assert asked[1]["after"] == 1


def test_a_refused_token_is_told_at_once(feed: Callable[[Talk], str]) -> None:
    url = feed(lambda _line, _request: None)

    with pytest.raises(UnauthenticatedError, match="bifrost token"):
        next(FeedClient(url, "bad").follow([CHANNEL]))


def test_a_feed_that_is_not_there_is_given_up_after_a_few_tries() -> None:
    with pytest.raises(UnavailableError, match="does not answer"):
        next(FeedClient("http://127.0.0.1:9/live", "good").follow([CHANNEL]))
