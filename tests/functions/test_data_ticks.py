"""Quotes and trades over HTTP: page by page, in each form, and nothing that was known later."""

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow.ipc
import pytest

from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.market.ticks import PostgresTickReader, PostgresTicks
from bifrost.data.series.columns import micros
from bifrost.data.series.ticks import QuoteColumns, TradeColumns
from bifrost.runtime.negotiation import ARROW
from functions.data import wiring
from tests.functions.data_function import DataFunction, data_function

OPEN = datetime(2012, 1, 3, 14, 30, tzinfo=UTC)
RECORDED = datetime(2026, 11, 21, 12, tzinfo=UTC)
ASKED = {"instrument": "AAPL", "from": "2012-01-03T14:30:00Z", "to": "2012-01-03T21:00:00Z"}
ROWS = 5


def _trades() -> TradeColumns:
    places = np.arange(ROWS, dtype=np.int64)
    return TradeColumns(
        occurred_at=micros(OPEN) + places // 2 * 1_000_000,
        sequence=places % 2,
        price=411_230_000 + places * 10_000,
        size=np.full(ROWS, 100_000_000, dtype=np.int64),
        venue=np.full(ROWS, b"XNAS", dtype="S4"),
        conditions=np.full(ROWS, 1 << 5 | 1 << 29, dtype=np.int64),
    )


def _quotes() -> QuoteColumns:
    ticks = _trades()
    return QuoteColumns(
        occurred_at=ticks.occurred_at,
        sequence=ticks.sequence,
        bid=ticks.price - 10_000,
        bid_size=ticks.size,
        ask=ticks.price + 10_000,
        ask_size=ticks.size,
        bid_venue=ticks.venue,
        ask_venue=ticks.venue,
        conditions=np.zeros(ROWS, dtype=np.int64),
    )


@pytest.fixture
def data(make_database: Callable[[str], Database], monkeypatch: pytest.MonkeyPatch) -> DataFunction:
    """The function with five trades and quotes of AAPL, two in each second."""
    database = make_database("data")
    with database.transaction() as cursor:
        PostgresTicks(cursor).put_trades("AAPL", "alpaca", _trades(), RECORDED)
        PostgresTicks(cursor).put_quotes("AAPL", "alpaca", _quotes(), RECORDED)
    monkeypatch.setattr(wiring, "ticks", lambda: PostgresTickReader(database))
    return data_function(database, monkeypatch)


def test_trades_are_listed_with_their_conditions(data: DataFunction) -> None:
    found = data.get("/v1/trades", **ASKED)

    assert found.status == 200
    assert len(found.body["items"]) == ROWS
    assert found.body["next_cursor"] is None
    assert found.body["items"][1] == {
        "t": "2012-01-03T14:30:00Z",
        "sequence": 1,
        "price": "411.24",
        "size": "100",
        "venue": "XNAS",
        "conditions": [5, 29],
    }


def test_quotes_are_listed_with_both_sides(data: DataFunction) -> None:
    first = data.get("/v1/quotes", **ASKED).body["items"][0]

    assert (first["bid"], first["ask"], first["bid_venue"]) == ("411.22", "411.24", "XNAS")


@pytest.mark.parametrize("path", ["/v1/trades", "/v1/quotes"])
def test_pages_hold_every_message_once_and_in_order(data: DataFunction, path: str) -> None:
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    for _ in range(ROWS):
        page = data.get(path, **ASKED, limit=2, **cursor)
        found += page.body["items"]
        if page.body["next_cursor"] is None:
            break
        cursor = {"cursor": page.body["next_cursor"]}
        assert f"cursor={cursor['cursor']}" in page.headers["link"]

    assert found == data.get(path, **ASKED).body["items"]


def test_csv_and_arrow_say_what_json_says(data: DataFunction) -> None:
    items = data.get("/v1/trades", **ASKED).body["items"]

    _, text, _ = data.form("/v1/trades", "text/csv", **ASKED)
    _, stream, headers = data.form("/v1/trades", ARROW, **ASKED)

    rows = list(csv.DictReader(io.StringIO(text.decode())))
    assert [row["price"] for row in rows] == [item["price"] for item in items]
    assert [row["t"] for row in rows] == [item["t"] for item in items]
    prices = pyarrow.ipc.open_stream(stream).read_all()["price"].to_pylist()
    assert prices == [float(item["price"]) for item in items]
    assert headers["content-type"] == ARROW


def test_what_happened_after_as_of_is_not_told(data: DataFunction) -> None:
    found = data.get("/v1/trades", **ASKED, as_of="2012-01-03T14:30:00Z")

    assert [item["price"] for item in found.body["items"]] == ["411.23", "411.24"]


def test_what_was_recorded_later_is_not_told_and_the_answer_may_be_kept(data: DataFunction) -> None:
    found = data.get("/v1/trades", **ASKED, as_of="2020-01-01T00:00:00Z", knowledge="recorded")

    assert found.body["items"] == []
    assert "immutable" in found.headers["cache-control"]


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"to": "2012-01-03T14:30:00Z"}, "to"),
        ({"from": "2012-01-03"}, "from"),
        ({"cursor": "x"}, "cursor"),
        ({"limit": "0"}, "limit"),
        ({"source": "Bad Source"}, "source"),
        ({"instrument": "a b"}, "instrument"),
    ],
)
def test_each_wrong_parameter_is_named(
    data: DataFunction, changed: dict[str, str], field: str
) -> None:
    found = data.get("/v1/trades", **(ASKED | changed))

    assert found.status == 422
    assert found.fields == {field}


def test_an_instrument_that_nobody_listed_is_not_found(data: DataFunction) -> None:
    assert data.get("/v1/trades", **(ASKED | {"instrument": "NOBODY"})).status == 404


def test_a_form_that_there_is_none_of_is_refused(data: DataFunction) -> None:
    status, _, _ = data.form("/v1/trades", "image/png", **ASKED)

    assert status == 406
