"""P&L and returns over HTTP: parts that add up, ranges, a benchmark, and what cannot be said."""

from collections.abc import Callable, Iterator

import pytest

from bifrost.adapters.postgres.database import Database
from tests.builders import WALL, bar, bar_closed, closes_at, fill, fill_recorded, session
from tests.functions.portfolio_desk import Desk, plugged_desk
from tests.functions.traded_week import a_week, close, deposit, flow, trade


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch, database_url: Callable[[str], str]) -> Iterator[Desk]:
    yield from plugged_desk(monkeypatch, database_url)


def test_pnl_says_every_part_gross_and_net(desk: Desk) -> None:
    a_week(desk)
    trade(desk, 2, "-4", "121", 3)
    flow(desk, "f-1", kind="dividend_qualified", amount="5", instrument="AAPL")
    flow(desk, "f-2", kind="tax_withheld", amount="2", instrument="AAPL")
    flow(desk, "f-3", kind="fee", amount="3")
    flow(desk, "f-4", kind="interest", amount="0.5")

    shown = desk.get(f"{desk.books}/pnl").body

    assert shown["total"] == {
        "price_realised": "84.00",
        "price_unrealised": "126.00",
        "dividend": "5.00",
        "interest": "0.50",
        "fx_realised": "0.00",
        "fx_unrealised": "0.00",
        "fee": "-5.00",
        "tax": "-2.00",
        "realised": "82.50",
        "unrealised": "126.00",
        "gross": "215.50",
        "net": "208.50",
        "unpriced": [],
        "unattributed": [],
    }
    worth = desk.get(desk.books).body
    assert float(worth["equity"]) - float(worth["net_deposits"]) == 208.5
    (books,) = shown["items"]
    assert books["group"] == desk.account["portfolio_id"]
    assert (shown["opened_on"], shown["closed_on"]) == (None, None)


@pytest.mark.parametrize("by", ["portfolio", "position", "lot", "strategy"])
def test_the_total_is_the_same_whatever_it_is_grouped_by(desk: Desk, by: str) -> None:
    a_week(desk)
    trade(desk, 2, "-4", "121", 3, strategy="s-1")
    flow(desk, "f-1", kind="fee", amount="3")

    shown = desk.get(f"{desk.books}/pnl", by=by).body

    assert shown["total"] == desk.get(f"{desk.books}/pnl").body["total"]
    net = [float(one["net"]) for one in shown["items"]]
    assert sum(net) == pytest.approx(float(shown["total"]["net"]), abs=1e-9)
    groups = {one["group"] for one in shown["items"]}
    assert (
        groups
        == {
            "portfolio": {desk.account["portfolio_id"]},
            "position": {None, "AAPL"},
            "lot": {None, f"paper:x-{desk.account['account_id']}-1"},
            "strategy": {None, "s-1"},
        }[by]
    )


def test_pages_of_groups_are_all_of_them(desk: Desk) -> None:
    a_week(desk)

    first = desk.get(f"{desk.books}/pnl", by="position", limit="1").body
    rest = desk.get(f"{desk.books}/pnl", by="position", limit="1", cursor=first["next_cursor"]).body

    assert [one["group"] for one in (*first["items"], *rest["items"])] == [None, "AAPL"]
    assert first["next_cursor"]
    assert rest["next_cursor"] is None
    assert first["total"] == rest["total"]


def test_ranges_that_follow_each_other_add_up(desk: Desk) -> None:
    a_week(desk)

    second = desk.get(f"{desk.books}/pnl", **{"from": str(session(2)), "to": str(session(2))}).body
    third = desk.get(f"{desk.books}/pnl", **{"from": str(session(3))}).body
    upto = desk.get(f"{desk.books}/pnl", to=str(session(1))).body

    assert [one["total"]["net"] for one in (upto, second, third)] == ["-1.00", "100.00", "110.00"]
    assert (second["opened_on"], second["closed_on"]) == (str(session(1)), str(session(2)))


def test_what_has_no_price_is_null_and_named(desk: Desk) -> None:
    trade(desk, 1, "10", "100", 1)

    total = desk.get(f"{desk.books}/pnl").body["total"]

    assert (total["price_unrealised"], total["unrealised"], total["net"]) == (None, None, None)
    assert (total["unpriced"], total["realised"]) == (["AAPL"], "-1.00")


def test_a_currency_without_a_rate_leaves_its_part_unknown(desk: Desk) -> None:
    a_week(desk)
    flow(desk, "fx", kind="fx", amount="110", counter_amount="100", counter_currency="EUR")

    total = desk.get(f"{desk.books}/pnl").body["total"]

    assert (total["fx_realised"], total["realised"], total["net"]) == (None, None, None)
    assert (total["price_unrealised"], total["unpriced"]) == ("210.00", ["EUR"])


