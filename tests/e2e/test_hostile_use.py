"""Nobody ends with more than they brought: everything at once, twice, or written to mislead.

After each the ledger balances, the venue agrees with our books, and no cash is below zero.
"""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import httpx
import pytest

from tests.live_desk import ENDED, WORKING, LiveDesk, an_order, difference, new_key

AT_ONCE = 16
# Python reads each as a number or a day; no person and no other client does.
MISLEADING = ["1_0", " 10 ", "\uff11\uff10", "\u0661\u0660", "10\n", "0x10", "1,000"]


@pytest.fixture
def account(desk: LiveDesk) -> str:
    desk.price()
    made = desk.account("10000")
    desk.settle()
    return made


def at_once(call: Callable[[], httpx.Response]) -> list[httpx.Response]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [one.result() for one in [pool.submit(call) for _ in range(AT_ONCE)]]


def assert_sound(desk: LiveDesk, account: str) -> None:
    desk.settle()
    worth = desk.portfolio(account)
    (venue,) = desk.rows("SELECT cash FROM venue.accounts WHERE account_id = %s", account)
    power = desk.api.get(f"/v1/accounts/{account}/buying-power")
    assert Decimal(worth["ledger_imbalance"]) == 0
    assert Decimal(worth["cash"]) == venue["cash"] == Decimal(power["cash"]) >= 0
    assert Decimal(power["buying_power"]) >= 0
    assert desk.breaks(account) == []


@pytest.mark.parametrize("amount", MISLEADING)
def test_a_number_that_is_not_written_as_one_moves_nothing(
    desk: LiveDesk, account: str, amount: str
) -> None:
    before = desk.counts()
    cash, order = {"amount": amount}, an_order(account, quantity=amount)

    answers = [
        desk.call("POST", f"/v1/accounts/{account}/deposits", key=new_key(), json=cash),
        desk.call("POST", f"/v1/accounts/{account}/withdrawals", key=new_key(), json=cash),
        desk.call("POST", "/v1/orders", key=new_key(), json=order),
    ]

    assert [answer.status_code for answer in answers] == [422, 422, 422]
    assert all("decimal string" in one.json()["errors"][0]["fix"] for one in answers)
    assert not difference(before, desk.counts())


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/v1/accounts/{account}/limits?as_of=20120103", "as_of"),
        ("/v1/restricted-list?as_of=2012-W01-2", "as_of"),
        ("/v1/bars?instrument=AAPL&from=2012-W01-2", "from"),
    ],
)
def test_a_day_is_written_in_one_way(desk: LiveDesk, account: str, path: str, name: str) -> None:
    answer = desk.call("GET", path.format(account=account))

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, name)


def test_a_date_before_all_limits_is_not_found(desk: LiveDesk, account: str) -> None:
    answer = desk.call("GET", f"/v1/accounts/{account}/limits?as_of=0001-01-01")

    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("path", "id_name"),
    [
        ("/v1/orders", "order_id"),
        ("/v1/accounts", "account_id"),
        ("/v1/accounts/{account}/deposits", "transaction_id"),
        ("/v1/accounts/{account}/withdrawals", "transaction_id"),
    ],
)
def test_one_key_from_sixteen_callers_at_once_does_it_once(
    desk: LiveDesk, account: str, path: str, id_name: str
) -> None:
    body: dict[str, Any] = {"amount": "7"}
    if path == "/v1/orders":
        body = an_order(account, quantity="1")
    elif path == "/v1/accounts":
        body = {"name": "one"}
    key = new_key()

    answers = at_once(lambda: desk.call("POST", path.format(account=account), key=key, json=body))

    assert {answer.status_code for answer in answers} <= {200, 201, 202}
    assert len({answer.json()[id_name] for answer in answers}) == 1
    assert_sound(desk, account)


def test_cash_is_spent_once_by_withdrawals_and_orders_at_once(desk: LiveDesk, account: str) -> None:
    quantity = str(int(Decimal("3000") / desk.price()))
    path = f"/v1/accounts/{account}/withdrawals"

    def both() -> httpx.Response:
        desk.call("POST", "/v1/orders", key=new_key(), json=an_order(account, quantity=quantity))
        return desk.call("POST", path, key=new_key(), json={"amount": "3000"})

    answers = Counter(answer.status_code for answer in at_once(both))

    assert set(answers) <= {201, 422}
    assert answers[201] <= 3
    assert_sound(desk, account)
    desk.play()
    assert_sound(desk, account)


def test_a_cancel_races_the_fill_and_the_books_agree_whoever_wins(
    desk: LiveDesk, account: str
) -> None:
    placed = at_once(
        lambda: desk.call("POST", "/v1/orders", key=new_key(), json=an_order(account, quantity="1"))
    )
    working = [o["order_id"] for o in (desk.order(p.json()["order_id"]) for p in placed)
               if o["status"] in WORKING]  # fmt: skip

    with ThreadPoolExecutor(AT_ONCE) as pool:
        played = pool.submit(desk.play)
        cancels = [
            pool.submit(desk.call, "POST", f"/v1/orders/{order_id}/cancel")
            for order_id in working * 2
        ]
        answers = {one.result().status_code for one in cancels}
        played.result()

    assert working
    assert answers <= {200, 409}
    desk.settle()
    assert all(desk.order(order_id)["status"] in ENDED for order_id in working)
    assert_sound(desk, account)
