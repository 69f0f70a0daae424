"""Bad input by HTTP and by the command: never a 5xx, always a problem that names the field and
the fix, and nothing written.
"""

import json
from typing import Any

import httpx
import pytest

from tests.live_desk import LiveDesk, an_order, difference, new_key

Json = dict[str, Any]

HUGE = "9" * 400
DEEP = "[" * 30_000
# The change to a good order's body, and the field that the answer must name.
BAD_ORDERS: dict[str, tuple[Json, str]] = {
    "a JSON number": ({"quantity": 10}, "quantity"),
    "NaN": ({"quantity": "NaN"}, "quantity"),
    "infinity": ({"quantity": "Infinity"}, "quantity"),
    "a negative number": ({"quantity": "-10"}, "quantity"),
    "zero": ({"quantity": "0"}, "quantity"),
    "a huge number": ({"quantity": HUGE}, "quantity"),
    "a huge exponent": ({"quantity": "1e999999"}, "quantity"),
    "a tiny exponent": ({"quantity": "1e-999999"}, "quantity"),
    "a part of a lot": ({"quantity": "10.5"}, "quantity"),
    "words": ({"quantity": "ten"}, "quantity"),
    "a list": ({"quantity": ["10"]}, "quantity"),
    "null": ({"quantity": None}, "quantity"),
    "a price of NaN": ({"type": "limit", "limit_price": "NaN"}, "limit_price"),
    "a negative price": ({"type": "limit", "limit_price": "-1"}, "limit_price"),
    "a price between ticks": ({"type": "limit", "limit_price": "100.001"}, "limit_price"),
    "a huge price": ({"type": "limit", "limit_price": HUGE}, "limit_price"),
    "a limit order without its price": ({"type": "limit"}, "limit_price"),
    "a stop order without its price": ({"type": "stop"}, "stop_price"),
    "a market order with a price": ({"limit_price": "100"}, "limit_price"),
    "an unknown instrument": ({"instrument": "NOPE"}, "instrument"),
    "a zero byte": ({"instrument": "AA\x00PL"}, "instrument"),
    "an unknown side": ({"side": "hold"}, "side"),
    "an unknown type": ({"type": "iceberg"}, "type"),
    "an unknown time in force": ({"time_in_force": "fok"}, "time_in_force"),
    "a field that does not exist": ({"leverage": "10"}, "leverage"),
    "an account that is a number": ({"account_id": 7}, "account_id"),
}
BAD_CASH: dict[str, Any] = {
    "NaN": "NaN",
    "a negative amount": "-5",
    "zero": "0",
    "a part of a cent": "1.001",
    "a huge amount": HUGE,
    "a JSON number": 5,
    "null": None,
}
BAD_REPLAYS: dict[str, tuple[Json, str]] = {
    "an unknown instrument": ({"instruments": ["NOPE"]}, "instruments.0"),
    "no instruments": ({"instruments": []}, "instruments"),
    "no date": ({"from": "yesterday"}, "from"),
    "an end before its beginning": ({"from": "2013-02-01", "to": "2013-01-02"}, "from"),
    "no speed": ({"speed": "NaN"}, "speed"),
}
BAD_QUERIES = {
    "/v1/orders?limit=0": "limit",
    "/v1/orders?limit=NaN": "limit",
    "/v1/orders?limit=99999999999999999999": "limit",
    "/v1/orders?cursor=abc": "cursor",
    "/v1/orders?status=happy": "status",
    "/v1/bars?instrument=AAPL&from=2012-02-31": "from",
    "/v1/bars?instrument=AAPL&from=2013-01-01&to=2012-01-01": "from",
    "/v1/sessions?from=0001-01-01&to=9999-12-31": "from",
    "/v1/orders?limit=1&limit=2": "limit",
}


@pytest.fixture(scope="module")
def account(live_desk: LiveDesk) -> str:
    live_desk.ensure_up()
    live_desk.price()
    made = live_desk.account("100000")
    live_desk.settle()
    return made


