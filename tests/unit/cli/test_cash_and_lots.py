"""Promises what the commands of cash flows, corrections, lots and strategies ask the API for."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from bifrost.cli import session
from bifrost.cli.main import app
from bifrost.core.errors import InvalidInputError

BOOKED = {"transaction_id": "t-1", "event_id": "e-1", "kind": "fee", "entries": []}
LOT = {"lot_id": "l-1", "instrument": "AAPL", "quantity": "10", "cost": "1000", "currency": "USD"}
CHOSEN = {"account_id": "a-1", "order_id": "o-1", "method": "specific", "lots": [LOT]}


def strategy(portfolio_id: str, name: str, account_id: str = "a-1") -> dict[str, str]:
    return {
        "portfolio_id": portfolio_id,
        "name": name,
        "account_id": account_id,
        "kind": "strategy",
    }


class RecordedApi:
    """Answers as the desk would, and keeps what it was asked to change."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.portfolios: list[dict[str, str]] = []

    def get(self, path: str, **query: Any) -> Any:
        if path.endswith("/buying-power"):
            assert query == {"seen": "e-1"}
            return {"seen": True}
        return {
            "version": 7,
            "method": "fifo",
            "methods": {"VTI": "lifo"},
            "items": [LOT],
            "status": "accepted",
        }

    def post(self, path: str, body: Any = None, **more: Any) -> Any:
        self.asked.append((path, body, more))
        return {**BOOKED, "order_id": "o-1", "status": "accepted"}

    def put(self, path: str, body: Any) -> Any:
        self.asked.append((path, body, {}))
        return CHOSEN

    def pages(self, path: str, most: int, **query: Any) -> list[Any]:
        self.asked.append((path, most, query))
        return self.portfolios if path == "/v1/portfolios" else [LOT]


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> RecordedApi:
    recorded = RecordedApi()
    monkeypatch.setattr(session, "connect", lambda: recorded)
    return recorded


def run(*arguments: str) -> str:
    done = CliRunner().invoke(app, [*arguments, "--account", "a-1"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_a_cash_flow_is_booked_with_what_was_given_and_under_its_key(api: RecordedApi) -> None:
    line = ("cash-flow", "dividend_qualified", "8.20", "--instrument", "AAPL", "--key", "k-1")

    assert json.loads(run(*line, "--json")) == {**BOOKED, "order_id": "o-1", "status": "accepted"}

    body = {"kind": "dividend_qualified", "amount": "8.20", "instrument": "AAPL"}
    assert api.asked == [("/v1/accounts/a-1/cash-flows", body, {"key": "k-1"})]


def test_a_reversal_says_why(api: RecordedApi) -> None:
    run("reverse", "t-9", "--reason", "booked twice", "--key", "k-1")

    path = "/v1/accounts/a-1/ledger/t-9/reversals"
    assert api.asked == [(path, {"reason": "booked twice"}, {"key": "k-1"})]


def test_lots_are_listed_with_how_sales_choose_among_them(api: RecordedApi) -> None:
    shown = json.loads(run("lots", "list", "--instrument", "AAPL", "--json"))

    assert shown == {"method": "fifo", "methods": {"VTI": "lifo"}, "items": [LOT]}
    assert api.asked == [("/v1/accounts/a-1/lots", 200, {"instrument": "AAPL"})]


def test_an_orders_lots_are_named_in_their_order(api: RecordedApi) -> None:
    run("lots", "choose", "--order", "o-1", "--lot", "l=2=1.5", "--lot", "l-1=10")

    lots = [{"lot_id": "l=2", "quantity": "1.5"}, {"lot_id": "l-1", "quantity": "10"}]
    path = "/v1/accounts/a-1/lot-selection/o-1"
    assert api.asked == [(path, {"method": "specific", "lots": lots}, {})]


def test_an_order_or_an_account_may_name_a_method(api: RecordedApi) -> None:
    run("lots", "choose", "--order", "o-1", "--method", "hifo")
    run("lots", "method", "lowest_tax")

    assert [body for _, body, _ in api.asked] == [
        {"method": "hifo", "lots": []},
        {"method": "lowest_tax"},
    ]


@pytest.mark.parametrize(
    "more", [("--lot", "l-1=1", "--method", "hifo"), ("--lot", "l-1"), ("--lot", "=1"), ()]
)
def test_a_choice_that_is_none_is_a_usage_error(api: RecordedApi, more: tuple[str, ...]) -> None:
    done = CliRunner().invoke(app, ["lots", "choose", "--order", "o-1", *more])

    assert done.exit_code == 2
    assert "--lot" in done.output
    assert api.asked == []


@pytest.mark.parametrize("named", ["Momentum", "s-1"])
def test_an_order_names_a_strategy_by_its_name_or_id(api: RecordedApi, named: str) -> None:
    api.portfolios = [strategy("s-2", "Momentum", "a-2"), strategy("s-1", "Momentum")]

    run("orders", "place", "buy", "1", "AAPL", "--strategy", named)

    (_, (path, body, _)) = api.asked
    assert (path, body["strategy_id"]) == ("/v1/orders", "s-1")


def test_an_order_is_marked_only_where_its_marks_are_given(api: RecordedApi) -> None:
    run("orders", "place", "buy", "1", "AAPL")
    run("orders", "place", "buy", "1", "AAPL", "--do-not-reduce", "--do-not-increase")

    unmarked, marked = (body for path, body, _ in api.asked if path == "/v1/orders")
    assert {name for name in unmarked if name.startswith("do_not")} == set()
    assert (marked["do_not_reduce"], marked["do_not_increase"]) == (True, True)


@pytest.mark.parametrize(
    ("known", "says"),
    [
        ([], "portfolios create"),
        ([strategy("s-1", "Carry")], "it has Carry"),
        ([strategy("s-1", "Momentum"), strategy("s-2", "Momentum")], "give the id"),
    ],
)
def test_a_strategy_that_is_not_one_is_never_sent(
    api: RecordedApi, known: list[dict[str, str]], says: str
) -> None:
    api.portfolios = known

    with pytest.raises(InvalidInputError) as caught:
        run("orders", "preview", "buy", "1", "AAPL", "--strategy", "Momentum")

    ((field, fix),) = [(one.field, one.fix) for one in caught.value.problems]
    assert field == "--strategy"
    assert says in fix
    assert len(api.asked) == 1


@pytest.mark.parametrize("group", ["accounts", "portfolios"])
def test_what_was_archived_is_taken_back_as_it_was_read(api: RecordedApi, group: str) -> None:
    done = CliRunner().invoke(app, [group, "unarchive", "x-1"], catch_exceptions=False)

    assert done.exit_code == 0, done.output
    assert api.asked == [(f"/v1/{group}/x-1/unarchive", None, {"version": 7})]
