"""Promises of who is whose spouse in Postgres: it stands where the newest words of both name each
other, on days that both have said; nothing else of anybody's words is seen by another, and none is
ever changed.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest

from bifrost.adapters.memory.clock import SetClock
from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.portfolio_couples import (
    PostgresCoupleReader,
    PostgresRegister,
    cross_to_spouse,
)
from bifrost.adapters.postgres.portfolio_reads import READER
from bifrost.core.errors import InvalidInputError, PreconditionFailedError
from bifrost.core.versions import ANY, Expected
from bifrost.portfolio.couples import Couples, Declaration, Marriage
from tests.contract.ledger_desk import LedgerDesk

NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)
Days = tuple[date | None, date | None]


class Town:
    """Everybody's words, in one database."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = SetClock(NOW)
        self.couples = Couples(PostgresRegister(database), self.clock)

    def says(self, owner: str, spouse: str, days: Days = (None, None)) -> None:
        self.couples.declare(owner, Marriage(spouse, *days), ANY)

    def takes_back(self, owner: str) -> None:
        self.couples.take_back(owner, ANY)

    def declared(self, owner: str) -> Declaration:
        return PostgresCoupleReader(self.database, owner).declared().declaration

    def stands(self, *owners: str) -> list[bool]:
        return [PostgresCoupleReader(self.database, one).declared().stands for one in owners]

    def spouse(self, owner: str) -> Marriage | None:
        with self.database.instant_as_reader(READER, owner) as statements:
            return cross_to_spouse(statements)


@pytest.fixture
def town(make_database: Callable[[str], Database]) -> Town:
    return Town(make_database("portfolio"))


def test_a_marriage_stands_once_both_have_said_it(town: Town) -> None:
    town.says("ann", "bob")
    assert town.stands("ann", "bob") == [False, False]

    town.says("bob", "ann")

    assert town.stands("ann", "bob") == [True, True]
    assert (town.spouse("ann"), town.spouse("bob")) == (Marriage("bob"), Marriage("ann"))


def test_words_about_somebody_are_the_same_whether_there_is_such_an_owner_or_not(
    town: Town,
) -> None:
    town.says("bob", "carol")
    town.says("ann", "bob")
    known = town.declared("ann")
    town.says("dan", "nobody")
    unknown = town.declared("dan")

    assert (known.version, known.recorded_at) == (unknown.version, unknown.recorded_at)
    assert town.stands("ann", "dan") == [False, False]


@pytest.mark.parametrize("third", ["ann", "bob"])
def test_a_third_who_names_one_of_a_couple_learns_and_changes_nothing(
    town: Town, third: str
) -> None:
    town.says("ann", "bob")
    town.says("bob", "ann")

    town.says("eve", third)

    assert town.stands("ann", "bob", "eve") == [True, True, False]
    assert town.spouse("eve") is None


def test_of_three_who_each_name_the_next_nobody_is_married(town: Town) -> None:
    for one, other in (("ann", "bob"), ("bob", "carol"), ("carol", "ann")):
        town.says(one, other)

    assert town.stands("ann", "bob", "carol") == [False, False, False]


def test_who_names_another_leaves_the_first_alone(town: Town) -> None:
    town.says("ann", "bob")
    town.says("bob", "ann")
    town.says("carol", "bob")

    town.says("bob", "carol")

    assert town.stands("ann", "bob", "carol") == [False, True, True]
    assert town.spouse("ann") is None


@pytest.mark.parametrize("leaver", ["ann", "bob"])
def test_either_takes_it_back_alone_and_the_other_cannot_say_it_anew(
    town: Town, leaver: str
) -> None:
    town.says("ann", "bob")
    town.says("bob", "ann")

    town.takes_back(leaver)
    stayer = "bob" if leaver == "ann" else "ann"
    town.says(stayer, "nobody")
    town.says(stayer, leaver)

    assert town.stands("ann", "bob") == [False, False]
    assert town.spouse(stayer) is None


@pytest.mark.parametrize(
    ("anns", "bobs", "both"),
    [
        ((None, None), (None, None), (None, None)),
        ((date(2020, 5, 1), None), (None, None), (date(2020, 5, 1), None)),
        ((date(2020, 5, 1), None), (date(2020, 6, 1), date(2024, 1, 1)),
         (date(2020, 6, 1), date(2024, 1, 1))),
        ((None, date(2023, 1, 1)), (None, date(2024, 1, 1)), (None, date(2023, 1, 1))),
        ((date(2020, 5, 1), None), (None, date(2020, 5, 1)), (date(2020, 5, 1), date(2020, 5, 1))),
        ((date(2020, 5, 2), None), (None, date(2020, 5, 1)), None),
    ],
)  # fmt: skip
def test_only_days_that_both_have_said_count_and_without_one_nothing_stands(
    town: Town, anns: Days, bobs: Days, both: Days | None
) -> None:
    town.says("ann", "bob", anns)
    town.says("bob", "ann", bobs)

    assert town.spouse("ann") == (Marriage("bob", *both) if both else None)
    assert town.spouse("bob") == (Marriage("ann", *both) if both else None)
    assert town.stands("ann", "bob") == [both is not None] * 2


def test_every_word_is_kept_with_its_time_and_a_repeated_one_is_no_other(town: Town) -> None:
    town.says("ann", "bob")
    town.says("ann", "bob")
    town.clock.at = NOW + timedelta(hours=1)
    town.says("ann", "bob", (date(2020, 1, 1), None))
    town.clock.at = NOW + timedelta(hours=2)
    town.takes_back("ann")
    town.takes_back("ann")

    kept = town.database.fetch_all(
        "SELECT version, spouse, since, recorded_at FROM portfolio.spouse_declarations"
        " WHERE owner = 'ann' ORDER BY version"
    )
    assert [tuple(row.values()) for row in kept] == [
        (2, "bob", None, NOW),
        (3, "bob", date(2020, 1, 1), NOW + timedelta(hours=1)),
        (4, None, None, NOW + timedelta(hours=2)),
    ]
    assert town.declared("ann") == Declaration("ann", 4, None, NOW + timedelta(hours=2))


