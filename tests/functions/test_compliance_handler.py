"""Compliance's function by each way in; the restricted list is for admins, decisions for owners."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bifrost.core.sessions import exchange_date
from tests.builders import ACCOUNT, FIRST_CLOSE, account_opened, buy
from tests.functions.ways_in import Answer, Function, plug_in, unplug
from tests.unit.risk.facts import closed

AAPL = "/v1/restricted-list/AAPL"
BODY = {"effective_from": "2012-01-01", "reason": "research pending"}


@pytest.fixture
def compliance(
    monkeypatch: pytest.MonkeyPatch, database_url: Callable[[str], str]
) -> Iterator[Function]:
    function = plug_in(monkeypatch, "compliance", database_url("compliance"))
    assert function.deliver(account_opened(), account_opened()) == []
    yield function
    unplug("compliance")


def as_admin(function: Function, method: str, body: object = None, **query: str) -> Answer:
    return function.http(method, AAPL, body, owner="officer", groups="[admin]", **query)


def listed(function: Function, **query: str) -> list[str]:
    answer = function.http("GET", "/v1/restricted-list", groups="[admin]", **query)
    return [item["instrument"] for item in answer.body["items"]]


def test_an_order_is_judged_and_the_decision_shown_to_its_owner(compliance: Function) -> None:
    order = buy("1")

    assert compliance.task("check", order=order, mode="live") == {"accepted": True, "reasons": []}
    (shown,) = compliance.http("GET", "/v1/decisions", order_id=order.order_id).body["items"]
    assert (shown["order_id"], shown["account_id"]) == (order.order_id, ACCOUNT)
    assert (shown["accepted"], shown["reasons"]) == (True, [])
    assert [rule["rule_id"] for rule in shown["rules"]] == ["restricted_list"]


def test_a_restricted_instrument_is_refused_and_its_reason_named(compliance: Function) -> None:
    assert as_admin(compliance, "PUT", BODY).status == 200

    answer = compliance.task("check", order=buy("1"), mode="live")
    assert answer["accepted"] is False
    assert [(one["rule"], one["subject"]) for one in answer["reasons"]] == [
        ("restricted_list", "AAPL")
    ]


def test_a_preview_is_not_logged(compliance: Function) -> None:
    compliance.task("check", order=buy("1"), mode="preview")

    shown = compliance.http("GET", "/v1/decisions", order_id=buy("1").order_id)
    assert shown.body == {"items": []}


def test_somebody_elses_decision_is_not_there(compliance: Function) -> None:
    compliance.task("check", order=buy("1"), mode="live")

    order_id = buy("1").order_id
    shown = compliance.http("GET", "/v1/decisions", owner="owner-2", order_id=order_id)
    assert (shown.status, shown.body) == (200, {"items": []})


def test_a_restriction_without_a_date_holds_on_every_date(compliance: Function) -> None:
    as_admin(compliance, "PUT", {"reason": "research pending"})

    assert listed(compliance, as_of="1999-12-31") == ["AAPL"]


def test_the_list_without_a_date_is_of_the_markets_newest_session(compliance: Function) -> None:
    as_admin(compliance, "PUT", {**BODY, "effective_until": "2012-01-04"})
    # Two instruments' bars come in any order and more than once: the newest stands.
    newest = replace(closed("101", 2), occurred_at=FIRST_CLOSE)
    older = replace(closed("100", 1), occurred_at=FIRST_CLOSE - timedelta(days=1))
    assert compliance.deliver(newest, older, newest) == []

    shown = compliance.http("GET", "/v1/restricted-list", groups="[admin]").body
    assert (shown["as_of"], shown["as_of_clock"]) == ("2012-01-03", "market")
    assert [item["instrument"] for item in shown["items"]] == ["AAPL"]


def test_the_list_says_whose_date_it_is_of_where_that_is_not_the_markets(
    compliance: Function,
) -> None:
    before = exchange_date(datetime.now(UTC)).isoformat()
    shown = compliance.http("GET", "/v1/restricted-list", groups="[admin]").body
    assert before <= shown["as_of"] <= exchange_date(datetime.now(UTC)).isoformat()
    assert shown["as_of_clock"] == "wall"

    asked = {"as_of": "2012-02-01"}
    shown = compliance.http("GET", "/v1/restricted-list", groups="[admin]", **asked).body
    assert (shown["as_of"], shown["as_of_clock"]) == ("2012-02-01", "caller")


def test_an_ended_restriction_is_listed_for_its_own_dates(compliance: Function) -> None:
    as_admin(compliance, "PUT", BODY)

    ended = as_admin(compliance, "DELETE", effective_until="2012-02-01")
    assert (ended.status, ended.body["ended_by"]) == (200, "officer")
    assert listed(compliance, as_of="2012-01-31") == ["AAPL"]
    assert listed(compliance, as_of="2012-02-01") == []
    assert listed(compliance) == []


def test_ending_what_is_not_restricted_is_not_found(compliance: Function) -> None:
    assert as_admin(compliance, "DELETE", effective_until="2012-02-01").status == 404


def test_an_end_needs_its_date(compliance: Function) -> None:
    answer = as_admin(compliance, "DELETE")

    assert answer.status == 422
    assert [error["field"] for error in answer.body["errors"]] == ["effective_until"]


def test_the_restricted_list_is_for_admins_alone(compliance: Function) -> None:
    assert compliance.http("GET", "/v1/restricted-list").status == 403
    assert compliance.http("PUT", AAPL, BODY).status == 403
    assert compliance.http("DELETE", AAPL, effective_until="2012-02-01").status == 403
    assert listed(compliance, as_of="2012-06-01") == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("reason", ""),
        ("reason", None),
        ("reason", 7),
        ("reason", "a\x00b"),
        ("effective_from", "2012-13-01"),
        ("effective_from", 20120101),
        ("effective_from", "20120101"),
        ("effective_until", True),
        ("account_id", "a b"),
        ("favour", "1"),
    ],
)
def test_a_restriction_that_makes_no_sense_is_refused_by_field(
    compliance: Function, field: str, value: object
) -> None:
    answer = as_admin(compliance, "PUT", {**BODY, field: value})

    assert answer.status == 422
    assert [error["field"] for error in answer.body["errors"]] == [field]
    assert listed(compliance, as_of="2012-06-01") == []


@pytest.mark.parametrize("symbol", ["a%00b", "aapl", "X" * 40, "%20"])
def test_a_symbol_that_is_none_is_refused(compliance: Function, symbol: str) -> None:
    answer = compliance.http("PUT", f"/v1/restricted-list/{symbol}", BODY, groups="[admin]")

    assert answer.status == 422


def test_decisions_need_an_order(compliance: Function) -> None:
    assert compliance.http("GET", "/v1/decisions").status == 422
