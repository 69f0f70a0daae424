"""Promises what the kill switch and the gate's limits stop, on a real PostgreSQL."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from bifrost.core.errors import NotFoundError, OutcomeUnknownError
from bifrost.core.orders import OrderStatus, OrderType, Side
from bifrost.execution.ports import VenueOrder, VenueOrderState
from bifrost.execution.records import FIRST_FENCE, OrderRecord
from bifrost.execution.switches import KillSwitch, SwitchMode
from tests.builders import ACCOUNT
from tests.execution_desk import MakeDatabase, TradingDesk

SUBMITTERS = 8


@pytest.fixture
def desk(make_database: MakeDatabase) -> TradingDesk:
    desk = TradingDesk(make_database)
    desk.open()
    desk.close(1)
    return desk


@pytest.fixture
def superuser(database_url: Callable[[str], str]) -> str:
    """Change what execution's own role may not."""
    return make_conninfo(database_url("execution"), user="postgres")


def turn(desk: TradingDesk, mode: SwitchMode, account_id: str | None = None) -> None:
    switch = KillSwitch(desk.desk, desk.clock)
    switch.set(mode, "a test", "admin-1", account_id)


def rules(order: OrderRecord) -> list[str]:
    return [reason.rule for reason in order.reasons]


@pytest.mark.parametrize("account_id", [None, ACCOUNT])
def test_after_the_commit_of_a_halt_no_order_is_claimed(
    make_database: MakeDatabase, account_id: str | None
) -> None:
    desks = [TradingDesk(make_database) for _ in range(SUBMITTERS + 1)]
    *submitters, halting = desks
    halting.open()
    placed = [halting.place(f"k-{n}").order_id for n in range(SUBMITTERS * 6)]
    together = threading.Barrier(SUBMITTERS + 1)

    def submit(number: int) -> None:
        together.wait()
        for order_id in placed[number::SUBMITTERS]:
            submitters[number].sender.submit(order_id)

    def halt() -> int:
        together.wait()
        turn(halting, SwitchMode.HALT, account_id)
        return len(halting.rows("intents"))

    with ThreadPoolExecutor(SUBMITTERS + 1) as pool:
        halted = pool.submit(halt)
        list(pool.map(submit, range(SUBMITTERS)))

    claimed = len(halting.rows("intents"))
    refused = [one for one in placed if halting.status(one) is OrderStatus.REFUSED]
    assert claimed == halted.result()
    assert claimed + len(refused) == len(placed)
    assert all(rules(halting.order(one)) == ["kill_switch"] for one in refused)


@pytest.mark.parametrize("account_id", [None, ACCOUNT])
def test_a_halt_waits_for_a_claim_under_way(
    make_database: MakeDatabase, account_id: str | None
) -> None:
    desk, halting = TradingDesk(make_database), TradingDesk(make_database)
    desk.open()
    order = desk.place()

    with ThreadPoolExecutor(1) as pool:
        with desk.desk.transaction() as books:
            now = desk.clock.now()
            books.claims.lock(order.order_id, desk.journal.venue, now)
            halted = pool.submit(turn, halting, SwitchMode.HALT, account_id)
            with pytest.raises(TimeoutError):
                halted.result(timeout=0.2)
            books.claims.claim(order, now, now)
        halted.result(timeout=5)

    assert len(desk.rows("intents")) == 1


def test_a_desk_without_a_switch_sends_nothing(desk: TradingDesk, superuser: str) -> None:
    with psycopg.connect(superuser) as connection:
        connection.execute("DELETE FROM execution.switches")

    order = desk.send()

    assert order.status is OrderStatus.REFUSED
    assert [(reason.rule, reason.subject) for reason in order.reasons] == [("kill_switch", "halt")]
    assert desk.rows("intents") == []


def test_a_gate_without_limits_sends_nothing(desk: TradingDesk, superuser: str) -> None:
    with psycopg.connect(superuser) as connection:
        connection.execute("DELETE FROM execution.gate_limits")

    assert rules(desk.send()) == ["gate_limits_absent"]
    assert desk.rows("intents") == []


def test_stop_new_refuses_what_opens_and_lets_a_closing_sale_through(desk: TradingDesk) -> None:
    desk.send("k-1")
    desk.close(2)
    turn(desk, SwitchMode.STOP_NEW)

    more = desk.send("k-2")
    too_much = desk.send("k-3", side=Side.SELL, quantity=Decimal(101))
    closing = desk.send("k-4", side=Side.SELL)
    again = desk.send("k-5", side=Side.SELL, quantity=Decimal(1))

    assert closing.status is OrderStatus.ACCEPTED
    for refused in (more, too_much, again):
        assert [(one.rule, one.subject) for one in refused.reasons] == [("kill_switch", "stop_new")]


def test_a_halted_account_leaves_others_to_trade_and_opens_again(desk: TradingDesk) -> None:
    desk.open("acc-2")
    turn(desk, SwitchMode.HALT, ACCOUNT)

    assert rules(desk.send("k-1")) == ["kill_switch"]
    assert desk.send("k-1", account_id="acc-2").status is OrderStatus.ACCEPTED
    turn(desk, SwitchMode.TRADE, ACCOUNT)
    assert desk.send("k-2").status is OrderStatus.ACCEPTED


