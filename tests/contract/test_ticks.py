"""Quotes and trades in Postgres: two of one microsecond are two, feeds are not mixed and none hides
what another told of the rest of a day, and what is repeated is kept once.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.market.ticks import PostgresTickReader, PostgresTicks
from bifrost.core.errors import InvalidInputError
from bifrost.data.series.asked import Knowledge
from bifrost.data.series.columns import instant_of, micros
from bifrost.data.series.ticks import QuoteColumns, TickQuery, TradeColumns, numbered

NOON = datetime(2024, 1, 31, 17, tzinfo=UTC)
NOW = datetime(2024, 2, 2, tzinfo=UTC)
ALL = TickQuery("IBM", datetime(1990, 1, 1, tzinfo=UTC), datetime(2050, 1, 1, tzinfo=UTC))


@pytest.fixture
def database(make_database: Callable[[str], Database]) -> Database:
    """Data's database."""
    return make_database("data")


def trades(*times: datetime, price: int = 100, venue: bytes = b"XNYS") -> TradeColumns:
    """Make a trade at each time."""
    at = np.array([micros(one) for one in times], dtype=np.int64)
    count = np.full(len(at), price * 1_000_000, dtype=np.int64)
    venues = np.full(len(at), venue, dtype="S4")
    return TradeColumns(at, numbered(at), count, count, venues, np.full(len(at), 1 << 29))


def quotes(*times: datetime) -> QuoteColumns:
    """Make a quote at each time."""
    at = np.array([micros(one) for one in times], dtype=np.int64)
    count = np.full(len(at), 1_000_000, dtype=np.int64)
    venues = np.full(len(at), b"ARCX", dtype="S4")
    return QuoteColumns(at, numbered(at), count, count, 2 * count, count, venues, venues, 0 * count)


def put(database: Database, given: TradeColumns, source: str = "lean", at: datetime = NOW) -> int:
    """Put trades in a transaction of their own."""
    with database.transaction() as cursor:
        return PostgresTicks(cursor).put_trades("IBM", source, given, at)


def read(database: Database, asked: TickQuery = ALL) -> TradeColumns:
    """Read trades outside any transaction."""
    return PostgresTickReader(database).trades(asked)


def pages(database: Database, asked: TickQuery, limit: int | None) -> list[tuple[int, int, int]]:
    """Read page by page (None: all at once): each time, sequence and whole price."""
    found: list[tuple[int, int, int]] = []
    while page := read(database, replace(asked, limit=limit)):
        columns = page.occurred_at, page.sequence, page.price // 1_000_000
        found += zip(*(column.tolist() for column in columns), strict=True)
        assert len(page) <= (limit or len(page))
        asked = replace(asked, after=found[-1][:2])
        if limit is None:
            break
    return found


def same(one: TradeColumns | QuoteColumns, other: TradeColumns | QuoteColumns) -> bool:
    """Say whether both hold the same messages."""
    return all(map(np.array_equal, one.columns(), other.columns()))


def test_two_trades_of_one_microsecond_are_two(database: Database) -> None:
    given = trades(NOON, NOON, NOON + timedelta(days=2))

    assert put(database, given) == 3

    found = read(database)
    assert same(found, given)
    assert found.sequence.tolist() == [0, 1, 0]
    assert found.conditions.tolist() == [1 << 29] * 3


def test_quotes_come_back_with_both_sides(database: Database) -> None:
    given = quotes(NOON, NOON)

    with database.transaction() as cursor:
        assert PostgresTicks(cursor).put_quotes("IBM", "lean", given, NOW) == 2
        assert PostgresTicks(cursor).put_quotes("IBM", "lean", given, NOW) == 0

    assert same(PostgresTickReader(database).quotes(ALL), given)


def test_what_is_put_again_writes_nothing_and_a_correction_one_row(database: Database) -> None:
    given = trades(NOON, NOON, NOON + timedelta(seconds=1))
    put(database, given)

    assert put(database, given, at=NOW + timedelta(days=1)) == 0
    given.price[1] += 10_000
    assert put(database, given) == 1

    assert same(read(database), given)
    assert len(database.fetch_all("SELECT FROM data.trades")) == 4


def test_more_of_the_same_day_is_added(database: Database) -> None:
    put(database, trades(NOON, NOON + timedelta(seconds=2)))

    whole = trades(*(NOON + timedelta(seconds=second) for second in range(4)))

    assert put(database, whole) == 2
    assert same(read(database), whole)


