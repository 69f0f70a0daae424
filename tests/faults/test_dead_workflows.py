"""Promises what becomes of an order whose workflow died: it is started again, ever more patiently,
and in the end it is refused where it was never sent, and looked up at the venue where it was.
"""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest

from bifrost.adapters.memory.workflows import MemoryWorkflows
from bifrost.adapters.postgres.orders import PostgresOrders
from bifrost.core.orders import OrderStatus
from bifrost.events import OrderRefused
from bifrost.execution.records import OrderRecord
from bifrost.execution.sweeping import RESTARTS_MAX
from bifrost.runtime.reasons import sentence
from tests.execution_desk import MakeDatabase, TradingDesk

NOW = timedelta(0)


@pytest.fixture
def desk(make_database: MakeDatabase) -> TradingDesk:
    made = TradingDesk(make_database)
    made.open()
    return made


def restarts_after(desk: TradingDesk, seconds: int) -> int:
    """Let so much time pass in which the sweeper comes each minute; how often it started one."""
    before = len(desk.workflows.started)
    for _ in range(seconds // 60):
        desk.clock.pass_by(60)
        desk.sweeper.sweep()
    return len(desk.workflows.started) - before


def test_a_workflow_is_started_again_under_a_name_of_its_own(desk: TradingDesk) -> None:
    order_id = desk.place().order_id

    desk.clock.pass_by(29)
    early = desk.sweeper.sweep()
    desk.clock.pass_by(1)
    late = desk.sweeper.sweep()

    assert "workflows_restarted" not in early
    assert late["workflows_restarted"] == 1
    assert desk.workflows.names == [order_id, f"{order_id}-r1"]
    first, second = (given for _, _, given in desk.workflows.started)
    assert first == second


def test_each_restart_waits_twice_as_long_as_the_one_before(desk: TradingDesk) -> None:
    order_id = desk.place().order_id
    seen = []
    for second in range(16 * 60):
        desk.clock.pass_by(1)
        if desk.sweeper.sweep().keys() & {"workflows_restarted", "workflows_given_up"}:
            seen.append(second + 1)

    assert seen == [30, 90, 210, 450, 930]
    assert desk.status(order_id) is OrderStatus.REFUSED


def test_an_order_that_no_restart_helps_is_refused_once_with_its_reason(desk: TradingDesk) -> None:
    order_id = desk.place().order_id

    started = restarts_after(desk, 3600)

    assert started == RESTARTS_MAX
    order = desk.order(order_id)
    assert order.status is OrderStatus.REFUSED
    (reason,) = order.reasons
    assert reason.rule == "workflow_failed"
    assert "4 restarts" in sentence(reason)
    (event,) = desk.events(OrderRefused)
    assert (event.order_id, event.reasons) == (order_id, order.reasons)
    assert [step.what for step in desk.steps(order_id)] == ["received", "refused"]


def test_a_workflow_that_wakes_after_its_order_was_given_up_sends_nothing(
    desk: TradingDesk,
) -> None:
    order = desk.place()
    restarts_after(desk, 3600)

    outcome = desk.sender.submit(order.order_id)

    assert outcome.status is OrderStatus.REFUSED  # to its workflow, which then releases
    assert desk.venue.find(order.intent.client_order_id) is None


def test_an_order_that_was_sent_is_never_given_up(desk: TradingDesk) -> None:
    order = desk.send()
    started = len(desk.workflows.started)

    assert restarts_after(desk, 3600) == 0
    assert desk.status(order.order_id) is OrderStatus.ACCEPTED
    assert len(desk.workflows.started) == started


def test_a_start_that_fails_is_counted_and_tried_again_later(desk: TradingDesk) -> None:
    desk.workflows.down = True
    order_id = desk.place().order_id
    desk.clock.pass_by(31)
    failed = desk.sweeper.sweep()
    desk.workflows.down = False
    at_once = desk.sweeper.sweep()
    desk.clock.pass_by(60)
    later = desk.sweeper.sweep()

    assert failed["failed"] == 1
    assert "workflows_restarted" not in at_once
    assert later["workflows_restarted"] == 1
    assert desk.workflows.names == [f"{order_id}-r2"]


def test_where_every_workflow_is_known_dead_nobody_waits(desk: TradingDesk) -> None:
    order_id = desk.place().order_id

    assert desk.sweeper.sweep(NOW)["workflows_restarted"] == 1
    assert desk.workflows.names == [order_id, f"{order_id}-r1"]


def test_sweepers_at_once_start_a_workflow_once(make_database: MakeDatabase) -> None:
    desks = [TradingDesk(make_database, workflows=MemoryWorkflows()) for _ in range(6)]
    desks[0].open()
    order_id = desks[0].place().order_id
    together = Barrier(len(desks))

    def sweep(desk: TradingDesk) -> None:
        desk.clock.pass_by(31)
        together.wait()
        desk.sweeper.sweep()

    with ThreadPoolExecutor(len(desks)) as pool:
        list(pool.map(sweep, desks))

    started = [name for desk in desks for name in desk.workflows.names]
    assert sorted(started) == [order_id, f"{order_id}-r1"]


def test_no_lock_is_held_while_a_workflow_is_started(make_database: MakeDatabase) -> None:
    other = make_database("execution")
    locked: list[str] = []

    class Asking(MemoryWorkflows):
        def start(self, workflow: str, name: str, workflow_input: dict[str, Any]) -> None:
            with other.transaction() as cursor:
                cursor.execute(
                    "SELECT a.account_id, o.order_id FROM execution.orders o"
                    " JOIN execution.accounts a USING (account_id) FOR UPDATE NOWAIT"
                )
                locked.append(name)

    desk = TradingDesk(make_database, workflows=Asking())
    desk.open()
    order_id = desk.place().order_id
    desk.sweeper.sweep(NOW)

    assert locked == [order_id, f"{order_id}-r1"]


def test_a_sweeper_that_was_overtaken_starts_nothing(
    make_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, fast = TradingDesk(make_database), TradingDesk(make_database)
    slow.open()
    order_id = slow.place().order_id
    real = PostgresOrders.may_start

    def after_a_long_sleep(orders: PostgresOrders, claimed: OrderRecord) -> bool:
        monkeypatch.setattr(PostgresOrders, "may_start", real)
        fast.sweeper.sweep(NOW)
        return real(orders, claimed)

    monkeypatch.setattr(PostgresOrders, "may_start", after_a_long_sleep)
    counts = slow.sweeper.sweep(NOW)

    assert counts["moved_on"] == 1
    assert slow.workflows.names == [order_id]
    assert fast.workflows.names == [f"{order_id}-r2"]


def test_the_sweeper_leaves_a_finished_order_alone(desk: TradingDesk) -> None:
    desk.send()
    desk.close(1)
    desk.clock.pass_by(timedelta(days=1).total_seconds())

    assert desk.sweeper.sweep() == {"reports": 1}
    assert len(desk.workflows.started) == 1
