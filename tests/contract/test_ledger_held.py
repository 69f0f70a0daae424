"""Balances and lots agree with the ledger's entries because the database holds them to it.

A balance is written by the ledger's own trigger and by nobody else; what the open lots of an
instrument add up to equals, at every commit, what the entries say of the position.
"""

from collections.abc import Callable
from decimal import Decimal

import psycopg
import pytest

from bifrost.adapters.postgres.database import Cursor, Database, Row
from tests.builders import fill, fill_recorded
from tests.contract.ledger_desk import NOW, LedgerDesk

Make = Callable[[str], Database]


@pytest.fixture
def desk(make_database: Make) -> LedgerDesk:
    return LedgerDesk(make_database("portfolio"))


@pytest.fixture
def holder(desk: LedgerDesk) -> str:
    """An account that bought ten and five AAPL and sold twelve of them."""
    account_id = desk.open_account()
    desk.deposit(account_id, "10000", "d-1")
    for number, (quantity, price) in enumerate((("10", "100"), ("5", "110"), ("-12", "120")), 1):
        one = fill(number, Decimal(quantity), Decimal(price), account_id=account_id)
        desk.service.hear_fill(fill_recorded(one, number))
    return account_id


def post(cursor: Cursor, account_id: str, quantity: str | None, name: str = "x") -> None:
    """Write a balanced purchase by SQL, past every check of the program."""
    cursor.execute(
        "INSERT INTO portfolio.ledger_transactions VALUES (DEFAULT, %(name)s, %(account)s, 'test',"
        " %(now)s, true, %(now)s, %(name)s, '', '', 2)",
        {"name": name, "account": account_id, "now": NOW},
    )
    cursor.execute(
        "INSERT INTO portfolio.ledger_entries"
        " (transaction_id, ledger_account, currency, amount, instrument, quantity)"
        " VALUES (%(name)s, 'assets:positions:IBM', 'USD', 50, 'IBM', %(quantity)s::numeric),"
        " (%(name)s, 'assets:cash', 'USD', -50, '', NULL)",
        {"name": name, "quantity": quantity},
    )


def open_lot(cursor: Cursor, account_id: str, quantity: str, cost: str, place: int = 99) -> None:
    """Write a lot of IBM by SQL."""
    cursor.execute(
        "INSERT INTO portfolio.lots VALUES (%s, %s, 'IBM', 'USD', %s, %s, %s, %s, %s, %s)",
        (f"lot-{place}", account_id, NOW, place, quantity, cost, quantity, cost),
    )


def refused_commit(desk: LedgerDesk, write: Callable[[Cursor], object]) -> str | None:
    with (
        pytest.raises(psycopg.errors.CheckViolation) as error,
        desk.database.transaction() as cursor,
    ):
        write(cursor)
    return error.value.diag.constraint_name


def ibm(desk: LedgerDesk) -> list[Row]:
    return desk.rows(
        "SELECT amount, quantity FROM portfolio.balances WHERE instrument = 'IBM'"
        " AND quantity IS NOT NULL"
    )


def test_entries_and_lots_that_agree_are_kept_and_make_the_balance(
    desk: LedgerDesk, holder: str
) -> None:
    with desk.database.transaction() as cursor:
        post(cursor, holder, "2")
        open_lot(cursor, holder, "1.5", "40", 98)
        open_lot(cursor, holder, "0.5", "10", 99)

    assert ibm(desk) == [{"amount": Decimal(50), "quantity": Decimal(2)}]


@pytest.mark.parametrize("number", ["NaN", "Infinity"])
def test_a_lot_and_an_entry_that_agree_on_no_number_are_refused(
    desk: LedgerDesk, holder: str, number: str
) -> None:
    def write() -> None:
        with desk.database.transaction() as cursor:
            post(cursor, holder, number)
            open_lot(cursor, holder, number, "50")

    with pytest.raises(psycopg.errors.CheckViolation, match="finite_check"):
        write()


