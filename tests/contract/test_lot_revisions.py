"""A lot changes hands, grows or gets another instrument by a row that says so, and by nothing else.

The row must say what the lot was, stand in a transaction of its account, and agree with entries.
"""

from collections.abc import Callable
from decimal import Decimal

import psycopg
import pytest

from bifrost.adapters.postgres.database import Database
from tests.action_builders import action, split
from tests.builders import session
from tests.contract.acting_desk import ActingDesk

_REVISE = (
    "INSERT INTO portfolio.lot_revisions SELECT transaction_id, %(lot)s, 'AAPL', %(before)s, 1000,"
    " %(instrument)s, %(after)s, 1000 FROM portfolio.ledger_transactions"
    " WHERE account_id = %(account)s AND kind = %(kind)s"
)


@pytest.fixture
def desk(make_database: Callable[[str], Database]) -> ActingDesk:
    made = ActingDesk(make_database("portfolio"))
    made.trade(1, "10", "100")
    return made


def refused(desk: ActingDesk, account_id: str = "", kind: str = "fill", **values: object) -> str:
    """Revise the lot by SQL; return the constraint that refuses it."""
    given = {"before": 10, "instrument": "AAPL", "after": 20} | values
    given |= {
        "lot": f"paper:x-{desk.account_id}-1",
        "account": account_id or desk.account_id,
        "kind": kind,
    }
    with (
        pytest.raises(psycopg.errors.CheckViolation) as error,
        desk.database.transaction() as cursor,
    ):
        cursor.execute(_REVISE, given)
    return str(error.value.diag.constraint_name)


def test_a_revision_without_its_entries_is_refused(desk: ActingDesk) -> None:
    assert refused(desk) == "lots_equal_entries"


def test_a_lot_does_not_move_to_another_instrument_without_entries(desk: ActingDesk) -> None:
    assert refused(desk, instrument="IBM", after=10) == "lots_equal_entries"


def test_a_revision_that_says_what_the_lot_was_not_is_refused(desk: ActingDesk) -> None:
    assert refused(desk, before=11) == "lot_revisions_follow"


def test_a_revision_in_another_accounts_transaction_is_refused(desk: ActingDesk) -> None:
    other = desk.open_account(key="k-2")
    desk.deposit(other, "10", "d-2")

    assert refused(desk, other, "deposit") == "lot_revisions_follow"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE portfolio.lots SET held_quantity = 1000",
        "UPDATE portfolio.lot_revisions SET quantity = 1",
        "DELETE FROM portfolio.journal",
        "UPDATE portfolio.journal SET session = '2000-01-01'",
        "UPDATE portfolio.corporate_actions SET withdrawn = true",
        "DELETE FROM portfolio.action_refusals",
    ],
)
def test_what_is_kept_for_auditors_is_only_added_to(desk: ActingDesk, statement: str) -> None:
    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied"),
        desk.database.transaction() as cursor,
    ):
        cursor.execute(statement)


def test_a_lot_that_was_split_shrinks_from_what_it_is_now(desk: ActingDesk) -> None:
    desk.hear(action(split("4", "1"), ex_date=session(2)))
    desk.open(2)

    desk.trade(2, "-15", "30")

    row = desk.rows("SELECT opened_quantity, held_quantity, quantity FROM portfolio.lots")[0]
    assert list(row.values()) == [Decimal(10), Decimal(40), Decimal(25)]
    grow = "UPDATE portfolio.lots SET quantity = 41"
    with (
        pytest.raises(psycopg.errors.CheckViolation),
        desk.database.transaction() as cursor,
    ):
        cursor.execute(grow)
