"""Promises an order's way through execution, on a real PostgreSQL and the real paper venue."""

import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest

from bifrost.core.decisions import Reason
from bifrost.core.errors import InvalidInputError, KeyReusedError, NotFoundError
from bifrost.core.orders import OrderStatus, OrderType, Side, order_id_of
from bifrost.events import (
    OrderReceived,
    OrderRefused,
    OrderRejected,
    OrderSubmitted,
)
from tests.builders import ACCOUNT, FIRST_CLOSE, WALL
from tests.execution_desk import MakeDatabase, TradingDesk, a_request, bar_closed


@pytest.fixture
def desk(make_database: MakeDatabase) -> TradingDesk:
    desk = TradingDesk(make_database)
    desk.open()
    return desk


# Placing


def test_a_placed_order_is_written_down_and_its_workflow_named_by_its_id(
    desk: TradingDesk,
) -> None:
    placed = desk.orders.place(a_request("k-1"), "corr-1")

    assert placed.created
    assert placed.record.order_id == order_id_of(ACCOUNT, "k-1")
    assert placed.record.status is OrderStatus.RECEIVED
    assert desk.kinds == ["OrderReceived"]
    ((workflow, name, given),) = desk.workflows.started
    assert (workflow, name) == ("order_flow", placed.record.order_id)
    assert given["order"]["quantity"] == "100"
    assert (given["mode"], given["correlation_id"]) == ("live", "corr-1")


def test_the_same_key_and_body_is_the_same_order_for_ever(desk: TradingDesk) -> None:
    first = desk.orders.place(a_request("k-1"), "corr-1")
    again = desk.orders.place(a_request("k-1", quantity=Decimal("100.0")), "corr-2")

    assert not again.created
    assert again.record.order_id == first.record.order_id
    assert len(desk.rows("orders")) == 1
    assert len(desk.workflows.started) == 1


def test_the_same_key_with_another_body_is_refused_and_writes_nothing(desk: TradingDesk) -> None:
    desk.place("k-1")

    with pytest.raises(KeyReusedError, match="k-1"):
        desk.place("k-1", quantity=Decimal(101))
    assert desk.rows("orders")[0]["quantity"] == 100


def test_eight_callers_with_one_key_place_one_order(make_database: MakeDatabase) -> None:
    desks = [TradingDesk(make_database) for _ in range(8)]
    desks[0].open()
    together = threading.Barrier(8)

    def place(desk: TradingDesk) -> tuple[str, bool]:
        together.wait()
        placed = desk.orders.place(a_request("k-1"), "corr-1")
        return placed.record.order_id, placed.created

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(place, desks))

    assert len({order_id for order_id, _ in answers}) == 1
    assert [created for _, created in answers].count(True) == 1
    assert len(desks[0].events(OrderReceived)) == 1


def test_an_order_outlives_workflows_that_do_not_start(desk: TradingDesk) -> None:
    desk.workflows.down = True

    placed = desk.orders.place(a_request("k-1"), "corr-1")

    assert placed.created
    assert desk.status(placed.record.order_id) is OrderStatus.RECEIVED


