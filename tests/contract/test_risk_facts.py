"""Risk's exposures are the same however often and in whatever order the events arrive."""

import random
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.risk import PostgresOrderGates
from bifrost.adapters.postgres.risk_accounts import PostgresAccounts
from bifrost.adapters.postgres.risk_breaks import PostgresComparisons
from bifrost.adapters.postgres.risk_withdrawals import PostgresWithdrawalGates
from bifrost.events import Event
from bifrost.risk import service
from bifrost.risk.ports import Withdrawal
from tests.builders import (
    ACCOUNT,
    FIRST_CLOSE,
    OWNER,
    account_opened,
    buy,
    cash_changed,
    cash_deposited,
    cash_withdrawn,
    instrument_listed,
    order_cancelled,
    sell,
)
from tests.unit.risk.facts import closed, filled, hear

D = Decimal
BOUGHT, SOLD, PENDING = buy("10"), sell("4", key="sale"), buy("5", key="open")

# What is heard before the orders are judged, and what follows from them.
EARLIER: list[Event] = [
    account_opened(),
    cash_deposited("100000"),
    instrument_listed(),
    closed("100", 1),
]
LATER: list[Event] = [
    cash_deposited("50", number=2),
    closed("101", 2),
    closed("102", 3),
    filled(BOUGHT, "4", "100.50", 2),
    filled(BOUGHT, "3", "100.25", 3),
    order_cancelled(BOUGHT, "7"),
    filled(SOLD, "3", "102", 4),
    cash_withdrawn("500", "w-1"),
    cash_changed("30", 1),
    cash_changed("-5", 2),
    # An exchange: one transaction, two currencies.
    cash_changed("-20", 3),
    cash_changed("18", 3, currency="EUR"),
]


def judged(database: Database) -> None:
    """Reserve the three orders and a withdrawal."""
    hear(database, *EARLIER)
    gates = PostgresOrderGates(database)
    hear(database, filled(buy("20", key="before"), "20", "90", 1))
    for order in (BOUGHT, SOLD, PENDING):
        assert service.check_and_reserve(gates, order).accepted
    wanted = Withdrawal("w-1", ACCOUNT, D(500), "USD")
    assert service.reserve_withdrawal(PostgresWithdrawalGates(database), wanted).accepted


def state(database: Database) -> dict[str, Any]:
    with PostgresComparisons(database).locked(ACCOUNT) as comparison:
        holdings = comparison.holdings("USD")
    return {
        "cash": PostgresAccounts(database).cash_of(ACCOUNT, OWNER),
        "holdings": holdings,
        "mark": database.fetch_all("SELECT price, sequence FROM risk.marks"),
        "euros": database.fetch_all("SELECT amount FROM risk.cash WHERE currency = 'EUR'"),
        "withdrawals": database.fetch_all("SELECT ended FROM risk.withdrawals"),
    }


def test_the_events_add_up(make_database: Callable[[str], Database]) -> None:
    database = make_database("risk")
    judged(database)
    hear(database, *LATER)

    found = state(database)
    # 100,000 + 50 - 1,801 - 403 - 301.75 + 305 - 500 + 30 - 5 - 20, commissions of one included.
    assert found["cash"].cash == D("97354.25")
    # Five open shares at 100 and a tenth, and a cent of commission each.
    assert found["cash"].reserved == D("550.05")
    assert found["holdings"].positions == {"AAPL": D(24)}
    assert found["holdings"].open_orders == {SOLD.order_id: D(1), PENDING.order_id: D(5)}
    assert found["mark"] == [{"price": D(102), "sequence": 3}]
    assert (found["holdings"].fills, found["holdings"].last_fill) == (4, 4)
    assert found["euros"] == [{"amount": D(18)}]
    assert found["withdrawals"] == [{"ended": True}]


@pytest.mark.parametrize("seed", range(6))
def test_every_event_three_times_and_shuffled_ends_the_same(
    make_database: Callable[[str], Database], seed: int
) -> None:
    database = make_database("risk")
    judged(database)
    deliveries = [*LATER, *EARLIER] * 3
    random.Random(seed).shuffle(deliveries)  # noqa: S311  # a shuffle that repeats

    hear(database, *deliveries)

    found = state(database)
    assert found["cash"].cash == D("97354.25")
    assert found["cash"].reserved == D("550.05")
    assert found["holdings"].positions == {"AAPL": D(24)}
    assert found["holdings"].open_orders == {SOLD.order_id: D(1), PENDING.order_id: D(5)}
    assert (found["holdings"].fills, found["holdings"].last_fill) == (4, 4)
    assert found["mark"] == [{"price": D(102), "sequence": 3}]
    assert found["euros"] == [{"amount": D(18)}]
    assert found["withdrawals"] == [{"ended": True}]


def test_fills_that_follow_the_orders_end_stay_reserved_until_they_are_here(
    make_database: Callable[[str], Database],
) -> None:
    database = make_database("risk")
    judged(database)

    hear(database, order_cancelled(BOUGHT, "7"))
    assert state(database)["holdings"].open_orders[BOUGHT.order_id] == D(7)

    hear(database, filled(BOUGHT, "4", "100.50", 2))
    assert state(database)["holdings"].open_orders[BOUGHT.order_id] == D(3)


def test_a_fill_after_the_venue_said_it_was_done_never_opens_a_negative_reservation(
    make_database: Callable[[str], Database],
) -> None:
    database = make_database("risk")
    judged(database)
    hear(database, order_cancelled(BOUGHT, "7"), filled(BOUGHT, "7", "100", 2))

    hear(database, filled(BOUGHT, "2", "100", 3))
    assert BOUGHT.order_id not in state(database)["holdings"].open_orders
    assert state(database)["holdings"].positions == {"AAPL": D(29)}


def test_a_replay_that_starts_over_brings_its_own_marks(
    make_database: Callable[[str], Database],
) -> None:
    database = make_database("risk")
    hear(database, closed("200", 60), closed("100", 61))

    assert database.fetch_all("SELECT price FROM risk.marks") == [{"price": D(100)}]


def test_an_event_that_risk_does_not_listen_to_is_an_error_and_stays_new(
    make_database: Callable[[str], Database],
) -> None:
    database = make_database("risk")
    stray = Event(
        event_id="stray", occurred_at=FIRST_CLOSE, recorded_at=FIRST_CLOSE, correlation_id="test"
    )

    with pytest.raises(ValueError, match=r"does not listen to Event\.v1"):
        hear(database, stray)
    assert not PostgresAccounts(database).has_heard("stray")
