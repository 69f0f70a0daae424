"""The data function by each way in: the bucket's events, its workflow's task, and HTTP."""

from collections.abc import Callable
from typing import Any

import pytest

from bifrost.adapters.postgres.database import Database
from tests.data_desk import SESSIONS, bar_file
from tests.functions.data_function import BARS, DataFunction, data_function


@pytest.fixture
def data(make_database: Callable[[str], Database], monkeypatch: pytest.MonkeyPatch) -> DataFunction:
    """The function with nine sessions of AAPL."""
    return data_function(make_database("data"), monkeypatch)


def test_object_in_the_bucket_becomes_bars_over_http(data: DataFunction) -> None:
    shown = data.get("/v1/bars", instrument="AAPL", limit=1)

    assert shown.status == 200
    assert shown.body["items"] == [
        {
            "t": "2012-01-03",
            "session": "2012-01-03",
            "closed_at": "2012-01-03T21:00:00Z",
            "open": "409.40",
            "high": "412.50",
            "low": "409.00",
            "close": "411.23",
            "volume": "10793600",
            "adjusted_close": None,
        }
    ]


def test_unreadable_object_is_logged_and_not_delivered_again(
    data: DataFunction, caplog: pytest.LogCaptureFixture
) -> None:
    failed = data.put(BARS, b"\x00", "etag-2")

    (logged,) = (one for one in caplog.records if one.levelname == "ERROR")
    assert failed == []
    assert logged.getMessage() == "import failed"
    assert vars(logged)["object_key"] == BARS
    assert "NUL bytes" in vars(logged)["problem"]


def test_bucket_that_does_not_answer_leaves_the_event_in_the_queue(data: DataFunction) -> None:
    data.desk.bucket.down = True

    assert data.put(BARS, bar_file(*SESSIONS[:1]), "etag-2") == ["m-1"]


def test_instruments_are_shown_with_the_bars_there_are(data: DataFunction) -> None:
    listed = data.get("/v1/instruments").body["items"]
    one = data.get("/v1/instruments/AAPL").body

    assert [item["symbol"] for item in listed] == ["AAPL", "IBM"]
    assert one == listed[0]
    assert one == {
        "symbol": "AAPL",
        "mic": "XNAS",
        "currency": "USD",
        "tick_size": "0.01",
        "lot_size": "1",
        "name": "Apple Inc.",
        "calendar": "XNYS",
        "first_session": "2012-01-03",
        "last_session": "2012-01-13",
        "bars": 9,
    }


def test_bars_come_in_pages_without_gap_or_overlap(data: DataFunction) -> None:
    seen: list[str] = []
    query: dict[str, Any] = {"instrument": "AAPL", "from": "2012-01-04", "limit": 3}
    while True:
        page = data.get("/v1/bars", **query).body
        seen += [item["session"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]

    assert seen == [session.isoformat() for session in SESSIONS[1:]]


def test_sessions_come_in_pages_with_their_hours(data: DataFunction) -> None:
    query = {"from": "2012-11-21", "to": "2012-11-26", "limit": 2}
    first = data.get("/v1/sessions", **query).body
    second = data.get("/v1/sessions", **query, cursor=first["next_cursor"]).body

    found = first["items"] + second["items"]
    assert [item["session"] for item in found] == ["2012-11-21", "2012-11-23", "2012-11-26"]
    assert found[1]["closes_at"] == "2012-11-23T18:00:00Z"
    assert first["market_time"] is None
    assert second["next_cursor"] is None


def test_replay_goes_from_the_request_to_its_last_bar(data: DataFunction) -> None:
    accepted = data.replay(speed="5")
    replay_id = accepted.body["replay_id"]
    steps = [data.task("publish_sessions", replay_id=replay_id) for _ in range(2)]
    shown = data.get(f"/v1/replays/{replay_id}").body

    assert accepted.status == 202
    assert accepted.headers["location"] == f"/v1/replays/{replay_id}"
    assert (accepted.body["state"], accepted.body["published"], accepted.body["total"]) == (
        "running",
        0,
        9,
    )
    assert [(one["done"], one["wait_seconds"]) for one in steps] == [(False, 1), (True, 1)]
    assert (shown["state"], shown["published"], shown["published_to"]) == ("done", 9, "2012-01-13")
    assert data.desk.workflows.started == [
        ("replay", replay_id, {"replay_id": replay_id, "run": 0, "correlation_id": "r-1"})
    ]
    assert data.get("/v1/sessions", **{"from": "2012-01-03", "to": "2012-01-03"}).body[
        "market_time"
    ] == ("2012-01-13T21:00:00Z")


def test_only_an_admin_moves_the_market(data: DataFunction) -> None:
    data.groups = "[]"

    assert data.replay().status == 403
    assert (
        data.get("/v1/sessions", **{"from": "2012-01-03", "to": "2012-01-03"}).body["market_time"]
        is None
    )


def test_same_replay_asked_twice_is_one_replay(data: DataFunction) -> None:
    first, second = data.replay(), data.replay()

    assert first.body == second.body
    assert data.replay(speed=1).status == 422


def test_replay_while_another_runs_or_back_in_time_is_a_conflict(data: DataFunction) -> None:
    first = data.replay(to="2012-01-06").body["replay_id"]
    running = data.replay("key-2")
    data.task("publish_sessions", replay_id=first)
    back = data.replay("key-3")

    assert (running.status, back.status) == (409, 409)
    assert f"replay {first} is running" in running.body["detail"]
    assert "the next possible from is 2012-01-09" in back.body["detail"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"instruments": []}, "instruments"),
        ({"instruments": "AAPL"}, "instruments"),
        ({"instruments": ["AAPL", "AAPL"]}, "instruments"),
        ({"instruments": ["aapl"]}, "instruments.0"),
        ({"instruments": [1]}, "instruments.0"),
        ({"instruments": ["A\u0000"]}, "instruments.0"),
        ({"instruments": ["XYZ"]}, "instruments.0"),
        ({"instruments": [f"A{n}" for n in range(51)]}, "instruments"),
        ({"from": "2012-01-32"}, "from"),
        ({"from": 1325548800}, "from"),
        ({"from": "20120103"}, "from"),
        ({"from": None}, "from"),
        ({"to": "2012-01-02"}, "from"),
        ({"speed": 0}, "speed"),
        ({"speed": -1}, "speed"),
        ({"speed": 101}, "speed"),
        ({"speed": 1.5}, "speed"),
        ({"speed": True}, "speed"),
        ({"speed": "fast"}, "speed"),
        ({"speed": "٣"}, "speed"),
        ({"pace": 1}, "pace"),
    ],
)
def test_bad_replay_is_a_problem_that_names_the_field_and_starts_nothing(
    data: DataFunction, changes: dict[str, Any], field: str
) -> None:
    answer = data.replay(**changes)

    assert answer.status == 422
    assert field in answer.fields
    assert data.desk.workflows.started == []
    assert data.desk.rows("SELECT 1 FROM data.replays") == []


