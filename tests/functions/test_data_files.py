"""Files and bars over HTTP: declared, sent, followed; and bars by symbol, adjusted, as of a day."""

from collections.abc import Callable
from typing import Any

import pytest

from bifrost.adapters.postgres.database import Database
from tests.functions.data_function import DataFunction, data_function
from tests.reference_files import MAP_FILES
from tests.shared_data import shared_data
from tests.unit.data.test_lean_zip import zipped

SPLIT = b"20120105,1,0.25,400\n20501231,1,1,0\n"
SPY = zipped(
    "spy.csv",
    "20120104 00:00,4000000,4040000,3960000,4020000,1000",
    "20120105 00:00,4020000,4050000,3990000,4000000,1100",
    "20120106 00:00,1000000,1010000,990000,1004000,4200",
    "20120109 00:00,1004000,1012000,1000000,1008000,4100",
)
MINUTES = b"""timestamp,open,high,low,close,volume
2012-01-04 09:30:00,100,101,99.5,100.5,500
2012-01-04 09:31:00,100.5,100.9,100.2,100.4,300
2012-01-04 09:45:00,100.4,100.8,100.1,100.6,200
"""


@pytest.fixture
def data(make_database: Callable[[str], Database], monkeypatch: pytest.MonkeyPatch) -> DataFunction:
    return data_function(make_database("data"), monkeypatch)


def send(data: DataFunction, contents: dict[str, bytes], **told: str) -> Any:
    """Declare these files, send them in this order, and return the import as it stands."""
    files = [{"name": name, "size": len(one), **told} for name, one in contents.items()]
    made = data.post("/v1/data/imports", {"files": files})
    assert made.status == 202, made.body
    for one in made.body["files"]:
        key = one["put_url"].removeprefix("memory://")
        assert data.put(key, contents[one["name"]]) == []
    return data.get(f"/v1/data/imports/{made.body['import_id']}").body


def send_spy(data: DataFunction) -> Any:
    return send(
        data,
        {
            "daily/spy.zip": SPY,
            "factor_files/spy.csv": SPLIT,
            "map_files/spy.csv": MAP_FILES["spy.csv"],
        },
        format="lean",
    )


def test_files_are_declared_sent_and_followed(data: DataFunction) -> None:
    done = send_spy(data)

    assert [(one["name"], one["state"], one["rows_written"]) for one in done["files"]] == [
        ("daily/spy.zip", "done", 4),
        ("factor_files/spy.csv", "done", 1),
        ("map_files/spy.csv", "done", 1),
    ]
    assert [one["put_url"] for one in done["files"]] == [None, None, None]
    listed = data.get("/v1/data/imports").body
    assert [one["import_id"] for one in listed["items"]] == [done["import_id"]]


def test_an_import_shows_which_rows_it_did_not_believe(data: DataFunction) -> None:
    bad = b"date,open,high,low,close,volume\n2012-01-17,x,2,1,1,5\n2012-01-18,1,2,1,1.5,5\n"

    (file,) = send(data, {"a.csv": bad}, format="csv", instrument="IBM", timeframe="1d")["files"]

    assert file["rows_rejected"] == 1
    assert file["rejected"][0]["line"] == 2
    assert file["rejected"][0]["reason"].startswith("column 2, open: 'x'")


def test_only_an_administrator_imports(data: DataFunction) -> None:
    data.groups = "[]"

    body = {"files": [{"name": "a.zip", "size": 1, "format": "lean"}]}

    assert data.post("/v1/data/imports", body).status == 403
    assert data.get("/v1/data/imports").status == 403


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"instrument": None}, "files.0.instrument"),
        ({"timeframe": None}, "files.0.timeframe"),
        ({"timeframe": "2h"}, "files.0.timeframe"),
        ({"mic": "XNAS"}, "files.0.mic"),
        ({"size": 17 * 1024 * 1024}, "files.0.size"),
        ({"size": 0}, "files.0.size"),
        ({"format": "xls"}, "files.0.format"),
        *(
            ({"name": name}, "files.0.name")
            for name in ("a\nb", "../a.csv", "/a.csv", "a//b.csv", "a/./b.csv", "a\u202evsc.b")
        ),
    ],
)
def test_a_declaration_that_cannot_be_is_refused_field_by_field(
    data: DataFunction, changes: dict[str, Any], field: str
) -> None:
    whole = {"name": "a.csv", "size": 9, "format": "csv", "instrument": "IBM", "timeframe": "1d"}

    answer = data.post("/v1/data/imports", {"files": [whole | changes]})

    assert answer.status == 422
    assert answer.fields == {field}


def test_an_import_that_is_not_there_is_not_found(data: DataFunction) -> None:
    assert data.get("/v1/data/imports/no-such").status == 404


