"""Every address of market data has every form, tag, page and packing, and each says the same."""

import csv
import gzip
import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import numpy as np
import pyarrow.ipc
import pyarrow.parquet
import pytest

from bifrost.adapters.memory.clock import SetClock
from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.market.facts import PostgresFacts
from bifrost.adapters.postgres.market.series import PostgresSeries
from bifrost.adapters.postgres.market.snapshots import PostgresSnapshotMaker, PostgresSnapshots
from bifrost.adapters.postgres.market.ticks import PostgresTickReader, PostgresTicks
from bifrost.data.series.columns import BarColumns, Integers, micros
from bifrost.data.series.ports import SeriesKey
from bifrost.data.series.tick_schemas import QuoteList, TradeList
from bifrost.data.series.ticks import QuoteColumns, TradeColumns
from bifrost.data.series.timeframes import Timeframe
from bifrost.data.snapshots.service import SnapshotService
from bifrost.runtime.negotiation import ARROW, CSV, JSON, PARQUET
from functions.data import wiring, wiring_snapshots
from infra_cdk.openapi import DOCUMENT
from tests.data_desk import SESSIONS, bar_file
from tests.functions.data_function import DataFunction, data_function
from tests.postgres_server import Server

OPEN = datetime(2012, 1, 3, 14, 30, tzinfo=UTC)
RECORDED = datetime(2026, 11, 21, 12, tzinfo=UTC)
COUNT = 30
# More than a page of any of them, and long enough as JSON to be worth packing.
SYMBOLS = [f"S{number:02}" for number in range(COUNT)]
DAY = {"from": "2012-01-03T14:30:00Z", "to": "2012-01-03T21:00:00Z"}
MANY: dict[str, dict[str, str]] = {
    "/v1/calendar": {"from": "2012-01-03", "to": "2012-02-10"},
    "/v1/instruments": {},
    "/v1/instruments as of a day": {"as_of": "2026-11-21"},
    "/v1/universe": {"as_of": "2026-11-21"},
    "/v1/bars": {"instrument": "AAPL"},
    "/v1/bars that are made": {"instrument": "AAPL", "adjust": "splits", "as_of": "2012-02-01"},
    "/v1/bars of minutes": {"instrument": "AAPL", "timeframe": "1m"},
    "/v1/quotes": {"instrument": "AAPL", **DAY},
    "/v1/trades": {"instrument": "AAPL", **DAY},
    "/v1/snapshots": {"as_of": "2012-01-11"},
}
OF_THE_PAST = {
    "/v1/bars": {"instrument": "AAPL", "as_of": "2020-01-01"},
    "/v1/quotes": {"instrument": "AAPL", **DAY, "as_of": "2020-01-01T00:00:00Z"},
    "/v1/trades": {"instrument": "AAPL", **DAY, "as_of": "2020-01-01T00:00:00Z"},
    "/v1/snapshots": {"as_of": "2020-01-01"},
}
FORMS = (CSV, ARROW, PARQUET)
# A table of snapshots has a row for each value, and trades the mask of their conditions.
OTHERWISE = {"conditions"}

Row = dict[str, Any]

each = pytest.mark.parametrize("asked", MANY)


@pytest.fixture(scope="module")
def data(postgres_server: Server) -> Iterator[DataFunction]:
    """The function with instruments, bars, minutes, quotes and trades, which no test changes."""
    with postgres_server.fresh_database() as name, pytest.MonkeyPatch.context() as patched:
        database = Database(postgres_server.address("bifrost_data", name))
        yield _stocked(database, patched)
        database.close()


