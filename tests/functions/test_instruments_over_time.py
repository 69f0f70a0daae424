"""Instruments over HTTP: as they were on a day, as known by an instant, or a 404 in words."""

from collections.abc import Callable
from datetime import datetime

import pytest

from bifrost.adapters.postgres.database import Database
from tests.functions.data_function import DataFunction, data_function
from tests.reference_files import MAP_FILES


@pytest.fixture
def data(make_database: Callable[[str], Database], monkeypatch: pytest.MonkeyPatch) -> DataFunction:
    """The function with AAPL and IBM listed, and map files of others taken in."""
    function = data_function(make_database("data"), monkeypatch)
    function.desk.clock.pass_by(1)
    function.desk.reference.take_map_files(MAP_FILES, "request-1")
    return function


def before_map_files(data: DataFunction) -> str:
    """The instant before the map files were taken in."""
    (row,) = data.desk.rows(
        "SELECT max(recorded_at) AS at FROM data.instrument_terms WHERE source = 'csv'"
    )
    at: datetime = row["at"]
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_one_that_had_the_symbol_on_a_day_is_shown(data: DataFunction) -> None:
    answer = data.get("/v1/instruments/FB", as_of="2012-05-21")

    assert answer.status == 200
    assert answer.body.pop("recorded_at")
    assert answer.body == {
        "as_of": "2012-05-21",
        "known_by": None,
        "instrument": "FB",
        "symbol": "FB",
        "mic": "XNAS",
        "currency": "USD",
        "tick_size": "0.01",
        "lot_size": "1",
        "name": None,
        "status": "listed",
        "valid_from": "2012-05-18",
        "valid_to": None,
        "source": "lean",
        "superseded_at": None,
    }
    earlier = data.get("/v1/instruments/FB", as_of="2001-01-02").body
    assert (earlier["instrument"], earlier["valid_to"]) == ("FB.1", "2003-03-29")


def test_a_symbol_that_nobody_had_is_a_404_that_says_who_had_it_when(data: DataFunction) -> None:
    answer = data.get("/v1/instruments/FB", as_of="2012-05-17")

    assert answer.status == 404
    assert "FB.1 had it from 1999-09-29 to 2003-03-28" in answer.body["detail"]


def test_without_a_day_the_listing_is_shown_as_ever(data: DataFunction) -> None:
    assert data.get("/v1/instruments/AAPL").body["bars"] == 9
    assert len(data.get("/v1/instruments").body["items"]) == 7


def test_the_list_of_a_day_has_the_one_with_the_symbol_or_all_that_were_listed(
    data: DataFunction,
) -> None:
    (one,) = data.get("/v1/instruments", symbol="GOOG", as_of="2010-01-04").body["items"]
    nobody = data.get("/v1/instruments", symbol="FB", as_of="2012-05-17").body
    first = data.get("/v1/instruments", as_of="2001-01-02", limit=2).body
    second = data.get("/v1/instruments", as_of="2001-01-02", cursor=first["next_cursor"]).body

    assert (one["instrument"], one["symbol"]) == ("GOOGL", "GOOG")
    assert (nobody["items"], nobody["as_of"]) == ([], "2012-05-17")
    shown = [item["instrument"] for page in (first, second) for item in page["items"]]
    assert shown == ["AAPL", "FB.1", "IBM", "SPY"]
    # No start was ever told of it.
    assert first["items"][0]["valid_from"] is None


def test_what_was_not_known_then_is_not_shown(data: DataFunction) -> None:
    known_by = before_map_files(data)

    assert data.get("/v1/instruments/FB", as_of="2001-01-02", known_by=known_by).status == 404
    page = data.get("/v1/universe", as_of="2001-01-02", known_by=known_by).body
    assert [item["instrument"] for item in page["items"]] == ["AAPL", "IBM"]


def test_a_universe_is_paged_and_may_be_an_index_s(data: DataFunction) -> None:
    members = b"index,instrument,from,to\nOLD,FB.1,2000-01-03,2002-01-02\nOLD,GONE,2000-01-03,\n"
    assert data.put("indexes/old.csv", members) == []

    first = data.get("/v1/universe", as_of="2001-01-02", index="OLD", limit=1).body
    second = data.get("/v1/universe", as_of="2001-01-02", index="OLD", cursor="FB.1").body

    assert (first["index"], first["next_cursor"]) == ("OLD", "FB.1")
    assert first["items"][0] == {
        "instrument": "FB.1",
        "symbol": "FB",
        "mic": None,
        "currency": "USD",
        "name": None,
        "status": "listed",
    }
    assert [(one["instrument"], one["symbol"]) for one in second["items"]] == [("GONE", None)]


@pytest.mark.parametrize(
    ("path", "query", "field"),
    [
        ("/v1/universe", {}, "as_of"),
        ("/v1/universe", {"as_of": "2012-02-30"}, "as_of"),
        ("/v1/universe", {"as_of": "2012-02-03", "index": "sp 500"}, "index"),
        ("/v1/instruments", {"symbol": "aapl"}, "symbol"),
        ("/v1/instruments/FB", {"as_of": "yesterday"}, "as_of"),
        ("/v1/instruments/FB", {"known_by": "2012-05-21T10:00:00"}, "known_by"),
        ("/v1/instruments/FB", {"known_by": "2012-13-21T10:00:00Z"}, "known_by"),
        ("/v1/instruments/FB", {"known_by": "1700000000"}, "known_by"),
    ],
)
def test_what_is_no_day_instant_or_symbol_is_named(
    data: DataFunction, path: str, query: dict[str, str], field: str
) -> None:
    answer = data.get(path, **query)

    assert answer.status == 422
    assert {name.split(".")[-1] for name in answer.fields} == {field}


@pytest.mark.parametrize("as_of", ["0001-01-01", "9999-12-31"])
@pytest.mark.parametrize(
    "known_by", ["0001-01-02T00:00:00+14:00", "9999-12-31T23:59:59Z", "2026-11-21T12:00Z"]
)
def test_the_first_and_last_day_and_instant_are_answered(
    data: DataFunction, as_of: str, known_by: str
) -> None:
    for path in ("/v1/instruments", "/v1/universe", "/v1/instruments/FB"):
        answer = data.get(path, as_of=as_of, known_by=known_by)
        assert answer.status in (200, 404), answer.body


def test_a_venue_that_nobody_knows_is_null_wherever_an_instrument_is_shown(
    data: DataFunction,
) -> None:
    listed = {one["symbol"]: one["mic"] for one in data.get("/v1/instruments").body["items"]}

    assert (listed["FB.1"], listed["FB"]) == (None, "XNAS")
    assert data.get("/v1/instruments/FB.1").body["mic"] is None
