"""The data function as API Gateway's WebSocket API and the bus call it: who connects with a token
may subscribe, is told of what the bus tells, and is forgotten when it leaves.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from bifrost.adapters.clock import SystemClock
from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.recovery import unsend_unheard
from bifrost.core.errors import UnauthenticatedError
from bifrost.data.streaming.feed import LiveFeed
from bifrost.data.streaming.feed_ports import Pushed
from bifrost.events import BarClosed, BarsTaken
from bifrost.local.table import read_table
from bifrost.runtime import tokens
from bifrost.runtime.lambda_entry import lambda_entry
from functions.data import handler, wiring_feed
from tests.data_desk import DataDesk
from tests.functions.ways_in import Context, event_record
from tests.live_desk import PROJECT

Json = dict[str, Any]
HOUR = 3600


class Clients:
    """Clients in memory."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Json]] = []

    def push(self, told: Sequence[tuple[str, str]]) -> list[Pushed]:
        """Hand each message over."""
        self.told += [(one, json.loads(text)) for one, text in told]
        return [Pushed.SENT] * len(told)


class FeedFunction:
    """The handler with a feed of the test's own."""

    def __init__(self, desk: DataDesk, clients: Clients) -> None:
        self.desk = desk
        self.clients = clients
        self._call = lambda_entry(
            "data",
            tasks=handler.TASKS,
            listeners=handler.LISTENERS,
            sockets=handler.SOCKETS,
            tell=handler.tell,
        )

    def socket(self, route: str, body: Any = None, **more: Any) -> int:
        """Call a route as API Gateway does; return the status."""
        kinds = {"$connect": "CONNECT", "$disconnect": "DISCONNECT"}
        context = {
            "routeKey": route,
            "eventType": kinds.get(route, "MESSAGE"),
            "connectionId": "c-1=",
            "stage": "live",
        }
        text = body if isinstance(body, str) else json.dumps(body)
        event = {"requestContext": context, "body": text, "isBase64Encoded": False, **more}
        return int(self._call(event, Context())["statusCode"])

    def connect(self) -> int:
        """Connect with a token."""
        return self.socket("$connect", headers={"Authorization": "Bearer good"})

    def hear(self, *events: Any) -> list[str]:
        """Deliver events; return those that failed."""
        answer = self._call({"Records": [event_record(event) for event in events]}, Context())
        return [one["itemIdentifier"] for one in answer["batchItemFailures"]]

    @property
    def messages(self) -> list[Json]:
        """What the client was told."""
        return [message for _, message in self.clients.told]


@pytest.fixture
def function(
    make_database: Callable[[str], Database], monkeypatch: pytest.MonkeyPatch
) -> Iterator[FeedFunction]:
    """The function over a desk with bars of AAPL."""
    desk = DataDesk(make_database("data"))
    desk.stock("AAPL")
    clients = Clients()
    monkeypatch.setattr(wiring_feed, "database", lambda: desk.database)
    monkeypatch.setattr(wiring_feed, "pushes", lambda: clients)
    monkeypatch.setattr(tokens, "verified_claims", claims)
    wiring_feed.feed.cache_clear()
    yield FeedFunction(desk, clients)
    wiring_feed.feed.cache_clear()


def unsent(database_url: Callable[[str], str]) -> dict[str, int]:
    """Say what would be sent again, were the desk to come up now."""
    table = read_table(PROJECT)
    owner = Database(database_url("data").replace("bifrost_data", "postgres"))
    heard_by = {"data": table.listeners["data"]}
    again = unsend_unheard(owner, ["data"], heard_by, table.filters, table.news)
    owner.close()
    return again


def claims(token: str) -> Json:
    """Accept one token."""
    if token != "good":
        raise UnauthenticatedError("the token is not accepted")
    return {"sub": "ann", "exp": SystemClock().now().timestamp() + HOUR}


def test_a_connection_needs_a_token_in_its_header_or_its_query(function: FeedFunction) -> None:
    connect = function.socket

    assert connect("$connect") == 401
    assert connect("$connect", headers={"authorization": "Bearer bad"}) == 401
    assert connect("$connect", headers={"authorization": "Bearer good"}) == 200
    assert connect("$connect", queryStringParameters={"token": "good"}) == 200


def test_who_never_connected_is_told_to(function: FeedFunction) -> None:
    function.socket("subscribe", {"action": "subscribe", "channels": ["bars:AAPL:1d"]})
    (problem,) = function.messages

    assert problem["type"] == "problem"
    assert problem["problem"] == "/v1/problems/unauthenticated"