def test_a_strategys_pnl_is_that_of_its_own_fills(desk: Desk) -> None:
    body = {"name": "momentum", "kind": "strategy", "parent_id": desk.account["portfolio_id"]}
    strategy = desk.post("/v1/portfolios", body, "s").body["portfolio_id"]
    a_week(desk)
    trade(desk, 2, "5", "121", 3, strategy=strategy)
    close(desk, 4, "125")

    shown = desk.get(f"/v1/portfolios/{strategy}/pnl").body

    assert (shown["total"]["net"], [one["group"] for one in shown["items"]]) == (
        "19.00",
        [strategy],
    )
    by_lot = desk.get(f"/v1/portfolios/{strategy}/pnl", by="lot").body
    assert (by_lot["total"], len(by_lot["items"])) == (shown["total"], 2)


def test_what_is_not_known_to_be_a_strategys_is_null_and_named(desk: Desk) -> None:
    a_week(desk)
    trade(desk, 2, "5", "121", 3, strategy="s-1")
    flow(desk, "f-1", kind="return_of_capital", amount="30", instrument="AAPL")

    shown = desk.get(f"{desk.books}/pnl", by="strategy").body

    assert (shown["total"]["net"], shown["total"]["unattributed"]) == ("238.00", [])
    for one in shown["items"]:
        assert one["unattributed"] == ["AAPL"]
        unknown = {name for name, value in one.items() if value is None}
        assert unknown - {"group", "instrument"} == {
            "price_realised",
            "price_unrealised",
            "dividend",
            "fx_realised",
            "fx_unrealised",
            "realised",
            "unrealised",
            "gross",
            "net",
        }


def test_returns_are_linked_at_each_flow_and_know_when_it_came(desk: Desk) -> None:
    a_week(desk)

    shown = desk.get(f"{desk.books}/returns").body

    # 2,000 is worth 1,999 when AAPL is bought; +100 before 10,000 come, +110 on what is then there.
    assert float(shown["twr"]) == pytest.approx(2099 / 1999 * 12209 / 12099 - 1, rel=1e-12)
    assert (shown["opened_on"], shown["closed_on"]) == (str(session(1)), str(session(3)))
    assert (shown["opening"], shown["closing"], shown["flows"]) == (
        "1999.00",
        "12209.00",
        "10000.00",
    )
    assert shown["failures"] == {}
    assert shown["benchmark"] is None
    assert shown["valuations"] == 2


def test_returns_are_the_same_once_valuations_are_recorded(desk: Desk) -> None:
    a_week(desk)
    before = desk.get(f"{desk.books}/returns").body

    done = desk.function.task("record_valuations")

    assert (done["accounts"], done["valuations"], done["is_done"]) == (1, 3, True)
    assert desk.function.task("record_valuations")["valuations"] == 0
    assert desk.get(f"{desk.books}/returns").body == before
    kinds = [kind for _, kind, _ in desk.bus.entries]
    assert kinds.count("ValuationRecorded.v1") == 3


def test_a_sweep_records_what_is_complete(desk: Desk) -> None:
    a_week(desk)

    assert desk.function.task("sweep")["valuations"] == 3


def test_gross_returns_give_back_fees_and_bear_commissions(desk: Desk) -> None:
    a_week(desk)
    flow(desk, "f-1", kind="fee", amount="209")

    net = desk.get(f"{desk.books}/returns").body
    gross = desk.get(f"{desk.books}/returns", net="false").body

    assert float(gross["twr"]) == pytest.approx(2099 / 1999 * 12209 / 12099 - 1, rel=1e-12)
    assert float(net["twr"]) == pytest.approx(2099 / 1999 * 12000 / 12099 - 1, rel=1e-12)
    assert (net["is_net"], gross["is_net"]) == (True, False)


def test_a_range_opens_with_the_value_before_it(desk: Desk) -> None:
    a_week(desk)

    shown = desk.get(f"{desk.books}/returns", **{"from": str(session(3))}).body

    assert (shown["opened_on"], shown["opening"]) == (str(session(2)), "12099.00")
    assert float(shown["twr"]) == pytest.approx(110 / 12099, rel=1e-12)


def test_a_benchmark_is_measured_over_the_same_days(desk: Desk) -> None:
    a_week(desk)
    for day, price in ((1, "10"), (2, "11"), (3, "12.1")):
        close(desk, day, price, "SPY")

    found = desk.get(f"{desk.books}/returns", benchmark="SPY").body

    shown = found["benchmark"]
    assert float(shown["twr"]) == pytest.approx(0.21, rel=1e-12)
    assert float(shown["excess"]) == pytest.approx(float(found["twr"]) - 0.21, rel=1e-9)
    assert (shown["symbol"], shown["opened_on"], shown["closed_on"]) == (
        "SPY",
        str(session(1)),
        str(session(3)),
    )


