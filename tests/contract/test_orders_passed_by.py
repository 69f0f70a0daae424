"""Orders that had not left when an ex-date began, and what execution makes of a restatement."""

from dataclasses import replace
from decimal import Decimal

import pytest

from bifrost.core.corporate_actions import Rename, Terms
from bifrost.core.orders import OrderStatus, OrderType, Side
from bifrost.events import OrderRestated
from bifrost.execution.journal import Why
from bifrost.execution.lifecycle import Happening
from bifrost.execution.ports import Restatement
from bifrost.execution.switches import Switch, SwitchMode
from tests.action_builders import action, dividend, split
from tests.builders import ACCOUNT, WALL, cash_changed, session
from tests.contract.restating_desk import RestatingDesk
from tests.execution_desk import MakeDatabase

D = Decimal


@pytest.fixture
def desk(make_database: MakeDatabase) -> RestatingDesk:
    return RestatingDesk(make_database)


@pytest.mark.parametrize(
    ("terms", "status"),
    [
        (split("2", "1"), "refused"),
        (split("1", "2"), "refused"),
        (dividend("0.50"), "refused"),
        (dividend("0.001"), "accepted"),
        (Rename("NEW"), "refused"),
    ],
)
def test_an_order_that_had_not_left_as_the_ex_date_began_is_refused_by_the_actions_name(
    desk: RestatingDesk, terms: Terms, status: str
) -> None:
    placed = desk.place("late", type=OrderType.LIMIT, limit_price=D(90))
    desk.vendor(action(terms))
    desk.bar(3, instrument="NEW")
    outcome = desk.sender.submit(placed.order_id)

    assert outcome.status.value == status
    named = [(reason.rule, reason.subject) for reason in outcome.reasons]
    assert named == ([("corporate_action", "a-1")] if status == "refused" else [])


@pytest.mark.parametrize("change", ["withdrawn", "later", "placed after"])
def test_an_order_that_no_action_has_passed_by_leaves(desk: RestatingDesk, change: str) -> None:
    one = action(split("2", "1"))
    desk.vendor(one)
    if change == "withdrawn":
        desk.vendor(replace(one, revision=2, withdrawn=True))
    if change == "later":
        desk.vendor(replace(one, revision=2, ex_date=session(4)))
    if change == "placed after":
        desk.bar(3, instrument="NEW")
    placed = desk.place("late", type=OrderType.LIMIT, limit_price=D(40))
    desk.bar(3, "53 54 53 54")

    assert desk.sender.submit(placed.order_id).status is OrderStatus.ACCEPTED


def test_while_only_reducing_is_allowed_the_gate_counts_shares_after_the_split(
    desk: RestatingDesk,
) -> None:
    for name in ("sell", "stop", "part"):
        desk.canceller.cancel(desk.ids[name])
    desk.vendor(action(split("2", "1")))
    desk.vendor(action(Rename("NEW"), "a-2", ex_date=session(4)))
    desk.bar(3, "53 54 53 54")
    desk.bar(4, instrument="NEW")
    with desk.desk.transaction() as books:
        books.switches.put(Switch(ACCOUNT, SwitchMode.STOP_NEW, "a test", "test", WALL))
    held = desk.venue.statement(ACCOUNT).positions["NEW"]

    too_much = desk.name("too-much", side=Side.SELL, instrument="NEW", quantity=held + 1)
    all_of_it = desk.name("all", side=Side.SELL, instrument="NEW", quantity=held)
    assert [too_much.status.value, all_of_it.status.value] == ["refused", "accepted"]


def test_an_action_in_another_currency_changes_nothing(desk: RestatingDesk) -> None:
    desk.vendor(action(split("2", "1"), currency="EUR"))
    placed = desk.place("late", type=OrderType.LIMIT, limit_price=D(90))
    desk.bar(3, "110 111 109 110")

    assert desk.terms("buy") == ("AAPL", "100", "90", "accepted")
    assert desk.sender.submit(placed.order_id).status is OrderStatus.ACCEPTED
    assert desk.venue.statement(ACCOUNT).positions == {"AAPL": 1200}


def test_what_a_corporate_action_pays_is_not_paid_twice(desk: RestatingDesk) -> None:
    before = desk.venue.statement(ACCOUNT).cash
    paid = cash_changed("600", kind="corporate_action")
    desk.listener.on_cash_changed(paid)
    heard = "SELECT 1 FROM execution.inbox WHERE event_id = %s"

    assert desk.venue.statement(ACCOUNT).cash == before
    assert desk.database.fetch_one(heard, (paid.event_id,)), "`bifrost up` sends it again for ever"


def test_a_restatement_by_which_nothing_is_left_ends_the_order(desk: RestatingDesk) -> None:
    nothing = Restatement("AAPL", D(0), D(90), None, "a-1")
    with desk.desk.transaction() as books:
        record = books.orders.lock(desk.ids["buy"])
        when = desk.journal.market_time(books)
        desk.journal.restate(books, record, nothing, when, Why(text="gone"))

    assert desk.terms("buy") == ("AAPL", "0", "90", "cancelled")


def test_an_order_without_an_answer_is_known_by_its_restatement(desk: RestatingDesk) -> None:
    new = Restatement("AAPL", D(200), D(45), None, "a-1")
    placed = desk.place("silent", type=OrderType.LIMIT, limit_price=D(90))
    with desk.desk.transaction() as books:
        when = desk.journal.market_time(books)
        sent = desk.journal.send(books, books.orders.lock(placed.order_id), when)
        desk.journal.restate(books, sent, new, when, Why())

    stands = desk.order(placed.order_id)
    assert (stands.status, stands.open_quantity) == (OrderStatus.ACCEPTED, 200)
    assert [one.what for one in desk.steps(placed.order_id)][-2:] == ["accepted", "restated"]


def test_an_order_that_awaits_its_cancel_is_restated_and_still_awaits_it(
    desk: RestatingDesk,
) -> None:
    new = Restatement("AAPL", D(200), D(45), None, "a-1")
    with desk.desk.transaction() as books:
        when = desk.journal.market_time(books)
        record = books.orders.lock(desk.ids["buy"])
        asked = desk.journal.move(books, record, Happening.CANCEL_ASKED, when)
        desk.journal.restate(books, asked, new, when, Why())

    assert desk.terms("buy") == ("AAPL", "200", "45", "pending_cancel")


def test_an_order_that_has_ended_is_not_restated(desk: RestatingDesk) -> None:
    ended = desk.canceller.cancel(desk.ids["buy"])
    new = Restatement("AAPL", D(200), D(45), None, "a-1")
    with desk.desk.transaction() as books:
        when = desk.journal.market_time(books)
        desk.journal.restate(books, books.orders.lock(ended.order_id), new, when, Why())

    assert desk.named("buy") == ended
    assert desk.events(OrderRestated) == []