@pytest.mark.parametrize("key", [None, "", "a b", "x" * 256])
def test_replay_without_a_usable_key_is_refused(data: DataFunction, key: str | None) -> None:
    answer = data.replay(key)

    assert answer.status == 422
    assert {field.lower() for field in answer.fields} == {"idempotency-key"}


@pytest.mark.parametrize("body", [[], "text", 7])
def test_replay_whose_body_is_no_object_is_refused(data: DataFunction, body: Any) -> None:
    assert data.replay(body=body).status == 422


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("/v1/instruments/XYZ", {}, 404),
        ("/v1/instruments/aapl", {}, 422),
        ("/v1/bars", {}, 422),
        ("/v1/bars", {"instrument": "XYZ"}, 404),
        ("/v1/bars", {"instrument": "AAPL\x00"}, 422),
        ("/v1/bars", {"instrument": "AAPL", "limit": 0}, 422),
        ("/v1/bars", {"instrument": "AAPL", "limit": 10001}, 422),
        ("/v1/bars", {"instrument": "AAPL", "limit": "NaN"}, 422),
        ("/v1/bars", {"instrument": "AAPL", "cursor": "$$$"}, 422),
        ("/v1/bars", {"instrument": "AAPL", "cursor": "é"}, 422),
        ("/v1/bars", {"instrument": "AAPL", "from": "2012-01-04", "to": "2012-01-03"}, 422),
        ("/v1/bars", {"instrument": "AAPL", "from": "yesterday"}, 422),
        ("/v1/bars", {"instrument": "AAPL", "from": "2012-W01-1"}, 422),
        ("/v1/sessions", {"from": "2012-01-04"}, 422),
        ("/v1/sessions", {"from": "1989-12-29", "to": "1990-01-02"}, 422),
        ("/v1/sessions", {"from": "2028-12-29", "to": "2029-01-02"}, 422),
        ("/v1/sessions", {"from": "2012-01-03", "to": "2012-01-04", "calendar": "XLON"}, 404),
        ("/v1/replays/no-such", {}, 404),
        ("/v1/replays/%00", {}, 422),
    ],
)
def test_bad_question_is_a_problem_and_never_a_fault(
    data: DataFunction, path: str, query: dict[str, Any], status: int
) -> None:
    answer = data.get(path, **query)

    assert answer.status == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_replay_task_that_is_given_nothing_says_what_it_needs(data: DataFunction) -> None:
    with pytest.raises(ValueError, match="replay_id is missing"):
        data.task("publish_sessions")