def test_a_split_is_adjusted_for_once_it_is_known(data: DataFunction) -> None:
    send_spy(data)
    asked = {"instrument": "SPY", "adjust": "splits"}

    before = data.get("/v1/bars", **asked, as_of="2012-01-05").body
    after = data.get("/v1/bars", **asked, as_of="2012-01-06").body

    assert [(one["t"], one["close"]) for one in before["items"]] == [
        ("2012-01-04", "402"),
        ("2012-01-05", "400"),
    ]
    assert [(one["t"], one["close"], one["volume"]) for one in after["items"]] == [
        ("2012-01-04", "100.5", "4000"),
        ("2012-01-05", "100", "4400"),
        ("2012-01-06", "100.4", "4200"),
    ]
    assert "effective time" in before["notes"][0]


def test_what_this_desk_had_not_recorded_then_it_did_not_know(data: DataFunction) -> None:
    send_spy(data)

    known = data.get("/v1/bars", instrument="SPY", as_of="2012-01-06", knowledge="recorded").body

    assert (known["items"], known["notes"]) == ([], [])


def test_minutes_are_rolled_up_and_an_unfinished_page_goes_on(data: DataFunction) -> None:
    send(data, {"m.csv": MINUTES}, format="csv", instrument="AAPL", timeframe="1m", times="begin")
    asked = {"instrument": "AAPL", "timeframe": "15m", "limit": 1}

    first = data.get("/v1/bars", **asked).body
    second = data.get("/v1/bars", **asked, cursor=first["next_cursor"]).body

    ((one,), (two,)) = (first["items"], second["items"])
    assert (one["t"], one["closed_at"]) == ("2012-01-04T14:30:00Z", "2012-01-04T14:45:00Z")
    assert [one[name] for name in ("open", "high", "low", "close", "volume")] == [
        "100", "101", "99.5", "100.4", "800",
    ]  # fmt: skip
    assert (two["t"], second["next_cursor"]) == ("2012-01-04T14:45:00Z", None)


def test_a_symbol_is_whoever_had_it_then(data: DataFunction) -> None:
    maps = {f"map_files/{name}": MAP_FILES[name] for name in ("fb.1.csv", "fb.csv")}
    fb = zipped("fb.csv", "20030327 00:00,32000,33000,31000,32500,100")
    send(data, {**maps, "daily/fb.zip": fb}, format="lean")

    then = data.get("/v1/bars", instrument="FB", **{"from": "2003-03-27", "to": "2003-03-28"})
    between = data.get("/v1/bars", instrument="FB", **{"from": "2005-01-03", "to": "2005-01-04"})
    across = data.get("/v1/bars", instrument="FB", **{"from": "2003-01-02", "to": "2012-06-01"})

    assert (then.body["instrument"], len(then.body["items"])) == ("FB.1", 1)
    assert "bars of FB.1" in then.body["notes"][0]
    assert (between.status, across.status) == (404, 422)
    assert "FB.1 had it from 1999-09-29 to 2003-03-28" in between.body["detail"]


@pytest.mark.parametrize(
    "query",
    [
        {"timeframe": "7m"},
        {"adjust": "some"},
        {"as_of": "soon"},
        {"as_of": "2012-01-04T10:00:00"},
        {"as_of": "9999-12-31T23:59:59-14:00", "adjust": "all"},
        {"as_of": "0001-01-01T00:00:00Z"},
        {"knowledge": "gut"},
        {"adjust": "splits", "from": "2012-01-05", "to": "2012-01-04"},
        {"adjust": "splits", "cursor": "x"},
    ],
)
def test_a_question_that_cannot_be_is_a_problem(data: DataFunction, query: dict[str, Any]) -> None:
    answer = data.get("/v1/bars", instrument="AAPL", **query)

    assert answer.status == 422
    assert answer.fields


def test_apples_split_of_2005_is_known_on_its_day_and_not_before(data: DataFunction) -> None:
    root = shared_data("daily_corporate_actions/lean")
    names = ("map_files/aapl.csv", "factor_files/aapl.csv", "daily/aapl.zip")
    send(data, {name: (root / name).read_bytes() for name in names}, format="lean")
    asked = {"instrument": "AAPL", "from": "2005-02-25", "to": "2005-03-02"}

    def closes(adjust: str, as_of: str) -> list[str]:
        found = data.get("/v1/bars", **asked, adjust=adjust, as_of=as_of).body
        return [one["close"] for one in found["items"]]

    raw = ["88.97", "44.84", "44.43", "44.13"]
    assert {mode: closes(mode, "2005-02-26") for mode in ("none", "splits", "all")} == {
        "none": raw[:1],
        "splits": raw[:1],
        "all": raw[:1],
    }
    assert closes("none", "2005-03-02") == raw
    assert closes("splits", "2005-03-02") == ["44.485", *raw[1:]]
    # Seven for one, four for one, and sixteen years of dividends came later.
    assert closes("splits", "2021-03-31") == ["1.58875", "1.601429", "1.586786", "1.576071"]