def _stocked(database: Database, patched: pytest.MonkeyPatch) -> DataFunction:
    function = data_function(database, patched)
    header = "symbol,mic,currency,tick_size,lot_size,name"
    rows = [f"{symbol},XNYS,USD,0.01,1,{symbol}" for symbol in SYMBOLS]
    function.put("instruments/more.csv", "\n".join([header, *rows]).encode())
    for symbol in SYMBOLS[:5]:
        function.put(f"bars/daily/{symbol}.csv", bar_file(*SESSIONS))
    prices = 100_000_000 + np.arange(COUNT, dtype=np.int64) * 10_000
    with database.transaction() as cursor:
        minutes = BarColumns(_instants(60_000_000), *[prices] * 5)
        PostgresSeries(cursor).put(SeriesKey("AAPL", Timeframe.M1, "alpaca"), minutes, RECORDED)
        PostgresTicks(cursor).put_trades("AAPL", "alpaca", _trades(prices), RECORDED)
        PostgresTicks(cursor).put_quotes("AAPL", "alpaca", _quotes(prices), RECORDED)
    snapshots = SnapshotService(
        PostgresSnapshotMaker(database),
        PostgresSnapshots(database),
        PostgresFacts(database),
        SetClock(datetime(2012, 1, 14, 12, tzinfo=UTC)),
    )
    patched.setattr(wiring, "ticks", lambda: PostgresTickReader(database))
    patched.setattr(wiring_snapshots, "snapshots", lambda: snapshots)
    return function


def _instants(apart: int) -> Integers:
    return micros(OPEN) + np.arange(COUNT, dtype=np.int64) * apart


def _trades(prices: Integers) -> TradeColumns:
    venues = np.full(COUNT, b"XNAS", dtype="S4")
    numbers = np.zeros(COUNT, dtype=np.int64)
    return TradeColumns(_instants(1_000_000), numbers, prices, prices, venues, numbers + (1 << 5))


def _quotes(prices: Integers) -> QuoteColumns:
    venues = np.full(COUNT, b"XNAS", dtype="S4")
    numbers = np.zeros(COUNT, dtype=np.int64)
    sides = (prices - 10_000, prices, prices, prices)
    return QuoteColumns(_instants(1_000_000), numbers, *sides, venues, venues, numbers)


def _path(asked: str) -> str:
    return asked.split(" ", maxsplit=1)[0]


def _from_csv(content: bytes) -> list[Row]:
    return list(csv.DictReader(io.StringIO(content.decode())))


def _from_arrow(content: bytes) -> list[Row]:
    found: list[Row] = pyarrow.ipc.open_stream(content).read_all().to_pylist()
    return found


def _from_parquet(content: bytes) -> list[Row]:
    found: list[Row] = pyarrow.parquet.read_table(io.BytesIO(content)).to_pylist()
    return found


READERS: dict[str, Callable[[bytes], list[Row]]] = {
    CSV: _from_csv,
    ARROW: _from_arrow,
    PARQUET: _from_parquet,
}


def _as_json_says_it(value: Any) -> str:
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, bool) else str(value)


@each
def test_each_form_says_what_json_says(data: DataFunction, asked: str) -> None:
    path, query = _path(asked), MANY[asked]
    items = data.get(path, **query).body["items"]

    read = {form: data.form(path, form, **query) for form in FORMS}
    rows = {form: READERS[form](content) for form, (_, content, _) in read.items()}

    assert items
    assert all(read[form][0] == 200 for form in FORMS)
    assert all(read[form][2]["content-type"].split(";")[0] == form for form in FORMS)
    assert rows[ARROW] == rows[PARQUET]
    assert [*rows[ARROW][0]] == [*rows[CSV][0]]
    assert len(rows[ARROW]) == len(rows[CSV])
    if path != "/v1/snapshots":
        told = [{name: _as_json_says_it(value) for name, value in item.items()} for item in items]
        assert [_without(row, OTHERWISE) for row in rows[CSV]] == [
            _without(item, OTHERWISE) for item in told
        ]


def _without(row: Row, names: set[str]) -> Row:
    return {name: value for name, value in row.items() if name not in names}


