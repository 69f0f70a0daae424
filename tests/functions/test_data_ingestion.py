"""Ingestion's addresses, tasks and its worker's messages, as AWS calls them: backfills begun once
and followed, subscriptions, gaps, and what is due worked on, whatever comes twice.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.market.feeds import PostgresFeeds
from bifrost.adapters.postgres.market.ticks import PostgresTickReader
from bifrost.data.ingest.feeding import DailyFeed
from bifrost.data.ingest.freshness import FreshnessReport
from bifrost.data.ingest.subscribing import Subscribing
from bifrost.data.providers.answers import Failed
from bifrost.runtime.lambda_entry import lambda_entry
from functions.data import handler, wiring, wiring_ingestion
from tests.functions.data_function import Answer
from tests.functions.ways_in import Context, claims_of, http_event
from tests.ingestion_desk import IngestionDesk

BACKFILL = {
    "instruments": ["AAPL"],
    "timeframe": "1d",
    "from": "2024-01-02",
    "to": "2024-01-31",
    "provider": "alpaca",
}
JOBS = "/v1/data/backfills"
SUBSCRIPTION = "/v1/data/subscriptions/AAPL/1d/alpaca"


class IngestionFunction:
    """The handler, wired to a desk of the test's own."""

    def __init__(self, desk: IngestionDesk) -> None:
        self.desk = desk
        self.groups = "[admin]"
        self._call = lambda_entry("data", tasks=handler.TASKS, listeners=handler.LISTENERS)

    def call(self, method: str, path: str, body: Any = None, key: str = "", **query: Any) -> Answer:
        """Ask an address."""
        headers = {"idempotency-key": key} if key else {}
        claims = claims_of("owner-1", self.groups)
        event = http_event(method, path, body, claims=claims, headers=headers, query=query)
        answer = self._call(event, Context())
        return Answer(answer["statusCode"], json.loads(answer["body"]), answer["headers"])

    def task(self, name: str) -> Any:
        """Call a task as Scheduler does."""
        return self._call({"task": name, "input": {}}, Context())

    def deliver(self) -> list[str]:
        """Deliver every message that was sent, as SQS does; return the ids of those that failed."""
        failed = []
        while self.desk.queue.sent:
            number, _ = self.desk.queue.sent.pop(0)
            body = {"detail-type": "Ingestion Due", "detail": {"item": number}}
            record = {
                "messageId": f"m-{number}",
                "eventSource": "aws:sqs",
                "body": json.dumps(body),
            }
            answer = self._call({"Records": [record]}, Context())
            failed += [one["itemIdentifier"] for one in answer["batchItemFailures"]]
        return failed


@pytest.fixture
def function(
    make_database: Callable[[str], Database], monkeypatch: pytest.MonkeyPatch
) -> IngestionFunction:
    database = make_database("data")
    desk = IngestionDesk(database)
    plugged = {
        "backfills": desk.backfills,
        "subscriptions": desk.subscriptions,
        "subscribing": Subscribing(desk.subscriptions, ("alpaca",), desk.clock),
        "planner": desk.planner,
        "gap_finder": desk.gaps,
        "daily_feed": DailyFeed(PostgresFeeds(database), desk.clock),
        "freshness": FreshnessReport(desk.subscriptions, desk.clock),
        "ingester": desk.ingester,
        "dispatcher": desk.dispatcher,
    }
    for name, part in plugged.items():
        monkeypatch.setattr(wiring_ingestion, name, lambda part=part: part)
    monkeypatch.setattr(wiring, "data", lambda: desk.data.service)
    monkeypatch.setattr(wiring, "ticks", lambda: PostgresTickReader(database))
    return IngestionFunction(desk)


def test_a_backfill_is_accepted_followed_and_done(function: IngestionFunction) -> None:
    begun = function.call("POST", JOBS, BACKFILL, key="key-1")
    assert begun.status == 202
    where = begun.headers["location"]
    assert begun.body["state"] == "waiting"

    assert function.deliver() == []

    shown = function.call("GET", where).body
    assert (shown["state"], shown["ended"], shown["percent_done"]) == ("done", True, 100)
    assert (shown["items"]["done"], shown["rows_written"]) == (1, 21)
    (item,) = function.call("GET", f"{where}/items").body["items"]
    assert (item["instrument"], item["state"]) == ("AAPL", "done")
    assert [one["job_id"] for one in function.call("GET", JOBS).body["items"]] == [shown["job_id"]]
    last = function.call("GET", JOBS, cursor=shown["job_id"])
    assert (last.status, last.body["items"], last.body["next_cursor"]) == (200, [], None)
    bent = function.call("GET", JOBS, cursor="x")
    assert (bent.status, bent.body["errors"][0]["field"]) == (422, "cursor")