def test_a_benchmark_that_begins_too_late_says_so_and_is_not_zero(desk: Desk) -> None:
    a_week(desk)
    close(desk, 3, "12.1", "SPY")

    shown = desk.get(f"{desk.books}/returns", benchmark="SPY").body

    assert shown["benchmark"]["twr"] is None
    failure = shown["benchmark"]["failures"]["benchmark"]
    assert failure["cause"] == "benchmark_without_level"
    assert shown["twr"]


def test_one_valuation_alone_has_no_return_and_says_why(desk: Desk) -> None:
    close(desk, 1, "100")
    deposit(desk, "2000", "d-1")

    shown = desk.get(f"{desk.books}/returns").body

    assert (shown["twr"], shown["mwr"], shown["modified_dietz"]) == (None, None, None)
    assert shown["failures"]["twr"]["cause"] == "nothing_to_measure"


def test_a_session_whose_worth_is_unknown_is_left_out_and_named(desk: Desk) -> None:
    a_week(desk)
    other = fill(2, "1", "50", account_id=desk.account["account_id"], instrument="NEW",
                 occurred_at=closes_at(3))  # fmt: skip
    assert desk.function.deliver(fill_recorded(other, 2)) == []
    late = bar_closed(bar(4, "60", instrument="NEW"), 1)
    assert desk.function.deliver(late) == []

    shown = desk.get(f"{desk.books}/returns").body

    assert shown["unvalued"] == [str(session(3))]
    assert float(shown["twr"]) == pytest.approx(2099 / 1999 * 12219 / 12099 - 1, rel=1e-12)


@pytest.mark.parametrize(
    ("part", "query", "status", "field"),
    [
        ("pnl", {"by": "moon"}, 422, "by"),
        ("pnl", {"from": "2012-01-05", "to": "2012-01-04"}, 422, "to"),
        ("pnl", {"from": "2012-13-05"}, 422, "from"),
        ("pnl", {"to": "2011-01-01"}, 422, "to"),
        ("pnl", {"from": "2013-01-01"}, 422, "from"),
        ("pnl", {"by": "lot", "to": "2011-01-01"}, 422, "to"),
        ("pnl", {"cursor": "AAPL"}, 422, "cursor"),
        ("returns", {"from": "2012-01-05", "to": "2012-01-04"}, 422, "to"),
        ("returns", {"from": "2013-01-01"}, 422, "from"),
        ("returns", {"to": "2011-01-01"}, 422, "to"),
        ("returns", {"benchmark": "NONE"}, 422, "benchmark"),
        ("returns", {"benchmark": "lower"}, 422, "benchmark"),
        ("returns", {"net": "maybe"}, 422, "net"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_its_field(
    desk: Desk, part: str, query: dict[str, str], status: int, field: str
) -> None:
    a_week(desk)

    refused = desk.get(f"{desk.books}/{part}", **query)

    assert refused.status == status, refused.body
    assert refused.body["errors"][0]["field"] == field
    assert refused.body["errors"][0]["fix"]


@pytest.mark.parametrize("part", ["pnl", "returns"])
def test_an_unknown_portfolio_is_not_found(desk: Desk, part: str) -> None:
    assert desk.get(f"/v1/portfolios/nobody/{part}").status == 404
    assert desk.get(f"{desk.books}/{part}", owner="owner-2").status == 404


def test_before_anything_is_valued_there_is_no_return(desk: Desk) -> None:
    refused = desk.get(f"{desk.books}/returns")

    assert refused.status == 409
    assert "no session has closed" in refused.body["detail"]


def test_a_split_and_a_dividend_of_the_benchmark_are_no_loss(
    desk: Desk, make_database: Callable[[str], Database]
) -> None:
    a_week(desk)
    for day, price in ((1, "100"), (2, "49"), (3, "49")):
        close(desk, day, price, "SPY")
    add_action(make_database("portfolio"), "split", 2, {"new_shares": "2", "old_shares": "1"})
    dividend = {"kind": "ordinary", "amount_per_share": "1"}
    add_action(make_database("portfolio"), "cash_dividend", 2, dividend)

    shown = desk.get(f"{desk.books}/returns", benchmark="SPY").body["benchmark"]

    # 100 before; 1 paid a share held before; two at 49 after.
    assert float(shown["twr"]) == pytest.approx(100 / 99 * 98 / 100 - 1, rel=1e-12)


def add_action(database: Database, kind: str, day: int, terms: dict[str, str]) -> None:
    """Write an action as its listener would."""
    import json

    action = {
        "action_id": kind,
        "vendor": "v",
        "revision": 1,
        "instrument": "SPY",
        "currency": "USD",
        "ex_date": str(session(day)),
        kind: terms,
    }
    with database.transaction() as cursor:
        cursor.execute(
            "INSERT INTO portfolio.corporate_actions (action_id, revision, instrument,"
            " new_instrument, ex_date, withdrawn, action, recorded_at)"
            " VALUES (%s, 1, 'SPY', '', %s, false, %s, %s)",
            (kind, session(day), json.dumps(action), WALL),
        )
