"""Packed months: as fast as they are, nobody ever reads one that lacks a row which is kept."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.market.chunks import PostgresChunks
from bifrost.adapters.postgres.market.series import PostgresSeries, PostgresSeriesReader
from bifrost.data.series.asked import Knowledge, SeriesQuery
from bifrost.data.series.columns import BarColumns, micros
from bifrost.data.series.ports import SeriesKey
from bifrost.data.series.timeframes import Timeframe

JANUARY = datetime(2024, 1, 31, 14, 30, tzinfo=UTC)
FEBRUARY = JANUARY + timedelta(days=1)
RECORDED = datetime(2024, 2, 2, tzinfo=UTC)
MARCH = datetime(2024, 3, 1, tzinfo=UTC)
KEY = SeriesKey("AAPL", Timeframe.M1, "alpaca")
SPAN = (datetime(1990, 1, 1, tzinfo=UTC), datetime(2050, 1, 1, tzinfo=UTC))
ALL = SeriesQuery("AAPL", Timeframe.M1, *SPAN)
CORRECTIONS = 40


@pytest.fixture
def database(make_database: Callable[[str], Database]) -> Database:
    """Data's database."""
    return make_database("data")


def bars(close: int = 100, count: int = 30) -> BarColumns:
    """Make a month's last bars and the next one's first."""
    minutes = np.arange(count, dtype=np.int64) * 60_000_000
    starts = np.concatenate([micros(JANUARY) + minutes, micros(FEBRUARY) + minutes])
    price = np.full(2 * count, close * 1_000_000, dtype=np.int64)
    return BarColumns(starts, price, price, price, price, price)


def put(database: Database, given: BarColumns, at: datetime = RECORDED) -> int:
    """Put bars in a transaction of their own."""
    with database.transaction() as cursor:
        return len(PostgresSeries(cursor).put(KEY, given, at))


def read(database: Database, asked: SeriesQuery = ALL) -> BarColumns:
    """Read outside any transaction."""
    return PostgresSeriesReader(database).read(asked)


def packed(database: Database) -> list[bool]:
    """Say of each month whether it is packed."""
    rows = database.fetch_all("SELECT packed FROM data.bar_months ORDER BY month")
    return [row["packed"] is not None for row in rows]


def test_closed_months_are_packed_and_read_the_same(database: Database) -> None:
    put(database, bars())

    done = PostgresChunks(database).pack_closed(MARCH, 10)

    assert (done.months, done.waiting, packed(database)) == (2, 0, [True, True])
    assert read(database).equals(bars())


def test_month_that_goes_on_is_not_packed(database: Database) -> None:
    put(database, bars())

    done = PostgresChunks(database).pack_closed(MARCH - timedelta(microseconds=1), 10)

    assert (done.months, packed(database)) == (1, [True, False])
    assert read(database).equals(bars())


def test_run_ends_after_the_months_that_it_may_pack(database: Database) -> None:
    put(database, bars())

    done = PostgresChunks(database).pack_closed(MARCH, 1)

    assert (done.months, done.waiting) == (1, 1)


def test_packed_month_is_read_and_not_its_rows(
    database: Database, database_url: Callable[[str], str]
) -> None:
    put(database, bars())
    PostgresChunks(database).pack_closed(MARCH, 10)
    # Only the owner could do this; what is packed cannot know of it.
    owner = Database(database_url("data").replace("bifrost_data", "postgres"))
    owner.fetch_one("SELECT set_config('session_replication_role', 'replica', false)")
    with owner.transaction() as cursor:
        cursor.execute("DELETE FROM data.intraday_rows")
    owner.close()

    assert read(database).equals(bars())


def test_part_of_a_packed_month_is_what_begins_in_it(database: Database) -> None:
    put(database, bars())
    PostgresChunks(database).pack_closed(MARCH, 10)

    found = read(database, SeriesQuery("AAPL", Timeframe.M1, JANUARY, FEBRUARY))

    assert found.equals(bars().take(slice(0, 30)))