TICKS = {name: BACKFILL[name] for name in ("instruments", "provider")} | {
    "series": "trades",
    "from": "2024-06-07",
    "to": "2024-06-10",
}


def test_trades_of_the_past_are_fetched_and_then_read(function: IngestionFunction) -> None:
    begun = function.call("POST", JOBS, TICKS, key="key-1")
    assert (begun.status, begun.body["series"], begun.body["timeframe"]) == (202, "trades", None)

    assert function.deliver() == []

    (job,) = function.call("GET", JOBS).body["items"]
    assert (job["state"], job["series"], job["rows_written"]) == ("done", "trades", 80)
    asked = {"instrument": "AAPL", "from": "2024-06-07T00:00:00Z", "to": "2024-06-11T00:00:00Z"}
    told = function.call("GET", "/v1/trades", **asked, limit="50").body
    rest = function.call("GET", "/v1/trades", **asked, cursor=told["next_cursor"]).body
    assert (len(told["items"]), len(rest["items"]), rest["next_cursor"]) == (50, 30, None)
    assert told["items"][0]["t"] == "2024-06-07T13:30:00Z"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({**TICKS, "timeframe": "1m"}, "timeframe"),
        ({**TICKS, "series": "bars"}, "timeframe"),
        ({**TICKS, "series": "prints"}, "series"),
        ({**TICKS, "provider": "yahoo"}, "provider"),
    ],
)
def test_what_no_series_has_is_refused_by_its_field(
    function: IngestionFunction, body: Any, field: str
) -> None:
    refused = function.call("POST", JOBS, body, key="key-1")

    assert (refused.status, refused.fields) == (422, {field})


def test_the_same_key_begins_one_job_and_another_body_is_refused(
    function: IngestionFunction,
) -> None:
    first = function.call("POST", JOBS, BACKFILL, key="key-1").body["job_id"]

    assert function.call("POST", JOBS, BACKFILL, key="key-1").body["job_id"] == first
    assert function.call("POST", JOBS, {**BACKFILL, "to": "2024-02-01"}, key="key-1").status == 422


def test_what_cannot_be_fetched_is_named_field_by_field(function: IngestionFunction) -> None:
    answer = function.call("POST", JOBS, {**BACKFILL, "provider": "nobody"}, key="key-1")

    assert answer.status == 422
    assert answer.fields == {"provider"}


def test_only_an_admin_may_begin_stop_and_subscribe(function: IngestionFunction) -> None:
    job = function.call("POST", JOBS, BACKFILL, key="key-1").body["job_id"]
    function.groups = "[trader]"

    refused = [
        function.call("POST", JOBS, BACKFILL, key="key-2"),
        function.call("POST", f"{JOBS}/{job}/cancel"),
        function.call("POST", f"{JOBS}/{job}/resume"),
        function.call("PUT", SUBSCRIPTION, {"since": "2026-11-02"}),
        function.call("DELETE", SUBSCRIPTION),
    ]

    assert [answer.status for answer in refused] == [403] * 5
    assert function.call("GET", f"{JOBS}/{job}").status == 200


def test_a_job_is_stopped_and_goes_on(function: IngestionFunction) -> None:
    job = function.call("POST", JOBS, BACKFILL, key="key-1").body["job_id"]

    assert function.call("POST", f"{JOBS}/{job}/cancel").body["state"] == "cancelled"
    function.deliver()
    assert function.desk.starts() == []
    assert function.call("POST", f"{JOBS}/{job}/resume").body["ended"] is False
    function.deliver()

    assert function.call("GET", f"{JOBS}/{job}").body["state"] == "done"


def test_a_message_that_comes_twice_is_worked_on_once(function: IngestionFunction) -> None:
    function.call("POST", JOBS, BACKFILL, key="key-1")
    function.desk.queue.sent *= 3

    assert function.deliver() == []

    assert len(function.desk.vendor.asked) == 1


