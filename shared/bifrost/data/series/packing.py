"""A month of bars packed into one string of bytes, which the database keeps and never looks into.

Each column is its smallest value, a step that all its values are multiples of from there, and
unsigned counts of it, as narrow as they fit: cents of a month's prices, minutes of its times and
whole shares need 2, 2 and 4 bytes where rows need 8. Counts are little-endian, so that they are
read where they lie: unpacking is one multiplication and one addition into the caller's columns.
"""

import struct
from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from bifrost.data.series.columns import BarColumns, Integers

_FORM = 1
_HEAD = struct.Struct("<BxxxI")
_COLUMN = struct.Struct("<qqB7x")
_COLUMNS = len(fields(BarColumns))
_WIDTHS = (1, 2, 4, 8)


def pack(bars: BarColumns) -> bytes:
    """Pack bars; what `unpack` returns is the same to the last digit."""
    parts = [_HEAD.pack(_FORM, len(bars))]
    counted = [_counted(column) for column in bars.columns()]
    parts += [_COLUMN.pack(least, step, counts.itemsize) for least, step, counts in counted]
    for _, _, counts in counted:
        raw = counts.tobytes()
        parts += [raw, b"\0" * (-len(raw) % 8)]
    return b"".join(parts)


def bars_in(packed: bytes) -> int:
    """Return how many bars are packed; raise ValueError for what `pack` has not made."""
    if len(packed) < _HEAD.size:
        raise ValueError(f"packed bars begin with {_HEAD.size} bytes, there are {len(packed)}")
    form, bars = _HEAD.unpack_from(packed)
    if form != _FORM:
        raise ValueError(f"packed bars of form {form}, only {_FORM} is known")
    return int(bars)


def unpack_into(packed: bytes, columns: "NDArray[np.int64]", at: int) -> int:
    """Write packed bars into columns (6 rows of at least `at` + bars places); return `at` + bars.

    Raises ValueError for what `pack` has not made.
    """
    bars = bars_in(packed)
    offset = _HEAD.size + _COLUMNS * _COLUMN.size
    for place in range(_COLUMNS):
        least, step, width = _COLUMN.unpack_from(packed, _HEAD.size + place * _COLUMN.size)
        counts = np.frombuffer(packed, dtype=f"<u{width}", count=bars, offset=offset)
        column = columns[place, at : at + bars]
        if width == 8:
            column[:] = counts.view(np.int64)
        else:
            np.multiply(counts, step, out=column, casting="unsafe", dtype=np.int64)
            column += least
        offset += -(-bars * width // 8) * 8
    return at + bars


def _counted(column: Integers) -> "tuple[int, int, NDArray[np.unsignedinteger]]":
    """Return the least value, the step, and how many steps each value is above the least."""
    if not len(column):
        return 0, 1, column.astype("<u1")
    least, most = int(column.min()), int(column.max())
    if most - least >= 2**63:  # the differences have no room in 64 bits: kept as they are
        return 0, 1, column.astype("<i8").view("<u8")
    above = column - least
    step = int(np.gcd.reduce(above)) or 1
    width = next(one for one in _WIDTHS if (most - least) // step < 256**one)
    if width == 8:
        return 0, 1, column.astype("<i8").view("<u8")
    return least, step, (above // step).astype(f"<u{width}")
