"""A pipelined transaction keeps what a plain one keeps, and fails in the same words."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from bifrost.adapters.postgres.database import Database
from bifrost.core.errors import InvalidInputError, UnavailableError

MakeDatabase = Callable[[str], Database]

ADD = "INSERT INTO risk.instruments (symbol, currency, listed_at) VALUES (%s, 'USD', now())"
SILENCE = ("keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout")


class CallerFailedError(Exception):
    """What a caller's own fault looks like from outside."""


@pytest.fixture
def database(make_database: MakeDatabase) -> Database:
    return make_database("risk")


def symbols(database: Database) -> list[str]:
    rows = database.fetch_all("SELECT symbol FROM risk.instruments ORDER BY symbol")
    return [row["symbol"] for row in rows]


def add(database: Database, *symbols: str) -> None:
    with database.pipelined() as statements:
        for symbol in symbols:
            statements.execute(ADD, (symbol,))


def add_and_fail(database: Database, symbol: str) -> None:
    with database.pipelined() as statements:
        statements.execute(ADD, (symbol,))
        raise CallerFailedError


def add_between(database: Database, query: str, value: object) -> None:
    with database.pipelined() as statements:
        statements.execute(ADD, ("AAPL",))
        statements.execute(query, (value,))
        statements.execute(ADD, ("MSFT",))


def test_what_was_queued_and_never_asked_for_is_kept(database: Database) -> None:
    add(database, "AAPL", "MSFT")

    assert symbols(database) == ["AAPL", "MSFT"]


def test_a_row_asked_for_is_of_its_own_statement(database: Database) -> None:
    with database.pipelined() as statements:
        statements.execute(ADD, ("AAPL",))
        known = statements.execute("SELECT count(*) AS n FROM risk.instruments").fetchone()

    assert known == {"n": 1}


def test_a_failing_caller_leaves_nothing_behind(database: Database) -> None:
    with pytest.raises(CallerFailedError):
        add_and_fail(database, "AAPL")

    assert symbols(database) == []


def test_a_queued_statement_that_fails_undoes_the_others(database: Database) -> None:
    with pytest.raises(psycopg.errors.UniqueViolation):
        add_between(database, ADD, "AAPL")

    assert symbols(database) == []


def test_a_queued_number_that_postgres_cannot_read_is_bad_input(database: Database) -> None:
    with pytest.raises(InvalidInputError):
        add_between(database, "SELECT %s::text::numeric", "forty")

    assert symbols(database) == []


def test_a_connection_that_is_cut_loses_the_transaction_and_not_the_next_one(
    database: Database, make_database: MakeDatabase
) -> None:
    def add_and_be_cut() -> None:
        with database.pipelined() as statements:
            statements.execute(ADD, ("AAPL",))
            (backend,) = statements.execute("SELECT pg_backend_pid() AS pid").fetchall()
            # A role may end its own backends.
            end = "SELECT pg_terminate_backend(%s, 5000)"
            make_database("risk").fetch_one(end, (backend["pid"],))

    with pytest.raises(UnavailableError):
        add_and_be_cut()

    add(database, "IBM")
    assert symbols(database) == ["IBM"]


def test_a_connection_that_was_cut_while_idle_is_replaced_before_anything_is_asked(
    database: Database, make_database: MakeDatabase
) -> None:
    ways = (
        lambda: add(database, "AAPL"),
        lambda: symbols(database),
        lambda: database.fetch_one("SELECT 1"),
    )
    for ask in ways:
        (backend,) = database.fetch_all("SELECT pg_backend_pid() AS pid")
        make_database("risk").fetch_one("SELECT pg_terminate_backend(%s, 5000)", (backend["pid"],))
        ask()

    assert symbols(database) == ["AAPL"]


def test_a_transaction_inside_a_pipelined_one_joins_it(database: Database) -> None:
    def add_in_three_and_fail() -> None:
        with database.pipelined() as statements:
            statements.execute(ADD, ("AAPL",))
            add(database, "MSFT")
            with database.transaction() as cursor:
                cursor.execute(ADD, ("IBM",))
            raise CallerFailedError

    with pytest.raises(CallerFailedError):
        add_in_three_and_fail()

    assert symbols(database) == []


