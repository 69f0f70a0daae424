"""Portfolio's function by each way in."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bifrost.core.decisions import Reason
from bifrost.core.errors import ConflictError
from tests.builders import bar, bar_closed, closes_at, fill, fill_recorded
from tests.functions.portfolio_desk import Desk, plugged_desk


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch, database_url: Callable[[str], str]) -> Iterator[Desk]:
    yield from plugged_desk(monkeypatch, database_url)


def refuse(desk: Desk, given: dict[str, Any], *reasons: Reason) -> None:
    """Play a workflow in which risk says no."""
    refused = desk.function.task(
        "refuse_withdrawal", withdrawal_id=given["withdrawal_id"], reasons=reasons
    )
    assert refused["status"] == "refused"


def post_withdrawal(desk: Desk, given: dict[str, Any]) -> None:
    """Play a workflow in which risk agrees."""
    given = {name: given[name] for name in given if name != "correlation_id"}
    assert desk.function.task("post_withdrawal", **given)["status"] == "posted"


def test_an_account_is_opened_shown_and_told_to_everybody(desk: Desk) -> None:
    assert desk.account["currency"] == "USD"
    assert desk.account["broker_profile"] == "paper"
    assert desk.get(desk.cash).body == desk.account
    assert desk.get("/v1/accounts").body == {"items": [desk.account], "next_cursor": None}
    ((source, detail_type, detail),) = desk.bus.entries
    assert (source, detail_type) == ("bifrost.portfolio", "AccountOpened.v1")
    assert json.loads(detail)["account_id"] == desk.account["account_id"]


def test_opening_again_with_the_same_key_answers_the_same_account(desk: Desk) -> None:
    again = desk.post("/v1/accounts", {"name": "Main"}, "open")
    other = desk.post("/v1/accounts", {"name": "Other"}, "open")

    assert (again.status, again.body) == (201, desk.account)
    assert (other.status, other.body["type"].rsplit("/", 1)[1]) == (422, "idempotency-key-reused")


def test_accounts_are_paged_by_cursor(desk: Desk) -> None:
    for number in range(3):
        desk.post("/v1/accounts", {"name": f"more {number}"}, f"k-{number}")

    first = desk.get("/v1/accounts", limit="3").body
    rest = desk.get("/v1/accounts", limit="3", cursor=first["next_cursor"]).body

    names = [one["name"] for one in (*first["items"], *rest["items"])]
    assert names == ["Main", "more 0", "more 1", "more 2"]
    assert rest["next_cursor"] is None
    assert len(desk.get("/v1/portfolios").body["items"]) == 4


def test_a_deposit_answers_the_transaction_and_the_event_that_tells_of_it(desk: Desk) -> None:
    made = desk.post(f"{desk.cash}/deposits", {"amount": "1000.5"}, "d-1")
    again = desk.post(f"{desk.cash}/deposits", {"amount": "1000.50"}, "d-1")

    assert (made.status, made.body["amount"], made.body["status"]) == (201, "1000.50", "posted")
    assert again == made
    told = json.loads(desk.bus.entries[-1][2])
    assert told["event_id"] == made.body["event_id"]
    assert told["transaction_id"] == made.body["transaction_id"]
    assert [kind for _, kind, _ in desk.bus.entries] == ["AccountOpened.v1", "CashDeposited.v1"]


def test_a_portfolio_shows_its_worth_to_the_cent(desk: Desk) -> None:
    desk.post(f"{desk.cash}/deposits", {"amount": "10000"}, "d-1")
    desk.trade(("10", "100.125"), ("-4", "110"))
    assert desk.function.deliver(bar_closed(bar(1, "105.55"), 1)) == []

    shown = desk.get(desk.books).body

    assert {name: shown[name] for name in shown if not name.endswith("_id")} == {
        "kind": "portfolio",
        "name": "Main",
        "currency": "USD",
        "version": 1,
        "archived_at": None,
        "cash": "9436.75",
        "due": "0.00",
        "market_value": "633.30",
        "equity": "10070.05",
        "net_deposits": "10000.00",
        "realised_pnl": "39.50",
        "unrealised_pnl": "32.55",
        "commissions": "2.00",
        "income": "0.00",
        "expenses": "0.00",
        "exchanged": "0.00",
        "unpriced": [],
        "valued_at": "2012-01-03T21:00:00Z",
        "ledger_imbalance": "0",
    }
    assert desk.get(f"{desk.books}/positions").body["items"] == [
        {
            "instrument": "AAPL",
            "quantity": "6",
            "average_cost": "100.125",
            "cost": "600.75",
            "market_price": "105.55",
            "market_value": "633.30",
            "unrealised_pnl": "32.55",
            "marked_at": "2012-01-03T21:00:00Z",
        }
    ]


def test_a_position_without_a_price_leaves_equity_null_and_is_named(desk: Desk) -> None:
    desk.trade(("10", "100"))

    shown = desk.get(desk.books).body

    assert (shown["equity"], shown["unrealised_pnl"], shown["unpriced"]) == (None, None, ["AAPL"])


def test_the_ledger_shows_balanced_transactions_newest_first(desk: Desk) -> None:
    desk.post(f"{desk.cash}/deposits", {"amount": "10000"}, "d-1")
    desk.trade(("10", "100"))

    first = desk.get(f"{desk.books}/ledger", limit="1").body
    rest = desk.get(f"{desk.books}/ledger", limit="1", cursor=first["next_cursor"]).body

    assert [one["kind"] for one in (*first["items"], *rest["items"])] == ["fill", "deposit"]
    lines = first["items"][0]["entries"]
    assert [(one["ledger_account"], one["amount"], one["quantity"]) for one in lines] == [
        ("assets:cash", "-1001.00", None),
        ("assets:positions:AAPL", "1000.00", "10"),
        ("expenses:commission", "1.00", None),
    ]
    assert rest["next_cursor"] is None


def test_valuations_are_paged_by_session(desk: Desk) -> None:
    desk.post(f"{desk.cash}/deposits", {"amount": "10000"}, "d-1")
    desk.trade(("10", "100"))
    desk.function.deliver(*(bar_closed(bar(day, f"{100 + day}"), day) for day in (3, 1, 2)))

    first = desk.get(f"{desk.books}/valuations", limit="2").body
    rest = desk.get(f"{desk.books}/valuations", limit="2", cursor=first["next_cursor"]).body

    assert [(one["session"], one["equity"]) for one in (*first["items"], *rest["items"])] == [
        ("2012-01-05", "10029.00"),
        ("2012-01-04", "10019.00"),
        ("2012-01-03", "10009.00"),
    ]


def test_a_withdrawal_that_risk_allows_is_posted_once(desk: Desk) -> None:
    desk.post(f"{desk.cash}/deposits", {"amount": "100"}, "d-1")
    desk.workflows.machines["withdrawal_flow"] = lambda given: post_withdrawal(desk, given)

    made = desk.post(f"{desk.cash}/withdrawals", {"amount": "60.01"}, "w-1")
    again = desk.post(f"{desk.cash}/withdrawals", {"amount": "60.01"}, "w-1")

    assert (made.status, made.body["status"]) == (201, "posted")
    assert again == made
    assert len(desk.workflows.runs) == 1
    assert desk.get(desk.books).body["cash"] == "39.99"
    told = json.loads(desk.bus.entries[-1][2])
    assert told["withdrawal_id"] == made.body["withdrawal_id"]
    assert told["event_id"] == made.body["event_id"]


def test_a_withdrawal_that_risk_refuses_answers_its_reasons(desk: Desk) -> None:
    reason = Reason("buying_power", unit="USD")
    desk.workflows.machines["withdrawal_flow"] = lambda given: refuse(desk, given, reason)

    made = desk.post(f"{desk.cash}/withdrawals", {"amount": "60.01"}, "w-1")

    assert made.status == 422
    assert made.body["reasons"][0]["rule"] == "buying_power"
    assert desk.get(desk.books).body["cash"] == "0.00"


def test_a_withdrawal_that_nobody_decided_can_be_asked_again(desk: Desk) -> None:
    undecided = desk.post(f"{desk.cash}/withdrawals", {"amount": "60"}, "w-1")
    desk.workflows.machines["withdrawal_flow"] = lambda given: post_withdrawal(desk, given)
    decided = desk.post(f"{desk.cash}/withdrawals", {"amount": "60"}, "w-1")

    assert (undecided.status, decided.status) == (503, 201)
    first, second = desk.workflows.runs
    assert first["withdrawal_id"] == second["withdrawal_id"]


def test_a_workflow_that_fails_after_it_posted_has_still_posted(desk: Desk) -> None:
    def play(given: dict[str, Any]) -> None:
        post_withdrawal(desk, given)
        with pytest.raises(ConflictError):
            refuse(desk, given)

    desk.workflows.machines["withdrawal_flow"] = play

    assert desk.post(f"{desk.cash}/withdrawals", {"amount": "60"}, "w-1").status == 201


def test_a_refused_withdrawal_is_never_posted(desk: Desk) -> None:
    def play(given: dict[str, Any]) -> None:
        refuse(desk, given, Reason("check_unavailable", subject="risk"))
        with pytest.raises(ConflictError):
            post_withdrawal(desk, given)
        refuse(desk, given, Reason("posting_failed", subject="portfolio"))

    desk.workflows.machines["withdrawal_flow"] = play

    made = desk.post(f"{desk.cash}/withdrawals", {"amount": "60"}, "w-1")

    assert [reason["rule"] for reason in made.body["reasons"]] == ["check_unavailable"]


def test_a_workflow_cannot_post_another_amount_than_was_asked(desk: Desk) -> None:
    def play(given: dict[str, Any]) -> None:
        with pytest.raises(ConflictError, match="amount"):
            post_withdrawal(desk, {**given, "amount": "61"})

    desk.workflows.machines["withdrawal_flow"] = play

    assert desk.post(f"{desk.cash}/withdrawals", {"amount": "60"}, "w-1").status == 503


def statement(desk: Desk, cash: str, positions: dict[str, str], fills: int) -> dict[str, Any]:
    """The venue's statement."""
    return {
        "account_id": desk.account["account_id"],
        "cash": cash,
        "currency": "USD",
        "positions": positions,
        "open_orders": {},
        "last_report": 9,
        "fill_sequence": fills,
    }


