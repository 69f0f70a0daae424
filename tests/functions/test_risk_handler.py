"""Risk's function by each way in: tasks, events, HTTP; and what HTTP may not see, send or do."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bifrost.core.codec import to_json
from bifrost.core.sessions import exchange_date
from tests.builders import (
    ACCOUNT,
    FIRST_CLOSE,
    account_opened,
    buy,
    cash_deposited,
    instrument_listed,
)
from tests.functions.ways_in import Function, plug_in, unplug
from tests.unit.risk.facts import closed, filled

LIMITS = f"/v1/accounts/{ACCOUNT}/limits"
BODY = {
    "order_notional_max": "50000",
    "order_quantity_max": "100",
    "position_notional_max": "75000",
    "price_collar": "0.05",
    "commission_per_share": "0.01",
    "mark_age_days_max": 3,
    "effective_from": "2012-01-01",
    "source": "risk committee",
}


@pytest.fixture
def risk(monkeypatch: pytest.MonkeyPatch, database_url: Callable[[str], str]) -> Iterator[Function]:
    """The function, which has heard of one account with 1,000 USD and of AAPL at 100."""
    function = plug_in(monkeypatch, "risk", database_url("risk"))
    assert (
        function.deliver(
            account_opened(), cash_deposited("1000"), instrument_listed(), closed("100")
        )
        == []
    )
    yield function
    unplug("risk")


def test_an_order_is_checked_and_reserved_by_a_task(risk: Function) -> None:
    answer = risk.task("check_and_reserve", order=buy("9", limit="100"), mode="live")

    assert answer == {"accepted": True, "reasons": []}
    shown = risk.http("GET", f"/v1/accounts/{ACCOUNT}/buying-power")
    assert (shown.status, shown.body) == (
        200,
        {
            "account_id": ACCOUNT,
            "cash": "1000",
            "reserved": "900.09",
            "buying_power": "99.91",
            "currency": "USD",
            "seen": None,
        },
    )


def test_a_refusal_comes_back_as_reasons_with_their_numbers(risk: Function) -> None:
    answer = risk.task("check_and_reserve", order=buy("10", limit="100"), mode="preview")

    assert answer["accepted"] is False
    assert answer["reasons"] == [
        {
            "rule": "buying_power",
            "limit": "1000",
            "value": "1000.10",
            "headroom": "1000",
            "unit": "USD",
            "subject": "",
        }
    ]


def test_a_release_gives_the_cash_back(risk: Function) -> None:
    order = buy("9", limit="100")
    risk.task("check_and_reserve", order=order, mode="live")

    assert risk.task("release", order_id=order.order_id) == {"order_id": order.order_id}
    assert risk.http("GET", f"/v1/accounts/{ACCOUNT}/buying-power").body["reserved"] == "0"


def test_a_withdrawal_is_reserved_and_released_by_tasks(risk: Function) -> None:
    wanted = {
        "withdrawal_id": "w-1",
        "account_id": ACCOUNT,
        "amount": "1000",
        "currency": "USD",
        "occurred_at": "2012-01-03T21:00:00+00:00",
    }

    assert risk.task("reserve_withdrawal", **wanted)["accepted"]
    assert not risk.task("reserve_withdrawal", **{**wanted, "withdrawal_id": "w-2"})["accepted"]
    risk.task("release_withdrawal", withdrawal_id="w-1", account_id=ACCOUNT)
    assert risk.task("reserve_withdrawal", **{**wanted, "withdrawal_id": "w-3"})["accepted"]


def test_a_statement_that_agrees_has_no_breaks_and_one_that_does_not_names_each(
    risk: Function,
) -> None:
    order = buy("9", limit="100")
    risk.task("check_and_reserve", order=order, mode="live")
    risk.deliver(filled(order, "4", "100", 1))
    statement = {
        "account_id": ACCOUNT,
        "cash": "599",
        "currency": "USD",
        "positions": {"AAPL": "4"},
        "open_orders": {order.client_order_id: "5"},
        "last_report": 1,
        "fill_sequence": 1,
    }

    assert risk.task("reconcile", statement=statement)["breaks"] == []
    (found,) = risk.task("reconcile", statement={**statement, "positions": {}})["breaks"]
    assert (found["kind"], found["subject"], found["ours"], found["theirs"]) == (
        "position",
        "AAPL",
        "4",
        "0",
    )


@pytest.mark.parametrize(
    "change", [{"mode": "maybe"}, {"order": {}}, {"hurry": True}, {"order": None}]
)
def test_a_task_that_cannot_be_read_fails_instead_of_guessing(
    risk: Function, change: dict[str, Any]
) -> None:
    given = {"order": to_json(buy("1")), "mode": "live", **change}

    with pytest.raises(ValueError):  # noqa: PT011  # which field it names is the codec's test
        risk.task("check_and_reserve", **given)


def test_a_break_keeps_the_age_of_its_first_sight_and_goes_when_the_books_agree(
    risk: Function,
) -> None:
    statement = {
        "account_id": ACCOUNT,
        "cash": "999.99",
        "currency": "USD",
        "positions": {},
        "open_orders": {},
        "last_report": 0,
        "fill_sequence": 0,
    }

    (first,) = risk.task("reconcile", statement=statement)["breaks"]
    (second,) = risk.task("reconcile", statement={**statement, "cash": "999.98"})["breaks"]
    assert (first["book"], first["kind"], second["theirs"]) == ("risk", "cash", "999.98")
    assert second["first_seen"] == first["first_seen"] < second["last_seen"]

    # Fills under way: nothing is compared, so nothing is closed.
    pending = risk.task("reconcile", statement={**statement, "fill_sequence": 1})["breaks"]
    assert [one["kind"] for one in pending] == ["cash", "pending"]
    assert risk.task("reconcile", statement={**statement, "cash": "1000"})["breaks"] == []


def test_seen_says_whether_an_event_is_in_the_numbers(risk: Function) -> None:
    path = f"/v1/accounts/{ACCOUNT}/buying-power"
    event_id = cash_deposited("1000").event_id

    assert risk.http("GET", path, seen=event_id).body["seen"] is True
    assert risk.http("GET", path, seen="another").body["seen"] is False


@pytest.mark.parametrize("page", ["buying-power", "limits"])
@pytest.mark.parametrize("account_id", [ACCOUNT, "unknown"])
def test_a_foreign_account_is_not_there(risk: Function, page: str, account_id: str) -> None:
    answer = risk.http("GET", f"/v1/accounts/{account_id}/{page}", owner="owner-2")

    assert answer.status == 404
    assert answer.body["type"].endswith("/v1/problems/not-found")


def test_limits_are_the_desks_until_an_admin_gives_the_account_its_own(risk: Function) -> None:
    assert risk.http("GET", LIMITS).body["is_default"] is True

    put = risk.http("PUT", LIMITS, BODY, owner="officer", groups="[admin]")
    assert (put.status, put.body["version"], put.body["is_default"]) == (200, 1, False)
    assert risk.http("PUT", LIMITS, BODY, owner="officer", groups="[admin]").body["version"] == 2
    shown = risk.http("GET", LIMITS).body
    assert (shown["version"], shown["order_quantity_max"]) == (2, "100")
    assert risk.http("GET", LIMITS, as_of="2011-12-31").body["is_default"] is True


def test_limits_shown_without_a_date_are_those_of_the_markets(risk: Function) -> None:
    risk.http("PUT", LIMITS, {**BODY, "effective_until": "2012-01-04"}, groups="[admin]")

    shown = risk.http("GET", LIMITS).body
    assert (shown["as_of"], shown["as_of_clock"], shown["is_default"]) == (
        "2012-01-03",
        "market",
        False,
    )


def test_limits_shown_for_a_date_say_that_it_was_asked_for(risk: Function) -> None:
    shown = risk.http("GET", LIMITS, as_of="2012-02-01").body

    assert (shown["as_of"], shown["as_of_clock"]) == ("2012-02-01", "caller")


def test_limits_shown_before_the_first_bar_say_that_the_date_is_the_walls(
    monkeypatch: pytest.MonkeyPatch, database_url: Callable[[str], str]
) -> None:
    function = plug_in(monkeypatch, "risk", database_url("risk"))
    function.deliver(account_opened())

    before = exchange_date(datetime.now(UTC)).isoformat()
    shown = function.http("GET", LIMITS).body
    unplug("risk")
    assert before <= shown["as_of"] <= exchange_date(datetime.now(UTC)).isoformat()
    assert shown["as_of_clock"] == "wall"


def test_limits_that_name_no_age_take_the_desks(risk: Function) -> None:
    body = {name: value for name, value in BODY.items() if name != "mark_age_days_max"}

    assert risk.http("PUT", LIMITS, body, groups="[admin]").body["mark_age_days_max"] == 7


def test_an_order_judged_by_a_price_the_market_left_behind_is_refused(risk: Function) -> None:
    late = buy("1", limit="100", occurred_at=FIRST_CLOSE + timedelta(days=8))

    answer = risk.task("check_and_reserve", order=late, mode="live")
    (reason,) = answer["reasons"]
    assert (reason["rule"], reason["subject"], reason["value"], reason["limit"]) == (
        "stale_mark",
        "2012-01-03",
        "8",
        "7",
    )


def test_a_date_before_all_limits_is_not_found_and_no_fault(risk: Function) -> None:
    answer = risk.http("GET", LIMITS, as_of="0001-01-01")

    assert answer.status == 404
    assert "0001-01-01" in answer.body["detail"]


def test_only_an_admin_sets_limits(risk: Function) -> None:
    assert risk.http("PUT", LIMITS, BODY).status == 403
    assert risk.http("GET", LIMITS).body["is_default"] is True


def test_an_admin_sees_limits_and_cannot_set_those_of_no_account(risk: Function) -> None:
    assert risk.http("GET", LIMITS, owner="officer", groups="[admin]").status == 200

    path = "/v1/accounts/unknown/limits"
    assert risk.http("PUT", path, BODY, owner="officer", groups="[admin]").status == 404


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("order_notional_max", "NaN"),
        ("order_notional_max", "-1"),
        ("order_notional_max", "1e400"),
        ("order_notional_max", 50000),
        ("order_notional_max", None),
        ("order_quantity_max", "many"),
        ("position_notional_max", "0.000000001"),
        ("price_collar", "1"),
        ("price_collar", "Infinity"),
        ("commission_per_share", True),
        ("mark_age_days_max", -1),
        ("mark_age_days_max", 1.5),
        ("mark_age_days_max", "3"),
        ("mark_age_days_max", True),
        ("mark_age_days_max", 2**31),
        ("effective_from", "soon"),
        ("effective_from", 1325376000),
        ("effective_from", "2012-02-30"),
        ("source", ""),
        ("source", "a\x00b"),
        ("source", "\ud800"),
        ("source", "x" * 501),
        ("favour", "1"),
    ],
)
def test_limits_that_make_no_sense_are_refused_by_field(
    risk: Function, field: str, value: object
) -> None:
    answer = risk.http("PUT", LIMITS, {**BODY, field: value}, groups="[admin]")

    assert answer.status == 422
    assert [error["field"] for error in answer.body["errors"]] == [field]
    assert risk.http("GET", LIMITS).body["is_default"] is True


def test_limits_that_end_before_they_begin_are_refused(risk: Function) -> None:
    body = {**BODY, "effective_until": "2012-01-01"}

    assert risk.http("PUT", LIMITS, body, groups="[admin]").status == 422


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/v1/accounts/a%00b/buying-power", {}),
        (f"/v1/accounts/{'x' * 200}/limits", {}),
        (f"/v1/accounts/{ACCOUNT}/buying-power", {"seen": "a\x00"}),
        (f"/v1/accounts/{ACCOUNT}/limits", {"as_of": "yesterday"}),
        (f"/v1/accounts/{ACCOUNT}/limits", {"as_of": "20120103"}),
        (f"/v1/accounts/{ACCOUNT}/limits", {"as_of": "2012-W01-1"}),
        (f"/v1/accounts/{ACCOUNT}/limits", {"as_of": "1325376000"}),
    ],
)
def test_an_address_that_cannot_be_read_is_refused_and_is_no_fault(
    risk: Function, path: str, query: dict[str, str]
) -> None:
    assert risk.http("GET", path, **query).status in (404, 422)
