"""Row-level security, the second net: a query that forgets whose rows it wants gets the owner's
and no other's; without an owner it gets none, and it can write nothing at all.
"""

from collections.abc import Callable

import psycopg
import pytest

from bifrost.adapters.memory.ids import CountedIds
from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.portfolio_reads import READER
from tests.builders import fill, fill_recorded
from tests.contract.ledger_desk import LedgerDesk

# What belongs to nobody: the market's, and the law's.
PUBLIC = {"marks", "newest_marks", "instruments", "settlement_cycles"}

_TABLES = """
SELECT c.relname AS name, c.relrowsecurity AS guarded,
    has_table_privilege(%(reader)s, c.oid, 'SELECT') AS is_read,
    has_table_privilege(%(reader)s, c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE') AS is_written
FROM pg_class c WHERE c.relnamespace = 'portfolio'::regnamespace AND c.relkind IN ('r', 'p')
"""


@pytest.fixture
def desk(make_database: Callable[[str], Database]) -> LedgerDesk:
    """Two owners, each with an account that traded and a withdrawal that was asked for."""
    desk = LedgerDesk(make_database("portfolio"))
    for owner in ("ann", "bob"):
        account_id = desk.open_account(owner)
        desk.deposit(account_id, "1000", "d-1", owner)
        for number, size in enumerate(("5", "-2"), start=1):
            desk.service.hear_fill(
                fill_recorded(fill(number, size, "10", account_id=account_id), number)
            )
    return desk


def count(desk: LedgerDesk, owner: str, table: str) -> int:
    """Count a table's rows with no word of whose."""
    with desk.database.as_reader(READER, owner) as statements:
        row = statements.execute(f"SELECT count(*) AS n FROM portfolio.{table}").fetchone()
    assert row is not None
    return int(row["n"])


@pytest.mark.parametrize(
    "table",
    ["accounts", "portfolios", "balances", "ledger_transactions", "ledger_entries", "lots",
     "lot_closures"],
)  # fmt: skip
def test_a_query_that_forgets_the_owner_sees_the_owners_rows_only(
    desk: LedgerDesk, table: str
) -> None:
    everything = desk.rows(f"SELECT count(*) AS n FROM portfolio.{table}")[0]["n"]

    assert 0 < count(desk, "ann", table) == count(desk, "bob", table) == everything // 2
    assert count(desk, "nobody", table) == count(desk, "", table) == 0


def test_a_query_for_anothers_account_by_its_id_finds_nothing(desk: LedgerDesk) -> None:
    (bobs,) = desk.rows("SELECT account_id FROM portfolio.accounts WHERE owner = 'bob'")

    assert desk.reader.balances(bobs["account_id"]) == []
    assert desk.reader.ledger(bobs["account_id"], before=2**62, limit=9) == []


def test_a_reader_without_an_owner_sees_nothing(desk: LedgerDesk) -> None:
    with desk.database.transaction() as cursor:
        cursor.execute(f"SET LOCAL ROLE {READER}")
        assert cursor.execute("SELECT * FROM portfolio.accounts").fetchall() == []
        assert cursor.execute("SELECT * FROM portfolio.ledger_entries").fetchall() == []


def test_neither_role_nor_owner_outlives_the_reading(desk: LedgerDesk) -> None:
    count(desk, "ann", "accounts")

    (now,) = desk.rows(
        "SELECT current_user::text AS who, current_setting('bifrost.owner', true) AS owner,"
        " (SELECT count(*) FROM portfolio.accounts) AS accounts"
    )
    assert (now["who"], now["owner"] or None, now["accounts"]) == ("bifrost_portfolio", None, 2)


def test_a_reading_that_fails_gives_the_role_back_too(desk: LedgerDesk) -> None:
    with (
        pytest.raises(psycopg.errors.UndefinedTable),
        desk.database.as_reader(READER, "ann") as statements,
    ):
        statements.execute("SELECT * FROM portfolio.nothing").fetchone()

    assert desk.rows("SELECT current_user::text AS who") == [{"who": "bifrost_portfolio"}]