@pytest.fixture(autouse=True)
def nothing_is_written(desk: LiveDesk, account: str) -> Any:
    """Whatever a test here sends, every table has as many rows as before."""
    before = desk.counts()
    yield
    assert not difference(before, desk.counts())


def assert_named(answer: httpx.Response, field: str, status: int = 422) -> None:
    """A problem+json that names this field and what to send instead."""
    assert answer.status_code == status, f"{answer.status_code} {answer.text}"
    assert answer.headers["content-type"] == "application/problem+json"
    fixes = {error["field"]: error["fix"] for error in answer.json()["errors"]}
    assert fixes.get(field), f"{field} has no fix: {answer.text}"


@pytest.mark.parametrize("what", BAD_ORDERS)
@pytest.mark.parametrize("path", ["/v1/orders", "/v1/orders/preview"])
def test_a_bad_order_is_refused_by_its_field(
    desk: LiveDesk, account: str, path: str, what: str
) -> None:
    change, field = BAD_ORDERS[what]

    answer = desk.call("POST", path, key=new_key(), json=an_order(account) | change)

    assert_named(answer, field)


@pytest.mark.parametrize("what", BAD_CASH)
@pytest.mark.parametrize("way", ["deposits", "withdrawals"])
def test_a_bad_amount_is_refused_by_its_field(
    desk: LiveDesk, account: str, way: str, what: str
) -> None:
    path = f"/v1/accounts/{account}/{way}"

    answer = desk.call("POST", path, key=new_key(), json={"amount": BAD_CASH[what]})

    assert_named(answer, "amount")


@pytest.mark.parametrize("what", BAD_REPLAYS)
def test_a_bad_replay_is_refused_by_its_field(desk: LiveDesk, what: str) -> None:
    change, field = BAD_REPLAYS[what]
    good = {"instruments": ["AAPL"], "from": "2013-01-02", "to": "2013-01-03", "speed": "max"}

    answer = desk.call("POST", "/v1/replays", key=new_key(), json=good | change)

    assert_named(answer, field)


@pytest.mark.parametrize("path", BAD_QUERIES)
def test_a_bad_query_is_refused_by_its_parameter(desk: LiveDesk, path: str) -> None:
    assert_named(desk.call("GET", path), BAD_QUERIES[path])


@pytest.mark.parametrize("key", ["", "a key", "k" * 256])
def test_a_missing_or_bad_idempotency_key_is_named(desk: LiveDesk, account: str, key: str) -> None:
    answer = desk.call("POST", "/v1/orders", key=key, json=an_order(account))

    assert_named(answer, "Idempotency-Key")


@pytest.mark.parametrize(
    "content",
    [b"{", b"", b"null", b"[]", b'"AAPL"', b"\xff\xfe{", DEEP.encode(), b'{"quantity": NaN}'],
    ids=["half", "empty", "null", "list", "string", "not UTF-8", "deep", "NaN literal"],
)
def test_an_unreadable_body_is_a_problem_of_the_body(desk: LiveDesk, content: bytes) -> None:
    headers = {"Content-Type": "application/json"}

    answer = desk.call("POST", "/v1/orders", key=new_key(), headers=headers, content=content)

    assert answer.status_code in (400, 422), f"{answer.status_code} {answer.text}"
    assert answer.headers["content-type"] == "application/problem+json"
    assert all(error["field"] and error["fix"] for error in answer.json()["errors"]), answer.text


def test_of_two_quantities_in_one_order_neither_counts(desk: LiveDesk, account: str) -> None:
    body = json.dumps(an_order(account)).replace("{", '{"quantity": "90000", ', 1)
    headers = {"Content-Type": "application/json"}

    answer = desk.call("POST", "/v1/orders", key=new_key(), headers=headers, content=body)

    assert_named(answer, "quantity")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PATCH", "/v1/orders", "GET, POST"),
        ("DELETE", "/v1/accounts/a", "GET, PATCH"),
        ("PUT", "/v1/portfolios/p/ledger", "GET"),
        ("POST", "/v1/docs", "GET"),
        ("HEAD", "/v1/orders", "GET, POST"),
        ("NONSENSE", "/v1/kill-switch", "GET, PUT"),
    ],
)
def test_a_method_that_an_address_does_not_take_is_a_405(
    desk: LiveDesk, method: str, path: str, allowed: str
) -> None:
    answer = desk.call(method, path)

    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "headers",
    [{"X-Forwarded-Port": "abc"}, {"X-Forwarded-Proto": "gopher"}, {"Host": "[::1]:4566"}],
    ids=str,
)
def test_headers_about_the_way_here_break_nothing(desk: LiveDesk, headers: dict[str, str]) -> None:
    answer = desk.call("GET", "/v1/orders/nope", headers=headers)

    assert answer.status_code == 404
    assert answer.json()["type"].startswith("http://")


