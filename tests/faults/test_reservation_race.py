"""Sixty-four orders at once with room for k: exactly k pass, whatever the interleaving.

Each order has a thread and a connection of its own, as each has a Lambda of its own; a barrier
lets them go together.
"""

from collections.abc import Callable
from decimal import Decimal

import pytest

from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.risk import PostgresOrderGates
from bifrost.adapters.postgres.risk_accounts import PostgresAccounts, PostgresLimitBook
from bifrost.adapters.postgres.risk_withdrawals import PostgresWithdrawalGates
from bifrost.core.orders import OrderIntent
from bifrost.risk import service
from bifrost.risk.ports import Withdrawal
from tests.builders import (
    ACCOUNT,
    OWNER,
    account_opened,
    buy,
    cash_deposited,
    instrument_listed,
    sell,
)
from tests.contract.backbone import all_at_once
from tests.unit.risk.builders import limits
from tests.unit.risk.facts import closed, filled, hear

ORDERS = 64
MakeDatabase = Callable[[str], Database]


@pytest.fixture
def database(make_database: MakeDatabase) -> Database:
    made = make_database("risk")
    hear(made, account_opened(), instrument_listed(), closed("100"))
    PostgresLimitBook(made).add(ACCOUNT, limits(), "test")
    return made


def judged_at_once(make_database: MakeDatabase, orders: list[OrderIntent]) -> int:
    """Judge every order at the same moment; return how many were accepted."""

    def call(order: OrderIntent, gates: PostgresOrderGates) -> Callable[[], bool]:
        return lambda: service.check_and_reserve(gates, order).accepted

    desks = [PostgresOrderGates(make_database("risk")) for _ in orders]
    return sum(all_at_once([call(one, desk) for one, desk in zip(orders, desks, strict=True)]))


@pytest.mark.parametrize("room", [0, 1, 7, 63, 64])
def test_exactly_as_many_orders_pass_as_there_is_cash_for(
    database: Database, make_database: MakeDatabase, room: int
) -> None:
    hear(database, cash_deposited(f"{room * 1000 + 999}.99"))

    orders = [buy("10", limit="100", key=f"race-{n}") for n in range(ORDERS)]
    assert judged_at_once(make_database, orders) == room
    assert PostgresAccounts(database).cash_of(ACCOUNT, OWNER).reserved == room * 1000


def test_exactly_as_many_sales_pass_as_there_are_shares_for(
    database: Database, make_database: MakeDatabase
) -> None:
    hear(database, cash_deposited("100000"), filled(buy("75"), "75", "100", 1))

    sales = [sell("10", key=f"race-{n}") for n in range(ORDERS)]
    assert judged_at_once(make_database, sales) == 7


def test_one_order_judged_sixty_four_times_at_once_reserves_once(
    database: Database, make_database: MakeDatabase
) -> None:
    hear(database, cash_deposited("1000"))

    assert judged_at_once(make_database, [buy("10", limit="100")] * ORDERS) == ORDERS
    assert PostgresAccounts(database).cash_of(ACCOUNT, OWNER).reserved == 1000


def test_orders_and_withdrawals_at_once_never_spend_the_same_cash(
    database: Database, make_database: MakeDatabase
) -> None:
    hear(database, cash_deposited("9999.99"))

    def withdraw(number: int) -> Callable[[], bool]:
        gates = PostgresWithdrawalGates(make_database("risk"))
        wanted = Withdrawal(f"w-{number}", ACCOUNT, Decimal(1000), "USD")
        return lambda: service.reserve_withdrawal(gates, wanted).accepted

    def order(number: int) -> Callable[[], bool]:
        gates = PostgresOrderGates(make_database("risk"))
        wanted = buy("10", limit="100", key=f"race-{number}")
        return lambda: service.check_and_reserve(gates, wanted).accepted

    makers = [withdraw, order] * (ORDERS // 2)
    assert sum(all_at_once([make(n) for n, make in enumerate(makers)])) == 9
