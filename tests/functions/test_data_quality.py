"""Quality and the calendar over HTTP: what a session lacks, what was kept apart, who lets it in."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from bifrost.adapters.ids import RandomIds
from bifrost.adapters.memory.clock import SetClock
from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.market.quality import keep_apart
from bifrost.adapters.postgres.market.quality_books import PostgresCompleteness, PostgresReleases
from bifrost.adapters.postgres.market.quality_reads import PostgresQualityReader
from bifrost.data.quality.defects import Defect, DefectKind
from bifrost.data.quality.service import QualityService
from bifrost.data.series.columns import BarColumns, counted, micros
from bifrost.data.series.ports import SeriesKey
from bifrost.data.series.timeframes import Timeframe
from functions.data import wiring_quality
from tests.functions.data_function import DataFunction, data_function

OPENED = datetime(2012, 1, 12, 14, 30, tzinfo=UTC)
NOW = datetime(2012, 1, 14, 12, tzinfo=UTC)


@pytest.fixture
def data(make_database: Callable[[str], Database], monkeypatch: pytest.MonkeyPatch) -> DataFunction:
    """The function, with nine sessions of AAPL and one quarantined bar."""
    database = make_database("data")
    function = data_function(database, monkeypatch)
    service = QualityService(
        PostgresQualityReader(database),
        PostgresCompleteness(database),
        PostgresReleases(database),
        SetClock(NOW),
        RandomIds(),
    )
    monkeypatch.setattr(wiring_quality, "quality", lambda: service)
    price = counted([12.5])
    bars = BarColumns(counted([0]) + micros(OPENED), price, price, price, price, counted([900]))
    defect = Defect(
        DefectKind.SPIKE, "0.03 times what it was", 0, at=micros(OPENED), session=OPENED.date()
    )
    with database.transaction() as cursor:
        keep_apart(cursor, SeriesKey("AAPL", Timeframe.D1, "yahoo"), bars, [defect], NOW)
    return function


def test_report_names_the_goal_the_days_and_what_was_kept_apart(data: DataFunction) -> None:
    answer = data.get("/v1/data/quality", **{"from": "2012-01-12", "to": "2012-01-13"})

    assert answer.status == 200
    assert (answer.body["from"], answer.body["goal"], answer.body["reached"]) == (
        "2012-01-12",
        "0.995",
        True,
    )
    assert [(day["session"], day["stored"], day["share"]) for day in answer.body["days"]] == [
        ("2012-01-12", 1, "1"),
        ("2012-01-13", 1, "1"),
    ]
    (bar,) = answer.body["quarantined"]
    assert (bar["close"], bar["kinds"], bar["reason"]) == (
        "12.5",
        ["spike"],
        "0.03 times what it was",
    )


def test_what_nothing_is_stored_of_is_neither_reached_nor_missed(data: DataFunction) -> None:
    answer = data.get("/v1/data/quality", **{"from": "2012-01-12", "instrument": "IBM"})
    nobody = data.get("/v1/data/quality", **{"from": "2012-01-12", "instrument": "NOSUCH"})

    assert answer.status == 200
    assert (answer.body["reached"], answer.body["days"]) == (None, [])
    assert (nobody.status, "no instrument is called NOSUCH" in nobody.body["detail"]) == (404, True)


def test_days_are_as_many_as_were_asked_for_and_the_goal_is_of_all(data: DataFunction) -> None:
    asked = {"from": "2012-01-03", "to": "2012-01-13"}
    every = data.get("/v1/data/quality", **asked).body
    newest = data.get("/v1/data/quality", **asked, limit="2").body

    assert newest["days"] == every["days"][-2:]
    assert (every["days_left_out"], newest["days_left_out"]) == (0, len(every["days"]) - 2)
    assert newest["reached"] == every["reached"]


def test_admin_releases_a_bar_once_and_says_why(data: DataFunction) -> None:
    (bar,) = data.get("/v1/data/quality", **{"from": "2012-01-12"}).body["quarantined"]
    path = f"/v1/data/quality/{bar['quarantine_id']}/release"

    released = data.post(path, {"reason": "the issuer told"})

    assert released.status == 200
    assert (released.body["released_by"], released.body["release_reason"]) == (
        "owner-1",
        "the issuer told",
    )
    assert data.post(path, {"reason": "again"}).status == 409
    assert data.post(path, {"reason": ""}).status == 422
    assert data.post("/v1/data/quality/99/release", {"reason": "none"}).status == 404


def test_who_is_no_admin_releases_nothing(data: DataFunction) -> None:
    data.groups = "[]"

    assert data.post("/v1/data/quality/1/release", {"reason": "please"}).status == 403


def test_task_counts_sessions_and_says_how_many_are_below_the_goal(data: DataFunction) -> None:
    assert data.task("record_completeness") == {"sessions": 6, "below_goal": 0}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"from": "2012-01-04", "to": "2012-01-03"}, "to"),
        ({"from": "2010-01-04", "to": "2012-01-03"}, "from"),
        ({"from": "yesterday"}, "from"),
        ({"limit": "0"}, "limit"),
    ],
)
def test_bad_question_names_its_field(
    data: DataFunction, query: dict[str, str], field: str
) -> None:
    answer = data.get("/v1/data/quality", **query)

    assert answer.status == 422
    assert answer.fields == {field}


def test_calendar_shows_sessions_and_early_closes_and_leaves_closed_days_out(
    data: DataFunction,
) -> None:
    answer = data.get("/v1/calendar", **{"from": "2012-11-21", "to": "2012-11-26"})

    assert [(day["session"], day["closes_early"]) for day in answer.body["items"]] == [
        ("2012-11-21", False),
        ("2012-11-23", True),
        ("2012-11-26", False),
    ]
    assert answer.body["items"][1]["closes_at"] == "2012-11-23T18:00:00Z"
    assert answer.body["next_cursor"] is None


def test_calendar_goes_on_where_a_page_ended(data: DataFunction) -> None:
    first = data.get("/v1/calendar", **{"from": "2001-09-10", "to": "2001-09-18", "limit": "1"})
    second = data.get(
        "/v1/calendar",
        **{"from": "2001-09-10", "to": "2001-09-18", "cursor": first.body["next_cursor"]},
    )

    assert [day["session"] for day in first.body["items"]] == ["2001-09-10"]
    assert [day["session"] for day in second.body["items"]] == ["2001-09-17", "2001-09-18"]


def test_calendar_is_not_asked_beyond_what_is_announced(data: DataFunction) -> None:
    assert data.get("/v1/calendar", **{"from": "2028-12-01", "to": "2029-01-05"}).status == 422
