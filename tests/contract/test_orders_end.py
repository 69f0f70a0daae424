"""Promises how orders fill, are cancelled and end, whatever comes twice, late or at once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from decimal import Decimal

import pytest

from bifrost.core.errors import ConflictError, NotFoundError, UnavailableError
from bifrost.core.orders import OrderStatus, OrderType, TimeInForce
from bifrost.events import (
    FillRecorded,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
)
from bifrost.execution.ports import ExecutionReport
from tests.builders import ACCOUNT, account_opened, cash_deposited, venue_order
from tests.execution_desk import MakeDatabase, TradingDesk, bar_closed


@pytest.fixture
def desk(make_database: MakeDatabase) -> TradingDesk:
    desk = TradingDesk(make_database)
    desk.open()
    return desk


# Fills and ends


def test_a_fill_is_recorded_before_the_orders_end(desk: TradingDesk) -> None:
    order = desk.send()

    desk.close(1, "100 101 99 100")

    assert desk.order(order.order_id).average_price == 100
    assert desk.kinds[-2:] == ["FillRecorded", "OrderFilled"]
    (recorded,) = desk.events(FillRecorded)
    assert (recorded.stream, recorded.sequence) == (f"fills:{ACCOUNT}", 1)
    assert recorded.fill.quantity == 100
    assert recorded.occurred_at == bar_closed(1).occurred_at
    (filled,) = desk.events(OrderFilled)
    assert filled.filled_quantity == 100


def test_partial_fills_are_counted_per_account_and_add_up(desk: TradingDesk) -> None:
    order = desk.send(quantity=Decimal(100))

    desk.close(1, "100 101 99 100", volume=40_000)
    partly = desk.order(order.order_id)
    for day in range(2, 12):
        desk.close(day, "100 101 99 100", volume=40_000)

    assert partly.status is OrderStatus.PARTIALLY_FILLED
    assert 0 < partly.filled_quantity < 100
    assert desk.status(order.order_id) is OrderStatus.FILLED
    fills = desk.events(FillRecorded)
    assert len(fills) > 1
    assert [event.sequence for event in fills] == list(range(1, len(fills) + 1))
    assert sum(event.fill.quantity for event in fills) == 100


def test_a_day_order_that_does_not_fill_expires(desk: TradingDesk) -> None:
    order = desk.send(type=OrderType.LIMIT, limit_price=Decimal(50), time_in_force=TimeInForce.DAY)

    desk.close(1)
    desk.close(2)

    assert desk.status(order.order_id) is OrderStatus.EXPIRED
    assert [event.filled_quantity for event in desk.events(OrderExpired)] == [0]


def test_a_report_on_an_order_that_is_not_ours_is_kept_and_passed_by(desk: TradingDesk) -> None:
    order = desk.send()
    desk.venue.submit(venue_order("theirs"))

    desk.close(1)

    assert desk.status(order.order_id) is OrderStatus.FILLED
    assert {row["client_order_id"] for row in desk.rows("unmatched_reports")} == {"theirs"}


# Cancelling


def test_an_order_cancelled_before_it_was_sent_never_leaves(desk: TradingDesk) -> None:
    order = desk.place()

    cancelled = desk.canceller.cancel(order.order_id)
    outcome = desk.sender.submit(order.order_id)

    assert cancelled.status is OrderStatus.CANCELLED
    # To its workflow it is refused, so that what was reserved for it is released.
    assert outcome.status is OrderStatus.REFUSED
    assert [reason.rule for reason in outcome.reasons] == ["order_not_open"]
    assert desk.status(order.order_id) is OrderStatus.CANCELLED
    assert desk.venue.find(order.intent.client_order_id) is None
    assert [event.filled_quantity for event in desk.events(OrderCancelled)] == [0]


def test_cancelling_an_order_at_the_venue_ends_it_by_the_venues_word(desk: TradingDesk) -> None:
    order = desk.send(type=OrderType.LIMIT, limit_price=Decimal(50))

    cancelled = desk.canceller.cancel(order.order_id)
    again = desk.canceller.cancel(order.order_id)

    assert cancelled.status is again.status is OrderStatus.CANCELLED
    assert [step.what for step in desk.steps(order.order_id)][-2:] == [
        "pending_cancel",
        "cancelled",
    ]
    assert len(desk.events(OrderCancelled)) == 1


def test_a_cancel_after_a_partial_fill_keeps_what_was_filled(desk: TradingDesk) -> None:
    order = desk.send(quantity=Decimal(100))
    desk.close(1, volume=40_000)

    cancelled = desk.canceller.cancel(order.order_id)

    assert cancelled.status is OrderStatus.CANCELLED
    (event,) = desk.events(OrderCancelled)
    assert event.filled_quantity == cancelled.filled_quantity > 0


def test_cancelling_what_has_ended_names_its_state(desk: TradingDesk) -> None:
    order = desk.send()
    desk.close(1)

    with pytest.raises(ConflictError, match="filled"):
        desk.canceller.cancel(order.order_id)


# Events that come twice or late


def test_bars_that_come_three_times_and_shuffled_fill_once_and_in_order(
    desk: TradingDesk,
) -> None:
    order = desk.send(quantity=Decimal(100))
    bars = [bar_closed(day, f"{99 + day} 120 90 {99 + day}", volume=40_000) for day in (1, 2, 3)]

    for index in (2, 0, 2, 1, 0, 1, 2, 1, 0):
        desk.listener.on_bar_closed(bars[index])

    fills = desk.events(FillRecorded)
    assert [event.fill.occurred_at for event in fills] == sorted(bar.occurred_at for bar in bars)[
        : len(fills)
    ]
    assert sum(event.fill.quantity for event in fills) == desk.order(order.order_id).filled_quantity
    assert desk.orders.market().marks[0].price == 102


def test_a_bar_whose_listener_died_after_the_venue_traded_is_heard_again(
    desk: TradingDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = desk.send()

    def no_answer(sequence: int, limit: int) -> list[ExecutionReport]:
        raise UnavailableError("the venue went away")

    with monkeypatch.context() as broken:
        broken.setattr(desk.venue, "reports_after", no_answer)
        with pytest.raises(UnavailableError):
            desk.close(1)
    before = (desk.status(order.order_id), desk.orders.market().marks)
    desk.close(1)

    assert before == (OrderStatus.ACCEPTED, ())
    assert desk.status(order.order_id) is OrderStatus.FILLED
    assert len(desk.events(FillRecorded)) == 1


def test_accounts_and_cash_that_come_three_times_count_once(desk: TradingDesk) -> None:
    for _ in range(2):
        desk.open()

    statement = desk.statements.statement(ACCOUNT)

    assert Decimal(statement["cash"]) == 1000000


def test_a_deposit_that_overtakes_its_accounts_opening_is_kept(
    make_database: MakeDatabase,
) -> None:
    desk = TradingDesk(make_database)

    desk.listener.on_cash_deposited(cash_deposited())
    desk.listener.on_account_opened(account_opened())

    assert Decimal(desk.statements.statement(ACCOUNT)["cash"]) == 1000000


def test_orders_cancelled_while_the_bar_closes_end_as_the_venue_says(
    make_database: MakeDatabase,
) -> None:
    desks = [TradingDesk(make_database) for _ in range(5)]
    desks[0].open()
    sent = [desks[0].send(f"k-{number}", quantity=Decimal(10)) for number in range(4)]
    together = threading.Barrier(5)

    def cancel(desk: TradingDesk, order_id: str) -> None:
        together.wait()
        with suppress(ConflictError):  # the bar was faster
            desk.canceller.cancel(order_id)

    def close(desk: TradingDesk) -> None:
        together.wait()
        desk.close(1)

    with ThreadPoolExecutor(5) as pool:
        running = [
            pool.submit(cancel, desk, order.order_id)
            for desk, order in zip(desks[1:], sent, strict=True)
        ]
        running.append(pool.submit(close, desks[0]))
        for one in running:
            one.result()

    for order in sent:
        ours, theirs = desks[0].order(order.order_id), desks[0].find(order)
        assert (ours.status, ours.filled_quantity) == (theirs.status, theirs.filled_quantity)
        assert ours.status in (OrderStatus.FILLED, OrderStatus.CANCELLED)
    ends = [*desks[0].events(OrderFilled), *desks[0].events(OrderCancelled)]
    assert sorted(end.order_id for end in ends) == sorted(order.order_id for order in sent)


def test_the_statement_says_up_to_which_fill_it_goes(desk: TradingDesk) -> None:
    desk.send()
    desk.close(1)

    statement = desk.statements.statement(ACCOUNT)

    assert statement["fill_sequence"] == 1
    assert Decimal(statement["positions"]["AAPL"]) == 100
    with pytest.raises(NotFoundError):
        desk.statements.statement("nobody")
