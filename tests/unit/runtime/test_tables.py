"""A table says the same as CSV, Arrow and Parquet; pyarrow reads what arro3 writes."""

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow.ipc
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from bifrost.runtime.tables import (
    Column,
    Kind,
    Table,
    instant_text,
    millionths_text,
    table_of,
    to_arrow,
    to_csv,
    to_parquet,
)

TABLE = Table(
    (
        Column("instrument", Kind.TEXT, ["AAPL", "a,b"]),
        Column("note", Kind.TEXT, [None, "x"]),
        Column("session", Kind.DATE, [date(2012, 6, 18), date(1962, 1, 2)]),
        Column("t", Kind.INSTANT, np.array([1_340_000_000_000_000, 1_340_000_060_500_000])),
        Column("close", Kind.MILLIONTHS, np.array([14_550_000, 1])),
        Column("share", Kind.DECIMAL, [Decimal("1.10"), None]),
        Column("trades", Kind.INTEGER, [3, 4]),
    )
)


def test_csv_has_every_number_to_its_last_digit_and_quotes_what_holds_a_comma() -> None:
    rows = list(csv.reader(io.StringIO(to_csv(TABLE).decode())))

    assert rows == [
        ["instrument", "note", "session", "t", "close", "share", "trades"],
        ["AAPL", "", "2012-06-18", "2012-06-18T06:13:20Z", "14.55", "1.10", "3"],
        ["a,b", "x", "1962-01-02", "2012-06-18T06:14:20.500000Z", "0.000001", "", "4"],
    ]


def _read_arrow(table: Table) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pyarrow.ipc.open_stream(to_arrow(table)).read_all().to_pylist()
    return found


def _read_parquet(table: Table) -> list[dict[str, Any]]:
    read = pyarrow.parquet.read_table(io.BytesIO(to_parquet(table)))
    found: list[dict[str, Any]] = read.to_pylist()
    return found


@pytest.mark.parametrize("read", [_read_arrow, _read_parquet])
def test_arrow_and_parquet_hold_instants_dates_and_floats(read: Any) -> None:
    assert read(TABLE) == [
        {
            "instrument": "AAPL",
            "note": None,
            "session": date(2012, 6, 18),
            "t": datetime(2012, 6, 18, 6, 13, 20, tzinfo=UTC),
            "close": 14.55,
            "share": 1.1,
            "trades": 3,
        },
        {
            "instrument": "a,b",
            "note": "x",
            "session": date(1962, 1, 2),
            "t": datetime(2012, 6, 18, 6, 14, 20, 500_000, tzinfo=UTC),
            "close": 0.000001,
            "share": None,
            "trades": 4,
        },
    ]


@pytest.mark.parametrize("write", [to_csv, to_arrow, to_parquet])
def test_a_table_without_rows_can_be_written(write: Any) -> None:
    empty = Table(tuple(Column(one.name, one.kind, one.values[:0]) for one in TABLE.columns))

    assert write(empty)


def test_columns_of_two_lengths_are_no_table() -> None:
    with pytest.raises(ValueError, match="one length"):
        Table((Column("a", Kind.TEXT, ["x"]), Column("b", Kind.TEXT, [])))


@given(st.integers(-(2**63), 2**63 - 1))
def test_millionths_are_written_as_the_exact_decimal(count: int) -> None:
    text = millionths_text(count)

    assert Decimal(text) * 1_000_000 == count
    assert "E" not in text
    assert not ("." in text and text.endswith("0"))


def test_an_instant_before_1970_is_written_too() -> None:
    assert instant_text(-1_000_000) == "1969-12-31T23:59:59Z"


class Sheet(BaseModel):
    """An item with a field of each kind."""

    t: date | datetime
    at: datetime
    close: Decimal
    share: Decimal | None
    count: int
    is_open: bool
    tags: list[str]
    ended: date | None


def test_items_of_a_page_become_columns_by_their_fields_types() -> None:
    instant = datetime(2012, 6, 18, tzinfo=UTC)
    item = Sheet(
        t=date(2012, 6, 18),
        at=instant,
        close=Decimal("1.50"),
        share=None,
        count=3,
        is_open=True,
        tags=["a"],
        ended=None,
    )

    rows = to_csv(table_of(Sheet, [item])).decode().splitlines()

    assert rows[0] == "t,at,close,share,count,is_open,tags,ended"
    assert rows[1] == "2012-06-18,2012-06-18T00:00:00Z,1.50,,3,1,['a'],"


def test_a_field_that_may_be_an_instant_is_one_where_its_values_are() -> None:
    class Beginning(BaseModel):
        t: date | datetime

    rows = to_csv(table_of(Beginning, [Beginning(t=datetime(2012, 6, 18, tzinfo=UTC))]))

    assert rows == b"t\n2012-06-18T00:00:00Z\n"


@pytest.mark.parametrize("read", [_read_arrow, _read_parquet])
def test_an_instant_that_is_not_there_is_empty_in_every_form(read: Any) -> None:
    class Ending(BaseModel):
        place: int
        ended_at: datetime | None

    instant = datetime(2012, 6, 18, tzinfo=UTC)
    table = table_of(Ending, [Ending(place=1, ended_at=instant), Ending(place=2, ended_at=None)])

    assert to_csv(table) == b"place,ended_at\n1,2012-06-18T00:00:00Z\n2,\n"
    assert read(table) == [{"place": 1, "ended_at": instant}, {"place": 2, "ended_at": None}]
