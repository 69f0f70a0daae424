"""Tax reports over the desk's own books, over HTTP: all accounts of an owner and of nobody else,
the lots as the books closed them, commissions in basis and proceeds, and bad input by its field.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bifrost.cli import session
from bifrost.local.api import ApiError
from bifrost.portfolio.tax import reports
from tests.builders import fill, fill_recorded
from tests.functions.portfolio_desk import Desk, plugged_desk
from tests.unit.cli.command_tree import run

HEADER = "date,kind,instrument,quantity,price,amount,commission\n"
# Pub. 550: 100 for 1,000, sold for 750, bought again for 800; here with commissions inside.
PUB_550 = (
    "2024-01-02,deposit,,,,50000,",
    "2024-01-03,buy,XYZ,100,9.90,,10",
    "2024-03-01,sell,XYZ,100,7.60,,10",
    "2024-03-10,buy,XYZ,100,7.90,,10",
)


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch, database_url: Callable[[str], str]) -> Iterator[Desk]:
    yield from plugged_desk(monkeypatch, database_url)


def opened(desk: Desk, kind: str, owner: str = "owner-1") -> str:
    """Open another account; return its id."""
    made = desk.post("/v1/accounts", {"name": kind, "kind": kind}, f"open-{kind}-{owner}", owner)
    return str(made.body["account_id"])


def booked(desk: Desk, account_id: str, *rows: str, owner: str = "owner-1") -> None:
    """Import a history."""
    body = {"format": "own", "text": HEADER + "".join(f"{row}\n" for row in rows)}
    done = desk.post(f"/v1/accounts/{account_id}/imports", body, f"i-{hash(rows)}", owner)
    assert done.status == 201, done.body


def own_account(desk: Desk) -> str:
    return str(desk.account["account_id"])


def told(desk: Desk, report: str = "wash-sales", **query: str) -> Any:
    """Ask for a report that there is."""
    answer = desk.get(f"/v1/tax/{report}", **query)
    assert answer.status == 200, answer.body
    return answer.body


def sales(answer: Any, *names: str) -> list[tuple[str, ...]]:
    return [tuple(one[name] for name in names) for one in answer["sales"]]


def test_commissions_are_in_basis_and_proceeds_and_a_loss_goes_into_what_replaced(
    desk: Desk,
) -> None:
    booked(desk, own_account(desk), *PUB_550)

    answer = told(desk)

    assert sales(answer, "account_id", "proceeds", "basis", "disallowed_loss", "allowed_loss") == [
        (own_account(desk), "750.00", "1000.00", "250.00", "0.00")
    ]
    assert [(one["basis"], one["holding_period_start"]) for one in answer["lots"]] == [
        ("1050.00", "2024-01-12")
    ]
    totals = [answer[name] for name in ("economic_pnl", "allowed_pnl", "deferred", "forfeited")]
    assert totals == ["-250.00", "0.00", "-250.00", "0.00"]
    assert answer["excluded"] == []


def test_a_purchase_in_an_ira_of_the_same_owner_takes_the_loss_for_good(desk: Desk) -> None:
    booked(desk, own_account(desk), *PUB_550[:3])
    booked(desk, opened(desk, "ira"), PUB_550[0], PUB_550[3])
    stranger = opened(desk, "cash", "owner-2")
    booked(desk, stranger, PUB_550[0], PUB_550[3], owner="owner-2")

    answer = told(desk)

    assert sales(answer, "forfeited_loss", "disallowed_loss") == [("250.00", "0.00")]
    assert [one["basis"] for one in answer["lots"]] == ["800.00"]
    assert sales(desk.get("/v1/tax/wash-sales", owner="owner-2").body) == []


def test_sales_close_what_the_books_closed_not_the_oldest(desk: Desk) -> None:
    account_id = own_account(desk)
    desk.function.http(
        "PUT", f"/v1/accounts/{account_id}/lot-selection", {"method": "hifo"}, owner="owner-1"
    )
    trades = [("10", "100"), ("10", "300"), ("10", "200"), ("-15", "150"), ("-5", "150")]
    fills = [fill(n, size, at, account_id=account_id) for n, (size, at) in enumerate(trades, 1)]
    assert not desk.function.deliver(*(fill_recorded(one, n) for n, one in enumerate(fills, 1)))

    answer = told(desk, policy="rest_of_purchase=ignore,earlier_purchases=ignore")

    # All of the 300, five of the 200; then the other five of the 200.
    assert sales(answer, "quantity", "basis") == [("15", "4000.00"), ("5", "1000.00")]
    assert [(one["quantity"], one["basis"]) for one in answer["lots"]] == [("10", "1000.00")]


def test_lots_named_for_an_order_are_told_by_the_venues_own_names(desk: Desk) -> None:
    account_id = own_account(desk)
    names = [f"o-{n}-0-0/2012-01-0{n}T21:00:00+00:00" for n in (1, 2, 3)]
    trades = [("10", "100"), ("10", "300"), ("-15", "200")]
    first, second, third = (
        fill(n, size, at, account_id=account_id, execution_id=name, venue="PAPER")
        for n, ((size, at), name) in enumerate(zip(trades, names, strict=True), start=1)
    )
    assert not desk.function.deliver(fill_recorded(first, 1), fill_recorded(second, 2))
    lots = [
        {"lot_id": f"PAPER:{names[1]}", "quantity": "10"},
        {"lot_id": f"PAPER:{names[0]}", "quantity": "5"},
    ]

    path = f"/v1/accounts/{account_id}/lot-selection/o-3"
    chosen = desk.function.http("PUT", path, {"method": "specific", "lots": lots})
    assert not desk.function.deliver(fill_recorded(third, 3))

    assert (chosen.status, chosen.body["lots"]) == (200, lots)
    assert sales(told(desk), "quantity", "basis") == [("15", "3500.00")]


def test_form_8949_has_a_years_rows_and_retirement_accounts_none(desk: Desk) -> None:
    booked(desk, own_account(desk), *PUB_550, "2025-06-02,sell,XYZ,100,12,,0")
    booked(desk, opened(desk, "ira"), PUB_550[0], *PUB_550[1:3])

    rows = told(desk, "form-8949", year="2025")["rows"]
    earlier = told(desk, "form-8949", year="2024")["rows"]

    assert [(one["box"], one["cost_basis"], one["gain"]) for one in rows] == [
        ("D", "1050.00", "150.00")
    ]
    assert [(one["code"], one["adjustment"], one["gain"]) for one in earlier] == [
        ("W", "250.00", "0.00")
    ]
    assert sales(told(desk, year="2025"), "date") == [("2025-06-02",)]


def test_a_return_of_capital_lowers_the_basis_of_what_is_sold_after_it(desk: Desk) -> None:
    booked(
        desk,
        own_account(desk),
        *PUB_550[:2],
        "2024-01-10,buy,XYZ,100,19.90,,10",
        "2024-01-20,sell,XYZ,50,20,,0",
        "2024-02-01,return_of_capital,XYZ,,,300,",
        "2024-02-10,sell,XYZ,50,20,,0",
    )

    answer = told(desk)

    assert sales(answer, "basis", "gain") == [("500.00", "500.00"), ("400.00", "600.00")]
    assert [one["basis"] for one in answer["lots"]] == ["1800.00"]


def test_a_return_of_more_than_the_basis_is_a_gain_with_a_row_of_its_own(desk: Desk) -> None:
    booked(
        desk,
        own_account(desk),
        *PUB_550,
        "2024-04-01,return_of_capital,XYZ,,,2000,",
        "2024-05-01,buy,ABC,10,10,,0",
    )

    answer = told(desk)

    # 1,050 of it is basis, with the loss that the wash sale put off into it.
    assert answer["excluded"] == []
    assert sales(answer, "date", "quantity", "proceeds", "basis", "gain") == [
        ("2024-03-01", "100", "750.00", "1000.00", "-250.00"),
        ("2024-04-01", "0", "950.00", "0.00", "950.00"),
    ]
    assert "301(c)(3)" in answer["sales"][1]["rule"]
    assert [(one["instrument"], one["basis"]) for one in answer["lots"]] == [
        ("XYZ", "0.00"),
        ("ABC", "100.00"),
    ]
    rows = told(desk, "form-8949", year="2024")["rows"]
    assert [(one["date_sold"], one["cost_basis"], one["gain"]) for one in rows] == [
        ("2024-03-01", "1000.00", "0.00"),
        ("2024-04-01", "0.00", "950.00"),
    ]


def test_what_a_cash_account_sold_short_is_left_out_and_says_why(desk: Desk) -> None:
    account_id = own_account(desk)
    booked(desk, opened(desk, "ira"), *PUB_550[:2], "2024-05-01,buy,ABC,10,10,,0")
    sold = fill(1, "-10", "100", account_id=account_id, instrument="XYZ")
    assert not desk.function.deliver(fill_recorded(sold, 1))

    answer = told(desk)

    assert [
        (one["account_id"], one["instrument"], one["reason"]) for one in answer["excluded"]
    ] == [(account_id, "XYZ", "sold_short")]
    assert [one["instrument"] for one in answer["lots"]] == ["ABC"]
    refused = desk.get(
        "/v1/tax/preview", account_id=account_id, instrument="XYZ", quantity="1", price="1"
    )
    assert (refused.status, "may not sell short" in refused.body["detail"]) == (409, True)


def test_more_trades_than_a_request_has_time_for_are_told_one_instrument_at_a_time(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    booked(desk, own_account(desk), *PUB_550, "2024-05-01,buy,ABC,10,10,,0")
    whole = told(desk)
    monkeypatch.setattr(reports, "TRADES_MAX", 3)
    broker = "account,instrument,date_sold,quantity,proceeds,cost_basis,wash_sale_disallowed\n"
    body = {"year": 2024, "text": f"{broker}x,ABC,2024-03-01,1,1,1,0\n"}

    refused = desk.get("/v1/tax/wash-sales")
    found = told(desk, instrument="XYZ")
    rows = told(desk, "form-8949", year="2024", instrument="ABC")["rows"]
    compared = desk.post("/v1/tax/1099b-reconciliations", {**body, "instrument": "XYZ"}, None)

    assert (refused.status, refused.body["errors"][0]["field"]) == (422, "instrument")
    assert "4 trades" in refused.body["errors"][0]["message"]
    assert found["sales"] == whole["sales"]
    assert [one["instrument"] for one in found["lots"]] == ["XYZ"]
    assert rows == []
    assert [one["cause"] for one in compared.body["differences"]] == ["only_ours"] * 4
    assert desk.get("/v1/tax/form-8949", year="2024").status == 422
    assert desk.get("/v1/tax/wash-sales", instrument="no pe").status == 422


def test_an_import_that_was_undone_never_was(desk: Desk) -> None:
    path = f"{desk.cash}/imports"
    booked(desk, own_account(desk), *PUB_550)
    done = desk.get(path).body["items"][0]
    desk.post(f"{path}/{done['import_id']}/undo", {"reason": "wrong"}, None)

    answer = told(desk)

    assert (answer["sales"], answer["lots"], answer["excluded"]) == ([], [], [])
    booked(desk, own_account(desk), *PUB_550[:2])
    assert [one["basis"] for one in told(desk)["lots"]] == ["1000.00"]


def test_a_preview_sells_the_lots_that_the_accounts_method_would(desk: Desk) -> None:
    account_id = own_account(desk)
    booked(desk, account_id, *PUB_550[:2], "2024-01-10,buy,XYZ,100,19.90,,10")
    wish = {"account_id": account_id, "instrument": "XYZ", "quantity": "100", "price": "12"}

    fifo = told(desk, "preview", **wish, on="2024-01-20")
    desk.function.http(
        "PUT", f"/v1/accounts/{account_id}/lot-selection", {"method": "hifo"}, owner="owner-1"
    )
    hifo = told(desk, "preview", **wish, on="2024-01-20")

    assert (fifo["sale"]["basis"], fifo["sale"]["gain"], fifo["rebuy_from"]) == (
        "1000.00",
        "200.00",
        None,
    )
    # The older shares were bought within the 30 days before, and replace the dearer ones.
    assert (hifo["sale"]["basis"], hifo["sale"]["disallowed_loss"]) == ("2000.00", "800.00")
    assert (hifo["first_clean_day"], hifo["rebuy_from"]) == ("2024-02-03", "2024-02-20")


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"instrument": "NOPE"}, 422, "instrument"),
        ({"instrument": "no pe"}, 422, "instrument"),
        ({"quantity": "101"}, 422, "quantity"),
        ({"quantity": "0"}, 422, "quantity"),
        ({"quantity": "NaN"}, 422, "quantity"),
        ({"quantity": "1e3"}, 422, "quantity"),
        ({"price": "-1"}, 422, "price"),
        ({"price": ""}, 422, "price"),
        ({"on": "2024-03-09"}, 422, "on"),
        ({"on": "2024-02-31"}, 422, "on"),
        ({"on": "9999-12-31"}, 422, "on"),
        ({"policy": "rest_of_purchase=perhaps"}, 422, "policy"),
        ({"policy": "short_losses=wash,short_losses=allow"}, 422, "policy"),
        ({"policy": "nonsense"}, 422, "policy"),
        ({"more": "1"}, 422, "more"),
        ({"account_id": "another"}, 404, ""),
    ],
)
def test_a_preview_of_what_cannot_be_names_its_field(
    desk: Desk, change: dict[str, str], status: int, field: str
) -> None:
    booked(desk, own_account(desk), *PUB_550)
    wish = {"account_id": own_account(desk), "instrument": "XYZ", "quantity": "1", "price": "1"}

    refused = desk.get("/v1/tax/preview", **wish | {"on": "2024-03-10"} | change)

    assert refused.status == status, refused.body
    assert [one["field"] for one in refused.body.get("errors", [])] == ([field] if field else [])


def test_without_a_price_the_last_one_counts_and_where_there_is_none_it_is_asked_for(
    desk: Desk,
) -> None:
    booked(desk, own_account(desk), *PUB_550[:2])

    refused = desk.get(
        "/v1/tax/preview", account_id=own_account(desk), instrument="XYZ", quantity="1"
    )

    assert (refused.status, refused.body["errors"][0]["field"]) == (422, "price")


@pytest.mark.parametrize("year", ["1899", "2200", "now", ""])
def test_a_year_that_is_none_is_refused(desk: Desk, year: str) -> None:
    for report in ("wash-sales", "form-8949"):
        refused = desk.get(f"/v1/tax/{report}", year=year)

        assert (refused.status, refused.body["errors"][0]["field"]) == (422, "year")


def test_a_brokers_1099b_is_compared_with_the_books(desk: Desk) -> None:
    account_id = own_account(desk)
    booked(desk, account_id, *PUB_550)
    header = "account,instrument,date_sold,quantity,proceeds,cost_basis,wash_sale_disallowed\n"
    path = "/v1/tax/1099b-reconciliations"

    good = f"{header}{account_id},XYZ,2024-03-01,100,750,1000,250\n"
    agreed = desk.post(path, {"year": 2024, "text": good}, None)
    wrong = f"{header}{account_id},XYZ,2024-03-01,100,760,1000,250\n"
    differs = desk.post(path, {"year": 2024, "text": wrong}, None)
    broken = desk.post(path, {"year": 2024, "text": f"{good}{account_id},XYZ,soon,1,1,1,1\n"}, None)

    assert (agreed.status, agreed.body["agreed"], agreed.body["differences"]) == (200, 1, [])
    ((figure, ours, theirs),) = [
        (one["figure"], one["ours"], one["broker"]) for one in differs.body["differences"]
    ]
    assert (figure, ours, theirs) == ("proceeds", "750", "760")
    assert broken.body["errors"][0]["field"] == "line 3, column 3 (date_sold)"


class DeskApi:
    """The API as the commands call it, answered by the function in this process."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def get(self, path: str, **query: Any) -> Any:
        given = {name: str(value) for name, value in query.items() if value is not None}
        answer = self._desk.get(path, **given)
        if answer.status != 200:
            raise ApiError(answer.status, answer.body)
        return answer.body


