"""The gate: an answer is given once, its reservation stands until fills or an end take it."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal

import psycopg
import pytest

from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.risk import PostgresOrderGates
from bifrost.adapters.postgres.risk_accounts import PostgresAccounts, PostgresLimitBook
from bifrost.adapters.postgres.risk_withdrawals import PostgresWithdrawalGates
from bifrost.core.decisions import Decision
from bifrost.core.errors import NotFoundError, UnavailableError
from bifrost.core.orders import OrderIntent
from bifrost.risk import service
from bifrost.risk.limits import Limits, check
from bifrost.risk.ports import AccountCash, Withdrawal
from tests.builders import (
    ACCOUNT,
    OWNER,
    account_opened,
    buy,
    cash_deposited,
    instrument_listed,
    order_cancelled,
    sell,
)
from tests.unit.risk.builders import exposure, limits
from tests.unit.risk.facts import closed, filled, hear

D = Decimal


@pytest.fixture
def database(make_database: Callable[[str], Database]) -> Database:
    """A desk with one account of 1,000 USD, and AAPL at 100."""
    made = make_database("risk")
    hear(made, account_opened(), cash_deposited("1000"), instrument_listed(), closed("100"))
    PostgresLimitBook(made).add(ACCOUNT, limits(), "test")
    return made


def judge(database: Database, order: OrderIntent) -> Decision:
    return service.check_and_reserve(PostgresOrderGates(database), order)


def cash(database: Database) -> AccountCash:
    return PostgresAccounts(database).cash_of(ACCOUNT, OWNER)


def rules_of(decision: Decision) -> list[str]:
    return [reason.rule for reason in decision.reasons]


def count(database: Database, table: str) -> int:
    row = database.fetch_one(f"SELECT count(*) AS n FROM risk.{table}")
    return -1 if row is None else int(row["n"])


def test_an_accepted_order_reserves_what_it_may_cost(database: Database) -> None:
    assert judge(database, buy("4", limit="100")).accepted

    assert cash(database).reserved == D(400)


def test_the_next_order_gets_only_what_is_left(database: Database) -> None:
    judge(database, buy("4", limit="100"))

    assert judge(database, buy("6", limit="100", key="fits")).accepted
    assert rules_of(judge(database, buy("1", limit="0.01", key="over"))) == ["buying_power"]


def test_a_refused_order_reserves_nothing(database: Database) -> None:
    assert rules_of(judge(database, buy("10", limit="100.01"))) == ["buying_power"]

    assert cash(database).reserved == 0


def test_the_same_order_is_answered_the_same_and_reserved_once(database: Database) -> None:
    order = buy("10", limit="100")

    assert [judge(database, order).accepted for _ in range(3)] == [True] * 3
    assert cash(database).reserved == D(1000)


def test_a_refusal_stands_when_the_account_could_pay_later(database: Database) -> None:
    order = buy("11", limit="100")
    refused = judge(database, order)

    hear(database, cash_deposited("5000", number=2))
    assert judge(database, order) == refused


def test_a_preview_writes_nothing(database: Database) -> None:
    before = count(database, "checks")

    assert service.preview(PostgresOrderGates(database), buy("10", limit="100")).accepted
    assert rules_of(service.preview(PostgresOrderGates(database), buy("99"))) == ["buying_power"]
    assert count(database, "checks") == before
    assert count(database, "reservations") == 0


def test_a_release_frees_the_whole_order(database: Database) -> None:
    order = buy("10", limit="100")
    judge(database, order)

    PostgresOrderGates(database).release(order.order_id)
    assert cash(database).reserved == 0


def test_an_order_released_before_it_was_judged_reserves_nothing_when_the_check_comes_late(
    database: Database,
) -> None:
    order = buy("1", limit="100")
    PostgresOrderGates(database).release(order.order_id)

    assert rules_of(judge(database, order)) == ["released"]
    assert cash(database).reserved == 0


def test_an_order_that_ended_before_it_was_judged_reserves_nothing(database: Database) -> None:
    order = buy("1", limit="100")
    hear(database, order_cancelled(order, "0"))

    assert rules_of(judge(database, order)) == ["ended"]


def test_a_release_during_the_check_wins_or_waits_and_leaves_nothing_reserved(
    database: Database, make_database: Callable[[str], Database]
) -> None:
    order = buy("1", limit="100")
    other = PostgresOrderGates(make_database("risk"))

    with PostgresOrderGates(database).locked(ACCOUNT) as gate:
        judgement = service.judge(order, gate.facts(order))
        gate.keep(order, judgement)
        release = threading.Thread(target=other.release, args=(order.order_id,))
        release.start()
    release.join(timeout=30)

    assert cash(database).reserved == 0


def test_a_fill_turns_reserved_into_settled(database: Database) -> None:
    order = buy("10", limit="100")
    judge(database, order)
    hear(database, filled(order, "4", "99", 1))

    # 4 x 99 + 1 of commission went, 6 x 100 are still held.
    assert (cash(database).cash, cash(database).reserved) == (D(603), D(600))


def test_open_sales_are_held_back_from_other_sales(database: Database) -> None:
    bought = buy("10", limit="100")
    judge(database, bought)
    hear(database, filled(bought, "10", "99", 1))

    assert judge(database, sell("6", key="first")).accepted
    assert rules_of(judge(database, sell("5", key="second"))) == ["short_sale"]
    assert judge(database, sell("4", key="third")).accepted


def test_an_account_that_risk_has_not_heard_of_is_no_refusal(database: Database) -> None:
    stranger = replace(buy("1"), account_id="account-2")

    with pytest.raises(UnavailableError, match="account-2"):
        judge(database, stranger)


def test_a_deposit_that_overtook_its_account_is_not_lost(database: Database) -> None:
    hear(database, cash_deposited("70", "account-2"), account_opened("account-2", "owner-2"))

    assert PostgresAccounts(database).cash_of("account-2", "owner-2").cash == D(70)


def test_an_account_is_not_there_for_another_owner(database: Database) -> None:
    with pytest.raises(NotFoundError, match=ACCOUNT):
        PostgresAccounts(database).cash_of(ACCOUNT, "owner-2")


def test_a_price_in_another_currency_is_no_price(database: Database) -> None:
    hear(
        database,
        instrument_listed("VOD", currency="GBP"),
        closed("100", symbol="VOD", currency="USD"),
    )

    assert rules_of(judge(database, replace(buy("1"), instrument="VOD"))) == ["no_market_price"]


def test_a_decision_can_be_reached_again_from_what_was_stored(database: Database) -> None:
    order = buy("20", limit="100")
    given = judge(database, order)

    row = database.fetch_one("SELECT * FROM risk.checks WHERE order_id = %s", (order.order_id,))
    assert row is not None
    stored = row["inputs"]["exposure"]
    assert check(order, exposure(**stored), limits()) == given
    assert (row["limits_version"], row["code_version"]) == (1, "risk.limits/4")
    assert len(row["input_hash"]) == 64


@pytest.mark.parametrize("table", ["checks", "limits"])
def test_answers_and_limits_are_never_rewritten(database: Database, table: str) -> None:
    judge(database, buy("1"))

    for change in (f"DELETE FROM risk.{table}", f"UPDATE risk.{table} SET account_id = 'x'"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), database.transaction() as cursor:
            cursor.execute(change)


def limits_of(database: Database, day: str) -> Limits:
    return PostgresLimitBook(database).in_force(ACCOUNT, date.fromisoformat(day))


def test_limits_hold_from_their_date_until_the_day_before_their_end(database: Database) -> None:
    dated = replace(
        limits(order_quantity_max="7"),
        effective_from=date(2012, 2, 1),
        effective_until=date(2012, 3, 1),
    )
    added = PostgresLimitBook(database).add(ACCOUNT, dated, "test")

    assert added.version == 2
    days = ("2012-01-31", "2012-02-01", "2012-02-29", "2012-03-01")
    assert [limits_of(database, day).version for day in days] == [1, 2, 2, 1]


def test_an_account_without_limits_of_its_own_has_the_desks(database: Database) -> None:
    hear(database, account_opened("account-2"))

    found = PostgresLimitBook(database).in_force("account-2", date(2012, 1, 3))
    assert (found.account_id, found.version) == (None, 1)


def withdraw(database: Database, amount: str, withdrawal_id: str = "w-1") -> Decision:
    wanted = Withdrawal(withdrawal_id, ACCOUNT, D(amount), "USD")
    return service.reserve_withdrawal(PostgresWithdrawalGates(database), wanted)


def test_a_withdrawal_and_an_order_cannot_spend_the_same_cash(database: Database) -> None:
    assert withdraw(database, "600").accepted

    assert rules_of(judge(database, buy("5", limit="100"))) == ["buying_power"]
    assert judge(database, buy("4", limit="100", key="fits")).accepted
    assert rules_of(withdraw(database, "0.01", "w-2")) == ["buying_power"]


def test_the_same_withdrawal_is_answered_the_same_and_reserved_once(database: Database) -> None:
    assert [withdraw(database, "600").accepted for _ in range(3)] == [True] * 3

    assert cash(database).reserved == D(600)


def test_a_released_withdrawal_holds_nothing_even_if_its_check_comes_late(
    database: Database,
) -> None:
    withdraw(database, "600")
    gates = PostgresWithdrawalGates(database)
    for withdrawal_id in ("w-1", "w-2"):
        gates.release(withdrawal_id, ACCOUNT)

    assert rules_of(withdraw(database, "1", "w-2")) == ["released"]
    assert cash(database).reserved == 0


def test_risk_reads_no_other_schema(database: Database) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege), database.transaction() as cursor:
        cursor.execute("SELECT * FROM compliance.inbox")