def test_row_that_comes_takes_away_what_was_packed_without_it(database: Database) -> None:
    put(database, bars())
    PostgresChunks(database).pack_closed(MARCH, 10)

    put(database, bars(101).take(slice(29, 30)))

    assert packed(database) == [False, True]
    assert (read(database).close // 1_000_000).tolist() == [100] * 29 + [101] + [100] * 30


def test_row_that_passes_by_our_code_takes_it_away_too(database: Database) -> None:
    put(database, bars())
    PostgresChunks(database).pack_closed(MARCH, 10)

    with database.transaction() as cursor:
        cursor.execute(
            "INSERT INTO data.intraday_rows SELECT series, source, revision + 1, occurred_at,"
            " recorded_at + interval '1 hour', open, high, low, close, volume + 1"
            " FROM data.intraday_rows WHERE occurred_at = %s",
            (JANUARY,),
        )

    assert packed(database) == [False, True]


def test_rank_that_changes_takes_all_away(
    database: Database, database_url: Callable[[str], str]
) -> None:
    put(database, bars())
    PostgresChunks(database).pack_closed(MARCH, 10)

    owner = Database(database_url("data").replace("bifrost_data", "postgres"))
    with owner.transaction() as cursor:
        cursor.execute("UPDATE data.sources SET rank = 99 WHERE name = 'alpaca'")
    owner.close()

    assert packed(database) == [False, False]


def test_what_was_known_before_the_last_record_is_read_of_rows(database: Database) -> None:
    put(database, bars(100), RECORDED)
    put(database, bars(101), RECORDED + timedelta(days=1))
    PostgresChunks(database).pack_closed(MARCH, 10)

    asked = SeriesQuery("AAPL", Timeframe.M1, *SPAN, RECORDED, Knowledge.RECORDED)

    assert read(database, asked).equals(bars(100))


def test_correction_that_is_not_kept_yet_changes_nothing_for_others(
    database: Database, make_database: Callable[[str], Database]
) -> None:
    other = make_database("data")
    put(database, bars())
    PostgresChunks(database).pack_closed(MARCH, 10)

    with other.transaction() as cursor:
        PostgresSeries(cursor).put(KEY, bars(101), RECORDED)
        assert PostgresSeries(cursor).read(ALL).equals(bars(101))
        assert read(database).equals(bars(100))
        # Its months are held: nothing to pack, rather than something old.
        assert PostgresChunks(database).pack_closed(MARCH, 10).months == 0

    assert read(database).equals(bars(101))


@pytest.fixture
def packing_on(make_database: Callable[[str], Database]) -> Iterator[list[int]]:
    """Pack again and again, in a thread of its own; yields how many months each time packed."""
    done, ended = [0], threading.Event()

    def pack() -> None:
        chunks = PostgresChunks(make_database("data"))
        while not ended.is_set():
            done.append(chunks.pack_closed(MARCH, 10).months)

    thread = threading.Thread(target=pack)
    thread.start()
    yield done
    ended.set()
    thread.join()


def test_reader_never_sees_a_stale_month_while_corrections_and_packing_go_on(
    make_database: Callable[[str], Database], packing_on: list[int]
) -> None:
    writer, reader = make_database("data"), make_database("data")
    put(writer, bars(1))
    kept = [1]

    def correct() -> None:
        for close in range(2, CORRECTIONS):
            put(writer, bars(close))
            kept.append(close)

    thread = threading.Thread(target=correct)
    thread.start()
    seen = []
    while thread.is_alive():
        newest = kept[-1]
        closes = set((read(reader).close // 1_000_000).tolist())
        # All of one correction, and no older one than what was kept before we asked.
        assert len(closes) == 1
        assert min(closes) >= newest
        seen.append(min(closes))
    thread.join()

    assert seen == sorted(seen)
    assert read(reader).equals(bars(CORRECTIONS - 1))
    assert sum(packing_on) > 0
