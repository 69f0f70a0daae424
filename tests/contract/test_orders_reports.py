"""Promises that whatever the venue reports is recorded once, and that the state follows it."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from bifrost.adapters.brokers.paper import PaperVenue
from bifrost.core.decisions import Reason
from bifrost.core.errors import UnavailableError
from bifrost.core.orders import OrderStatus
from bifrost.core.statements import VenueStatement
from bifrost.events import FillRecorded, OrderCancelled, OrderFilled, OrderRejected
from bifrost.execution import collecting
from bifrost.execution.ports import ExecutionReport, ReportKind, VenueOrder, VenueOrderState
from bifrost.execution.records import OrderRecord
from tests.builders import FIRST_CLOSE
from tests.execution_desk import MakeDatabase, TradingDesk


class ScriptedVenue:
    """A venue that takes every order and reports what the test wrote."""

    venue = "SCRIPT"

    def __init__(self, _: PaperVenue) -> None:
        self.reports: list[ExecutionReport] = []
        self.meanwhile: Callable[[], int] = lambda: 0

    def submit(self, order: VenueOrder) -> VenueOrderState:
        return VenueOrderState(order.client_order_id, OrderStatus.ACCEPTED, Decimal(0))

    def cancel(self, client_order_id: str) -> VenueOrderState:
        return VenueOrderState(client_order_id, OrderStatus.CANCELLED, Decimal(0))

    def find(self, client_order_id: str) -> VenueOrderState | None:
        return VenueOrderState(client_order_id, OrderStatus.ACCEPTED, Decimal(0))

    def reports_after(self, sequence: int, limit: int) -> list[ExecutionReport]:
        meanwhile, self.meanwhile = self.meanwhile, lambda: 0
        meanwhile()
        return [report for report in self.reports if report.sequence > sequence][:limit]

    def statement(self, account_id: str) -> VenueStatement:
        return VenueStatement(account_id, Decimal(0), "USD", {}, {}, len(self.reports))


@pytest.fixture
def desk(make_database: MakeDatabase) -> TradingDesk:
    desk = TradingDesk(make_database, wrap=ScriptedVenue)
    desk.open()
    return desk


def report(
    desk: TradingDesk, order: OrderRecord, kind: ReportKind, quantity: int = 0, name: str = ""
) -> None:
    """Let the venue report this next, and collect it."""
    script(desk, order, kind, quantity, name)
    desk.collector.collect()


def script(
    desk: TradingDesk, order: OrderRecord, kind: ReportKind, quantity: int = 0, name: str = ""
) -> None:
    """Let the venue have this to report next."""
    assert isinstance(desk.broker, ScriptedVenue)
    sequence = len(desk.broker.reports) + 1
    desk.broker.reports.append(
        ExecutionReport(
            sequence=sequence,
            execution_id=name or f"e-{sequence}",
            client_order_id=order.intent.client_order_id,
            kind=kind,
            quantity=Decimal(quantity),
            price=Decimal(10 + sequence) if quantity else Decimal(0),
            commission=Decimal(0),
            occurred_at=FIRST_CLOSE,
            text="" if quantity else kind.value,
        )
    )


def test_readers_who_ask_at_once_wait_for_none_and_apply_each_report_once(
    desk: TradingDesk, make_database: MakeDatabase
) -> None:
    other = TradingDesk(make_database, wrap=lambda _: desk.broker)
    order = desk.send()
    assert isinstance(desk.broker, ScriptedVenue)
    desk.broker.meanwhile = other.collector.collect
    report(desk, order, ReportKind.TRADE, 40)
    report(desk, order, ReportKind.TRADE, 60)

    assert desk.status(order.order_id) is OrderStatus.FILLED
    assert [event.fill.quantity for event in desk.events(FillRecorded)] == [40, 60]


def test_a_bar_and_its_fills_are_kept_together_or_not_at_all(
    desk: TradingDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collecting, "BATCH", 1)
    order = desk.send()
    assert isinstance(desk.broker, ScriptedVenue)
    healthy, asked = desk.broker.reports_after, 0

    def dies_at_the_second(sequence: int, limit: int) -> list[ExecutionReport]:
        nonlocal asked
        asked += 1
        if asked == 2:
            raise UnavailableError("the venue is gone")
        return healthy(sequence, limit)

    script(desk, order, ReportKind.TRADE, 40)
    script(desk, order, ReportKind.TRADE, 60)
    monkeypatch.setattr(desk.broker, "reports_after", dies_at_the_second)
    with pytest.raises(UnavailableError):
        desk.close(1)

    assert (desk.rows("fills"), desk.rows("market_time"), desk.rows("marks")) == ([], [], [])
    desk.close(1)
    assert desk.status(order.order_id) is OrderStatus.FILLED


def test_a_late_fill_of_a_cancelled_order_is_recorded_and_it_stays_cancelled(
    desk: TradingDesk,
) -> None:
    order = desk.send()
    report(desk, order, ReportKind.CANCELLED)
    report(desk, order, ReportKind.TRADE, 40)

    late = desk.order(order.order_id)
    assert (late.status, late.filled_quantity) == (OrderStatus.CANCELLED, 40)
    assert len(desk.events(FillRecorded)) == 1
    assert [event.filled_quantity for event in desk.events(OrderCancelled)] == [0]


@pytest.mark.parametrize("end", [ReportKind.CANCELLED, ReportKind.EXPIRED, ReportKind.REJECTED])
def test_the_late_fill_that_completes_an_ended_order_makes_it_filled(
    desk: TradingDesk, end: ReportKind
) -> None:
    order = desk.send()
    report(desk, order, end)
    report(desk, order, ReportKind.TRADE, 100)

    assert desk.status(order.order_id) is OrderStatus.FILLED
    assert [event.filled_quantity for event in desk.events(OrderFilled)] == [100]


def test_a_fill_of_a_rejected_order_opens_it_again(desk: TradingDesk) -> None:
    order = desk.send()
    report(desk, order, ReportKind.REJECTED)
    report(desk, order, ReportKind.TRADE, 40)
    report(desk, order, ReportKind.CANCELLED)

    assert [step.status for step in desk.steps(order.order_id)][-3:] == [
        OrderStatus.REJECTED,
        OrderStatus.PARTIALLY_FILLED,
        OrderStatus.CANCELLED,
    ]
    assert [event.filled_quantity for event in desk.events(OrderCancelled)] == [40]


def test_a_fill_of_an_order_we_refused_is_recorded(desk: TradingDesk) -> None:
    order = desk.place()
    desk.orders.refuse(order.order_id, (Reason("order_notional"),))
    report(desk, order, ReportKind.TRADE, 100)

    assert desk.status(order.order_id) is OrderStatus.FILLED
    assert len(desk.events(FillRecorded)) == 1


def test_a_trade_reported_twice_under_one_execution_id_counts_once(desk: TradingDesk) -> None:
    order = desk.send()
    for _ in range(3):
        report(desk, order, ReportKind.TRADE, 40, name="e-1")

    assert desk.order(order.order_id).filled_quantity == 40
    assert [event.sequence for event in desk.events(FillRecorded)] == [1]


def test_more_than_was_ordered_is_recorded_as_it_was_traded(desk: TradingDesk) -> None:
    order = desk.send()
    report(desk, order, ReportKind.TRADE, 60)
    report(desk, order, ReportKind.TRADE, 60)

    over = desk.order(order.order_id)
    assert (over.status, over.filled_quantity, over.open_quantity) == (OrderStatus.FILLED, 120, 0)


def test_the_average_price_weighs_each_fill_by_its_quantity(desk: TradingDesk) -> None:
    order = desk.send()
    report(desk, order, ReportKind.TRADE, 30)
    report(desk, order, ReportKind.TRADE, 70)

    assert desk.order(order.order_id).average_price == Decimal("11.7")


def test_an_end_reported_twice_is_announced_once(desk: TradingDesk) -> None:
    order = desk.send()
    for _ in range(2):
        report(desk, order, ReportKind.REJECTED)

    assert [event.text for event in desk.events(OrderRejected)] == ["rejected"]


def test_every_report_is_applied_when_there_are_more_than_one_batch(desk: TradingDesk) -> None:
    order = desk.send(quantity=Decimal(1000))
    report(desk, order, ReportKind.TRADE, 1)
    assert isinstance(desk.broker, ScriptedVenue)
    first = desk.broker.reports[0]
    desk.broker.reports += [
        replace(first, sequence=number, execution_id=f"e-{number}") for number in range(2, 452)
    ]

    assert desk.collector.collect() == 450
    assert desk.order(order.order_id).filled_quantity == 451
