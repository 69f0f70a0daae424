"""A file of bars is read to the last digit; a row that cannot be believed is kept apart."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifrost.core.errors import InvalidInputError
from bifrost.data.files.bar_file import BarFile, BarRow, read_bars

HEADER = "date,open,high,low,close,volume"
GOOD = "2012-01-03,409.40,412.50,409.00,411.23,10793600"
SESSIONS = {date(2012, 1, day) for day in (3, 4, 5, 6)}


def read(*rows: str, header: str = HEADER) -> BarFile:
    """Read a file of these rows."""
    return read_bars("\n".join([header, *rows]).encode(), SESSIONS)


def reason(row: str) -> str:
    """Return why the only bad row was rejected, having checked that the good one was not."""
    found = read(GOOD, row)
    assert list(found.rows) == [date(2012, 1, 3)]
    (rejected,) = found.rejected
    assert (rejected.line, rejected.text) == (3, row)
    return rejected.reason


def test_prices_keep_every_digit_of_their_text() -> None:
    found = read("2012-01-03,127.0,127.9375,120.1,122.00,2779100,3.9196750984301",
                 header=f"{HEADER},adjusted_close")  # fmt: skip

    (row,) = found.rows.values()

    assert row == BarRow(
        date(2012, 1, 3),
        Decimal("127.0"),
        Decimal("127.9375"),
        Decimal("120.1"),
        Decimal("122.00"),
        Decimal(2779100),
        Decimal("3.9196750984301"),
    )
    assert str(row.open) == "127.0"
    assert str(row.close) == "122.00"


def test_windows_line_ends_byte_order_mark_quotes_and_blank_lines_are_read() -> None:
    text = f'\ufeff{HEADER.upper()}\r\n"2012-01-03","1","1","1","1","0"\r\n\r\n'

    found = read_bars(text.encode(), SESSIONS)

    assert list(found.rows) == [date(2012, 1, 3)]
    assert found.rejected == []


def test_adjusted_close_may_be_left_empty() -> None:
    found = read(f"{GOOD},", header=f"{HEADER},adjusted_close")

    assert found.rows[date(2012, 1, 3)].adjusted_close is None


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("2012-01-04,10,12,10.01,11,1", "low 10.01 is not positive and at or below"),
        ("2012-01-04,10,12,11.01,11,1", "low 11.01 is not positive and at or below"),
        ("2012-01-04,0,12,0,11,1", "low 0 is not positive"),
        ("2012-01-04,10,10.99,9,11,1", "high 10.99 is below"),
        ("2012-01-04,10,12,9,11,-1", "volume '-1' is not a number of at least 0"),
        ("2012-01-04,-10,12,9,11,1", "open '-10' is not"),
        ("2012-01-04,NaN,12,9,11,1", "open 'NaN' is not"),
        ("2012-01-04,10,Infinity,9,11,1", "high 'Infinity' is not"),
        ("2012-01-04,10,1e2,9,11,1", "high '1e2' is not"),
        ("2012-01-04,10,1_2,9,11,1", "high '1_2' is not"),
        ("2012-01-04,10,١٢,9,11,1", "high '١٢' is not"),
        ("2012-01-04,10,12,9,11.123456789,1", "close '11.123456789' is not"),
        ("2012-01-04,10,1000000000000000,9,11,1", "high '1000000000000000' is not"),
        ("2012-01-04,10,,9,11,1", "high '' is not"),
        ("2012-01-07,10,12,9,11,1", "2012-01-07 is not a session of the calendar"),
        ("2012-02-30,10,12,9,11,1", "day is out of range"),
        ("03/01/2012,10,12,9,11,1", "date '03/01/2012' is not YYYY-MM-DD"),
        ("2012-01-04,10,12,9,11", "it has 5 fields, the header has 6"),
        ('2012-01-04,10,12,9,11,"1,000"', "it has 7 fields, the header has 6"),
    ],
)
def test_row_that_cannot_be_believed_is_rejected_with_its_reason(row: str, why: str) -> None:
    assert why in reason(row)


def test_low_equal_to_open_and_high_equal_to_close_is_a_bar() -> None:
    assert len(read("2012-01-04,10,12,10,12,0").rows) == 1


def test_stray_quote_does_not_swallow_the_rows_after_it() -> None:
    found = read('2012-01-03,"1,1,1,1', "2012-01-04,1,1,1,1,1", "2012-01-05,1,1,1,1,1")

    assert list(found.rows) == [date(2012, 1, 4), date(2012, 1, 5)]
    assert [one.line for one in found.rejected] == [2]


def test_session_given_twice_alike_is_kept_once() -> None:
    found = read(GOOD, GOOD)

    assert len(found.rows) == 1
    assert [(one.line, one.reason) for one in found.rejected] == [
        (3, "session 2012-01-03 stands on line 2 already")
    ]


def test_session_given_twice_with_other_numbers_is_rejected_both_times() -> None:
    found = read(GOOD, "2012-01-04,1,1,1,1,1", GOOD.replace("411.23", "411.24"), GOOD)

    assert list(found.rows) == [date(2012, 1, 4)]
    assert [one.line for one in found.rejected] == [2, 4, 5]
    assert "stands on line 4 with other numbers" in found.rejected[0].reason


@pytest.mark.parametrize(
    ("content", "field"),
    [
        (b"", "file"),
        (b"\n\n", "file"),
        (b"date,open,high,low,close\n2012-01-03,1,1,1,1", "header"),
        (b"2012-01-03,1,1,1,1,1", "header"),
        (HEADER.encode(), "file"),
        (b"\xff\xfe\x00\x01", "file"),
        (b"date,open\x00", "file"),
    ],
)
def test_file_that_is_not_one_fails_as_a_whole(content: bytes, field: str) -> None:
    with pytest.raises(InvalidInputError) as failure:
        read_bars(content, SESSIONS)

    assert [problem.field for problem in failure.value.problems] == [field]


@given(st.lists(st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"])),
                min_size=1))  # fmt: skip
def test_no_row_is_dropped_silently(rows: list[str]) -> None:
    written = [row for row in rows if row.replace("\r", "").strip() and "\x00" not in row]
    found = read(GOOD, *written)

    assert found.rows_read == 1 + len(written)
