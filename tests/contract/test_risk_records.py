"""What risk was told and what it decided is added to, never changed, and counted once.

The dated limits and the log of checks are append-only, to the role and to their owner; cash that
two events report under one transaction moves once.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal

import psycopg
import pytest

from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.risk import PostgresOrderGates
from bifrost.adapters.postgres.risk_accounts import PostgresAccounts
from bifrost.risk import service
from tests.builders import (
    ACCOUNT,
    OWNER,
    account_opened,
    buy,
    cash_deposited,
    cash_withdrawn,
    instrument_listed,
)
from tests.unit.risk.facts import closed, hear

TABLES = ("risk.limits", "risk.checks", "risk.cash_transactions")
CHANGES = ("UPDATE {t} SET account_id = NULL", "DELETE FROM {t}", "TRUNCATE {t} CASCADE")


@pytest.fixture
def told(make_database: Callable[[str], Database]) -> Database:
    """Risk with a row in each of its records."""
    database = make_database("risk")
    hear(database, account_opened(), cash_deposited("1000"), instrument_listed(), closed("100"))
    assert service.check_and_reserve(PostgresOrderGates(database), buy("1")).accepted
    return database


@pytest.fixture
def owner(database_url: Callable[[str], str], told: Database) -> Iterator[psycopg.Connection]:
    """The same database, as whom no grant binds."""
    address = database_url("risk").replace("bifrost_risk", "postgres", 1)
    with psycopg.connect(address) as connection:
        yield connection


def cash(database: Database) -> Decimal:
    return PostgresAccounts(database).cash_of(ACCOUNT, OWNER).cash


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("change", CHANGES)
def test_the_role_may_not_change_a_record(told: Database, table: str, change: str) -> None:
    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied"),
        told.transaction() as cursor,
    ):
        cursor.execute(change.format(t=table))


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("change", CHANGES)
def test_not_even_the_owner_may_change_a_record(
    owner: psycopg.Connection, table: str, change: str
) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
        owner.execute(change.format(t=table).encode())


def test_a_deposit_that_two_events_report_counts_once(told: Database) -> None:
    again = replace(cash_deposited("1000"), event_id="another-event")

    hear(told, again)

    assert cash(told) == Decimal(1000)


def test_a_withdrawal_that_two_events_report_counts_once(told: Database) -> None:
    gone = cash_withdrawn("300", "w-1")

    hear(told, gone, replace(gone, event_id="another-event"))

    assert cash(told) == Decimal(700)


def test_two_deposits_of_one_amount_are_two(told: Database) -> None:
    hear(told, cash_deposited("1000", number=2))

    assert cash(told) == Decimal(2000)


@pytest.mark.parametrize("seed", range(3))
def test_reports_repeated_under_other_ids_end_in_the_same_cash(told: Database, seed: int) -> None:
    events = [cash_deposited("50", number=n) for n in range(2, 8)] + [cash_withdrawn("7", "w-1")]
    copies = [replace(one, event_id=f"{one.event_id}/{n}") for one in events for n in range(3)]
    random.Random(seed).shuffle(copies)  # noqa: S311  # a shuffle that repeats

    hear(told, *copies)

    assert cash(told) == Decimal(1293)
