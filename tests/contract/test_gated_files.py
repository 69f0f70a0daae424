"""A file of daily bars passes the gate: what it blocks is in no series and loses no digit, what it
lets through is stored as the file has it, and no number stops the rest.
"""

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal

import pytest

from bifrost.adapters.calendars import xnys
from bifrost.adapters.postgres.database import Database
from bifrost.data.files.imports import ImportRecord, ImportStatus
from bifrost.events import BarsImported
from tests.data_desk import DataDesk

KEY = "bars/daily/AAPL.csv"
DAYS = [one.session for one in xnys.sessions(date(2012, 1, 3), date(2012, 3, 30))]
HEADER = "date,open,high,low,close,volume,adjusted_close"


@pytest.fixture
def desk(make_database: Callable[[str], Database]) -> DataDesk:
    """Data, where AAPL is listed."""
    made = DataDesk(make_database("data"))
    made.stock()
    return made


def row(place: int, factor: Decimal = Decimal(1)) -> list[str]:
    """A quiet session near 100, at whose eighth decimal something stands."""
    drift = Decimal(place * 37 % 11) / 10
    prices = [Decimal(100) + drift, Decimal(101) + drift, Decimal("98.5") + drift, 100 + drift / 2]
    shown = [f"{price * factor + Decimal('0.00000001'):.8f}" for price in prices]
    return [str(DAYS[place]), *shown, f"{900_000 + place * 7919 % 100_000}", f"{50 + drift}"]


def told(desk: DataDesk, rows: Sequence[list[str]], etag: str = "etag-1") -> ImportRecord:
    """Import a file of these rows."""
    lines = [HEADER, *(",".join(one) for one in rows)]
    (record,) = desk.put(KEY, "\n".join(lines).encode(), etag)
    return record


def closes(desk: DataDesk) -> dict[date, str]:
    """Return the closes that stand, as they were stored."""
    page = desk.service.bars("AAPL", DAYS[0], DAYS[-1], limit=1000)
    return {one.bar.session: str(one.bar.close) for one in page.bars}


def test_blocked_row_is_in_no_series_and_keeps_its_digits_and_its_reason(desk: DataDesk) -> None:
    rows = [row(place) for place in range(40)]
    rows[20] = row(20, Decimal(3))

    record = told(desk, rows)

    assert (record.rows_read, record.rows_written, record.rows_quarantined) == (40, 39, 1)
    assert closes(desk) == {DAYS[i]: rows[i][4] for i in range(40) if i != 20}
    (apart,) = desk.rows("SELECT * FROM data.quarantine")
    assert (apart["session"], apart["source"], apart["kinds"]) == (DAYS[20], "csv", ["spike"])
    assert str(apart["close"]) == rows[20][4]
    assert "taken back after 1 bar" in apart["reason"]
    (kept,) = desk.rows(f"SELECT rows_quarantined FROM data.imports WHERE object_key = '{KEY}'")
    assert kept["rows_quarantined"] == 1


def test_same_fault_told_again_is_no_second_row(desk: DataDesk) -> None:
    rows = [row(place) for place in range(40)]
    rows[20] = row(20, Decimal(3))
    told(desk, rows)

    again = told(desk, rows, "etag-2")

    assert (again.rows_written, again.rows_quarantined) == (0, 1)
    assert len(desk.rows("SELECT 1 FROM data.quarantine")) == 1


def test_file_of_which_nothing_passes_tells_nobody(desk: DataDesk) -> None:
    told(desk, [row(place) for place in range(30)])
    before = sum(isinstance(event, BarsImported) for event in desk.published())

    record = told(desk, [row(30)[:1] + row(29)[1:]], "etag-2")

    assert (record.status, record.rows_written) == (ImportStatus.DONE, 0)
    assert record.rows_quarantined == 1
    assert sum(isinstance(event, BarsImported) for event in desk.published()) == before


def test_fall_that_a_later_file_confirms_is_let_in_to_the_last_digit(desk: DataDesk) -> None:
    fallen = Decimal("0.7")
    waits = told(desk, [*(row(place) for place in range(30)), row(30, fallen)])
    assert waits.rows_quarantined == 1
    assert DAYS[30] not in closes(desk)

    record = told(desk, [row(31, fallen)], "etag-2")

    assert (record.rows_read, record.rows_written, record.rows_quarantined) == (1, 2, 0)
    assert closes(desk)[DAYS[30]] == row(30, fallen)[4]
    (apart,) = desk.rows("SELECT released_by FROM data.quarantine")
    assert apart["released_by"] == "gate"
    event = desk.published()[-1]
    assert isinstance(event, BarsImported)
    assert (event.first_session, event.last_session, event.rows) == (DAYS[30], DAYS[31], 2)


def test_row_that_waits_still_is_kept_apart_once(desk: DataDesk) -> None:
    fallen = Decimal("0.7")
    told(desk, [*(row(place) for place in range(30)), row(30, fallen)])

    told(desk, [row(31)], "etag-2")

    assert DAYS[30] not in closes(desk)
    (apart,) = desk.rows("SELECT close, released_at FROM data.quarantine")
    assert (str(apart["close"]), apart["released_at"]) == (row(30, fallen)[4], None)


def test_prices_smaller_than_what_is_judged_are_stored(desk: DataDesk) -> None:
    one = [str(DAYS[0]), "0.00000002", "0.00000003", "0.00000001", "0.00000002", "5", ""]

    record = told(desk, [one])

    assert (record.rows_written, record.rows_quarantined) == (1, 0)
    assert Decimal(closes(desk)[DAYS[0]]) == Decimal("0.00000002")


def test_number_that_no_series_can_count_is_rejected_and_the_rest_imported(
    desk: DataDesk,
) -> None:
    largest = "9" * 12 + "." + "9" * 8
    beyond = [str(DAYS[1]), *["1" + "0" * 12] * 4, "1", ""]

    record = told(desk, [[str(DAYS[0]), *[largest] * 4, largest, ""], beyond])

    assert record.rows_written == 1
    assert closes(desk) == {DAYS[0]: largest}
    (rejected,) = record.rejected
    assert (rejected.line, "at most 12 before the point" in rejected.reason) == (3, True)
