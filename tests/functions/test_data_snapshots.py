"""Snapshots over HTTP: each value with the instant from which on it could be known."""

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime

import pyarrow.parquet
import pytest

from bifrost.adapters.memory.clock import SetClock
from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.market.facts import PostgresFacts
from bifrost.adapters.postgres.market.snapshots import PostgresSnapshotMaker, PostgresSnapshots
from bifrost.data.snapshots.service import SnapshotService
from bifrost.runtime.negotiation import CSV, PARQUET
from functions.data import wiring_snapshots
from tests.functions.data_function import DataFunction, data_function

NOW = datetime(2012, 1, 14, 12, tzinfo=UTC)
FACTS = (
    "instrument,metric,period_end,value,currency,reported_at\n"
    "AAPL,shares_outstanding,2011-12-31,929000000,,2012-01-11T21:30Z\n"
)


@pytest.fixture
def data(make_database: Callable[[str], Database], monkeypatch: pytest.MonkeyPatch) -> DataFunction:
    """The function, with nine sessions of AAPL."""
    database = make_database("data")
    function = data_function(database, monkeypatch)
    service = SnapshotService(
        PostgresSnapshotMaker(database),
        PostgresSnapshots(database),
        PostgresFacts(database),
        SetClock(NOW),
    )
    monkeypatch.setattr(wiring_snapshots, "snapshots", lambda: service)
    return function


def test_snapshot_of_a_past_day_says_what_was_known_then_and_since_when(data: DataFunction) -> None:
    assert data.post("/v1/company-facts", {"text": FACTS}).body == {
        "rows_read": 1,
        "rows_written": 1,
    }

    (early,) = data.get("/v1/snapshots", as_of="2012-01-10").body["items"]
    (late,) = data.get("/v1/snapshots", as_of="2012-01-11", instrument="AAPL").body["items"]

    assert (early["instrument"], early["session"]) == ("AAPL", "2012-01-10")
    assert early["overview"]["last_close"] == {
        "value": "411.23",
        "known_at": "2012-01-10T21:00:00Z",
    }
    assert "market_cap" not in early["overview"]
    assert late["overview"]["market_cap"] == {
        "value": "382032670000",  # 411.23 for each of 929 million shares
        "known_at": "2012-01-11T21:30:00Z",
    }
    assert late["fundamentals"]["shares_outstanding"]["period_end"] == "2011-12-31"
    assert early["technicals"] == {}


def test_a_reported_number_of_fifteen_digits_is_shown_as_it_was_reported(
    data: DataFunction,
) -> None:
    reported = "AAPL,total_assets,2011-12-31,901142961234567,,2012-01-11T21:30Z\n"
    data.post("/v1/company-facts", {"text": FACTS + reported})

    (shown,) = data.get("/v1/snapshots", as_of="2012-01-11", instrument="AAPL").body["items"]

    assert shown["fundamentals"]["total_assets"]["value"] == "901142961234567"


def test_every_value_is_a_row_of_a_table(data: DataFunction) -> None:
    data.post("/v1/company-facts", {"text": FACTS})
    item = data.get("/v1/snapshots", as_of="2012-01-11").body["items"][0]

    status, content, _ = data.form("/v1/snapshots", CSV, as_of="2012-01-11")

    rows = list(csv.DictReader(io.StringIO(content.decode())))
    assert status == 200
    assert len(rows) == sum(
        len(item[part]) for part in ("overview", "technicals", "fundamentals", "setups")
    )
    told = {(row["part"], row["name"]): row for row in rows}
    assert told["overview", "last_close"]["value"] == item["overview"]["last_close"]["value"]
    assert told["fundamentals", "shares_outstanding"]["concerns"] == "2011-12-31"
    assert told["overview", "last_close"]["concerns"] == ""


def test_snapshots_are_a_parquet_file_too(data: DataFunction) -> None:
    _, content, headers = data.form("/v1/snapshots", PARQUET, as_of="2012-01-11")

    rows = pyarrow.parquet.read_table(io.BytesIO(content)).to_pylist()
    assert headers["content-type"] == PARQUET
    assert {row["instrument"] for row in rows} == {"AAPL"}
    assert all(row["known_at"] <= datetime(2012, 1, 12, 1, tzinfo=UTC) for row in rows)


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
@pytest.mark.parametrize("knowledge", ["effective", "recorded"])
def test_the_first_and_the_last_day_can_be_asked(
    data: DataFunction, day: str, knowledge: str
) -> None:
    assert data.get("/v1/snapshots", as_of=day, knowledge=knowledge).status == 200


def test_task_keeps_snapshots_that_are_read_as_recorded(data: DataFunction) -> None:
    assert data.get("/v1/snapshots", knowledge="recorded").body["items"] == []

    assert data.task("record_snapshots") == {"sessions": 5, "snapshots_written": 5}

    (kept,) = data.get("/v1/snapshots", knowledge="recorded").body["items"]
    (made,) = data.get("/v1/snapshots").body["items"]
    assert kept == made
    assert data.get("/v1/snapshots", knowledge="recorded", as_of="2012-01-12").body["items"] == []


def test_only_an_admin_tells_facts_and_a_wrong_line_is_named(data: DataFunction) -> None:
    wrong = data.post("/v1/company-facts", {"text": FACTS + "AAPL,revenue\n"})
    data.groups = "[]"

    assert (wrong.status, wrong.fields) == (422, {"line 3"})
    assert data.post("/v1/company-facts", {"text": FACTS}).status == 403


@pytest.mark.parametrize(
    "query",
    [{"as_of": "yesterday"}, {"knowledge": "guessed"}, {"instrument": "aapl"}, {"limit": "0"}],
)
def test_bad_question_names_its_field(data: DataFunction, query: dict[str, str]) -> None:
    answer = data.get("/v1/snapshots", **query)

    assert answer.status == 422
    assert answer.fields == set(query)