def test_an_item_that_failed_for_good_is_counted_and_one_that_goes_on_is_not(
    function: IngestionFunction, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = [Failed("503", retryable=True), Failed("403: not of this plan", retryable=False)]
    counted = []
    for number, answer in enumerate(answers):
        function.desk.vendor.script.append(answer)
        function.call("POST", JOBS, BACKFILL, key=f"key-{number}")
        capsys.readouterr()
        function.deliver()
        counted.append('"IngestionFailed":[1.0]' in capsys.readouterr().out.replace(" ", ""))

    assert counted == [False, True]


def test_what_is_subscribed_to_is_fetched_after_the_close_and_published(
    function: IngestionFunction,
) -> None:
    made = function.call("PUT", SUBSCRIPTION, {"since": "2026-11-20", "live": True})
    assert made.status == 200
    function.desk.clock.at = datetime(2026, 11, 20, 21, 1, tzinfo=UTC)

    assert function.task("plan_ingestion")["jobs_planned"] == 1
    assert function.deliver() == []
    assert function.task("plan_ingestion")["bars_published"] == 1

    (subscribed,) = function.call("GET", "/v1/data/subscriptions").body["items"]
    assert subscribed["live"] is True
    assert function.call("DELETE", SUBSCRIPTION).body["instrument"] == "AAPL"
    assert function.call("DELETE", SUBSCRIPTION).status == 404


def test_gaps_are_found_shown_and_refilled(function: IngestionFunction) -> None:
    function.call("PUT", SUBSCRIPTION, {"since": "2026-11-16"})

    assert function.task("find_gaps") == {"gaps_found": 1, "gaps_refilled": 1}
    (gap,) = function.call("GET", "/v1/data/gaps").body["items"]
    assert gap["missing"] == 5
    function.deliver()
    function.task("find_gaps")

    assert function.call("GET", "/v1/data/gaps").body["items"] == []
    (closed,) = function.call("GET", "/v1/data/gaps", closed="true").body["items"]
    assert closed["closed_at"] is not None


def test_how_old_the_newest_minute_is_is_told_while_the_session_is_open(
    function: IngestionFunction, capsys: pytest.CaptureFixture[str]
) -> None:
    address = "/v1/data/subscriptions/AAPL/1m/alpaca"
    function.call("PUT", address, {"since": "2026-11-20"})
    function.desk.clock.at = datetime(2026, 11, 20, 15, 0, 10, tzinfo=UTC)
    function.task("plan_ingestion")
    function.deliver()
    function.desk.clock.pass_by(150)

    (aged,) = function.call("GET", "/v1/data/freshness").body["items"]
    assert (aged["age_seconds"], aged["fresh"]) == (120, False)
    capsys.readouterr()
    function.task("plan_ingestion")
    assert '"OldestNewestBar":[120.0]' in capsys.readouterr().out.replace(" ", "")
    function.deliver()
    assert function.call("GET", "/v1/data/freshness").body["items"][0]["fresh"] is True
    function.desk.clock.at = datetime(2026, 11, 20, 22, tzinfo=UTC)

    assert function.call("GET", "/v1/data/freshness").body["items"] == []


@pytest.mark.parametrize("instruments", [None, [], "", "AAPL", ["AAPL", "AAPL"]])
def test_a_backfill_names_its_instruments_or_says_all(
    function: IngestionFunction, instruments: Any
) -> None:
    body = {name: value for name, value in BACKFILL.items() if name != "instruments"}
    if instruments is not None:
        body["instruments"] = instruments

    refused = function.call("POST", JOBS, body, key="k-1")

    assert refused.status == 422
    assert refused.fields == {"instruments"}


def test_a_backfill_of_all_is_of_everything_listed(function: IngestionFunction) -> None:
    begun = function.call("POST", JOBS, {**BACKFILL, "instruments": "all"}, key="k-1")

    assert begun.status == 202
    assert sum(begun.body["items"].values()) == 2


def test_a_backfill_up_to_the_last_day_ends_now(function: IngestionFunction) -> None:
    begun = function.call("POST", JOBS, {**BACKFILL, "to": "9999-12-31"}, key="k-1")

    assert begun.status == 202
    assert begun.body["before"] < "2100"