def test_somebody_elses_account_is_not_found(desk: TradingDesk) -> None:
    with pytest.raises(NotFoundError):
        desk.place(owner="owner-2")
    assert desk.rows("orders") == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"instrument": "NOPE"}, "instrument"),
        ({"quantity": Decimal("1.5")}, "quantity"),
        ({"quantity": Decimal(10) ** 9 + 1}, "quantity"),
        ({"quantity": Decimal("NaN")}, "quantity"),
        ({"type": OrderType.LIMIT}, "limit_price"),
        ({"type": OrderType.LIMIT, "limit_price": Decimal("10.001")}, "limit_price"),
        ({"type": OrderType.STOP, "stop_price": Decimal(-1)}, "stop_price"),
        ({"limit_price": Decimal(10)}, "limit_price"),
    ],
)
def test_what_cannot_be_traded_is_refused_by_its_field(
    desk: TradingDesk, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        desk.place(**changes)

    assert [problem.field for problem in caught.value.problems] == [field]
    assert desk.rows("orders") == []
    assert desk.workflows.started == []


def test_an_order_carries_the_markets_time_and_before_any_bar_the_walls(
    desk: TradingDesk,
) -> None:
    before = desk.place("k-1")
    desk.close(1)
    desk.close(2)
    after = desk.place("k-2")

    assert before.intent.occurred_at == WALL
    assert after.intent.occurred_at == bar_closed(2).occurred_at > FIRST_CLOSE


# Sending


def test_a_submitted_order_is_at_the_venue_under_its_own_id(desk: TradingDesk) -> None:
    placed = desk.place()

    outcome = desk.sender.submit(placed.order_id)

    assert outcome.status is OrderStatus.ACCEPTED
    assert desk.find(placed).status is OrderStatus.ACCEPTED
    assert [step.what for step in desk.steps(placed.order_id)] == [
        "received",
        "checked",
        "submitted",
        "accepted",
    ]
    assert desk.kinds == ["OrderReceived", "OrderSubmitted"]


def test_submitting_again_answers_the_same_and_sends_nothing(desk: TradingDesk) -> None:
    order = desk.send()

    assert desk.sender.submit(order.order_id).status is OrderStatus.ACCEPTED
    desk.close(1)
    assert desk.sender.submit(order.order_id).status is OrderStatus.FILLED
    assert len(desk.events(OrderSubmitted)) == 1


def test_what_the_venue_rejects_is_rejected_with_its_words(desk: TradingDesk) -> None:
    # The venue has never heard of the account: only our books have.
    desk.database.fetch_all(
        "INSERT INTO execution.accounts VALUES ('acc-2', 'owner-1', 'USD') RETURNING 1"
    )

    order = desk.send(account_id="acc-2")
    desk.collector.collect()

    assert order.status is OrderStatus.REJECTED
    (event,) = desk.events(OrderRejected)
    assert "acc-2" in event.text
    assert event.filled_quantity == 0


def test_a_limit_ten_times_off_the_market_is_stopped_at_the_gate(desk: TradingDesk) -> None:
    desk.close(1)
    order = desk.send(type=OrderType.LIMIT, limit_price=Decimal("1000.01"))

    assert order.status is OrderStatus.REFUSED
    assert [reason.rule for reason in order.reasons] == ["price_sanity"]
    assert desk.venue.find(order.intent.client_order_id) is None
    assert len(desk.events(OrderRefused)) == 1


# Refusing


def test_a_refusal_ends_the_order_once_with_its_reasons(desk: TradingDesk) -> None:
    order = desk.place()
    reason = Reason("order_notional", Decimal(10), Decimal(20), Decimal(10), "USD")

    desk.orders.refuse(order.order_id, (reason,))
    again = desk.orders.refuse(order.order_id, (Reason("other"),))

    assert again.status is OrderStatus.REFUSED
    assert again.reasons == (reason,)
    (event,) = desk.events(OrderRefused)
    assert event.reasons == (reason,)
    assert desk.sender.submit(order.order_id).status is OrderStatus.REFUSED
    assert desk.venue.find(order.intent.client_order_id) is None


def test_an_order_that_was_sent_can_no_longer_be_refused(desk: TradingDesk) -> None:
    order = desk.send()

    outcome = desk.orders.refuse(order.order_id, (Reason("late"),))

    assert outcome.status is OrderStatus.ACCEPTED
    assert desk.events(OrderRefused) == []


# Lists


def test_orders_are_listed_newest_first_page_by_page_and_only_ones_own(
    desk: TradingDesk,
) -> None:
    desk.open("acc-2", owner="owner-2")
    placed = [desk.place(f"k-{n}").order_id for n in range(5)]
    desk.place("k-1", account_id="acc-2", owner="owner-2")

    first = desk.orders.page("owner-1", limit=3)
    rest = desk.orders.page("owner-1", before=first[-1].place, limit=3)

    assert [record.order_id for record in [*first, *rest]] == placed[::-1]
    assert desk.orders.page("owner-1", status=OrderStatus.FILLED) == []
    with pytest.raises(NotFoundError):
        desk.orders.page("owner-1", account_id="acc-2")
    with pytest.raises(NotFoundError):
        desk.orders.show(placed[0], "owner-2")


def test_a_preview_writes_nothing_and_hands_the_order_to_every_check(desk: TradingDesk) -> None:
    sheet = {"accepted": True, "reasons": [], "checks": []}
    desk.workflows.machines["order_preview"] = lambda _: sheet

    shown = desk.orders.preview(a_request("k-9", side=Side.SELL), "corr-1")

    assert shown == sheet
    assert [given["mode"] for given in desk.workflows.runs] == ["preview"]
    assert desk.rows("orders") == []
    assert desk.events(OrderReceived) == []
