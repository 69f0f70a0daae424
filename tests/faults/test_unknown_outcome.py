"""Promises that an order whose answer is lost is never sent twice, lost, or called rejected."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bifrost.adapters.brokers.paper import PaperVenue
from bifrost.core.errors import (
    ConflictError,
    NotFoundError,
    OutcomeUnknownError,
    UnavailableError,
)
from bifrost.core.orders import OrderStatus, OrderType, Side
from bifrost.core.statements import VenueStatement
from bifrost.events import FillRecorded, OrderRejected, OrderSubmitted, OrderUnknown
from bifrost.execution.ports import ExecutionReport, VenueOrder, VenueOrderState
from bifrost.execution.sending import Patience
from tests.execution_desk import MakeDatabase, TradingDesk

Effect = Callable[[Callable[[], Any]], Any]


class FaultyVenue:
    """The paper venue over a bad line: each named call goes wrong the way a test says."""

    def __init__(self, venue: PaperVenue) -> None:
        self._venue = venue
        self.faults: dict[str, list[Effect]] = {}
        self.submits = 0

    @property
    def venue(self) -> str:
        return self._venue.venue

    def submit(self, order: VenueOrder) -> VenueOrderState:
        self.submits += 1
        return self._call("submit", lambda: self._venue.submit(order))

    def cancel(self, client_order_id: str) -> VenueOrderState:
        return self._call("cancel", lambda: self._venue.cancel(client_order_id))

    def find(self, client_order_id: str) -> VenueOrderState | None:
        return self._call("find", lambda: self._venue.find(client_order_id))

    def reports_after(self, sequence: int, limit: int) -> list[ExecutionReport]:
        return self._venue.reports_after(sequence, limit)

    def statement(self, account_id: str) -> VenueStatement:
        return self._venue.statement(account_id)

    def _call(self, name: str, act: Callable[[], Any]) -> Any:
        waiting = self.faults.get(name)
        return waiting.pop(0)(act) if waiting else act()


def lost_before(_: Callable[[], Any]) -> Any:
    raise TimeoutError("the request never arrived")


def lost_after(act: Callable[[], Any]) -> Any:
    act()
    raise OutcomeUnknownError("504 after the effect")


def half_an_answer(act: Callable[[], Any]) -> Any:
    act()
    raise ValueError("half an answer")


def sent_twice_by_the_client(act: Callable[[], Any]) -> Any:
    act()
    return act()


def no_answer(_: Callable[[], Any]) -> Any:
    raise UnavailableError("no answer")


@pytest.fixture
def line(make_database: MakeDatabase) -> TradingDesk:
    desk = TradingDesk(make_database, wrap=FaultyVenue)
    desk.open()
    return desk


def faults(desk: TradingDesk) -> FaultyVenue:
    assert isinstance(desk.broker, FaultyVenue)
    return desk.broker


def orders_at_the_venue(desk: TradingDesk, make_database: MakeDatabase) -> int:
    rows = make_database("venue").fetch_all("SELECT client_order_id FROM venue.orders")
    return len(rows)


@pytest.mark.parametrize("fault", [lost_after, half_an_answer, sent_twice_by_the_client])
def test_an_answer_lost_after_the_effect_is_found_and_never_sent_again(
    line: TradingDesk, make_database: MakeDatabase, fault: Effect
) -> None:
    faults(line).faults = {"submit": [fault]}

    order = line.send()
    line.clock.pass_by(3600)
    line.sweeper.sweep()

    assert order.status is OrderStatus.ACCEPTED
    assert faults(line).submits == 1
    assert orders_at_the_venue(line, make_database) == 1
    assert line.events(OrderRejected) == []


def test_an_order_without_an_answer_is_unknown_and_says_so(line: TradingDesk) -> None:
    faults(line).faults = {"submit": [lost_after], "find": [no_answer]}
    placed = line.place()

    outcome = line.sender.submit(placed.order_id)

    assert outcome.status is OrderStatus.UNKNOWN
    assert line.status(placed.order_id) is OrderStatus.UNKNOWN
    assert len(line.events(OrderUnknown)) == 1
    assert line.events(OrderSubmitted) == []


def test_the_sweeper_settles_an_unknown_order_by_looking_it_up(line: TradingDesk) -> None:
    faults(line).faults = {"submit": [lost_after], "find": [no_answer]}
    order = line.send()

    counts = line.sweeper.sweep()

    assert counts["answered"] == 1
    assert line.status(order.order_id) is OrderStatus.ACCEPTED
    assert len(line.events(OrderSubmitted)) == 1


def test_an_order_the_venue_never_saw_is_sent_again_only_past_its_settle_time(
    line: TradingDesk, make_database: MakeDatabase
) -> None:
    faults(line).faults = {"submit": [lost_before]}
    order = line.send()

    early = line.sweeper.sweep()
    line.clock.pass_by(21)
    late = line.sweeper.sweep()

    assert order.status is OrderStatus.UNKNOWN
    assert (early["waiting"], late["sent_again"]) == (1, 1)
    assert line.status(order.order_id) is OrderStatus.ACCEPTED
    assert faults(line).submits == 2
    assert orders_at_the_venue(line, make_database) == 1
    assert line.rows("intents")[0]["fence"] == 2


def test_a_look_up_that_fails_never_allows_sending_again(
    line: TradingDesk, make_database: MakeDatabase
) -> None:
    faults(line).faults = {"submit": [lost_after], "find": [no_answer, no_answer]}
    order = line.send()
    line.clock.pass_by(3600)

    counts = line.sweeper.sweep()

    assert counts["failed"] == 1
    assert line.status(order.order_id) is OrderStatus.UNKNOWN
    assert faults(line).submits == 1
    assert orders_at_the_venue(line, make_database) == 1


def test_a_sender_that_died_before_the_call_is_succeeded_by_the_sweeper(
    line: TradingDesk, make_database: MakeDatabase
) -> None:
    faults(line).faults = {"submit": [_die]}
    placed = line.place()
    with pytest.raises(KeyboardInterrupt):
        line.sender.submit(placed.order_id)
    at_death = line.status(placed.order_id)

    line.clock.pass_by(21)
    line.sweeper.sweep()

    assert at_death is OrderStatus.SUBMITTED
    assert line.status(placed.order_id) is OrderStatus.ACCEPTED
    assert orders_at_the_venue(line, make_database) == 1


def test_a_sender_that_died_after_the_call_is_not_repeated(
    line: TradingDesk, make_database: MakeDatabase
) -> None:
    def die_after(act: Callable[[], Any]) -> Any:
        act()
        raise KeyboardInterrupt

    faults(line).faults = {"submit": [die_after]}
    placed = line.place()
    with pytest.raises(KeyboardInterrupt):
        line.sender.submit(placed.order_id)

    line.clock.pass_by(21)
    counts = line.sweeper.sweep()

    assert counts["answered"] == 1
    assert line.status(placed.order_id) is OrderStatus.ACCEPTED
    assert faults(line).submits == 1


class Dozing:
    """The clock of a sender that dozes off once it has claimed, until another has sent."""

    def __init__(self, other: TradingDesk) -> None:
        self._other = other
        self._has_slept = False

    def now(self) -> datetime:
        """Sleep past the lease when the claim is committed; the other one sweeps meanwhile."""
        if not self._has_slept and self._other.rows("intents"):
            self._has_slept = True
            self._other.clock.pass_by(21)
            self._other.sweeper.sweep()
        return self._other.clock.now()


def test_a_sender_that_was_overtaken_is_stopped_before_the_venue(
    line: TradingDesk, make_database: MakeDatabase
) -> None:
    other = TradingDesk(make_database, wrap=FaultyVenue, clock=line.clock)
    order = line.place()
    dozing = replace(line.sender, journal=replace(line.journal, clock=Dozing(other)))

    outcome = dozing.submit(order.order_id)

    assert outcome.status is OrderStatus.ACCEPTED
    assert (faults(line).submits, faults(other).submits) == (0, 1)
    assert orders_at_the_venue(line, make_database) == 1


def test_a_sender_whose_lease_has_ended_does_not_send(line: TradingDesk) -> None:
    late = replace(line.sender, patience=Patience(lease=timedelta(0)))

    outcome = late.submit(line.place().order_id)

    assert outcome.status is OrderStatus.UNKNOWN
    assert faults(line).submits == 0


def test_while_one_order_is_unknown_no_new_exposure_opens_in_its_instrument(
    line: TradingDesk,
) -> None:
    line.send("k-0")
    line.close(1)
    faults(line).faults = {"submit": [lost_before]}
    line.send("k-1", quantity=Decimal(10))

    buy = line.send("k-2", quantity=Decimal(1))
    too_large_a_sale = line.send("k-3", side=Side.SELL, quantity=Decimal(101))
    reducing = line.send("k-4", side=Side.SELL, quantity=Decimal(60))
    one_too_many = line.send("k-5", side=Side.SELL, quantity=Decimal(41))

    assert [reason.rule for reason in buy.reasons] == ["instrument_unresolved"]
    assert too_large_a_sale.status is OrderStatus.REFUSED
    assert reducing.status is OrderStatus.ACCEPTED
    assert one_too_many.status is OrderStatus.REFUSED


def test_a_fill_of_an_unknown_order_is_recorded_and_settles_it(line: TradingDesk) -> None:
    faults(line).faults = {"submit": [lost_after], "find": [no_answer]}
    order = line.send()

    line.close(1)

    assert order.status is OrderStatus.UNKNOWN
    assert line.status(order.order_id) is OrderStatus.FILLED
    assert len(line.events(FillRecorded)) == 1
    assert len(line.events(OrderSubmitted)) == 1


def test_eight_workflows_submitting_one_order_send_it_once(make_database: MakeDatabase) -> None:
    desks = [TradingDesk(make_database, wrap=FaultyVenue) for _ in range(8)]
    desks[0].open()
    placed = desks[0].place()
    together = threading.Barrier(8)

    def submit(desk: TradingDesk) -> OrderStatus:
        together.wait()
        return desk.sender.submit(placed.order_id).status

    with ThreadPoolExecutor(8) as pool:
        statuses = set(pool.map(submit, desks))

    assert statuses <= {OrderStatus.ACCEPTED, OrderStatus.UNKNOWN}
    assert sum(faults(desk).submits for desk in desks) == 1
    assert orders_at_the_venue(desks[0], make_database) == 1
    assert desks[0].status(placed.order_id) is OrderStatus.ACCEPTED


def test_eight_sweepers_send_a_lost_order_again_once(make_database: MakeDatabase) -> None:
    desks = [TradingDesk(make_database, wrap=FaultyVenue) for _ in range(8)]
    desks[0].open()
    faults(desks[0]).faults = {"submit": [lost_before]}
    order = desks[0].send()
    together = threading.Barrier(8)

    def sweep(desk: TradingDesk) -> None:
        desk.clock.pass_by(21)
        together.wait()
        desk.sweeper.sweep()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(sweep, desks))

    assert sum(faults(desk).submits for desk in desks) == 2
    assert orders_at_the_venue(desks[0], make_database) == 1
    assert desks[0].status(order.order_id) is OrderStatus.ACCEPTED


def test_eight_collectors_record_each_fill_once(make_database: MakeDatabase) -> None:
    desks = [TradingDesk(make_database) for _ in range(8)]
    desks[0].open()
    for number in range(5):
        desks[0].send(f"k-{number}", quantity=Decimal(10))
    together = threading.Barrier(8)

    def close(desk: TradingDesk) -> None:
        together.wait()
        desk.close(1)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(close, desks))

    sequences = [event.sequence for event in desks[0].events(FillRecorded)]
    assert sorted(sequences) == [1, 2, 3, 4, 5]


# Cancels


def test_a_cancel_without_an_answer_stays_pending_until_the_venue_says(line: TradingDesk) -> None:
    order = line.send(type=OrderType.LIMIT, limit_price=Decimal(50))
    faults(line).faults = {"cancel": [_unknown]}

    pending = line.canceller.cancel(order.order_id)
    line.clock.pass_by(31)
    counts = line.sweeper.sweep()

    assert pending.status is OrderStatus.PENDING_CANCEL
    assert counts["cancels_pressed"] == 1
    assert line.status(order.order_id) is OrderStatus.CANCELLED


def test_an_order_whose_outcome_is_unknown_cannot_be_called_cancelled(line: TradingDesk) -> None:
    faults(line).faults = {"submit": [lost_before]}
    order = line.send()

    with pytest.raises(ConflictError, match="unknown"):
        line.canceller.cancel(order.order_id)
    assert line.status(order.order_id) is OrderStatus.UNKNOWN


def test_a_cancel_that_finds_the_order_at_the_venue_cancels_it_there(line: TradingDesk) -> None:
    faults(line).faults = {"submit": [lost_after], "find": [no_answer]}
    order = line.send()

    assert line.canceller.cancel(order.order_id).status is OrderStatus.CANCELLED


def test_an_unknown_order_id_is_not_found_by_any_task(line: TradingDesk) -> None:
    for task in (line.sender.submit, line.canceller.cancel, lambda o: line.orders.refuse(o, ())):
        with pytest.raises(NotFoundError):
            task("no-such-order")


def _die(_: Callable[[], Any]) -> Any:
    raise KeyboardInterrupt


def _unknown(_: Callable[[], Any]) -> Any:
    raise OutcomeUnknownError("the cancel got no answer")
