"""Whatever grows is read in pages, and all the pages together are everything, once.

Accounts are reconciled in rounds: as many as one call can start, the rest by those that follow.
"""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from bifrost.adapters.postgres.database import Database
from bifrost.core.errors import UnavailableError
from bifrost.core.money import Price
from bifrost.core.orders import OrderType
from bifrost.execution.records import Mark, Step
from bifrost.execution.statements import ACCOUNTS_PER_CALL
from tests.builders import FIRST_CLOSE, OWNER, account_opened
from tests.execution_desk import TradingDesk

SYMBOLS = [f"S{number:03}" for number in range(25)]


@pytest.fixture
def desk(make_database: Callable[[str], Database]) -> TradingDesk:
    return TradingDesk(make_database)


def many_accounts(desk: TradingDesk, number: int) -> list[str]:
    """Open accounts by SQL: what is tested is how they are read."""
    with desk.database.transaction() as cursor:
        cursor.execute(
            "INSERT INTO execution.accounts (account_id, owner, currency)"
            " SELECT 'a-' || lpad(n::text, 6, '0'), 'owner', 'USD' FROM generate_series(1, %s) n",
            (number,),
        )
    return [f"a-{n:06}" for n in range(1, number + 1)]


def started(desk: TradingDesk) -> list[str]:
    return [told["account_id"] for _, _, told in desk.workflows.started]


def test_the_tape_in_pages_is_the_tape_once(desk: TradingDesk) -> None:
    with desk.desk.transaction() as books:
        for symbol in reversed(SYMBOLS):
            books.market.close("paper", Mark(symbol, Price(Decimal(100)), FIRST_CLOSE))

    found: list[str] = []
    while page := desk.orders.market(after=found[-1] if found else "", limit=10).marks:
        assert len(page) <= 10
        found += [mark.instrument for mark in page]

    assert found == SYMBOLS


def test_an_orders_steps_in_pages_are_its_steps_once(desk: TradingDesk) -> None:
    desk.open()
    desk.close(1)
    order = desk.send(limit_price=Decimal(1), type=OrderType.LIMIT)
    with desk.desk.transaction() as books:
        record = books.orders.lock(order.order_id)
        for number in range(30):
            record = desk.journal.note(books, record, f"note {number}", {})
    everything = desk.steps(order.order_id)

    found: list[Step] = []
    while page := desk.orders.show(order.order_id, OWNER, after=len(found), limit=10)[1]:
        assert len(page) <= 10
        found += page

    assert found == everything
    assert len(found) == order.steps + 30


def test_every_account_is_reconciled_however_many_calls_it_takes(desk: TradingDesk) -> None:
    accounts = many_accounts(desk, ACCOUNTS_PER_CALL + 7)

    first = desk.statements.reconcile_all("corr-1")
    assert first == {"started": ACCOUNTS_PER_CALL, "is_complete": False}
    assert desk.statements.carry_on("corr-2") == {"started": 7, "is_complete": True}
    assert desk.statements.carry_on("corr-3") == {"started": 0, "is_complete": True}

    assert started(desk) == accounts
    assert len(set(desk.workflows.names)) == len(accounts)


def test_a_round_that_died_goes_on_where_it_stood_under_the_same_names(desk: TradingDesk) -> None:
    accounts = many_accounts(desk, 250)
    healthy, starts = desk.workflows.start, 0

    def dies_at_the_150th(workflow: str, name: str, workflow_input: dict[str, Any]) -> None:
        nonlocal starts
        starts += 1
        if starts >= 150:
            raise UnavailableError("Step Functions is gone")
        healthy(workflow, name, workflow_input)

    desk.workflows.start = dies_at_the_150th  # type: ignore[method-assign]
    with pytest.raises(UnavailableError):
        desk.statements.reconcile_all("corr-1")
    desk.workflows.start = healthy  # type: ignore[method-assign]
    desk.clock.at += timedelta(minutes=1)

    assert desk.statements.carry_on("corr-2")["is_complete"]
    assert sorted(set(started(desk))) == accounts
    # What was started twice was started by one name, which a workflow takes for one execution.
    assert len(set(desk.workflows.names)) == len(accounts)


def test_an_account_that_cannot_be_started_keeps_no_other_waiting(desk: TradingDesk) -> None:
    accounts = many_accounts(desk, 250)
    healthy = desk.workflows.start

    def refuses_one(workflow: str, name: str, workflow_input: dict[str, Any]) -> None:
        if workflow_input["account_id"] == accounts[3]:
            raise UnavailableError("this one has a history of its own")
        healthy(workflow, name, workflow_input)

    desk.workflows.start = refuses_one  # type: ignore[method-assign]

    assert desk.statements.reconcile_all("corr-1") == {"started": 249, "is_complete": True}
    assert started(desk) == accounts[:3] + accounts[4:]


def test_a_round_that_another_call_has_finished_is_not_opened_again(desk: TradingDesk) -> None:
    many_accounts(desk, 250)
    with desk.desk.transaction() as books:
        books.rounds.begin("s1")
        slow = books.rounds.current()
    assert slow is not None
    desk.statements.carry_on("corr-1")

    with desk.desk.transaction() as books:
        books.rounds.move(slow, "somebody in the middle")
        assert books.rounds.current() is None


def test_a_round_that_begins_anew_reaches_everybody(desk: TradingDesk) -> None:
    accounts = many_accounts(desk, ACCOUNTS_PER_CALL + 1)
    desk.statements.reconcile_all("corr-1")
    desk.clock.at += timedelta(days=1)

    desk.statements.reconcile_all("corr-2")
    desk.statements.carry_on("corr-3")

    assert set(started(desk)) == set(accounts)


def test_without_accounts_a_round_is_complete_at_once(desk: TradingDesk) -> None:
    assert desk.statements.reconcile_all("corr-1") == {"started": 0, "is_complete": True}


def test_an_account_opened_while_a_round_runs_disturbs_nobody(desk: TradingDesk) -> None:
    accounts = many_accounts(desk, ACCOUNTS_PER_CALL + 1)
    desk.statements.reconcile_all("corr-1")
    desk.listener.on_account_opened(account_opened("a-000000"))

    desk.statements.carry_on("corr-2")

    assert started(desk) == accounts
