"""What is no number never becomes one: a file's row is rejected with its line and column, each of
a thousand; a vendor's answer that has one is refused whole.
"""

from datetime import date
from io import BytesIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bifrost.adapters.vendors import fields
from bifrost.data.files.bar_file import RejectedRow
from bifrost.data.providers.csv_file import read_csv
from bifrost.data.providers.parquet_file import read_parquet
from bifrost.data.series.timeframes import Timeframe
from tests.clean_series import sessions

DAYS = sessions(date(2000, 1, 3), date(2009, 12, 31))
COLUMNS = ("open", "high", "low", "close", "volume")
NONE = (float("nan"), float("inf"), float("-inf"), 1e300)


def spoiled() -> tuple[np.ndarray[tuple[int, int], np.dtype[np.float64]], dict[int, str]]:
    """Ten years of days, a thousand of them with a number that is none; its column, by line."""
    chance = np.random.default_rng(20)
    rows = np.full((len(DAYS), 5), 100.0)
    wrong = {}
    for row in chance.choice(len(DAYS), 1000, replace=False):
        column = int(chance.integers(5))
        rows[row, column] = chance.choice(NONE)
        wrong[int(row) + 1] = COLUMNS[column]
    return rows, wrong


def assert_each_is_named(rejected: tuple[RejectedRow, ...], wrong: dict[int, str]) -> None:
    """Hold what was rejected to where a number is none."""
    assert [one.line for one in rejected] == sorted(wrong)
    assert all(wrong[one.line] in one.reason for one in rejected)


def test_a_thousand_in_a_csv_file_are_rejected_by_line_and_column() -> None:
    rows, wrong = spoiled()
    lines = [
        ",".join([str(day.session), *(str(one) for one in row)])
        for day, row in zip(DAYS, rows.tolist(), strict=True)
    ]
    content = "\n".join(["date,open,high,low,close,volume", *lines]).encode()

    told = read_csv(content, Timeframe.D1, DAYS).bars

    assert len(told.bars) == len(DAYS) - 1000
    assert_each_is_named(told.rejected, {line + 1: name for line, name in wrong.items()})
    assert all(one.text == lines[one.line - 2] for one in told.rejected)


def test_a_thousand_in_a_parquet_file_are_rejected_by_row_and_column() -> None:
    rows, wrong = spoiled()
    table = {"timestamp": pa.array([one.session for one in DAYS])}
    table |= {name: pa.array(rows[:, place]) for place, name in enumerate(COLUMNS)}
    sink = BytesIO()
    pq.write_table(pa.table(table), sink)

    told = read_parquet(sink.getvalue(), Timeframe.D1, DAYS)

    assert len(told.bars) == len(DAYS) - 1000
    assert_each_is_named(told.rejected, wrong)


@pytest.mark.parametrize("value", [*NONE[:3], None, "1", True])
def test_a_vendors_field_that_is_no_number_refuses_its_answer(value: object) -> None:
    with pytest.raises(fields.ChangedShapeError, match="'close' is"):
        fields.number({"close": value}, "close")
