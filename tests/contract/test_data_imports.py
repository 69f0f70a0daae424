"""Importing into Postgres: once per content, whole or not at all, and nothing dropped silently."""

import threading
from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest

from bifrost.adapters.postgres.database import Database
from bifrost.core.errors import NotFoundError, UnavailableError
from bifrost.data.files.imports import BYTES_MAX, ImportStatus, StoredObject
from bifrost.events import BarsImported, InstrumentListed
from bifrost.local.sample import sample_objects
from tests.data_desk import INSTRUMENTS, SESSIONS, DataDesk, bar_file

LISTED = "instruments/test.csv"
BARS = "bars/daily/AAPL.csv"
ALL = (date(1999, 1, 1), date(2027, 12, 31))


@pytest.fixture
def desk(make_database: Callable[[str], Database]) -> DataDesk:
    """Data with empty tables."""
    return DataDesk(make_database("data"))


def closes(desk: DataDesk, symbol: str = "AAPL") -> dict[date, Decimal]:
    """Return the stored closes of an instrument."""
    page = desk.service.bars(symbol, *ALL, limit=1000)
    return {stored.bar.session: stored.bar.close for stored in page.bars}


def test_instruments_are_listed_and_told_of(desk: DataDesk) -> None:
    (record,) = desk.put(LISTED, INSTRUMENTS)

    assert (record.status, record.rows_read, record.rows_written) == (ImportStatus.DONE, 2, 2)
    assert [one.instrument.symbol for one in desk.service.listings()] == ["AAPL", "IBM"]
    assert [
        event.instrument.symbol for event in desk.published() if isinstance(event, InstrumentListed)
    ] == ["AAPL", "IBM"]


def test_only_an_instrument_whose_terms_change_is_told_of_again(desk: DataDesk) -> None:
    desk.put(LISTED, INSTRUMENTS)

    desk.put(LISTED, INSTRUMENTS.replace(b"IBM,XNYS,USD,0.01", b"IBM,XNYS,USD,0.05"), "etag-2")

    assert len(desk.published()) == 3
    event = desk.published()[-1]
    assert isinstance(event, InstrumentListed)
    assert event.instrument.tick_size == Decimal("0.05")


def test_bars_come_back_to_the_last_digit(desk: DataDesk) -> None:
    desk.put(LISTED, INSTRUMENTS)
    rows = "2012-01-03,127.0,127.9375,120.10,122.00,2779100,3.9196750984301"
    header = "date,open,high,low,close,volume,adjusted_close"

    desk.put(BARS, f"{header}\n{rows}".encode())

    (stored,) = desk.service.bars("AAPL", *ALL, limit=10).bars
    shown = (stored.bar.open, stored.bar.high, stored.bar.low, stored.bar.close)
    assert [str(price) for price in shown] == ["127.0", "127.9375", "120.10", "122.00"]
    assert str(stored.adjusted_close) == "3.9196750984301"
    assert stored.bar.closed_at.isoformat() == "2012-01-03T21:00:00+00:00"


def test_import_is_told_with_its_range_and_what_it_changed(desk: DataDesk) -> None:
    desk.stock("AAPL")

    event = desk.published()[-1]

    assert isinstance(event, BarsImported)
    assert (event.instrument, event.first_session, event.last_session, event.rows) == (
        "AAPL",
        SESSIONS[0],
        SESSIONS[-1],
        9,
    )
    listing = desk.service.listing("AAPL")
    assert (listing.first_session, listing.last_session, listing.bars) == (
        SESSIONS[0],
        SESSIONS[-1],
        9,
    )


def test_same_content_delivered_three_times_is_imported_once(desk: DataDesk) -> None:
    desk.stock("AAPL")
    told = len(desk.published())

    assert desk.hear(BARS) == []
    assert desk.hear(BARS) == []

    assert len(desk.published()) == told


def test_correction_writes_only_the_rows_that_differ(desk: DataDesk) -> None:
    desk.stock("AAPL")
    lines = bar_file(*SESSIONS).splitlines()
    lines[1] = lines[1].replace(b"411.23", b"411.50")

    (record,) = desk.put(BARS, b"\n".join(lines), "etag-2")

    assert (record.rows_read, record.rows_written) == (9, 1)
    assert closes(desk)[SESSIONS[0]] == Decimal("411.50")
    assert closes(desk)[SESSIONS[1]] == Decimal("411.23")


def test_later_file_adds_sessions_and_forgets_none(desk: DataDesk) -> None:
    desk.stock("AAPL", sessions=SESSIONS[:3])

    (record,) = desk.put(BARS, bar_file(*SESSIONS[2:]), "etag-2")

    assert record.rows_written == 6
    assert list(closes(desk)) == list(SESSIONS)
    assert desk.rows("SELECT * FROM data.bars_staging") == []


def test_other_spelling_of_the_same_numbers_changes_nothing(desk: DataDesk) -> None:
    desk.stock("AAPL")
    told = len(desk.published())

    (record,) = desk.put(BARS, bar_file(*SESSIONS).replace(b"409.40", b"409.4"), "etag-2")

    assert record.rows_written == 0
    assert len(desk.published()) == told