@each
@pytest.mark.parametrize("form", [JSON, *FORMS])
def test_pages_of_a_form_follow_each_other_by_link(
    data: DataFunction, asked: str, form: str
) -> None:
    def rows_of(content: bytes) -> list[Row]:
        found: list[Row] = json.loads(content)["items"] if form == JSON else READERS[form](content)
        return found

    path, query = _path(asked), dict(MANY[asked])
    _, whole, headers = data.form(path, form, **query, limit="100")
    assert "link" not in headers
    query["limit"] = "1" if path == "/v1/snapshots" else "7"
    found: list[Row] = []
    pages = 0
    while query:
        _, content, headers = data.form(path, form, **query)
        found += rows_of(content)
        pages += 1
        query = _following(headers, path)

    assert found == rows_of(whole)
    assert pages > 1


def _following(headers: dict[str, str], path: str) -> dict[str, str]:
    """Return the query of the page after; nothing at the end."""
    if "link" not in headers:
        return {}
    address, relation = headers["link"].split(";")
    parts = urlsplit(address.strip("<>"))
    assert (parts.path, relation.strip()) == (path, 'rel="next"')
    return dict(parse_qsl(parts.query))


@each
def test_a_form_that_the_caller_has_is_not_sent_again(data: DataFunction, asked: str) -> None:
    path, query = _path(asked), MANY[asked]

    tags = [data.form(path, form, **query)[2]["etag"] for form in (JSON, *FORMS)]
    again = [
        data.form(path, form, {"if-none-match": tag}, **query)
        for form, tag in zip((JSON, *FORMS), tags, strict=True)
    ]

    assert len(set(tags)) == len(tags)
    assert [(status, content) for status, content, _ in again] == [(304, b"")] * len(tags)
    assert all("accept" in headers["vary"].lower() for _, _, headers in again)


@each
def test_only_what_no_later_fact_changes_may_be_kept(data: DataFunction, asked: str) -> None:
    path = _path(asked)
    past = OF_THE_PAST.get(path)

    _, _, headers = data.form(path, CSV, **MANY[asked])

    assert headers["cache-control"] == "private, no-cache"
    if past is not None:
        status, _, headers = data.form(path, CSV, **past, knowledge="recorded")
        assert status == 200
        assert "immutable" in headers["cache-control"]


@each
def test_a_long_answer_travels_packed_to_who_accepts_it(data: DataFunction, asked: str) -> None:
    path, query = _path(asked), MANY[asked]
    _, plain, _ = data.form(path, JSON, **query)

    status, content, headers = data.form(path, JSON, {"accept-encoding": "gzip"}, **query)

    assert (status, headers["content-encoding"]) == (200, "gzip")
    assert len(content) < len(plain)
    assert gzip.decompress(content) == plain


@each
def test_a_form_that_there_is_not_is_refused_by_name(data: DataFunction, asked: str) -> None:
    status, content, headers = data.form(_path(asked), "image/png", **MANY[asked])

    assert status == 406
    assert headers["content-type"] == "application/problem+json"
    assert CSV in content.decode()


@pytest.mark.parametrize(("path", "sheet"), [("/v1/trades", TradeList), ("/v1/quotes", QuoteList)])
def test_ticks_are_as_the_api_describes_them(
    data: DataFunction, path: str, sheet: type[TradeList | QuoteList]
) -> None:
    body = data.get(path, **MANY[path]).body

    assert sheet.model_validate(body).model_dump(mode="json") == body


def test_the_api_describes_each_form_of_each_of_them() -> None:
    described = {
        path: answers["get"]["responses"]["200"].get("content", {})
        for path, answers in json.loads(DOCUMENT.read_bytes())["paths"].items()
        if "get" in answers
    }
    tables = {path: forms for path, forms in described.items() if CSV in forms}

    assert set(tables) == {_path(asked) for asked in MANY}
    assert all(set(forms) == {JSON, *FORMS} for forms in tables.values())
    assert all(forms[JSON]["schema"] for forms in tables.values())