@pytest.mark.parametrize("way", ["transaction", "pipelined"])
def test_a_transaction_after_a_fetch_in_a_pipelined_one_joins_it_too(
    database: Database, way: str
) -> None:
    def add_fetch_and_fail() -> None:
        with database.pipelined() as statements:
            statements.execute(ADD, ("AAPL",))
            assert statements.execute("SELECT 1 AS one").fetchone() == {"one": 1}
            with getattr(database, way)() as inner:
                inner.execute(ADD, ("IBM",))
            raise CallerFailedError

    with pytest.raises(CallerFailedError):
        add_fetch_and_fail()

    assert symbols(database) == []


def test_an_inner_transaction_that_fails_loses_only_its_own(database: Database) -> None:
    with database.pipelined() as statements:
        statements.execute(ADD, ("AAPL",))
        with pytest.raises(CallerFailedError):
            add_and_fail(database, "MSFT")

    assert symbols(database) == ["AAPL"]


def test_a_server_that_falls_silent_is_given_up_within_seconds(database: Database) -> None:
    with database.transaction() as cursor:
        parameters = cursor.connection.info.get_parameters()

    idle, interval, count, unanswered = (int(parameters[name]) for name in SILENCE)
    # Waiting for an answer, and with bytes under way: both well within a sender's lease.
    assert idle + interval * count <= 5
    assert unanswered <= 5000


def test_statements_by_themselves_are_kept_one_by_one(database: Database) -> None:
    def add_and_fail_separately() -> None:
        with database.separately() as statements:
            statements.execute(ADD, ("AAPL",))
            raise CallerFailedError

    with pytest.raises(CallerFailedError):
        add_and_fail_separately()

    assert symbols(database) == ["AAPL"]


def test_a_statement_prepared_before_its_table_changed_is_planned_again(
    database: Database, database_url: Callable[[str], str]
) -> None:
    question = "SELECT * FROM risk.instruments"
    for _ in range(8):
        database.fetch_all(question)
    administrator = database_url("risk").replace("bifrost_risk", "postgres")
    with psycopg.connect(administrator, autocommit=True) as connection:
        connection.execute("ALTER TABLE risk.instruments ADD COLUMN lot_size numeric")

    with pytest.raises(UnavailableError):
        database.fetch_all(question)
    assert database.fetch_all(question) == []


def test_a_brief_transaction_holds_its_lock_until_its_end_and_keeps_what_came_last(
    database: Database, make_database: MakeDatabase
) -> None:
    add(database, "AAPL")
    lock = "SELECT symbol FROM risk.instruments WHERE symbol = 'AAPL' FOR UPDATE"
    try_lock = f"{lock} SKIP LOCKED"
    other = make_database("risk")

    with database.brief() as statements:
        statements.execute(lock)
        assert statements.execute("SELECT 1 AS one").fetchone() == {"one": 1}
        held = other.fetch_all(try_lock)
        statements.execute(ADD, ("MSFT",))

    assert (held, len(other.fetch_all(try_lock))) == ([], 1)
    assert symbols(database) == ["AAPL", "MSFT"]


def test_a_brief_transaction_that_waited_reads_what_it_waited_for(
    database: Database, make_database: MakeDatabase
) -> None:
    add(database, "AAPL")
    lock = "SELECT 1 FROM risk.instruments WHERE symbol = 'AAPL' FOR UPDATE"

    def count_under_lock() -> object:
        with make_database("risk").brief() as statements:
            statements.execute(lock)
            return statements.execute("SELECT count(*) AS n FROM risk.instruments").fetchone()

    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as cursor:
            cursor.execute(lock)
            counted = pool.submit(count_under_lock)
            with pytest.raises(TimeoutError):
                counted.result(timeout=0.2)
            cursor.execute(ADD, ("MSFT",))
        assert counted.result(timeout=30) == {"n": 2}


@pytest.mark.parametrize("way", ["transaction", "pipelined", "brief"])
def test_a_brief_transaction_has_no_other_inside_and_keeps_nothing_of_one(
    database: Database, way: str
) -> None:
    def nest() -> None:
        with database.brief() as statements:
            assert statements.execute("SELECT 1 AS one").fetchone() == {"one": 1}
            with getattr(database, way)() as inner:
                inner.execute(ADD, ("IBM",))

    with pytest.raises(AssertionError, match="brief"):
        nest()

    assert symbols(database) == []


def test_a_brief_transaction_whose_last_statement_fails_keeps_nothing(database: Database) -> None:
    add(database, "AAPL")

    with pytest.raises(psycopg.errors.UniqueViolation), database.brief() as statements:
        statements.execute(ADD, ("AAPL",))

    add(database, "MSFT")
    assert symbols(database) == ["AAPL", "MSFT"]