class Lost:
    """A venue that no order reaches while its line is dead."""

    def __init__(self, desk: TradingDesk) -> None:
        self._venue = desk.venue
        self.venue = desk.venue.venue
        self.is_lost = True
        self.sent = 0
        self.cancel = desk.venue.cancel
        self.find = desk.venue.find
        self.reports_after = desk.venue.reports_after
        self.statement = desk.venue.statement

    def submit(self, order: VenueOrder) -> VenueOrderState:
        self.sent += 1
        if self.is_lost:
            raise OutcomeUnknownError("the line is dead")
        return self._venue.submit(order)


@pytest.mark.parametrize("mode", [SwitchMode.HALT, SwitchMode.STOP_NEW])
def test_an_order_the_venue_never_saw_is_not_sent_again_past_the_switch(
    make_database: MakeDatabase, mode: SwitchMode
) -> None:
    lost = Lost(TradingDesk(make_database))
    desk = TradingDesk(make_database, wrap=lambda _: lost)
    desk.open()
    order = desk.send()
    turn(desk, mode)
    lost.is_lost = False
    desk.clock.pass_by(60)

    assert desk.sender.settle(order.order_id) == "waiting"
    assert lost.sent == 1
    turn(desk, SwitchMode.TRADE)
    assert desk.sender.settle(order.order_id) == "sent_again"
    assert desk.status(order.order_id) is OrderStatus.ACCEPTED


def test_a_claim_that_a_halt_follows_does_not_reach_the_venue(desk: TradingDesk) -> None:
    order, now = desk.place(), desk.clock.now()
    with desk.desk.transaction() as books:
        may_send = books.claims.claim(order, now, now + desk.sender.patience.lease)
    assert may_send()

    def holds() -> bool:
        with desk.desk.separately() as books:
            return books.claims.holds(order.order_id, FIRST_FENCE, now)

    assert holds()
    for account_id in (None, ACCOUNT):
        turn(desk, SwitchMode.HALT, account_id)
        assert not holds()
        turn(desk, SwitchMode.TRADE, account_id)
        assert holds()


def test_an_order_at_the_gates_notional_leaves_and_one_cent_over_does_not(
    desk: TradingDesk, superuser: str
) -> None:
    with psycopg.connect(superuser) as connection:
        connection.execute("UPDATE execution.gate_limits SET order_notional_max = 10000")

    at = desk.send("k-1", type=OrderType.LIMIT, limit_price=Decimal(100))
    over = desk.send("k-2", type=OrderType.LIMIT, limit_price=Decimal("100.01"))

    assert (at.status, rules(over)) == (OrderStatus.ACCEPTED, ["gate_notional"])


def test_an_account_sends_so_many_orders_a_minute_and_no_more(
    desk: TradingDesk, superuser: str
) -> None:
    with psycopg.connect(superuser) as connection:
        connection.execute("UPDATE execution.gate_limits SET orders_per_minute = 2")
    desk.open("acc-2")

    first = [desk.send(f"k-{n}") for n in range(3)]
    other = desk.send("k-1", account_id="acc-2")
    desk.clock.pass_by(60)
    later = desk.send("k-4")

    assert [rules(order) for order in first] == [[], [], ["gate_rate"]]
    assert (rules(other), rules(later)) == ([], [])


def test_a_preview_asks_the_switch_and_the_pace(desk: TradingDesk) -> None:
    intent = desk.place().intent
    turn(desk, SwitchMode.HALT)

    assert [one.rule for one in desk.orders.check_gate(intent).reasons] == ["kill_switch"]


def test_every_change_is_kept_with_who_made_it_and_why(desk: TradingDesk) -> None:
    switch = KillSwitch(desk.desk, desk.clock)
    switch.set(SwitchMode.HALT, "the feed is wrong", "admin-1", None)
    switch.set(SwitchMode.TRADE, "it is right again", "admin-2", None)
    with pytest.raises(NotFoundError):
        switch.set(SwitchMode.HALT, "nobody's", "admin-1", "acc-9")

    changes = [(row["mode"], row["reason"], row["set_by"]) for row in desk.rows("switch_changes")]
    assert changes[1:] == [
        ("halt", "the feed is wrong", "admin-1"),
        ("trade", "it is right again", "admin-2"),
    ]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        desk.database.fetch_all("DELETE FROM execution.switches RETURNING 1")


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("status", "'lost'"),
        ("filled_quantity", "-1"),
        ("filled_quantity", "'NaN'"),
        ("limit_price", "'NaN'"),
        ("stop_price", "'NaN'"),
        ("quantity", "'NaN'"),
    ],
)
def test_no_order_can_hold_what_is_no_state_or_number(
    desk: TradingDesk, column: str, value: str
) -> None:
    desk.place()

    with pytest.raises(psycopg.errors.CheckViolation):
        desk.database.fetch_all(f"UPDATE execution.orders SET {column} = {value} RETURNING 1")


def test_every_status_can_be_stored(desk: TradingDesk) -> None:
    desk.place()
    seen = []

    for status in OrderStatus:
        change = "UPDATE execution.orders SET status = %s RETURNING status"
        seen += desk.database.fetch_all(change, (status.value,))

    assert [row["status"] for row in seen] == [status.value for status in OrderStatus]