def reconcile(desk: Desk, *given: Any) -> list[tuple[str, str, str, str]]:
    """Reconcile, and return the breaks without their times."""
    breaks = desk.function.task("reconcile", statement=statement(desk, *given))["breaks"]
    return [(one["kind"], one["subject"], one["ours"], one["theirs"]) for one in breaks]


def test_a_break_stays_open_until_a_comparison_no_longer_finds_it(desk: Desk) -> None:
    desk.trade(("10", "100"))
    account_id = desk.account["account_id"]

    assert reconcile(desk, "-1001", {"AAPL": "10"}, 1) == []
    assert reconcile(desk, "-1000", {}, 1) == [
        ("cash", "USD", "-1001", "-1000"),
        ("position", "AAPL", "10", "0"),
    ]
    # Behind by a fill, nothing can be compared: what was found before neither grows nor goes.
    assert reconcile(desk, "0", {}, 2) == [
        ("cash", "USD", "-1001", "-1000"),
        ("position", "AAPL", "10", "0"),
        ("pending", f"fills:{account_id}", "1", "2"),
    ]
    assert reconcile(desk, "-1000", {"AAPL": "10"}, 1) == [("cash", "USD", "-1001", "-1000")]
    assert reconcile(desk, "-1001", {"AAPL": "10"}, 1) == []


def test_a_break_keeps_the_time_when_it_was_first_seen(desk: Desk) -> None:
    given = statement(desk, "5", {}, 0)
    (first,) = desk.function.task("reconcile", statement=given)["breaks"]
    (later,) = desk.function.task("reconcile", statement=given)["breaks"]

    assert later["first_seen"] == first["first_seen"] < later["last_seen"]
    assert later["book"] == "portfolio"


def test_a_fill_that_cannot_be_booked_fails_alone(desk: Desk) -> None:
    account_id = desk.account["account_id"]
    lost = fill_recorded(fill(1, "5", "10", account_id="nobody"), 1)
    good = fill_recorded(fill(1, "5", "10", account_id=account_id, occurred_at=closes_at(1)), 1)

    assert desk.function.deliver(lost, good) == [lost.event_id]
    assert desk.get(f"{desk.books}/positions").body["items"][0]["quantity"] == "5"
