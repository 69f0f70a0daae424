"""The WebSocket feed of a running desk: a client with a token is told of sessions that are replayed
and of minutes that the streaming worker writes, each with its number; without a token of nothing.
"""

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.faults.forking import Forks
from tests.faults.stream_market import StreamMarket, running_market
from tests.live_desk import PROGRAM, PROJECT, LiveDesk, wait_until
from tests.twins.alpaca_stream import StreamTwin

Json = dict[str, Any]
Open = Callable[..., ClientConnection]


@pytest.fixture
def open_feed(desk: LiveDesk) -> Iterator[Open]:
    """Opens lines to the desk's feed, and closes them."""
    with ExitStack() as opened:

        def make(*, token: str | None = "", query: str = "") -> ClientConnection:
            given = desk.token() if token == "" else token
            headers = {} if given is None else {"Authorization": f"Bearer {given}"}
            url = desk.state.outputs["FeedUrl"].replace("http", "ws", 1) + query
            line = connect(url, additional_headers=headers, open_timeout=30, proxy=None)
            return opened.enter_context(line)

        yield make


def ask(line: ClientConnection, action: str, *channels: str, **more: Any) -> None:
    """Ask the feed for something."""
    line.send(json.dumps({"action": action, "channels": list(channels), **more}))


def told(line: ClientConnection, seconds: float = 30) -> Json:
    """Return the next message."""
    message: Json = json.loads(line.recv(timeout=seconds))
    return message


def bars_told(line: ClientConnection, count: int) -> dict[int, Json]:
    """Return so many messages by their numbers; one that comes twice says the same again."""
    bars: dict[int, Json] = {}
    ends_at = monotonic() + 120
    while len(bars) < count:
        assert monotonic() < ends_at, f"only {sorted(bars)} came"
        message = told(line, 60)
        assert bars.setdefault(message["sequence"], message) == message
    return bars


def test_a_client_is_told_of_each_session_that_is_replayed(desk: LiveDesk, open_feed: Open) -> None:
    line = open_feed()
    ask(line, "subscribe", "bars:AAPL:1d")
    subscribed = told(line)
    desk.play(3)
    bars = sorted((told(line) for _ in range(3)), key=lambda one: int(one["sequence"]))
    first = subscribed["sequence"]
    asked = {"from": bars[0]["bar"]["t"], "limit": 3}
    stored = desk.api.get("/v1/bars", instrument="AAPL", **asked)["items"]
    closes = {item["t"]: item["close"] for item in stored}

    assert (subscribed["type"], subscribed["channel"]) == ("subscribed", "bars:AAPL:1d")
    assert [one["sequence"] for one in bars] == [first + 1, first + 2, first + 3]
    for one in bars:
        assert one["bar"]["close"] == closes[one["bar"]["t"]]

    again = open_feed()
    ask(again, "subscribe", "bars:AAPL:1d", after=first + 1)
    resumed, *missed = [told(again) for _ in range(3)]
    assert resumed["resumed"] is True
    assert missed == bars[1:]


def test_who_has_no_token_or_a_bad_one_is_not_connected(desk: LiveDesk, open_feed: Open) -> None:
    for token in (None, "not.a.token"):
        with pytest.raises(InvalidStatus):
            open_feed(token=token)


def test_a_browser_sends_its_token_in_the_query(desk: LiveDesk, open_feed: Open) -> None:
    line = open_feed(token=None, query=f"?token={desk.token()}")
    ask(line, "subscribe", "bars:IBM:1d")

    assert told(line)["type"] == "subscribed"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("no json", "body"),
        ('{"action": "dance"}', "action"),
        ('{"action": "subscribe", "channels": ["bars:AAPL:2m"]}', "channel"),
    ],
)
def test_what_cannot_be_done_is_answered_as_a_problem_and_the_line_stays(
    open_feed: Open, text: str, names: str
) -> None:
    line = open_feed()
    line.send(text)
    problem = told(line)
    ask(line, "subscribe", "bars:AAPL:1d")

    assert problem["type"] == "problem"
    assert problem["errors"][0]["field"] == names
    assert told(line)["type"] == "subscribed"


@pytest.fixture
def market(desk: LiveDesk, tmp_path: Path) -> Iterator[StreamMarket]:
    """A live market whose worker writes to the desk's database, and tells its bus."""
    with (
        Forks("tests.faults.stream_process") as runners,
        running_market(desk.state.database_urls["data"], tmp_path, runners) as made,
    ):
        made.more = {
            "EVENT_BUS_NAME": desk.state.outputs["EventBusName"],
            "AWS_ENDPOINT_URL": desk.state.endpoint_url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }
        yield made


def test_minutes_that_the_streaming_worker_writes_reach_a_client(
    open_feed: Open, market: StreamMarket
) -> None:
    line = open_feed()
    ask(line, "subscribe", "bars:AAA:1m")
    subscribed = told(line)
    process = market.start()
    market.wait_for_state(process, "working")
    bars = bars_told(line, 5)
    truth = market.truth(market.shares[0], market.now + timedelta(minutes=1))
    closes = {one[3] for one in truth.values()}

    assert subscribed["type"] == "subscribed", subscribed
    assert min(bars) > subscribed["sequence"]
    assert {round(float(one["bar"]["close"]) * 1_000_000) for one in bars.values()} <= closes
    wait_until("it ends", lambda: ended(process), market.last_words, 20)


def test_the_streaming_command_runs_until_it_is_told_to_end(desk: LiveDesk) -> None:
    keys = {"ALPACA_KEY_ID": "AKTEST", "ALPACA_SECRET_KEY": "secret"}
    with StreamTwin() as twin:
        settings = {**keys, "ALPACA_STREAM_URL": twin.url}
        desk.command("data", "keys", *(f"{name}={value}" for name, value in settings.items()))
        with subprocess.Popen(
            [str(PROGRAM), "runner", "--streams", "--instruments", "AAPL,IBM", "--json"],
            cwd=PROJECT,
            env=desk.environment(),
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            first = json.loads(process.stdout.readline())
            twin.wait_subscribed()
            process.terminate()
            last = json.loads(process.stdout.read().splitlines()[-1])

    assert process.returncode == 0
    assert first["state"] == "working"
    assert set(first["instruments"]) == {"AAPL", "IBM"}
    assert "given back" in last["said"]
    assert set(twin.asked[0]["trades"]) == {"AAPL", "IBM"}


def test_a_command_that_is_not_said_what_to_run_or_of_whom_says_so(desk: LiveDesk) -> None:
    nothing = desk.command_json("runner", code=2)
    unlisted = desk.command_json("runner", "--streams", "--instruments", "NOPE", code=2)

    assert nothing["error"]["errors"][0]["field"] == "--streams"
    assert "NOPE" in unlisted["error"]["detail"]


def ended(process: Any) -> bool:
    """Ask the worker to end, and say whether it has."""
    process.terminate()
    return process.poll() is not None