def test_from_its_first_to_its_last_of_a_day_the_best_source_is_read_alone(
    database: Database,
) -> None:
    put(database, trades(NOON, NOON + timedelta(days=1), price=101), "yahoo")
    around = (NOON - timedelta(seconds=1), NOON + timedelta(seconds=1))
    put(database, trades(*around, price=100), "lean")

    found = read(database)

    assert (found.price // 1_000_000).tolist() == [100, 100, 101]
    named = read(database, TickQuery("IBM", ALL.first, ALL.before, source="yahoo"))
    assert (named.price // 1_000_000).tolist() == [101, 101]


@pytest.mark.parametrize("part", [slice(0, 3), slice(2, 5), slice(4, 9)])
@pytest.mark.parametrize("limit", [None, 1, 4])
def test_a_part_of_a_day_hides_nothing_of_its_rest(
    database: Database, part: slice, limit: int | None
) -> None:
    times = [NOON + timedelta(seconds=second) for second in range(9)]
    put(database, trades(*times, price=100), "stream")
    put(database, trades(*times[part], price=101), "alpaca")

    found = pages(database, ALL, limit)

    assert [at for at, _, _ in found] == list(map(micros, times))
    assert [price for _, _, price in found[part]] == [101] * len(times[part])
    assert sum(price == 100 for _, _, price in found) == 9 - len(times[part])


def test_of_two_equally_good_sources_one_is_read(database: Database) -> None:
    put(database, trades(NOON, price=100), "csv")
    put(database, trades(NOON, price=101), "lean")

    assert pages(database, ALL, None) == pages(database, ALL, 1)
    assert len(read(database)) == 1


def test_what_hides_another_word_was_known_itself(database: Database) -> None:
    """As recorded, a backfill hides nothing before it came; as effective, the whole is cut off."""
    times = [NOON + timedelta(seconds=second) for second in range(4)]
    put(database, trades(*times, price=100), "stream", at=NOW)
    later = NOW + timedelta(hours=1)
    put(database, trades(times[0], times[2], price=101), "alpaca", at=later)

    def known(by: datetime, knowledge: Knowledge) -> list[int]:
        asked = replace(ALL, as_of=by, knowledge=knowledge)
        assert pages(database, asked, 1) == pages(database, asked, None)
        return (read(database, asked).price // 1_000_000).tolist()

    assert known(NOW, Knowledge.RECORDED) == [100] * 4
    assert known(later, Knowledge.RECORDED) == [101, 101, 100]
    assert known(times[1], Knowledge.EFFECTIVE) == [101]
    assert known(times[3], Knowledge.EFFECTIVE) == [101, 101, 100]


def test_the_newest_of_a_source_are_its_last_as_they_stand(database: Database) -> None:
    times = [NOON + timedelta(seconds=second) for second in range(4)]
    put(database, trades(*times, price=100), "stream")
    put(database, trades(times[2], price=101), "stream", at=NOW + timedelta(hours=1))
    put(database, trades(*times, price=102), "alpaca")

    found = read(database, replace(ALL, source="stream", newest=3))

    assert found.occurred_at.tolist() == list(map(micros, times[2:]))
    assert (found.price // 1_000_000).tolist() == [101, 100]


def test_only_what_was_recorded_or_had_happened_was_known(database: Database) -> None:
    put(database, trades(NOON), at=NOW)
    put(database, trades(NOON, price=101), at=NOW + timedelta(hours=1))

    def known(by: datetime, knowledge: Knowledge) -> list[int]:
        asked = TickQuery("IBM", ALL.first, ALL.before, by, knowledge)
        return (read(database, asked).price // 1_000_000).tolist()

    assert known(NOW - timedelta(seconds=1), Knowledge.RECORDED) == []
    assert known(NOW, Knowledge.RECORDED) == [100]
    assert known(NOW + timedelta(hours=1), Knowledge.RECORDED) == [101]
    assert known(NOON - timedelta(microseconds=1), Knowledge.EFFECTIVE) == []
    assert known(NOON, Knowledge.EFFECTIVE) == [101]


@pytest.mark.parametrize("limit", [1, 2, 3, 50])
def test_pages_are_the_whole_in_parts(database: Database, limit: int) -> None:
    seconds = [NOON + timedelta(hours=9 * place) for place in range(6)]
    put(database, trades(*seconds, seconds[-1], seconds[-1]), "lean")
    # Worse: of the first of its days within and after what the better one tells, then before it.
    hours = (1, 9, 16, 23)
    put(database, trades(*(NOON + timedelta(days=1, hours=hour - 12) for hour in hours)), "yahoo")
    put(database, trades(NOON + timedelta(days=9)), "yahoo")

    assert len(pages(database, ALL, None)) == 11
    assert pages(database, ALL, limit) == pages(database, ALL, None)


def test_trades_out_of_order_are_refused(database: Database) -> None:
    with pytest.raises(ValueError, match="message 1 is not"):
        put(database, trades(NOON, NOON - timedelta(seconds=1)))


def test_source_that_is_not_known_is_refused(database: Database) -> None:
    with pytest.raises(InvalidInputError, match="nobody"):
        put(database, trades(NOON), "nobody")


def test_a_year_of_random_trades_comes_back_in_order(database: Database) -> None:
    rng = np.random.default_rng(4)
    at = np.sort(micros(NOON) + rng.integers(0, 31_536_000 * 1_000_000, 20_000))
    venues = np.array([b"XNYS", b"ARCX", b"XXXX"], dtype="S4")[rng.integers(0, 3, len(at))]
    price = rng.integers(1, 1 << 40, len(at))
    given = TradeColumns(at, numbered(at), price, price, venues, rng.integers(0, 1 << 62, len(at)))

    assert put(database, given) == len(at)

    found = read(database)
    assert same(found, given)
    assert instant_of(found.occurred_at[0]).month == 1
