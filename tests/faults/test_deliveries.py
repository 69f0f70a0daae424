"""On the real stack: many orders at once never spend the same cash, and events that are delivered
again and again, in any order, change nothing.
"""

import json
import random
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest

from bifrost.local.aws import client
from infra_cdk.capabilities import CAPABILITIES, Capability
from tests.live_desk import LOOKS, SCHEMAS, LiveDesk, an_order, difference, new_key

Json = dict[str, Any]

ORDERS = 64
ROOM = 5
TIMES = 3
LISTENERS = [row for row in CAPABILITIES if row.listens_to]
LIFE = {
    "AccountOpened.v1", "BarClosed.v1", "CashDeposited.v1", "FillRecorded.v1", "OrderCancelled.v1",
    "OrderExpired.v1", "OrderFilled.v1", "OrderRefused.v1",
}  # fmt: skip


def test_of_sixty_four_orders_at_once_exactly_those_with_room_are_accepted(desk: LiveDesk) -> None:
    price = desk.price()
    each = 10 * (price + Decimal("0.01"))  # with the commission that risk allows for
    account = desk.account(f"{each * (ROOM + 1) - Decimal('0.01'):.2f}")
    body = an_order(account, type="limit", limit_price=str(price))
    together, token = Barrier(ORDERS), desk.token()

    def place(key: str) -> str:
        together.wait(timeout=30)
        answer = desk.call("POST", "/v1/orders", token=token, key=key, json=body)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["order_id"])

    with ThreadPoolExecutor(ORDERS) as pool:
        placed = list(pool.map(place, [new_key() for _ in range(ORDERS)]))
    orders = [desk.order(order_id) for order_id in placed]
    desk.settle()

    statuses = [order["status"] for order in orders]
    assert len(set(placed)) == ORDERS
    assert (statuses.count("accepted"), statuses.count("refused")) == (ROOM, ORDERS - ROOM)
    refused = [order["reasons"] for order in orders if order["status"] == "refused"]
    rules = [[reason["rule"] for reason in reasons] for reasons in refused]
    assert rules == [["buying_power"]] * len(rules)
    sent = desk.rows("SELECT client_order_id FROM venue.orders WHERE account_id = %s", account)
    accepted = {o["client_order_id"] for o in orders if o["status"] == "accepted"}
    assert {row["client_order_id"] for row in sent} == accepted
    reserved = desk.api.get(f"/v1/accounts/{account}/buying-power")["reserved"]
    assert Decimal(reserved) == each * ROOM
    assert desk.breaks(account) == []


@pytest.fixture
def account(desk: LiveDesk) -> str:
    """An account whose orders have ended in every way there is."""
    price, dear = desk.price("AAPL"), desk.price("IBM")
    made = desk.account("5000000")
    over = {"instrument": "IBM", "quantity": "9000"}  # more than a session's share of volume

    def place(**changes: str) -> str:
        body = an_order(made, **changes)
        order_id = str(desk.api.post("/v1/orders", body, key=new_key())["order_id"])
        desk.order(order_id)
        return order_id

    place(quantity="100")
    place(quantity="900000")
    place(**over, type="limit", limit_price=f"{dear * Decimal('1.05'):.2f}")
    place(**over, time_in_force="day")
    low = place(type="limit", limit_price=f"{price * Decimal('0.92'):.2f}")
    desk.play()
    desk.api.post(f"/v1/orders/{low}/cancel")
    place(side="sell", quantity="40")
    desk.play()
    return made


def events_of(desk: LiveDesk, account: str) -> list[Json]:
    """What its orders' lives published, and the newest bars, as EventBridge wraps them."""
    sql = "SELECT * FROM {}.outbox WHERE detail::text LIKE %s OR detail_type = ANY(%s)"
    named = f"%{account}%"
    market = ["InstrumentListed.v1", "BarClosed.v1"]
    found = [
        row
        for schema in ("data", "portfolio", "execution")
        for row in desk.rows(sql.format(schema) + " ORDER BY position DESC LIMIT 60", named, market)
    ]
    return [
        {"id": row["event_id"], "detail-type": row["detail_type"], "detail": row["detail"]}
        for row in found
    ]


def hears(listener: Capability, event: Json) -> bool:
    """Say whether the bus would send it."""
    kind, detail = event["detail-type"], event["detail"]
    only = (one for one in listener.hears_only if one.detail_type == kind)
    return kind in listener.listens_to and all(detail[one.field] in one.values for one in only)


def deliver(desk: LiveDesk, letters: list[tuple[str, Json]]) -> None:
    """Send each event to its listener's queue, in this order."""
    sqs, urls = client("sqs", desk.state.endpoint_url), desk.queues()
    for place, (listener, event) in enumerate(letters):
        assert place < 5000
        sqs.send_message(QueueUrl=urls[listener], MessageBody=json.dumps(event))
    sqs.close()


def books_of(desk: LiveDesk) -> dict[str, list[str]]:
    """Every row that the desk and the venue keep, each as text."""
    names = desk.rows(
        "SELECT schemaname || '.' || tablename AS name FROM pg_tables"
        " WHERE schemaname = ANY(%s) AND tablename <> ALL(%s)",
        list(SCHEMAS),
        ["bars", "sessions", *LOOKS],
    )
    return {
        row["name"]: sorted(
            str(one["t"]) for one in desk.rows(f"SELECT t::text FROM {row['name']} t")
        )
        for row in names
    }


def test_every_event_delivered_three_times_more_in_any_order_changes_nothing(
    desk: LiveDesk, account: str
) -> None:
    events = events_of(desk, account)
    letters = [(row.name, event) for event in events for row in LISTENERS if hears(row, event)]
    seed = random.SystemRandom().randrange(10**9)
    letters *= TIMES
    random.Random(seed).shuffle(letters)  # noqa: S311 - a failure prints the seed that repeats it
    before, breaks = books_of(desk), desk.breaks(account)

    deliver(desk, letters)
    desk.settle()

    after = books_of(desk)
    changed = {
        name: sorted(set(after[name]) ^ set(before[name]))[:4] for name in difference(before, after)
    }
    assert not changed, f"seed {seed}: {changed}"
    assert {event["detail-type"] for event in events} >= LIFE
    assert breaks == desk.breaks(account) == []
    assert desk.portfolio(account)["ledger_imbalance"] == "0"
    dead = desk.command_json("dlq", "list")["items"]
    assert {row["dead"] for row in dead} == {0}, dead
