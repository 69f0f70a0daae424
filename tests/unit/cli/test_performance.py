"""`bifrost pnl` and `bifrost returns --portfolio` show what the API answers, all pages of it, and
refuse what makes no sense before they ask.
"""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.unit.cli.command_tree import run

Capture = pytest.CaptureFixture[str]
Api = Callable[[dict[str, Any]], list[httpx.Request]]

PARTS = {
    "price_realised": "40.00",
    "price_unrealised": "60.00",
    "dividend": "0.00",
    "interest": "0.00",
    "fx_realised": "0.00",
    "fx_unrealised": "0.00",
    "fee": "-1.00",
    "tax": "0.00",
    "realised": "39.00",
    "unrealised": "60.00",
    "gross": "100.00",
    "net": "99.00",
    "unpriced": [],
    "unattributed": [],
}
RETURNS = {
    "portfolio_id": "p-1",
    "opened_on": "2012-01-03",
    "closed_on": "2012-01-05",
    "unvalued": [],
    "unpriced": [],
    "unattributed": [],
    "twr": "0.1",
    "mwr": None,
    "modified_dietz": "0.11",
    "failures": {"mwr": {"cause": "no_rate", "message": "there is none", "rates": []}},
    "benchmark": None,
}


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Api:
    """An API that answers by path, whatever is asked of it, and remembers what was."""

    def answer(answers: dict[str, Any]) -> list[httpx.Request]:
        asked: list[httpx.Request] = []

        def respond(request: httpx.Request) -> httpx.Response:
            asked.append(request)
            found = answers[request.url.path]
            return httpx.Response(200, json=found(request) if callable(found) else found)

        make = httpx.Client
        transport = httpx.MockTransport(respond)
        monkeypatch.setattr(httpx, "Client", lambda **given: make(**given, transport=transport))
        monkeypatch.setenv("BIFROST_API", "http://desk.test")
        monkeypatch.setenv("BIFROST_TOKEN", "token")
        return asked

    return answer


def page(*groups: str, following: str | None = None) -> dict[str, Any]:
    items = [{"group": name, "instrument": name, **PARTS} for name in groups]
    return {
        "portfolio_id": "p-1",
        "opened_on": None,
        "closed_on": "2012-01-05",
        "total": PARTS,
        "items": items,
        "next_cursor": following,
    }


def test_pnl_shows_every_page_and_the_total(capfd: Capture, api: Api) -> None:
    def answer(request: httpx.Request) -> dict[str, Any]:
        is_first = "cursor" not in request.url.params
        return page("AAPL", following=".AAPL") if is_first else page("IBM")

    asked = api({"/v1/portfolios/p-1/pnl": answer})

    line = ("pnl", "--portfolio", "p-1", "--from", "2012-01-03", "--to", "2012-01-05", "--json")
    done = run(capfd, *line)

    assert done.code == 0, done.err
    assert [one["group"] for one in done.answer["items"]] == ["AAPL", "IBM"]
    assert done.answer["total"] == PARTS
    params = asked[0].url.params
    assert (params["by"], params["from"], params["to"]) == ("position", "2012-01-03", "2012-01-05")


def test_pnl_is_of_the_newest_account_where_none_is_named(capfd: Capture, api: Api) -> None:
    accounts = [
        {"account_id": "a-1", "recorded_at": "1"},
        {"account_id": "a-2", "recorded_at": "2"},
    ]
    api(
        {
            "/v1/accounts": {"items": accounts, "next_cursor": None},
            "/v1/accounts/a-2": {"portfolio_id": "p-2"},
            "/v1/portfolios/p-2/pnl": page("AAPL"),
        }
    )

    done = run(capfd, "pnl")

    assert done.code == 0, done.err
    assert "from the beginning to the close of 2012-01-05" in done.out
    assert [line.split()[0] for line in done.out.splitlines()[1:]] == ["group", "AAPL", "total"]


def test_stocks_of_which_pnl_is_not_known_whose_are_named(capfd: Capture, api: Api) -> None:
    shared = page("s-1", "s-2")
    for one in shared["items"]:
        one |= {"net": None, "unattributed": ["AAPL"]}
    api({"/v1/portfolios/p-1/pnl": shared})

    done = run(capfd, "pnl", "--portfolio", "p-1", "--by", "strategy")

    assert done.code == 0, done.err
    assert done.out.splitlines()[-1].endswith("so nobody's: AAPL")