def test_object_put_back_to_what_it_was_is_imported_again(desk: DataDesk) -> None:
    desk.stock("AAPL")
    desk.put(BARS, bar_file(*SESSIONS, close="412.00"), "etag-2")

    (record,) = desk.put(BARS, bar_file(*SESSIONS), "etag-1")

    assert record.rows_written == 9
    assert closes(desk)[SESSIONS[0]] == Decimal("411.23")


def test_bad_rows_are_counted_and_kept_and_the_good_ones_imported(desk: DataDesk) -> None:
    desk.put(LISTED, INSTRUMENTS)
    bad = b"\n2012-01-07,1,1,1,1,1\n2012-01-04,10,9,8,10,1\n"

    (record,) = desk.put(BARS, bar_file(SESSIONS[0]) + bad)

    assert (record.status, record.rows_read, record.rows_written) == (ImportStatus.DONE, 3, 1)
    (kept,) = desk.rows("SELECT rows_rejected, problem FROM data.imports WHERE rows_rejected > 0")
    assert kept["rows_rejected"] == 2
    assert "2 rows rejected; line 3: 2012-01-07 is not a session" in kept["problem"]
    rejected = desk.rows("SELECT line, text, reason FROM data.import_rejections ORDER BY line")
    assert [(one["line"], one["text"]) for one in rejected] == [
        (3, "2012-01-07,1,1,1,1,1"),
        (4, "2012-01-04,10,9,8,10,1"),
    ]


@pytest.mark.parametrize(
    "content",
    [b"\x89PNG\r\n\x1a\n\x00", b"", b"<html>no</html>", b"date,open,high,low,close,volume\nx\n"],
)
def test_unreadable_file_is_a_failed_import_that_says_why(desk: DataDesk, content: bytes) -> None:
    desk.put(LISTED, INSTRUMENTS)

    (record,) = desk.put(BARS, content)

    assert record.status is ImportStatus.FAILED
    (kept,) = desk.rows(f"SELECT status, problem FROM data.imports WHERE object_key = '{BARS}'")
    assert kept["status"] == "failed"
    assert kept["problem"]
    assert closes(desk) == {}


@pytest.mark.parametrize("key", ["bars/daily/aapl.csv", "bars/AAPL.csv", "notes.txt"])
def test_object_that_nothing_imports_fails_naming_the_keys_that_work(
    desk: DataDesk, key: str
) -> None:
    (record,) = desk.put(key, b"anything")

    assert record.status is ImportStatus.FAILED
    assert "nothing imports" in record.problem


def test_object_too_large_to_be_read_is_not_read(desk: DataDesk) -> None:
    (record,) = desk.imports.import_object(StoredObject(BARS, "etag", BYTES_MAX + 1), "request-1")

    assert record.status is ImportStatus.FAILED
    assert f"it has {BYTES_MAX + 1} bytes" in record.problem


def test_object_that_is_gone_fails_and_is_imported_when_it_is_back(desk: DataDesk) -> None:
    desk.put(LISTED, INSTRUMENTS)
    (gone,) = desk.hear(BARS)

    (back,) = desk.put(BARS, bar_file(*SESSIONS))

    assert gone.status is ImportStatus.FAILED
    assert back.rows_written == 9


def test_bars_of_an_unlisted_instrument_wait_and_come_with_its_listing(desk: DataDesk) -> None:
    (refused,) = desk.put(BARS, bar_file(*SESSIONS))
    assert refused.status is ImportStatus.WAITING
    assert "AAPL is not listed" in refused.problem
    with pytest.raises(NotFoundError):
        closes(desk)

    records = desk.put(LISTED, INSTRUMENTS)

    assert [(one.key, one.status) for one in records] == [
        (LISTED, ImportStatus.DONE),
        (BARS, ImportStatus.DONE),
    ]
    assert len(closes(desk)) == 9


def test_bucket_that_does_not_answer_leaves_nothing_behind(desk: DataDesk) -> None:
    desk.put(LISTED, INSTRUMENTS)
    told = len(desk.published())

    desk.bucket.down = True
    with pytest.raises(UnavailableError):
        desk.put(BARS, bar_file(*SESSIONS))
    desk.bucket.down = False

    assert len(desk.published()) == told
    (record,) = desk.hear(BARS)
    assert record.rows_written == 9


def test_many_deliveries_at_once_import_one_time(
    make_database: Callable[[str], Database], desk: DataDesk
) -> None:
    desk.put(LISTED, INSTRUMENTS)
    desks = [DataDesk(make_database("data")) for _ in range(6)]
    written: list[int] = []

    def deliver(other: DataDesk) -> None:
        written.extend(one.rows_written for one in other.put(BARS, bar_file(*SESSIONS)))

    threads = [threading.Thread(target=deliver, args=(other,)) for other in desks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert written == [9]
    assert sum(isinstance(event, BarsImported) for event in desk.published()) == 1


def test_whole_sample_is_imported_in_whatever_order_it_arrives(desk: DataDesk) -> None:
    for key, content in reversed(list(sample_objects())):
        desk.put(key, content)

    stored = {one.instrument.symbol: one.bars for one in desk.service.listings()}

    assert stored == {"AAPL": 3270, "GOOG": 2148, "IBM": 3270, "MSFT": 3270}
    assert desk.rows("SELECT status FROM data.imports WHERE status <> 'done'") == []
    assert desk.rows("SELECT 1 FROM data.import_rejections") == []
    assert desk.rows("SELECT 1 FROM data.quarantine") == []
