"""A statement is kept as it came, and from then on ledger, venue and statement are compared as of
its day, until a newer one stands; what is written later of that day counts.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

import psycopg
import pytest

from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.portfolio_statements import PostgresStatementReader
from bifrost.core.breaks import Break
from bifrost.core.errors import InvalidInputError, KeyReusedError, NotFoundError
from bifrost.portfolio.reconciling import StatementRequest
from bifrost.portfolio.statements import Key, Statement
from tests.builders import session
from tests.contract.compared_desk import OWNER, ComparedDesk

D = Decimal
TODAY = date(2026, 11, 21)
TRUE = {("cash", "USD"): D(990000), ("position", "AAPL"): D(100)}


@pytest.fixture
def desk(make_database: Callable[[str], Database]) -> ComparedDesk:
    """An account that bought 100 at 100 in session 1."""
    desk = ComparedDesk(make_database)
    desk.fill()
    return desk


def keep(
    desk: ComparedDesk, said: dict[Key, Decimal], as_of: date = TODAY, key: str = "s-1"
) -> Statement:
    """Store a statement."""
    asked = StatementRequest(OWNER, desk.account_id, as_of, said, key)
    return desk.ledger.reconciler.keep_statement(asked)


def three(desk: ComparedDesk) -> list[tuple[str, Decimal, Decimal | None, Decimal, str]]:
    """The breaks with the statement: what ledger, venue and statement say, and why."""
    found: list[Break] = [one for one in desk.compare() if one.kind == "statement"]
    return [(one.subject, one.ours, one.venue, one.theirs, one.cause) for one in found]


def test_a_statement_that_agrees_makes_no_break(desk: ComparedDesk) -> None:
    keep(desk, TRUE)

    assert desk.compare() == []


def test_each_line_that_differs_is_a_break_with_all_three_sides_cause_and_owner(
    desk: ComparedDesk,
) -> None:
    keep(desk, {("cash", "USD"): D(990001), ("position", "IBM"): D(3)})

    found = desk.compare()

    assert [(one.subject, one.ours, one.venue, one.theirs) for one in found] == [
        ("cash:USD", D(990000), D(990000), D(990001)),
        ("position:AAPL", D(100), D(100), D(0)),
        ("position:IBM", D(0), D(0), D(3)),
    ]
    assert {(one.book, one.cause, one.owner) for one in found} == {
        ("portfolio", "statement_differs", "account")
    }
    assert [one.kind for one in desk.told()] == ["statement"] * 3


def test_a_kind_of_which_a_statement_names_nothing_is_not_compared(desk: ComparedDesk) -> None:
    keep(desk, {("position", "AAPL"): D(100)})
    assert desk.compare() == []
    keep(desk, {("cash", "USD"): D(990000)}, key="s-2")
    assert desk.compare() == []
    keep(desk, {("position", "IBM"): D(1)}, key="s-3")
    assert [one[0] for one in three(desk)] == ["position:AAPL", "position:IBM"]


def test_where_venue_and_statement_agree_the_ledger_is_wrong(desk: ComparedDesk) -> None:
    desk.at_the_venue("UPDATE venue.accounts SET cash = cash + 7")
    keep(desk, {**TRUE, ("cash", "USD"): D(990007)})

    assert three(desk) == [("cash:USD", D(990000), D(990007), D(990007), "ledger_differs")]


def test_a_statement_of_an_earlier_day_is_held_against_the_books_of_that_day(
    desk: ComparedDesk,
) -> None:
    desk.fill("k-2", 2)

    keep(desk, TRUE, session(1))
    assert desk.compare() == []
    keep(desk, {**TRUE, ("position", "AAPL"): D(99)}, session(1), "s-2")
    assert three(desk) == [("position:AAPL", D(100), D(100), D(99), "statement_differs")]


def test_what_is_booked_later_of_that_day_counts_and_of_a_later_day_does_not(
    desk: ComparedDesk,
) -> None:
    keep(desk, TRUE, session(1))
    assert desk.compare() == []
    # Market time stands in session 1, so this is of that day; the fill after it is not.
    desk.ledger.database.fetch_all(
        "INSERT INTO portfolio.marks (instrument, currency, session, occurred_at, price,"
        f" recorded_at) SELECT 'AAPL', 'USD', '{session(1)}', '{session(1)} 21:00Z', 100, now()"
        " RETURNING 1"
    )
    desk.ledger.deposit(desk.account_id, "5", "d-2", OWNER)
    desk.deliver()
    desk.fill("k-2", 2)

    assert three(desk) == [("cash:USD", D(990005), D(990005), D(990000), "statement_differs")]


def test_the_newest_day_stands_and_of_one_day_what_was_written_last(desk: ComparedDesk) -> None:
    wrong = {**TRUE, ("cash", "USD"): D(1)}
    keep(desk, TRUE)
    keep(desk, wrong, session(1), "s-2")
    assert desk.compare() == []
    keep(desk, wrong, TODAY, "s-3")
    assert len(three(desk)) == 1
    keep(desk, TRUE, TODAY, "s-4")

    assert desk.compare() == []


def test_while_fills_are_under_way_nothing_is_said_of_a_statement(desk: ComparedDesk) -> None:
    keep(desk, {**TRUE, ("cash", "USD"): D(1)})
    desk.compare()
    desk.send("k-2")
    desk.trading.close(2)

    kinds = {one.kind for one in desk.compare() if one.book == "portfolio"}

    assert kinds == {"statement", "pending"}


def test_a_key_is_one_statement_and_another_body_is_refused(desk: ComparedDesk) -> None:
    first = keep(desk, TRUE)

    assert keep(desk, TRUE) == first
    assert first.said == TRUE
    with pytest.raises(KeyReusedError):
        keep(desk, {**TRUE, ("cash", "USD"): D(1)})


def test_a_day_to_come_and_anothers_account_are_refused(desk: ComparedDesk) -> None:
    with pytest.raises(InvalidInputError, match="to come"):
        keep(desk, TRUE, date(2026, 11, 23))
    with pytest.raises(NotFoundError):
        desk.ledger.reconciler.keep_statement(
            StatementRequest("bob", desk.account_id, TODAY, TRUE, "s-1")
        )


@pytest.mark.parametrize("table", ["statements", "statement_lines"])
@pytest.mark.parametrize("change", ["UPDATE {} SET statement_id = 'x'", "DELETE FROM {}"])
def test_a_statement_is_never_changed(desk: ComparedDesk, table: str, change: str) -> None:
    keep(desk, TRUE)

    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege),
        desk.ledger.database.transaction() as cursor,
    ):
        cursor.execute(change.format(f"portfolio.{table}"))


def test_a_person_reads_what_was_found_last_and_nobody_elses(desk: ComparedDesk) -> None:
    kept = keep(desk, {**TRUE, ("cash", "USD"): D(1)})
    breaks = desk.compare()
    reader = PostgresStatementReader(desk.ledger.database, OWNER)
    other = PostgresStatementReader(desk.ledger.database, "bob")

    run = reader.last_run(desk.account_id)

    assert run is not None
    assert list(run.breaks) == breaks
    assert run.compared_at == datetime(2026, 11, 21, 12, tzinfo=UTC)
    assert reader.standing(desk.account_id) == kept
    assert other.last_run(desk.account_id) is other.standing(desk.account_id) is None
