"""Cash that moves without a trade, its corrections and its settlement, by HTTP.

What is booked is told to everybody, nothing of it is ever changed, and what cannot be is refused
with the field that is wrong.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.builders import bar, bar_closed, fill, fill_recorded
from tests.functions.portfolio_desk import Desk, plugged_desk


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch, database_url: Callable[[str], str]) -> Iterator[Desk]:
    for made in plugged_desk(monkeypatch, database_url):
        made.post(f"{made.cash}/deposits", {"amount": "10000"}, "d-1")
        yield made


def book(desk: Desk, key: str = "f-1", **body: str) -> Any:
    return desk.post(f"{desk.cash}/cash-flows", body, key)


def cash_of(desk: Desk) -> str:
    return str(desk.get(desk.books).body["cash"])


def lines(answer: Any) -> list[tuple[str, str, str]]:
    return [(e["ledger_account"], e["currency"], e["amount"]) for e in answer.body["entries"]]


@pytest.mark.parametrize(
    ("kind", "account", "change"),
    [
        ("dividend_ordinary", "income:dividends:ordinary", "25.50"),
        ("dividend_qualified", "income:dividends:qualified", "25.50"),
        ("interest", "income:interest", "25.50"),
        ("fee", "expenses:fees", "-25.50"),
        ("borrow_cost", "expenses:borrow", "-25.50"),
        ("tax_withheld", "expenses:tax_withheld", "-25.50"),
    ],
)
def test_a_cash_flow_is_booked_told_and_part_of_the_result(
    desk: Desk, kind: str, account: str, change: str
) -> None:
    desk.trade(("10", "100"))
    before = desk.get(desk.books).body

    booked = book(desk, kind=kind, amount="25.50", instrument="AAPL")

    assert booked.status == 201, booked.body
    opposite = change.removeprefix("-") if change.startswith("-") else f"-{change}"
    assert lines(booked) == [("assets:cash", "USD", change), (account, "USD", opposite)]
    told = json.loads(desk.bus.entries[-1][2])
    assert desk.bus.entries[-1][1] == "CashChanged.v1"
    assert (told["amount"], told["kind"], told["instrument"]) == (change, kind, "AAPL")
    assert told["event_id"] == booked.body["event_id"]
    after = desk.get(desk.books).body
    moved = {name for name in before if after[name] != before[name]}
    assert moved == {"cash", "income" if account.startswith("income") else "expenses"}
    assert after["ledger_imbalance"] == "0"


def test_the_same_key_books_once_and_another_body_is_refused(desk: Desk) -> None:
    first = book(desk, kind="interest", amount="5")
    again = book(desk, kind="interest", amount="5.00")
    other = book(desk, kind="interest", amount="6")

    assert again.body == first.body
    assert other.status == 422
    assert cash_of(desk) == "10005.00"


def test_a_return_of_capital_lowers_the_basis_and_what_is_beyond_it_is_a_gain(desk: Desk) -> None:
    desk.trade(("10", "1"), ("10", "100"))

    booked = book(desk, kind="return_of_capital", amount="100", instrument="AAPL")

    assert lines(booked) == [
        ("assets:cash", "USD", "100.00"),
        ("assets:positions:AAPL", "USD", "-60.00"),
        ("income:realised", "USD", "-40.00"),
    ]
    costs = [lot["cost"] for lot in desk.get(f"{desk.cash}/lots").body["items"]]
    assert costs == ["0.00", "950.00"]


def test_an_exchange_of_currencies_balances_in_each(desk: Desk) -> None:
    booked = book(desk, kind="fx", amount="1100", counter_amount="1000", counter_currency="EUR")

    assert lines(booked) == [
        ("assets:cash", "USD", "-1100.00"),
        ("equity:fx", "USD", "1100.00"),
        ("assets:cash", "EUR", "1000.00"),
        ("equity:fx", "EUR", "-1000.00"),
    ]
    told = [json.loads(detail) for _, kind, detail in desk.bus.entries if kind == "CashChanged.v1"]
    assert [(one["currency"], one["amount"]) for one in told] == [
        ("USD", "-1100.00"), ("EUR", "1000.00"),
    ]  # fmt: skip
    worth = desk.get(desk.books).body
    assert (worth["cash"], worth["exchanged"], worth["equity"]) == ("8900.00", "-1100.00", None)
    assert worth["unpriced"] == ["EUR"]
    currencies = [one["currency"] for one in desk.get(f"{desk.books}/cash").body["items"]]
    assert currencies == ["USD", "EUR"]


def test_an_exchange_of_more_than_there_is_is_refused_with_its_reason(desk: Desk) -> None:
    refused = book(desk, kind="fx", amount="10000.01", counter_amount="1", counter_currency="EUR")

    assert refused.status == 422
    assert [one["rule"] for one in refused.body["reasons"]] == ["cash"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"kind": "dividend_ordinary", "amount": "1"}, "instrument"),
        ({"kind": "dividend_ordinary", "amount": "1", "instrument": "IBM"}, "instrument"),
        ({"kind": "fx", "amount": "1"}, "counter_amount"),
        ({"kind": "fx", "amount": "1", "counter_amount": "1"}, "counter_currency"),
        ({"kind": "fee", "amount": "1", "counter_currency": "EUR"}, "counter_amount"),
        (
            {"kind": "fx", "amount": "1", "counter_amount": "1", "counter_currency": "USD"},
            "counter_currency",
        ),
        (
            {"kind": "fee", "amount": "1", "counter_amount": "1", "counter_currency": "EUR"},
            "counter_amount",
        ),
        ({"kind": "fee", "amount": "-1"}, "amount"),
        ({"kind": "fee", "amount": "0.001"}, "amount"),
        ({"kind": "tip", "amount": "1"}, "kind"),
        ({"kind": "return_of_capital", "amount": "1", "instrument": "AAPL"}, "instrument"),
    ],
)
def test_a_cash_flow_that_cannot_be_names_its_field(
    desk: Desk, body: dict[str, str], field: str
) -> None:
    desk.trade(("10", "100"), ("-10", "100"))

    refused = book(desk, **body)

    assert refused.status == 422, refused.body
    assert field in {one["field"] for one in refused.body["errors"]}
    assert len(desk.get(f"{desk.books}/ledger").body["items"]) == 3


def test_a_correction_is_the_opposite_transaction_with_its_reason(desk: Desk) -> None:
    wrong = book(desk, kind="fee", amount="12").body
    path = f"{desk.cash}/ledger/{wrong['transaction_id']}/reversals"

    undone = desk.post(path, {"reason": "charged twice"}, "r-1")
    again = desk.post(path, {"reason": "charged twice"}, "r-1")
    twice = desk.post(path, {"reason": "charged thrice"}, "r-2")

    assert (undone.status, undone.body["kind"]) == (201, "reversal")
    assert undone.body["description"] == "charged twice"
    assert undone.body["reverses"] == wrong["transaction_id"]
    assert again.body == undone.body
    assert (twice.status, undone.body["transaction_id"] in twice.body["detail"]) == (409, True)
    assert cash_of(desk) == "10000.00"
    told = json.loads(desk.bus.entries[-1][2])
    assert (told["amount"], told["reverses"]) == ("12.00", wrong["transaction_id"])


def test_a_return_of_capital_is_undone_to_the_last_digit(desk: Desk) -> None:
    desk.trade(("3", "10.01"), ("7", "9.99"))
    before = desk.get(f"{desk.cash}/lots").body
    wrong = book(desk, kind="return_of_capital", amount="10", instrument="AAPL").body

    path = f"{desk.cash}/ledger/{wrong['transaction_id']}/reversals"
    assert desk.post(path, {"reason": "paid to another"}, "r-1").status == 201

    assert desk.get(f"{desk.cash}/lots").body == before


def test_a_return_of_capital_is_not_undone_once_its_lots_were_sold_from(desk: Desk) -> None:
    desk.trade(("10", "10"))
    wrong = book(desk, kind="return_of_capital", amount="10", instrument="AAPL").body
    account_id = desk.account["account_id"]
    sale = fill(2, "-4", "12", account_id=account_id)
    assert desk.function.deliver(fill_recorded(sale, 2)) == []

    path = f"{desk.cash}/ledger/{wrong['transaction_id']}/reversals"
    refused = desk.post(path, {"reason": "paid to another"}, "r-1")

    assert (refused.status, "sold from since" in refused.body["detail"]) == (409, True)


def test_only_a_cash_flow_is_reversed_here(desk: Desk) -> None:
    (deposit,) = desk.get(f"{desk.books}/ledger").body["items"]
    path = f"{desk.cash}/ledger/{deposit['transaction_id']}/reversals"

    assert "withdraw it" in desk.post(path, {"reason": "no"}, "r-1").body["detail"]
    unknown = desk.post(f"{desk.cash}/ledger/t-none/reversals", {"reason": "no"}, "r-2")
    assert unknown.status == 404
    assert desk.post(path, {"reason": ""}, "r-3").status == 422


def test_another_owner_books_and_corrects_nothing(desk: Desk) -> None:
    booked = book(desk, kind="interest", amount="5").body
    path = f"{desk.cash}/ledger/{booked['transaction_id']}/reversals"

    body = {"kind": "fee", "amount": "1"}
    assert desk.post(f"{desk.cash}/cash-flows", body, "x", owner="owner-2").status == 404
    assert desk.post(path, {"reason": "mine"}, "x", owner="owner-2").status == 404
    assert desk.get(f"{desk.books}/cash", owner="owner-2").status == 404
    assert desk.get(f"{desk.cash}/lots", owner="owner-2").status == 404


def test_the_ladder_says_what_has_settled_and_when_the_rest_does(desk: Desk) -> None:
    # Tuesday 2012-01-03, three days then: Friday the 6th.
    desk.trade(("10", "100"), ("-4", "110"))
    assert desk.function.deliver(bar_closed(bar(1, "105"), 1)) == []

    shown = desk.get(f"{desk.books}/cash").body

    assert shown["as_of"] == "2012-01-03"
    assert shown["items"] == [
        {
            "account_id": desk.account["account_id"],
            "currency": "USD",
            "total": "9438.00",
            "settled": "10000.00",
            "unsettled": "-562.00",
            "rungs": [
                {
                    "settles_on": "2012-01-06",
                    "sales": "439.00",
                    "purchases": "1001.00",
                    "settled": "9438.00",
                }
            ],
        }
    ]
    assert shown["violations"] == []


def test_a_purchase_with_unsettled_proceeds_that_is_sold_at_once_is_told(desk: Desk) -> None:
    # 9,001 of 10,000 are paid; of the next 9,901 settled cash covers 999.
    desk.trade(("90", "100"), ("-90", "105"), ("90", "110"), ("-90", "111"))
    assert desk.function.deliver(bar_closed(bar(1, "111"), 1)) == []

    (told,) = desk.get(f"{desk.books}/cash").body["violations"]

    trades = desk.get(f"{desk.books}/ledger").body["items"]
    assert (told["purchase"], told["sale"]) == (
        trades[1]["transaction_id"],
        trades[0]["transaction_id"],
    )
    assert (told["kind"], told["amount"]) == ("good_faith", "8902.00")
    assert (told["sold_on"], told["clean_from"]) == ("2012-01-03", "2012-01-06")
    assert told["frozen_until"] is None


def open_of(desk: Desk, kind: str) -> str:
    """Open an account of a kind with 100 USD; return its address."""
    opened = desk.post("/v1/accounts", {"name": kind, "kind": kind}, f"open-{kind}")
    address = f"/v1/accounts/{opened.body['account_id']}"
    desk.post(f"{address}/deposits", {"amount": "100"}, f"d-{kind}")
    return address


@pytest.mark.parametrize("kind", ["cash", "ira", "roth_ira"])
@pytest.mark.parametrize("flow", ["fee", "tax_withheld"])
def test_a_charge_beyond_the_cash_of_an_account_without_credit_is_refused(
    desk: Desk, kind: str, flow: str
) -> None:
    address = open_of(desk, kind)

    over = desk.post(f"{address}/cash-flows", {"kind": flow, "amount": "100.01"}, "f-1")
    all_of_it = desk.post(f"{address}/cash-flows", {"kind": flow, "amount": "100"}, "f-2")

    assert (over.status, all_of_it.status) == (422, 201)
    (reason,) = over.body["reasons"]
    assert (reason["rule"], reason["limit"], reason["value"]) == ("no_credit", "100.00", "100.01")
    assert reason["message"] == (
        f"100.01 USD is charged, 100 USD is there, and an account of kind {kind} may owe nothing:"
        " deposit first, or import the statement that charges it; up to 100 USD would pass"
    )


def test_a_margin_account_may_owe_what_it_is_charged_and_it_is_named(desk: Desk) -> None:
    address = open_of(desk, "margin")

    booked = desk.post(f"{address}/cash-flows", {"kind": "fee", "amount": "130"}, "f-1")

    assert booked.status == 201
    portfolio = desk.get(address).body["portfolio_id"]
    shown = desk.get(f"/v1/portfolios/{portfolio}/cash").body
    assert [(one["amount"], one["owed_as"]) for one in shown["overdrawn"]] == [("30.00", "loan")]
    assert desk.get(f"{desk.books}/cash").body["overdrawn"] == []


@pytest.mark.parametrize(("kind", "owed_as"), [("cash", "receivable"), ("ira", "prohibited")])
def test_a_charge_that_a_statement_tells_of_is_booked_and_named(
    desk: Desk, kind: str, owed_as: str
) -> None:
    address = open_of(desk, kind)
    text = "date,kind,amount,currency\n2012-01-03,fee,-130,USD\n"
    body = {"format": "own", "text": text}

    preview = desk.post(f"{address}/imports/preview", body, None).body
    made = desk.post(f"{address}/imports", body, "i-1")

    owed = {"currency": "USD", "amount": "30.00", "owed_as": owed_as}
    assert (preview["problems"], preview["overdrawn"], made.status) == ([], [owed], 201)
    portfolio = desk.get(address).body["portfolio_id"]
    (shown,) = desk.get(f"/v1/portfolios/{portfolio}/cash").body["overdrawn"]
    assert {name: shown[name] for name in owed} == owed


def test_undoing_an_income_that_is_spent_is_a_correction_and_not_refused(desk: Desk) -> None:
    address = open_of(desk, "ira")
    wrong = desk.post(f"{address}/cash-flows", {"kind": "interest", "amount": "50"}, "f-1").body
    desk.post(f"{address}/cash-flows", {"kind": "fee", "amount": "150"}, "f-2")

    path = f"{address}/ledger/{wrong['transaction_id']}/reversals"
    undone = desk.post(path, {"reason": "never paid"}, "r-1")

    assert undone.status == 201
    portfolio = desk.get(address).body["portfolio_id"]
    (owed,) = desk.get(f"/v1/portfolios/{portfolio}/cash").body["overdrawn"]
    assert (owed["amount"], owed["owed_as"]) == ("50.00", "prohibited")