@pytest.mark.parametrize("path", ["/v1/orders", "/v1/orders/preview", "/v1/replays"])
def test_a_body_over_64_kib_is_a_413(desk: LiveDesk, account: str, path: str) -> None:
    body = json.dumps(an_order(account) | {"note": "x" * 70_000})
    headers = {"Content-Type": "application/json"}

    answer = desk.call("POST", path, key=new_key(), headers=headers, content=body)

    assert_named(answer, "body", status=413)


def test_what_is_nowhere_is_a_404_that_says_where_to_look(desk: LiveDesk, account: str) -> None:
    for path in ("/v1/nothing", "/v1/orders/nope", "/v1/accounts/nope", "/v1/instruments/NOPE"):
        answer = desk.call("GET", path)
        assert answer.status_code == 404, f"{path}: {answer.text}"
        assert answer.headers["content-type"] == "application/problem+json"


COMMANDS = {
    "a quantity of NaN": ("orders place buy NaN AAPL", 2, "quantity"),
    "an unknown instrument": ("orders place buy 10 NOPE", 2, "instrument"),
    "an unknown type": ("orders place buy 10 AAPL --type iceberg", 2, "type"),
    "a foreign account": ("orders place buy 10 AAPL --account nope", 2, "nope"),
    "an order that is not there": ("orders show nope", 2, "nope"),
    "a negative amount": ("deposit --account {account} -- -5", 2, "amount"),
    "an empty account": ("deposit 5 --account=", 2, "--account"),
    "not a number": ("deposit NaN --account {account}", 2, "amount"),
    "an amount that is no number at all": ("withdraw five --account {account}", 2, "amount"),
    "a foreign account's ledger": ("ledger --account nope", 2, "nope"),
    "an order to cancel that is not there": ("orders cancel nope", 2, "nope"),
    "an unknown status": ("orders list --status happy", 2, "status"),
    "an unknown mode": ("kill-switch set pause --reason x", 2, "mode"),
    "an unknown currency": ("accounts open x --currency ZZZ", 2, "currency"),
    "a huge amount": ("withdraw 1e999 --account {account}", 2, "amount"),
    "too large a preview": ("orders preview buy 90000 AAPL --account {account}", 3, "buying"),
    "no listener": ("dlq show nobody", 2, "nobody"),
    "no log": ("logs nobody", 2, "nobody"),
    "no dates": ("replay --instruments AAPL --from soon --to later", 2, "from"),
}


@pytest.mark.parametrize("what", COMMANDS)
def test_a_bad_command_ends_with_its_code_and_names_what_was_wrong(
    desk: LiveDesk, account: str, what: str
) -> None:
    line, code, named = COMMANDS[what]

    done = desk.command(*line.format(account=account).split(), code=code)

    said = done.stdout + done.stderr
    assert named in said, said
    assert "Traceback" not in said, said


@pytest.mark.parametrize("what", COMMANDS)
def test_a_bad_command_with_json_ends_with_one_object(
    desk: LiveDesk, account: str, what: str
) -> None:
    line, code, named = COMMANDS[what]
    before, dashes, after = line.format(account=account).partition(" -- ")

    done = desk.command(*before.split(), "--json", *(dashes + after).split(), code=code)

    (printed,) = done.stdout.splitlines()
    said = json.loads(printed)
    assert named in printed
    if "error" in said:
        assert said["exit_code"] == code
        assert said["error"]["title"]