def test_a_change_names_the_words_that_it_is_meant_for_and_a_repeated_one_needs_none(
    town: Town,
) -> None:
    town.couples.declare("ann", Marriage("bob"), Expected(frozenset({1})))

    with pytest.raises(PreconditionFailedError, match='version "2"'):
        town.couples.declare("ann", Marriage("carol"), Expected(frozenset({1})))
    with pytest.raises(PreconditionFailedError):
        town.couples.take_back("ann", Expected(frozenset({1})))
    town.couples.declare("ann", Marriage("bob"), Expected(frozenset({1})))

    assert town.declared("ann").marriage == Marriage("bob")
    assert town.declared("ann").version == 2


def test_words_said_at_once_come_one_after_the_other(
    town: Town, make_database: Callable[[str], Database]
) -> None:
    other = Town(make_database("portfolio"))

    with ThreadPoolExecutor(1) as pool:
        with PostgresRegister(town.database).open("ann") as words:
            later = pool.submit(other.says, "ann", "carol")
            words.add(Declaration("ann", 2, Marriage("bob"), NOW))
        later.result(timeout=30)

    assert town.declared("ann") == Declaration("ann", 3, Marriage("carol"), NOW)


@pytest.mark.parametrize(
    ("marriage", "field"),
    [
        (Marriage("ann"), "owner"),
        (Marriage("bob", date(2020, 1, 2), date(2020, 1, 1)), "until"),
    ],
)
def test_a_marriage_that_cannot_be_is_refused_by_its_field(
    town: Town, marriage: Marriage, field: str
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        town.couples.declare("ann", marriage, ANY)

    assert [one.field for one in refused.value.problems] == [field]
    assert town.declared("ann") == Declaration("ann")


def test_nobody_reads_anothers_words_even_of_himself(town: Town) -> None:
    town.says("ann", "bob")
    town.says("bob", "ann")

    seen = {}
    for owner in ("ann", "bob", "eve", ""):
        with town.database.as_reader(READER, owner) as statements:
            rows = statements.execute("SELECT owner FROM portfolio.spouse_declarations").fetchall()
        seen[owner] = [row["owner"] for row in rows]

    assert seen == {"ann": ["ann"], "bob": ["bob"], "eve": [], "": []}


def test_without_an_owner_no_marriage_is_told(town: Town) -> None:
    town.says("ann", "bob")
    town.says("bob", "ann")

    with town.database.transaction() as cursor:
        cursor.execute(f"SET LOCAL ROLE {READER}")
        assert cursor.execute("SELECT * FROM portfolio.standing_spouse()").fetchall() == []


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO portfolio.spouse_declarations (owner, version, spouse, recorded_at)"
        " VALUES ('ann', 9, 'bob', now())",
        "UPDATE portfolio.spouse_declarations SET spouse = 'eve'",
        "DELETE FROM portfolio.spouse_declarations",
    ],
)
def test_the_reader_marries_and_divorces_nobody(town: Town, statement: str) -> None:
    town.says("ann", "bob")

    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege),
        town.database.as_reader(READER, "ann") as statements,
    ):
        statements.execute(statement).fetchone()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE portfolio.spouse_declarations SET spouse = 'eve'",
        "DELETE FROM portfolio.spouse_declarations",
        "TRUNCATE portfolio.spouse_declarations",
        "INSERT INTO portfolio.spouse_declarations (owner, version, spouse, recorded_at)"
        " VALUES ('ann', 2, 'eve', now())",
        "INSERT INTO portfolio.spouse_declarations (owner, version, spouse, recorded_at)"
        " VALUES ('ann', 9, 'ann', now())",
        "INSERT INTO portfolio.spouse_declarations (owner, version, since, recorded_at)"
        " VALUES ('ann', 9, '2020-01-01', now())",
    ],
)
def test_what_was_said_is_neither_changed_nor_forgotten_nor_said_of_oneself(
    town: Town, statement: str
) -> None:
    town.says("ann", "bob")

    with pytest.raises(psycopg.Error), town.database.transaction() as cursor:
        cursor.execute(statement)

    assert town.declared("ann").marriage == Marriage("bob")


def test_after_the_crossing_the_spouses_rows_are_seen_and_no_longer_the_owners(
    town: Town,
) -> None:
    desk = LedgerDesk(town.database)
    accounts = {owner: desk.open_account(owner) for owner in ("ann", "bob", "eve")}
    town.says("ann", "bob")
    town.says("bob", "ann")
    town.says("eve", "bob")
    query = "SELECT account_id FROM portfolio.accounts"

    seen = {}
    for owner in ("ann", "eve"):
        with town.database.instant_as_reader(READER, owner) as statements:
            cross_to_spouse(statements)
            seen[owner] = [row["account_id"] for row in statements.execute(query).fetchall()]

    assert seen == {"ann": [accounts["bob"]], "eve": [accounts["eve"]]}


def test_a_reading_of_one_instant_sees_nothing_that_was_said_after_it_began(
    town: Town, make_database: Callable[[str], Database]
) -> None:
    town.says("ann", "bob")
    town.says("bob", "ann")
    other = Town(make_database("portfolio"))

    with town.database.instant_as_reader(READER, "ann") as statements:
        statements.execute("SELECT 1 AS one").fetchone()
        other.takes_back("bob")
        found = cross_to_spouse(statements)

    assert found == Marriage("bob")
    assert town.spouse("ann") is None
