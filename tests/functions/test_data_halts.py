"""Halts over HTTP: a person tells of one and of its end, everybody sees them page by page and as
they were known, and what cannot be is refused with its field.
"""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from bifrost.adapters.memory.clock import SetClock
from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.market.halts import PostgresHalts
from bifrost.data.halts.service import HaltService
from functions.data import wiring_halts
from tests.functions.data_function import DataFunction, data_function

NOW = datetime(2012, 1, 14, 12, tzinfo=UTC)
HALTS = "/v1/data/halts"
BEGAN, ENDED = "2012-01-12T15:00:00Z", "2012-01-12T15:10:00Z"
HALT = {"instrument": "AAPL", "begins_at": BEGAN, "ends_at": ENDED, "reason": "the exchange's list"}


@pytest.fixture
def data(make_database: Callable[[str], Database], monkeypatch: pytest.MonkeyPatch) -> DataFunction:
    """The function, on a day of 2012."""
    database = make_database("data")
    function = data_function(database, monkeypatch)
    service = HaltService(PostgresHalts(database), SetClock(NOW))
    monkeypatch.setattr(wiring_halts, "halts", lambda: service)
    return function


def test_halt_that_an_admin_tells_is_shown_with_who_and_why_and_told_again_it_is_one(
    data: DataFunction,
) -> None:
    told = [data.post(HALTS, HALT), data.post(HALTS, HALT)]
    found = data.get(HALTS, instrument="AAPL", **{"from": "2012-01-12", "to": "2012-01-12"})

    assert [one.status for one in told] == [200, 200]
    (halt,) = found.body["items"]
    assert halt == {
        "instrument": "AAPL",
        "state": "ended",
        "begins_at": BEGAN,
        "ends_at": ENDED,
        "known_to": ENDED,
        "source": "person",
        "code": "",
        "reason": "the exchange's list",
        "told_by": "owner-1",
        "recorded_at": "2012-01-14T12:00:00Z",
    }
    assert found.body["next_cursor"] is None
    assert told[1].body == found.body


def test_halt_that_lasts_is_of_every_day_since_and_ends_when_its_end_is_told(
    data: DataFunction,
) -> None:
    data.post(HALTS, {**HALT, "ends_at": None})
    lasting = data.get(HALTS, **{"from": "2012-01-13"}).body["items"]
    data.post(HALTS, HALT)

    assert [(one["state"], one["ends_at"], one["known_to"]) for one in lasting] == [
        ("halted", None, None)
    ]
    assert data.get(HALTS, **{"from": "2012-01-13"}).body["items"] == []
    assert data.get(HALTS, **{"to": "2012-01-11"}).body["items"] == []


def test_halts_come_page_by_page_and_as_they_were_known(data: DataFunction) -> None:
    for hour in (15, 16, 17):
        times = {"begins_at": f"2012-01-12T{hour}:00:00Z", "ends_at": f"2012-01-12T{hour}:10:00Z"}
        data.post(HALTS, {**HALT, **times})

    first = data.get(HALTS, limit="2").body
    second = data.get(HALTS, limit="2", cursor=first["next_cursor"]).body

    began = [one["begins_at"][11:13] for one in first["items"] + second["items"]]
    assert began == ["17", "16", "15"]
    assert second["next_cursor"] is None
    assert data.get(HALTS, known_by="2012-01-14T11:59:59Z").body["items"] == []


def test_who_is_no_admin_sees_halts_and_tells_of_none(data: DataFunction) -> None:
    data.groups = "[]"

    assert data.get(HALTS).status == 200
    assert data.post(HALTS, HALT).status == 403


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"ends_at": "2012-01-12T14:00:00Z"}, "ends_at"),
        ({"begins_at": "2012-01-14T12:00:01Z", "ends_at": None}, "begins_at"),
        ({"ends_at": "2012-01-15T12:00:00Z"}, "ends_at"),
        ({"begins_at": "2012-01-12T15:00:00"}, "begins_at"),
        ({"reason": " "}, "reason"),
        ({"reason": "known\u001b[31m"}, "reason"),
        ({"reason": "known\u0000"}, "reason"),
        ({"reason": "\u202eknown"}, "reason"),
        ({"reason": "known\u2028to me"}, "reason"),
    ],
)
def test_halt_that_cannot_be_is_refused_by_its_field(
    data: DataFunction, changed: dict[str, str | None], field: str
) -> None:
    answer = data.post(HALTS, {**HALT, **changed})

    assert answer.status == 422
    assert answer.fields == {field}


def test_an_instant_that_is_none_is_asked_for_as_an_instant(data: DataFunction) -> None:
    refused = data.post(HALTS, {**HALT, "begins_at": "2012-01-12"})

    assert [one["fix"] for one in refused.body["errors"]] == [
        "send an instant as 2026-01-05T15:30:00Z"
    ]


def test_halt_of_nobody_is_not_found_and_a_range_runs_forward(data: DataFunction) -> None:
    backwards = data.get(HALTS, **{"from": "2012-01-13", "to": "2012-01-12"})

    assert data.post(HALTS, {**HALT, "instrument": "NONE"}).status == 404
    assert data.get(HALTS, instrument="NONE").status == 404
    assert data.get(HALTS, instrument="AAPL").body["items"] == []
    assert (backwards.status, backwards.fields) == (422, {"to"})


def test_the_last_word_of_a_halt_counts_and_halts_may_overlap(data: DataFunction) -> None:
    data.post(HALTS, HALT)
    longer = data.post(HALTS, {**HALT, "ends_at": "2012-01-12T15:30:00Z", "reason": "corrected"})
    both = data.post(
        HALTS,
        {**HALT, "begins_at": "2012-01-12T15:20:00Z", "reason": "another"}
        | {"ends_at": "2012-01-12T15:40:00Z"},
    )
    left = data.post(HALTS, {**HALT, "ends_at": BEGAN, "reason": "it was none"})

    (halt,) = longer.body["items"]
    assert (halt["ends_at"], halt["reason"]) == ("2012-01-12T15:30:00Z", "corrected")
    assert [one["ends_at"][11:16] for one in both.body["items"]] == ["15:40", "15:30"]
    assert [one["reason"] for one in left.body["items"]] == ["another"]
