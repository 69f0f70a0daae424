"""Bars and the calendar over HTTP as JSON, CSV, Arrow and Parquet: each says the same."""

import csv
import io
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow.ipc
import pyarrow.parquet
import pytest

from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.market.series import PostgresSeries
from bifrost.data.series.columns import BarColumns, micros
from bifrost.data.series.ports import SeriesKey
from bifrost.data.series.timeframes import Timeframe
from bifrost.runtime.negotiation import ARROW, CSV, PARQUET
from tests.data_desk import SESSIONS
from tests.functions.data_function import DataFunction, data_function

NEW_YORK = ZoneInfo("America/New_York")
RECORDED = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def data(make_database: Callable[[str], Database], monkeypatch: pytest.MonkeyPatch) -> DataFunction:
    """The function with nine sessions of AAPL."""
    return data_function(make_database("data"), monkeypatch)


def _rows(content: bytes) -> list[dict[str, Any]]:
    return list(csv.DictReader(io.StringIO(content.decode())))


@pytest.mark.parametrize("more", [{}, {"adjust": "splits"}, {"as_of": "2012-01-06"}])
def test_bars_as_csv_are_those_of_json(data: DataFunction, more: dict[str, str]) -> None:
    items = data.get("/v1/bars", instrument="AAPL", **more).body["items"]

    status, content, headers = data.form("/v1/bars", CSV, instrument="AAPL", **more)

    assert status == 200
    assert headers["content-type"].startswith(CSV)
    rows = _rows(content)
    assert [row["t"] for row in rows] == [item["t"] for item in items]
    assert [row["closed_at"] for row in rows] == [item["closed_at"] for item in items]
    for name in ("open", "high", "low", "close", "volume"):
        assert [row[name] for row in rows] == [item[name] for item in items]


def test_bars_as_arrow_and_parquet_have_dates_and_floats(data: DataFunction) -> None:
    _, stream, _ = data.form("/v1/bars", ARROW, instrument="AAPL")
    _, file, _ = data.form("/v1/bars", PARQUET, instrument="AAPL")

    arrow = pyarrow.ipc.open_stream(stream).read_all()
    parquet = pyarrow.parquet.read_table(io.BytesIO(file))
    assert arrow["t"].to_pylist() == list(SESSIONS)
    assert arrow["close"].to_pylist() == [411.23] * len(SESSIONS)
    assert parquet.to_pylist() == arrow.to_pylist()


def test_pages_of_a_form_follow_each_other_by_link(data: DataFunction) -> None:
    found: list[str] = []
    query: dict[str, Any] = {"instrument": "AAPL", "limit": 4}
    for _ in SESSIONS:
        _, content, headers = data.form("/v1/bars", CSV, **query)
        found += [row["t"] for row in _rows(content)]
        if "link" not in headers:
            break
        cursor = headers["link"].split("cursor=")[1].split(">")[0]
        query["cursor"] = cursor

    assert found == [day.isoformat() for day in SESSIONS]


def test_bars_that_the_caller_has_are_not_sent_again(data: DataFunction) -> None:
    _, _, headers = data.form("/v1/bars", "*/*", instrument="AAPL")

    status, content, _ = data.form(
        "/v1/bars", "*/*", {"if-none-match": headers["etag"]}, instrument="AAPL"
    )

    assert (status, content) == (304, b"")


def test_only_what_was_recorded_by_an_instant_may_be_kept_for_ever(data: DataFunction) -> None:
    asked = {"instrument": "AAPL", "as_of": "2012-02-01"}

    _, _, effective = data.form("/v1/bars", CSV, **asked)
    _, _, recorded = data.form("/v1/bars", CSV, **asked, knowledge="recorded")

    assert effective["cache-control"] == "private, no-cache"
    assert "immutable" in recorded["cache-control"]


def test_the_calendar_has_every_form(data: DataFunction) -> None:
    _, content, _ = data.form("/v1/calendar", CSV, **{"from": "2012-07-02", "to": "2012-07-05"})

    assert [(row["session"], row["closes_early"]) for row in _rows(content)] == [
        ("2012-07-02", "0"),
        ("2012-07-03", "1"),
        ("2012-07-05", "0"),
    ]
    assert date(2012, 7, 4).isoformat() not in content.decode()


def _minutes(first: datetime, count: int) -> BarColumns:
    starts = micros(first) + np.arange(count, dtype=np.int64) * 60_000_000
    prices = 100_000_000 + np.arange(count, dtype=np.int64) * 10_000
    return BarColumns(starts, prices, prices, prices, prices, prices)


@pytest.mark.parametrize("timeframe", ["1m", "5m"])
def test_pages_of_minutes_over_months_are_the_whole(data: DataFunction, timeframe: str) -> None:
    # The evening of 31 January in New York is 1 February in UTC.
    begins = (datetime(2012, 1, 31, 19, tzinfo=NEW_YORK), datetime(2012, 3, 1, 10, tzinfo=NEW_YORK))
    with data.desk.database.transaction() as cursor:
        for begin in begins:
            key = SeriesKey("AAPL", Timeframe.M1, "alpaca")
            PostgresSeries(cursor).put(key, _minutes(begin, 60), RECORDED)
    asked = {"instrument": "AAPL", "timeframe": timeframe, "extended": "true"}
    whole = data.get("/v1/bars", **asked, limit=1000).body["items"]

    found: list[dict[str, Any]] = []
    query: dict[str, Any] = {"limit": 7}
    while query:
        page = data.get("/v1/bars", **asked, **query).body
        found += page["items"]
        following = page["next_cursor"]
        query = {"limit": 7, "cursor": following} if following else {}

    assert len(whole) == (120 if timeframe == "1m" else 24)
    assert found == whole
    within = data.get("/v1/bars", **asked, **{"from": "2012-01-31", "to": "2012-01-31"})
    assert within.body["items"] == whole[: len(whole) // 2]


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/v1/instruments", {}),
        ("/v1/instruments", {"as_of": "2026-11-21"}),
        ("/v1/universe", {"as_of": "2026-11-21"}),
    ],
)
def test_instruments_have_every_form(data: DataFunction, path: str, query: dict[str, str]) -> None:
    items = data.get(path, **query).body["items"]

    _, content, headers = data.form(path, CSV, **query)
    _, stream, _ = data.form(path, ARROW, **query)

    assert [row["symbol"] for row in _rows(content)] == [item["symbol"] for item in items] != []
    assert len(pyarrow.ipc.open_stream(stream).read_all()) == len(items)
    assert headers["cache-control"] == "private, no-cache"


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
@pytest.mark.parametrize("knowledge", ["effective", "recorded"])
@pytest.mark.parametrize("timeframe", ["1d", "5m"])
def test_bars_as_of_the_first_and_the_last_day_can_be_asked(
    data: DataFunction, day: str, knowledge: str, timeframe: str
) -> None:
    asked = {"as_of": day, "knowledge": knowledge, "timeframe": timeframe}

    assert data.get("/v1/bars", instrument="AAPL", adjust="all", **asked).status == 200


@pytest.mark.parametrize("as_of", ["2005-02-30", "2012-01-03T10:00", "yesterday", "1325600000"])
def test_an_as_of_that_is_none_is_one_error_in_plain_words(data: DataFunction, as_of: str) -> None:
    refused = data.get("/v1/bars", instrument="AAPL", as_of=as_of)

    assert refused.status == 422
    (error,) = refused.body["errors"]
    assert error["field"] == "as_of"
    assert "YYYY-MM-DD" in error["message"] + error["fix"]
    assert "function" not in str(error)