def test_several_statements_of_an_owner_see_one_instant_and_write_nothing(
    desk: LedgerDesk, make_database: Callable[[str], Database]
) -> None:
    accounts = "SELECT account_id FROM portfolio.accounts"
    with desk.database.instant_as_reader(READER, "ann") as cursor:
        first = cursor.execute(accounts).fetchall()
        other = LedgerDesk(make_database("portfolio"), CountedIds("late-"))
        other.open_account("ann", "k-2")
        assert cursor.execute(accounts).fetchall() == first
        assert len(first) == 1

    assert count(desk, "ann", "accounts") == 2
    assert desk.rows("SELECT current_user::text AS who") == [{"who": "bifrost_portfolio"}]
    with (
        pytest.raises(psycopg.errors.ReadOnlySqlTransaction),
        desk.database.instant_as_reader(READER, "ann") as cursor,
    ):
        cursor.execute("CREATE TEMPORARY TABLE t (n integer)")


def test_nobody_reads_as_an_owner_inside_another_transaction(desk: LedgerDesk) -> None:
    with (
        desk.database.transaction(),
        pytest.raises(AssertionError, match="role"),
        desk.database.as_reader(READER, "ann"),
    ):
        pass
    with (
        desk.database.pipelined(),
        pytest.raises(AssertionError, match="role"),
        desk.database.as_reader(READER, "ann"),
    ):
        pass


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO portfolio.watchlists (watchlist_id, owner, name, recorded_at)"
        " VALUES ('w', 'ann', 'w', now())",
        "UPDATE portfolio.accounts SET name = 'x'",
        "DELETE FROM portfolio.portfolios",
        "SELECT 1 FROM portfolio.accounts FOR UPDATE",
        "SELECT * FROM portfolio.outbox",
        "SELECT * FROM portfolio.idempotency",
        "SELECT * FROM risk.accounts",
    ],
)
def test_the_reader_may_do_nothing_but_read(desk: LedgerDesk, statement: str) -> None:
    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege),
        desk.database.as_reader(READER, "ann") as statements,
    ):
        statements.execute(statement).fetchone()


def test_every_table_that_the_reader_may_see_is_guarded_or_nobodys(desk: LedgerDesk) -> None:
    tables = desk.rows(_TABLES, {"reader": READER})

    unguarded = {one["name"] for one in tables if one["is_read"] and not one["guarded"]}
    assert unguarded <= PUBLIC
    assert [one["name"] for one in tables if one["is_written"]] == []


@pytest.mark.parametrize(
    ("statement", "constraint"),
    [
        ("INSERT INTO portfolio.portfolios (portfolio_id, owner, name, currency, parent_id,"
         " recorded_at) SELECT 'x', 'bob', 'x', 'USD', portfolio_id, now()"
         " FROM portfolio.portfolios WHERE owner = 'ann'", "parent_id_owner"),
        ("INSERT INTO portfolio.portfolios (portfolio_id, owner, name, kind, currency, account_id,"
         " parent_id, recorded_at) SELECT 'x', 'bob', 'x', 'strategy', 'USD', account_id,"
         " portfolio_id, now() FROM portfolio.portfolios WHERE owner = 'ann'", "_owner_fkey"),
        ("INSERT INTO portfolio.portfolios (portfolio_id, owner, name, currency, account_id,"
         " recorded_at) SELECT 'x', 'ann', 'x', 'USD', account_id, now()"
         " FROM portfolio.portfolios WHERE owner = 'ann'", "portfolios_one_per_account"),
        ("INSERT INTO portfolio.portfolios (portfolio_id, owner, name, kind, currency,"
         " recorded_at) VALUES ('x', 'ann', 'x', 'strategy', 'USD', now())", "check"),
    ],
)  # fmt: skip
def test_the_database_refuses_a_portfolio_in_anothers_and_a_second_set_of_books(
    desk: LedgerDesk, statement: str, constraint: str
) -> None:
    with pytest.raises(psycopg.IntegrityError) as refused, desk.database.transaction() as cursor:
        cursor.execute(statement)

    assert constraint in str(refused.value.diag.constraint_name)


@pytest.mark.parametrize("table", ["accounts", "portfolios"])
def test_accounts_and_portfolios_are_never_deleted(desk: LedgerDesk, table: str) -> None:
    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege),
        desk.database.transaction() as cursor,
    ):
        cursor.execute(f"DELETE FROM portfolio.{table}")