def test_lots_of_a_range_are_asked_for_and_those_that_several_sold_are_named(
    capfd: Capture, api: Api
) -> None:
    lots = page("paper:1", "paper:2")
    lots["items"][1] |= {"net": None, "instrument": "AAPL", "unattributed": ["AAPL"]}
    asked = api({"/v1/portfolios/p-1/pnl": lots})

    line = ("pnl", "--portfolio", "p-1", "--by", "lot", "--from", "2012-01-03")
    done = run(capfd, *line, "--to", "2012-01-05")

    assert done.code == 0, done.err
    params = asked[0].url.params
    assert (params["by"], params["from"], params["to"]) == ("lot", "2012-01-03", "2012-01-05")
    assert done.out.splitlines()[-1].endswith("so of no one lot: AAPL")


def test_a_grouping_that_there_is_not_is_a_usage_error(capfd: Capture) -> None:
    assert run(capfd, "pnl", "--by", "moon", "--json").code == 2


def test_returns_of_a_portfolio_are_numbers_net_and_gross(capfd: Capture, api: Api) -> None:
    def answer(request: httpx.Request) -> dict[str, Any]:
        return {**RETURNS, "twr": "0.2"} if request.url.params.get("net") == "false" else RETURNS

    api({"/v1/portfolios/p-1/returns": answer})

    done = run(capfd, "returns", "--portfolio", "p-1", "--json")

    assert done.code == 0, done.err
    assert (done.answer["twr"], done.answer["mwr"], done.answer["gross"]["twr"]) == (0.1, None, 0.2)
    assert done.answer["failures"]["mwr"]["cause"] == "no_rate"
    assert (done.answer["opened_on"], done.answer["closed_on"]) == ("2012-01-03", "2012-01-05")
    json.dumps(done.answer)


def test_a_person_sees_the_benchmark_beside(capfd: Capture, api: Api) -> None:
    beside = {
        "symbol": "SPY",
        "opened_on": "2012-01-03",
        "closed_on": "2012-01-05",
        "portfolio": "0.1",
        "twr": "0.05",
        "excess": "0.05",
        "excess_geometric": "0.0476",
        "tracking_error": "0.01",
        "failures": {},
    }
    asked = api({"/v1/portfolios/p-1/returns": {**RETURNS, "benchmark": beside}})

    done = run(capfd, "returns", "--portfolio", "p-1", "--benchmark", "SPY")

    assert done.code == 0, done.err
    assert "from the end of 2012-01-03 to the end of 2012-01-05" in done.out
    assert "excess (benchmark)" in done.out
    assert "there is none" in done.out
    assert asked[0].url.params["benchmark"] == "SPY"


def test_why_several_measures_fail_is_said_once(capfd: Capture, api: Api) -> None:
    short = {"cause": "short_position", "message": "AAPL stood short", "rates": []}
    none = {
        "twr": None,
        "modified_dietz": None,
        "failures": {"twr": short, "modified_dietz": short},
    }
    api({"/v1/portfolios/s-1/returns": {**RETURNS, **none}})

    done = run(capfd, "returns", "--portfolio", "s-1")

    assert done.code == 0, done.err
    (said,) = [line for line in done.out.splitlines() if "stood short" in line]
    assert said.startswith("time-weighted, whole range; Modified Dietz, whole range; time-weighted")


def test_a_person_sees_which_sessions_are_unknown_and_for_want_of_what(
    capfd: Capture, api: Api
) -> None:
    unknown = {
        "unvalued": ["2012-01-06", "2012-01-09"],
        "unpriced": ["NEW"],
        "unattributed": ["AAPL"],
    }
    api({"/v1/portfolios/s-1/returns": {**RETURNS, **unknown}})

    done = run(capfd, "returns", "--portfolio", "s-1")
    as_json = run(capfd, "returns", "--portfolio", "s-1", "--json")

    assert done.out.splitlines()[-3:] == [
        "worth unknown in: 2012-01-06, 2012-01-09",
        "without a price or a rate: NEW",
        "traded by several when the issuer acted, so not known whose: AAPL",
    ]
    assert {name: as_json.answer[name] for name in unknown} == unknown


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ((), "--flows"),
        (("--portfolio", "p", "--flows", "f.csv"), "--portfolio"),
        (("--portfolio", "p", "--linked", "month"), "--linked"),
        (("--portfolio", "p", "--from", "yesterday"), "--from"),
        (("--portfolio", "p", "--to", "2012-02-30"), "--to"),
    ],
)
def test_what_makes_no_sense_is_refused_before_the_api_is_asked(
    capfd: Capture, options: tuple[str, ...], field: str
) -> None:
    done = run(capfd, "returns", *options, "--json")

    assert (done.code, done.error["errors"][0]["field"]) == (2, field)
