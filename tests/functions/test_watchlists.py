"""Watchlists over HTTP: only what is listed can be watched, each list is its owner's alone, and a
change names the version it read.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.builders import instrument_listed
from tests.functions.owner import Owner
from tests.functions.portfolio_desk import Desk, plugged_desk


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch, database_url: Callable[[str], str]) -> Iterator[Desk]:
    for made in plugged_desk(monkeypatch, database_url):
        listed = [instrument_listed(symbol) for symbol in ("AAPL", "MSFT", "IBM")]
        assert made.function.deliver(*listed) == []
        yield made


@pytest.fixture
def owner(desk: Desk) -> Owner:
    return Owner(desk._handler)


def made(owner: Owner, *symbols: str, name: str = "Tech") -> str:
    """Make one; return its address."""
    done = owner.make("/v1/watchlists", {"name": name, "instruments": symbols}, f"make-{name}")
    assert done.status == 201, done.body
    return f"/v1/watchlists/{done.body['watchlist_id']}"


def test_a_watchlist_keeps_its_instruments_in_their_order(owner: Owner) -> None:
    path = made(owner, "MSFT", "AAPL")

    shown = owner.get(path)

    assert (shown.status, shown.tag) == (200, '"1"')
    assert shown.body["instruments"] == ["MSFT", "AAPL"]
    assert owner.get("/v1/watchlists").body == {"items": [shown.body], "next_cursor": None}


def test_an_instrument_that_is_not_listed_is_named_and_nothing_is_written(owner: Owner) -> None:
    body = {"name": "Tech", "instruments": ["AAPL", "NONE", "NOPE"]}

    tried = owner.make("/v1/watchlists", body, "w")

    assert tried.status == 422
    assert [one["field"] for one in tried.body["errors"]] == ["instruments.1", "instruments.2"]
    assert "NONE is not listed" in tried.body["detail"]
    assert owner.get("/v1/watchlists").body["items"] == []
    assert owner.make("/v1/watchlists", body | {"instruments": ["AAPL"]}, "w").status == 201


def test_a_watchlist_is_replaced_once_per_version(owner: Owner) -> None:
    path = made(owner, "AAPL")

    replaced = owner.change("PUT", path, {"name": "New", "instruments": ["IBM", "AAPL"]}, '"1"')
    late = owner.change("PUT", path, {"name": "Late", "instruments": []}, '"1"')

    assert (replaced.status, replaced.tag) == (200, '"2"')
    assert replaced.body["instruments"] == ["IBM", "AAPL"]
    assert late.status == 412
    assert owner.get(path) == replaced


def test_a_replacement_with_an_unknown_instrument_leaves_the_list_as_it_was(owner: Owner) -> None:
    path = made(owner, "AAPL")
    before = owner.get(path)

    tried = owner.change("PUT", path, {"name": "New", "instruments": ["NONE"]})

    assert (tried.status, tried.body["errors"][0]["field"]) == (422, "instruments.0")
    assert owner.get(path) == before


def test_a_deleted_watchlist_is_shown_once_more_and_is_gone(owner: Owner) -> None:
    path = made(owner, "AAPL")

    assert owner.change("DELETE", path, tag='"9"').status == 412
    gone = owner.change("DELETE", path, tag='"1"')

    assert (gone.status, gone.body["instruments"]) == (200, ["AAPL"])
    assert owner.get(path).status == 404
    assert owner.change("DELETE", path).status == 404


@pytest.mark.parametrize(
    "body",
    [
        {"instruments": []}, {"name": ""}, {"name": "T", "instruments": ["aapl"]},
        {"name": "T", "instruments": ["AAPL", "AAPL"]}, {"name": "T", "instruments": "AAPL"},
        {"name": "T", "instruments": ["AAPL"] * 501}, {"name": "T", "note": "x"}, [], None,
    ],
)  # fmt: skip
def test_what_is_no_watchlist_is_refused_with_a_fix(owner: Owner, body: Any) -> None:
    tried = owner.make("/v1/watchlists", body)

    assert tried.status == 422
    assert tried.body["errors"][0]["fix"]
    assert "openapi" not in tried.body["errors"][0]["fix"]


def test_anothers_watchlist_is_as_absent_as_one_that_never_was(desk: Desk, owner: Owner) -> None:
    path = made(owner, "AAPL")
    stranger = Owner(desk._handler, "owner-2")

    assert stranger.get(path).status == 404
    assert stranger.change("PUT", path, {"name": "x"}).status == 404
    assert stranger.change("DELETE", path).status == 404
    assert stranger.get("/v1/watchlists").body["items"] == []
    assert owner.get(path).status == 200


def test_watchlists_come_in_pages(owner: Owner) -> None:
    for number in range(5):
        made(owner, "AAPL", name=f"w{number}")

    first = owner.get("/v1/watchlists", limit="3").body
    rest = owner.get("/v1/watchlists", limit="3", cursor=first["next_cursor"]).body

    names = [one["name"] for one in (*first["items"], *rest["items"])]
    assert names == ["w0", "w1", "w2", "w3", "w4"]
    assert rest["next_cursor"] is None


def test_an_instrument_listed_again_with_other_terms_stays_watched(
    desk: Desk, owner: Owner
) -> None:
    path = made(owner, "AAPL")
    again = instrument_listed("AAPL", name="Apple")

    assert desk.function.deliver(again, again) == []
    assert owner.get(path).body["instruments"] == ["AAPL"]
