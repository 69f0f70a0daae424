"""The database itself refuses a ledger that does not balance, and any change of what it holds."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal

import psycopg
import pytest

from bifrost.adapters.postgres.database import Cursor, Database
from tests.builders import seeded
from tests.contract.ledger_desk import NOW, LedgerDesk

Lines = list[tuple[str, str, str]]


@pytest.fixture
def desk(make_database: Callable[[str], Database]) -> LedgerDesk:
    return LedgerDesk(make_database("portfolio"))


def write(cursor: Cursor, account_id: str, lines: Lines, *, declared: int, name: str = "x") -> None:
    """Write a transaction by SQL, past every check of the program."""
    cursor.execute(
        "INSERT INTO portfolio.ledger_transactions VALUES (DEFAULT, %(name)s, %(account)s, 'test',"
        " %(now)s, true, %(now)s, %(name)s, '', '', %(n)s)",
        {"name": name, "account": account_id, "now": NOW, "n": declared},
    )
    add_lines(cursor, lines, name)


def add_lines(cursor: Cursor, lines: Lines, name: str) -> None:
    """Write entries by SQL."""
    for ledger_account, currency, amount in lines:
        cursor.execute(
            "INSERT INTO portfolio.ledger_entries"
            " (transaction_id, ledger_account, currency, amount) VALUES (%s, %s, %s, %s::numeric)",
            (name, ledger_account, currency, amount),
        )


@contextmanager
def refused(desk: LedgerDesk, constraint: str) -> Iterator[Cursor]:
    """Expect the commit to be refused by the named constraint."""
    with pytest.raises(psycopg.errors.CheckViolation) as error, desk.database.transaction() as cur:
        yield cur
    assert error.value.diag.constraint_name == constraint


def test_a_balanced_transaction_is_kept(desk: LedgerDesk) -> None:
    account_id = desk.open_account()

    with desk.database.transaction() as cursor:
        write(cursor, account_id, [("a", "USD", "1.5"), ("b", "USD", "-1.5")], declared=2)

    assert len(desk.rows("SELECT 1 FROM portfolio.ledger_entries")) == 2


def test_a_thousand_unbalanced_transactions_are_refused(desk: LedgerDesk) -> None:
    account_id = desk.open_account()
    draw = seeded(20261120)

    for _ in range(1000):
        amounts = [Decimal(draw.randint(-(10**12), 10**12)).scaleb(-8) for _ in range(3)]
        # The smallest error there is: the last digit of the last entry.
        off = draw.choice([Decimal("1E-8"), Decimal("-0.01"), Decimal(10**9)])
        closing = off - sum(amounts)
        lines = [("a", "USD", str(amount)) for amount in (*amounts, closing)]
        with refused(desk, "ledger_balance") as cursor:
            write(cursor, account_id, lines, declared=4)

    assert desk.rows("SELECT 1 FROM portfolio.ledger_transactions") == []
    assert desk.rows("SELECT 1 FROM portfolio.ledger_entries") == []


def test_currencies_do_not_balance_each_other(desk: LedgerDesk) -> None:
    account_id = desk.open_account()

    with refused(desk, "ledger_balance") as cursor:
        write(cursor, account_id, [("a", "USD", "1"), ("b", "EUR", "-1")], declared=2)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_finite_number_balances_nothing(desk: LedgerDesk, number: str) -> None:
    account_id = desk.open_account()

    with refused(desk, "finite_check") as cursor:
        write(cursor, account_id, [("a", "USD", number), ("b", "USD", number)], declared=2)


def test_a_transaction_without_entries_is_refused(desk: LedgerDesk) -> None:
    account_id = desk.open_account()

    with refused(desk, "ledger_entries_declared") as cursor:
        write(cursor, account_id, [], declared=2)


def test_entries_cannot_be_added_to_a_kept_transaction_even_balanced(desk: LedgerDesk) -> None:
    account_id = desk.open_account()
    lines = [("a", "USD", "1"), ("b", "USD", "-1")]
    with desk.database.transaction() as cursor:
        write(cursor, account_id, lines, declared=2, name="kept")

    with refused(desk, "ledger_entries_declared") as cursor:
        add_lines(cursor, lines, "kept")


@pytest.mark.parametrize("table", ["ledger_transactions", "ledger_entries"])
@pytest.mark.parametrize(
    "statement", ["UPDATE {t} SET transaction_id = 'y'", "DELETE FROM {t}", "TRUNCATE {t} CASCADE"]
)
def test_the_role_may_not_change_what_is_written(
    desk: LedgerDesk, table: str, statement: str
) -> None:
    desk.deposit(desk.open_account(), "100", "d-1")

    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied"),
        desk.database.transaction() as cursor,
    ):
        cursor.execute(statement.format(t=f"portfolio.{table}"))


@pytest.mark.parametrize("table", ["ledger_transactions", "ledger_entries"])
@pytest.mark.parametrize("statement", ["UPDATE {t} SET transaction_id = 'y'", "DELETE FROM {t}"])
def test_not_even_the_owner_may_change_what_is_written(
    desk: LedgerDesk, database_url: Callable[[str], str], table: str, statement: str
) -> None:
    desk.deposit(desk.open_account(), "100", "d-1")
    owner = database_url("portfolio").replace("bifrost_portfolio", "postgres", 1)

    with (
        psycopg.connect(owner) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"),
    ):
        connection.execute(statement.format(t=f"portfolio.{table}"))