def test_a_replayed_session_is_told_once_however_often_the_bus_tells(
    function: FeedFunction,
) -> None:
    function.connect()
    function.socket("subscribe", {"action": "subscribe", "channels": ["bars:AAPL:1d"]})
    function.desk.play("AAPL")
    closed = [one for one in function.desk.published() if isinstance(one, BarClosed)]
    failed = function.hear(*closed, closed[0])
    said, *told = function.messages

    assert failed == []
    assert (said["type"], said["sequence"], said["snapshot"]) == ("subscribed", 0, None)
    assert [one["sequence"] for one in told] == [*range(1, len(closed) + 1)]
    assert told[0]["bar"]["t"].startswith("2012-01-03")
    assert told[0]["bar"]["close"] == "411.23"


def test_what_was_heard_is_not_sent_again_when_the_desk_comes_up(
    function: FeedFunction, database_url: Callable[[str], str]
) -> None:
    function.desk.play("AAPL")
    sent = "UPDATE data.outbox SET published_at = now() RETURNING 1"
    function.desk.rows(sent)
    *heard, _ = (one for one in function.desk.published() if isinstance(one, BarClosed))
    function.hear(*heard)

    assert unsent(database_url) == {"data": 1}


def test_what_is_told_to_nobody_is_remembered_all_the_same(function: FeedFunction) -> None:
    function.connect()
    function.socket("subscribe", {"action": "subscribe", "channels": ["bars:AAPL:1m"]})
    at = SystemClock().now()
    fields: Json = {"occurred_at": at, "recorded_at": at, "instrument": "AAPL", "provider": "csv"}
    fields |= {"first": at, "last": at, "kept_apart": 1}
    events = [
        BarsTaken(event_id="days", correlation_id="c", timeframe="1d", written=9, **fields),
        BarsTaken(event_id="apart", correlation_id="c", timeframe="1m", written=0, **fields),
    ]
    failed = function.hear(*events)
    heard = {row["event_id"] for row in function.desk.rows("SELECT event_id FROM data.inbox")}

    assert failed == []
    assert [one["type"] for one in function.messages] == ["subscribed"]
    assert heard == {"days", "apart"}


def test_what_was_told_is_forgotten_after_a_day_and_not_sent_again(
    function: FeedFunction, database_url: Callable[[str], str]
) -> None:
    function.desk.play("AAPL")
    events = [one for one in function.desk.published() if isinstance(one, BarClosed)]
    function.hear(*events)
    old, new = "now() - interval '26 hours'", "now() - interval '23 hours'"
    first = events[0].event_id
    function.desk.rows(
        f"UPDATE data.outbox SET published_at = now(), recorded_at ="
        f" CASE event_id WHEN '{first}' THEN {old} ELSE {new} END RETURNING 1"
    )
    function.desk.rows(
        f"UPDATE data.inbox SET received_at ="
        f" CASE event_id WHEN '{first}' THEN {old} ELSE {new} END RETURNING 1"
    )

    handler.TASKS["prune_feed"]({})
    kept = {row["event_id"] for row in function.desk.rows("SELECT event_id FROM data.inbox")}

    assert kept == {one.event_id for one in events[1:]}
    assert unsent(database_url) == {}


def test_a_new_client_gets_the_newest_session_of_the_market(function: FeedFunction) -> None:
    function.desk.play("AAPL")
    function.connect()
    function.socket("subscribe", {"action": "subscribe", "channels": ["bars:AAPL:1d"]})
    (said,) = function.messages

    assert said["snapshot"]["bar"]["t"].startswith("2012-01-13")


def test_who_has_left_is_told_nothing(function: FeedFunction) -> None:
    function.connect()
    function.socket("subscribe", {"action": "subscribe", "channels": ["bars:AAPL:1d"]})
    function.socket("$disconnect")
    function.desk.play("AAPL")
    function.hear(*(one for one in function.desk.published() if isinstance(one, BarClosed)))

    assert len(function.messages) == 1


@pytest.mark.parametrize(
    ("route", "body", "field"),
    [
        ("$default", {"action": "dance"}, "action"),
        ("$default", "no json", "body"),
        ("$default", "[1]", "body"),
        ("subscribe", {"action": "subscribe", "channels": ["bars:AAPL:2m"]}, "channel"),
        ("subscribe", "x" * 20_000, "body"),
        ("unsubscribe", {"action": "unsubscribe"}, "channels"),
    ],
)
def test_what_cannot_be_read_is_answered_as_a_problem_on_the_connection(
    function: FeedFunction, route: str, body: Any, field: str
) -> None:
    function.connect()

    assert function.socket(route, body) == 200
    (problem,) = function.messages
    assert problem["errors"][0]["field"] == field
    assert problem["errors"][0]["fix"]


def test_old_messages_are_deleted_by_a_schedule(function: FeedFunction) -> None:
    assert isinstance(wiring_feed.feed(), LiveFeed)
    assert handler.TASKS["prune_feed"]({}) == {"messages": 0}
