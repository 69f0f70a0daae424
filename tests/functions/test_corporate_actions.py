"""Corporate actions over HTTP: a file is taken in whole or each wrong line is named."""

from collections.abc import Callable
from typing import Any

import pytest

from bifrost.adapters.postgres.database import Database
from bifrost.events import CorporateActionAnnounced, CorporateActionCorrected
from tests.functions.data_function import Answer, DataFunction, data_function

HEADER = (
    "action_id,vendor,revision,kind,instrument,currency,ex_date,withdrawn,new_shares,old_shares"
)
SPLIT = "apple-4-1,acme,1,split,AAPL,USD,2012-01-09,,4,1"
SEVEN = "apple-4-1,acme,2,split,AAPL,USD,2012-01-09,,7,1"


@pytest.fixture
def data(make_database: Callable[[str], Database], monkeypatch: pytest.MonkeyPatch) -> DataFunction:
    """The function with AAPL and IBM listed."""
    return data_function(make_database("data"), monkeypatch)


def send(data: DataFunction, *rows: str, header: str = HEADER) -> Answer:
    """Announce a file of these rows."""
    return data.post("/v1/corporate-actions", {"text": "\n".join([header, *rows])})


def listed(data: DataFunction, **asked: Any) -> list[tuple[str, int]]:
    """Which revisions a reader is shown."""
    answer = data.get("/v1/corporate-actions", **asked)
    assert answer.status == 200, answer.body
    return [(item["action_id"], item["revision"]) for item in answer.body["items"]]


def told(data: DataFunction) -> list[str]:
    """What others heard of corporate actions."""
    kinds = (CorporateActionAnnounced, CorporateActionCorrected)
    return [event.detail_type for event in data.desk.published() if isinstance(event, kinds)]


def test_a_file_is_announced_once_and_shown(data: DataFunction) -> None:
    first, again = send(data, SPLIT), send(data, SPLIT)

    assert (first.status, first.body["read"], len(first.body["added"])) == (200, 1, 1)
    assert again.body == {"read": 1, "added": []}
    assert told(data) == ["CorporateActionAnnounced.v1"]
    (item,) = data.get("/v1/corporate-actions").body["items"]
    assert item.pop("recorded_at")
    assert item == {
        "action_id": "apple-4-1",
        "vendor": "acme",
        "revision": 1,
        "kind": "split",
        "instrument": "AAPL",
        "currency": "USD",
        "ex_date": "2012-01-09",
        "record_date": None,
        "pay_date": None,
        "withdrawn": False,
        "terms": {"new_shares": "4", "old_shares": "1", "cash_in_lieu": None},
        "lacks": [],
        "status": "stands",
        "votes": 2,
        "told_by": ["acme"],
        "contradicted_by": [],
    }


def test_what_one_vendor_alone_claims_is_shown_as_claimed_and_told_to_nobody(
    data: DataFunction,
) -> None:
    phantom = SPLIT.replace("acme", "yahoo")

    (added,) = send(data, phantom).body["added"]

    assert (added["status"], added["votes"], added["told_by"]) == ("claimed", 1, ["yahoo"])
    assert told(data) == []


def test_a_correction_takes_the_place_of_what_it_corrects(data: DataFunction) -> None:
    send(data, SPLIT)

    send(data, SPLIT, SEVEN)

    assert told(data) == ["CorporateActionAnnounced.v1", "CorporateActionCorrected.v1"]
    assert listed(data) == [("apple-4-1", 2)]
    assert listed(data, revisions="true") == [("apple-4-1", 1), ("apple-4-1", 2)]


def test_a_page_goes_on_where_the_one_before_ended(data: DataFunction) -> None:
    send(data, SPLIT, SPLIT.replace("apple-4-1", "ibm-4-1").replace("AAPL", "IBM"))

    first = data.get("/v1/corporate-actions", limit=1).body
    second = data.get("/v1/corporate-actions", limit=1, cursor=first["next_cursor"]).body

    assert [page["items"][0]["action_id"] for page in (first, second)] == ["apple-4-1", "ibm-4-1"]
    assert second["next_cursor"] is None
    assert listed(data, instrument="IBM") == [("ibm-4-1", 1)]
    assert listed(data, **{"from": "2012-01-10"}) == []


@pytest.mark.parametrize(
    ("row", "field"),
    [
        (SPLIT.replace(",4,1", ",four,1"), "line 3, column new_shares"),
        (SPLIT.replace("2012-01-09", "2012-02-30"), "line 3, column ex_date"),
        (SPLIT.replace(",4,1", ",4,1,9"), "line 3, column row"),
        (SPLIT.replace("apple-4-1", "other"), "line 3, column ex_date"),
        (SPLIT.replace("AAPL", "ZZZZ").replace("apple-4-1", "other"), "line 3, column instrument"),
        (
            SPLIT.replace("USD", "EUR").replace("apple-4-1", "other").replace("09", "10"),
            "line 3, column currency",
        ),
    ],
)
def test_a_wrong_line_is_named_and_nothing_of_its_file_is_kept(
    data: DataFunction, row: str, field: str
) -> None:
    answer = send(data, SPLIT, row)

    assert answer.status == 422, answer.body
    assert field in answer.fields
    assert listed(data) == []
    assert told(data) == []


def test_what_an_instrument_becomes_is_listed_too(data: DataFunction) -> None:
    header = "action_id,vendor,revision,kind,instrument,currency,ex_date,new_instrument"

    answer = send(data, "a,acme,1,rename,AAPL,USD,2012-01-09,NEWN", header=header)

    assert answer.status == 422
    (error,) = answer.body["errors"]
    assert error["message"] == "NEWN is not listed"
    assert error["field"] == "line 2, column new_instrument"
    assert listed(data) == []


def test_what_contradicts_a_stored_revision_is_refused(data: DataFunction) -> None:
    send(data, SPLIT)

    answer = send(data, SPLIT.replace(",4,1", ",5,1"))

    assert answer.status == 422
    assert answer.fields == {"line 2, column revision"}


def test_what_contradicts_a_stored_action_is_refused_by_its_line(data: DataFunction) -> None:
    send(data, SPLIT)

    answer = send(data, SPLIT.replace("apple-4-1", "another"))

    (error,) = answer.body["errors"]
    assert error["field"] == "line 2, column ex_date"
    assert "contradicts apple-4-1" in error["message"]


def test_only_who_runs_the_desk_announces(data: DataFunction) -> None:
    data.groups = "[traders]"

    assert send(data, SPLIT).status == 403
    assert listed(data) == []


@pytest.mark.parametrize(
    "asked", [{"from": "2012-02-01", "to": "2012-01-01"}, {"cursor": "x"}, {"instrument": "aapl"}]
)
def test_a_question_that_makes_no_sense_is_answered_so(
    data: DataFunction, asked: dict[str, str]
) -> None:
    assert data.get("/v1/corporate-actions", **asked).status == 422


def test_an_instrument_that_nobody_listed_is_not_found(data: DataFunction) -> None:
    assert data.get("/v1/corporate-actions", instrument="ZZZZ").status == 404
