"""The newest price of an instrument is kept as one row, equal to what its prices say, in whatever
order they came and however they were corrected; nobody writes it by hand.
"""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import partial
from random import Random

import psycopg
import pytest

from bifrost.adapters.postgres.database import Database, Row
from tests.builders import FIRST_CLOSE, seeded
from tests.contract.backbone import all_at_once

Make = Callable[[str], Database]

_PUT = """
INSERT INTO portfolio.marks AS kept
    (instrument, occurred_at, session, price, currency, recorded_at)
VALUES (%(instrument)s, %(at)s, %(at)s::date, %(price)s, %(currency)s, %(at)s)
ON CONFLICT (instrument, occurred_at) DO UPDATE
SET price = EXCLUDED.price, currency = EXCLUDED.currency
"""

_LOOKED_UP = """
SELECT one.instrument, one.currency, m.occurred_at, m.price
FROM (SELECT DISTINCT instrument, currency FROM portfolio.marks) one
CROSS JOIN LATERAL (
    SELECT occurred_at, price FROM portfolio.marks
    WHERE instrument = one.instrument AND currency = one.currency
    ORDER BY occurred_at DESC LIMIT 1
) m ORDER BY 1, 2
"""


@pytest.fixture
def database(make_database: Make) -> Database:
    return make_database("portfolio")


def put(
    database: Database, day: int, price: str, instrument: str = "A", currency: str = "USD"
) -> None:
    """Keep a price; a second one of the same day corrects it."""
    with database.transaction() as cursor:
        cursor.execute(
            _PUT,
            {
                "instrument": instrument,
                "at": FIRST_CLOSE + timedelta(days=day),
                "price": Decimal(price),
                "currency": currency,
            },
        )


def newest(database: Database) -> list[Row]:
    """What is kept."""
    query = "SELECT instrument, currency, occurred_at, price FROM portfolio.newest_marks"
    return database.fetch_all(f"{query} ORDER BY 1, 2", ())


def prices(database: Database) -> list[tuple[str, Decimal]]:
    """The kept prices with their currencies."""
    return [(row["currency"], row["price"]) for row in newest(database)]


def put_at_random(database: Database, chance: Random, times: int) -> None:
    """Keep prices out of order, some of them corrections, some of another currency."""
    for _ in range(times):
        day, price = chance.randrange(12), str(chance.randrange(1, 999))
        put(database, day, price, chance.choice("ABC"), chance.choice(("USD", "EUR")))


def test_an_older_price_that_comes_late_does_not_count(database: Database) -> None:
    put(database, 2, "12")
    put(database, 1, "11")

    assert prices(database) == [("USD", Decimal(12))]


def test_a_corrected_price_of_the_newest_instant_counts(database: Database) -> None:
    put(database, 1, "11")
    put(database, 2, "12")
    put(database, 2, "13")
    put(database, 1, "99")

    assert prices(database) == [("USD", Decimal(13))]


def test_a_price_corrected_to_another_currency_leaves_the_one_before(database: Database) -> None:
    put(database, 1, "11")
    put(database, 2, "12")
    put(database, 2, "10", currency="EUR")

    assert prices(database) == [("EUR", Decimal(10)), ("USD", Decimal(11))]


def test_a_currency_without_any_price_left_has_no_newest(database: Database) -> None:
    put(database, 1, "11")
    put(database, 1, "10", currency="EUR")

    assert prices(database) == [("EUR", Decimal(10))]


@pytest.mark.parametrize("seed", range(5))
def test_it_is_what_a_look_at_every_price_finds(seed: int, database: Database) -> None:
    put_at_random(database, seeded(seed), 120)

    assert newest(database) == database.fetch_all(_LOOKED_UP, ())


def test_writers_at_once_leave_the_newest(make_database: Make) -> None:
    databases = [make_database("portfolio") for _ in range(4)]
    writers = [
        partial(put_at_random, database, seeded(seed), 100)
        for seed, database in enumerate(databases)
    ]
    all_at_once(writers)

    assert newest(databases[0]) == databases[0].fetch_all(_LOOKED_UP, ())


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE portfolio.newest_marks SET price = 1",
        "DELETE FROM portfolio.newest_marks",
        "INSERT INTO portfolio.newest_marks VALUES ('A', 'USD', now(), 1)",
        "DELETE FROM portfolio.marks",
        "UPDATE portfolio.marks SET occurred_at = now()",
    ],
)
def test_nobody_writes_it_by_hand(change: str, database: Database) -> None:
    put(database, 1, "11")

    with pytest.raises(psycopg.errors.InsufficientPrivilege), database.transaction() as cursor:
        cursor.execute(change)
