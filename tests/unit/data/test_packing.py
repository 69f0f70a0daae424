"""Packed bars come back to the last digit, whatever integers they are, and in few bytes."""

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifrost.data.series.columns import BarColumns
from bifrost.data.series.packing import bars_in, pack, unpack_into

INT64 = st.integers(-(2**63), 2**63 - 1)
COLUMN = st.one_of(
    st.lists(INT64, max_size=20),
    # As prices are: near each other, and all of one tick.
    st.builds(
        lambda base, step, counts: [base + step * count for count in counts],
        st.integers(-(2**40), 2**40),
        st.integers(1, 2**20),
        st.lists(st.integers(0, 70_000), max_size=20),
    ),
)


def columns(*values: list[int]) -> BarColumns:
    """Make bars of these columns, as long as the shortest of them."""
    length = min(map(len, values))
    return BarColumns(*(np.array(value[:length], dtype=np.int64) for value in values))


def unpack(packed: bytes) -> BarColumns:
    """Read packed bars into columns of their own."""
    found = np.empty((6, bars_in(packed)), dtype=np.int64)
    assert unpack_into(packed, found, 0) == len(found[0])
    return BarColumns(*found)


@given(st.tuples(*[COLUMN] * 6))
def test_what_is_packed_comes_back(values: tuple[list[int], ...]) -> None:
    bars = columns(*values)

    packed = pack(bars)

    assert bars_in(packed) == len(bars)
    assert unpack(packed).equals(bars)


@pytest.mark.parametrize(
    "values",
    [[0, 2**63 - 1], [-(2**63), 2**63 - 1], [-(2**63), 0], [7], [-3, -3], [0, 255], [0, 256],
     [0, 65_535], [0, 65_536], [0, 2**32 - 1], [0, 2**32]],
)  # fmt: skip
def test_column_at_the_end_of_a_width_comes_back(values: list[int]) -> None:
    bars = columns(*[values] * 6)

    assert unpack(pack(bars)).equals(bars)


def test_months_lie_one_after_the_other_in_the_readers_columns() -> None:
    first, second = columns(*[[1, 2]] * 6), columns(*[[3]] * 6)
    found = np.zeros((6, 4), dtype=np.int64)

    at = unpack_into(pack(first), found, 0)
    at = unpack_into(pack(second), found, at)

    assert at == 3
    assert found.tolist() == [[1, 2, 3, 0]] * 6


def test_month_of_minutes_in_cents_takes_fourteen_bytes_a_bar() -> None:
    minutes = np.arange(8_190, dtype=np.int64) * 60_000_000
    price = (15_000 + minutes // 60_000_000 % 500) * 10_000
    volume = (minutes // 60_000_000 % 90_000 + 70_000) * 1_000_000
    bars = BarColumns(minutes, price, price, price, price, volume)

    assert len(pack(bars)) / len(bars) < 14.1


@pytest.mark.parametrize("damaged", [b"", b"\x01", struct.pack("<BxxxI", 2, 1) + bytes(200)])
def test_what_was_not_packed_is_refused(damaged: bytes) -> None:
    with pytest.raises(ValueError, match="packed bars"):
        unpack(damaged)