@pytest.fixture
def command(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr(session, "connect", lambda: DeskApi(desk))
    return desk


def test_the_command_tells_of_the_desk_what_it_tells_of_the_same_file(
    command: Desk, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    booked(command, own_account(command), *PUB_550)
    account_id, file = own_account(command), tmp_path / "trades.csv"
    file.write_text(
        "date,owner,account,account_kind,instrument,side,quantity,amount\n"
        f"2024-01-03,al,{account_id},cash,XYZ,buy,100,1000\n"
        f"2024-03-01,al,{account_id},cash,XYZ,sell,100,750\n"
        f"2024-03-10,al,{account_id},cash,XYZ,buy,100,800\n"
    )

    desk = run(capfd, "tax", "wash-sales", "--desk", "--json").answer
    of_file = run(capfd, "tax", "wash-sales", str(file), "--json").answer

    assert [(one.pop("account_id"), one.pop("rule")) for one in desk["sales"]] == [(account_id, "")]
    assert desk.pop("spouse") is None
    assert {one.pop("whose") for one in (*desk["sales"], *desk["lots"])} == {"mine"}
    lots = [{"account": one.pop("account_id"), **one} for one in desk.pop("lots")]
    assert lots == of_file.pop("lots")
    assert desk == {**of_file, "year": None, "excluded": []}


def test_a_command_over_the_desk_names_the_field_that_cannot_be(
    command: Desk, capfd: pytest.CaptureFixture[str]
) -> None:
    booked(command, own_account(command), *PUB_550)

    sell = f"{own_account(command)}:XYZ:101"
    done = run(capfd, "tax", "preview", "--desk", "--sell", sell, "--price", "9", "--json")

    assert (done.code, done.error["errors"][0]["field"]) == (2, "quantity")