@pytest.mark.parametrize(
    ("quantity", "cost"), [("2", "50.00000001"), ("1.99999999", "50"), ("-2", "-50")]
)
def test_a_lot_that_differs_from_the_entries_in_its_last_digit_is_refused(
    desk: LedgerDesk, holder: str, quantity: str, cost: str
) -> None:
    def write(cursor: Cursor) -> None:
        post(cursor, holder, "2")
        open_lot(cursor, holder, quantity, cost)

    assert refused_commit(desk, write) == "lots_equal_entries"
    assert ibm(desk) == []


def test_entries_without_their_lots_are_refused(desk: LedgerDesk, holder: str) -> None:
    assert refused_commit(desk, lambda cursor: post(cursor, holder, "2")) == "lots_equal_entries"


def test_lots_without_their_entries_are_refused(desk: LedgerDesk, holder: str) -> None:
    found = refused_commit(desk, lambda cursor: open_lot(cursor, holder, "2", "50"))

    assert found == "lots_equal_entries"


def test_a_lot_reduced_without_an_entry_is_refused(desk: LedgerDesk, holder: str) -> None:
    reduce = "UPDATE portfolio.lots SET quantity = 1, cost = 110 WHERE quantity <> 0"

    assert refused_commit(desk, lambda cursor: cursor.execute(reduce)) == "lots_equal_entries"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE portfolio.balances SET amount = amount + 1",
        "DELETE FROM portfolio.balances",
        "INSERT INTO portfolio.balances SELECT account_id, 'a', 'USD', '', 1 FROM"
        " portfolio.accounts",
        "TRUNCATE portfolio.balances",
        "UPDATE portfolio.lot_totals SET quantity = 1",
        "DELETE FROM portfolio.lot_totals",
        "INSERT INTO portfolio.lot_totals SELECT account_id, 'X', 'USD', 1, 1 FROM"
        " portfolio.accounts",
        "TRUNCATE portfolio.lot_totals",
        "DELETE FROM portfolio.lots",
        "TRUNCATE portfolio.lots CASCADE",
        "UPDATE portfolio.lots SET instrument = 'IBM'",
        "UPDATE portfolio.lots SET account_id = 'another'",
        "UPDATE portfolio.lots SET opened_quantity = 1000, quantity = 1000",
        "UPDATE portfolio.lot_closures SET proceeds = 0",
        "DELETE FROM portfolio.lot_closures",
    ],
)
def test_the_role_has_no_way_round_the_entries(
    desk: LedgerDesk, holder: str, statement: str
) -> None:
    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied"),
        desk.database.transaction() as cursor,
    ):
        cursor.execute(statement)

    assert desk.worth(holder).cash == Decimal("9890")


@pytest.mark.parametrize("function", ["add_to_balances", "add_to_lot_totals", "move_lot_totals"])
def test_the_role_may_not_put_the_triggers_to_its_own_use(
    desk: LedgerDesk, holder: str, function: str
) -> None:
    forge = (
        "CREATE TEMPORARY TABLE forged (LIKE portfolio.ledger_entries);"
        "CREATE TRIGGER forge AFTER INSERT ON forged REFERENCING NEW TABLE AS added"
        f" FOR EACH STATEMENT EXECUTE FUNCTION portfolio.{function}()"
    )

    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied"),
        desk.database.transaction() as cursor,
    ):
        cursor.execute(forge)


def test_a_transaction_that_is_refused_leaves_no_balance(desk: LedgerDesk, holder: str) -> None:
    before = desk.rows("SELECT * FROM portfolio.balances ORDER BY ledger_account, instrument")

    refused_commit(desk, lambda cursor: post(cursor, holder, "2"))

    assert before == desk.rows(
        "SELECT * FROM portfolio.balances ORDER BY ledger_account, instrument"
    )


def test_a_position_that_was_sold_has_totals_of_zero(desk: LedgerDesk, holder: str) -> None:
    one = fill(4, Decimal(-3), Decimal(130), account_id=holder)
    desk.service.hear_fill(fill_recorded(one, 4))

    totals = desk.rows("SELECT quantity, cost FROM portfolio.lot_totals")
    assert totals == [{"quantity": Decimal(0), "cost": Decimal(0)}]
    assert desk.worth(holder).positions == ()
