"""What portfolio refuses over HTTP: foreign ids, unreadable amounts, missing keys, bad cursors."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.functions.portfolio_desk import Desk, plugged_desk


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch, database_url: Callable[[str], str]) -> Iterator[Desk]:
    yield from plugged_desk(monkeypatch, database_url)


@pytest.mark.parametrize("path", ["", "/positions", "/ledger", "/valuations", "/pnl", "/returns"])
def test_anothers_portfolio_is_as_absent_as_one_that_never_was(desk: Desk, path: str) -> None:
    anothers = desk.get(f"{desk.books}{path}", owner="owner-2")
    nobodys = desk.get(f"/v1/portfolios/none{path}")

    assert (anothers.status, nobodys.status) == (404, 404)
    assert anothers.body["title"] == nobodys.body["title"]


@pytest.mark.parametrize("way", ["deposits", "withdrawals"])
def test_cash_of_anothers_account_is_out_of_reach(desk: Desk, way: str) -> None:
    tried = desk.post(f"{desk.cash}/{way}", {"amount": "5"}, "k", owner="owner-2")

    assert tried.status == 404
    assert desk.get("/v1/accounts", owner="owner-2").body["items"] == []
    assert desk.get(desk.books).body["net_deposits"] == "0.00"


@pytest.mark.parametrize("way", ["deposits", "withdrawals"])
@pytest.mark.parametrize(
    "body",
    [
        {"amount": "NaN"}, {"amount": "-5"}, {"amount": "0"}, {"amount": 5}, {"amount": 5.5},
        {"amount": "1.001"}, {"amount": "1e99"}, {"amount": None}, {}, [], "5", None,
        {"amount": "1_0"}, {"amount": " 5 "}, {"amount": "\uff15"},
        {"amount": "5", "note": "x"}, {"amount": "5", "currency": "EUR"},
    ],
)  # fmt: skip
def test_what_is_no_cash_is_refused_by_field_and_writes_nothing(
    desk: Desk, way: str, body: Any
) -> None:
    tried = desk.post(f"{desk.cash}/{way}", body, "k")

    assert tried.status == 422
    assert tried.body["errors"][0]["fix"]
    assert desk.get(f"{desk.books}/ledger").body["items"] == []
    assert desk.workflows.runs == []


def test_a_bound_is_named_as_a_person_writes_it(desk: Desk) -> None:
    tried = desk.post(f"{desk.cash}/deposits", {"amount": "999999999999"}, "k")

    assert tried.body["errors"][0]["message"] == "must be 100000000000 or less"


@pytest.mark.parametrize("path", ["/v1/accounts", "{cash}/deposits", "{cash}/withdrawals"])
@pytest.mark.parametrize("key", [None, "with space", "x" * 256, "é"])
def test_a_post_without_a_proper_key_is_refused(desk: Desk, path: str, key: str | None) -> None:
    body = {"name": "x"} if path == "/v1/accounts" else {"amount": "5"}

    tried = desk.post(path.format(cash=desk.cash), body, key)

    assert tried.status == 422
    assert tried.body["errors"][0]["field"] == "Idempotency-Key"


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/v1/accounts", {"limit": "0"}), ("/v1/accounts", {"limit": "201"}),
        ("/v1/accounts", {"cursor": "-1"}), ("{books}/ledger", {"cursor": "9" * 19}),
        ("{books}/ledger", {"cursor": "x"}), ("{books}/valuations", {"cursor": "2012-13-01"}),
        ("{books}/valuations", {"limit": "ten"}), ("/v1/portfolios/a%00b", {}),
    ],
)  # fmt: skip
def test_a_question_that_cannot_be_read_is_refused(
    desk: Desk, path: str, query: dict[str, str]
) -> None:
    assert desk.get(path.format(books=desk.books), **query).status == 422
