"""PostgreSQL's binary formats, made and read by numpy for all rows at once.

A row of COPY is a count of fields and each field behind its length. Where every row has the same
lengths, all rows are one array of records: nothing is done row by row, in Python or in C.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bifrost.data.series.columns import Integers

# PostgreSQL counts microseconds from 2000.
EPOCH = 946_684_800_000_000
_SIGNATURE = b"PGCOPY\n\xff\r\n\0" + b"\0" * 8
_TRAILER = b"\xff\xff"
_ARRAY_HEAD = 20

# A field of every row: one value for all (None is null), or a column of integers or fixed bytes.
Field: TypeAlias = "bytes | NDArray[Any] | None"


def copy_buffer(fields: Sequence[Field], rows: int) -> bytes:
    """Return what COPY ... FROM STDIN (FORMAT binary) reads: so many rows of these fields."""
    form: list[tuple[str, str]] = [("fields", ">i2")]
    for place, field in enumerate(fields):
        form.append((f"length{place}", ">i4"))
        if field is not None:
            form.append((f"value{place}", _form_of(field)))
    records = np.empty(rows, dtype=np.dtype(form))
    records["fields"] = len(fields)
    for place, field in enumerate(fields):
        if field is None:
            records[f"length{place}"] = -1
            continue
        values = records[f"value{place}"]
        records[f"length{place}"] = values.dtype.itemsize
        values[:] = np.void(field) if isinstance(field, bytes) else field
    return b"".join([_SIGNATURE, records.data, _TRAILER])


def small(value: int) -> bytes:
    """Write a smallint that is the same in every row."""
    return value.to_bytes(2, "big", signed=True)


def instants(microseconds: Integers) -> Integers:
    """Turn microseconds since 1970 into what timestamptz counts."""
    return microseconds - EPOCH


def read_integers(array: bytes | None) -> Integers:
    """Read a one-dimensional array of bigint without nulls; nothing for a null."""
    if array is None:
        return np.empty(0, dtype=np.int64)
    form = np.dtype([("length", ">i4"), ("value", ">i8")])
    found: Integers = _elements(array, form).astype(np.int64)
    return found


def read_instants(array: bytes | None) -> Integers:
    """Read an array of timestamptz as microseconds since 1970."""
    found = read_integers(array)
    found += EPOCH
    return found


def read_smalls(array: bytes | None) -> Integers:
    """Read an array of smallint."""
    if array is None:
        return np.empty(0, dtype=np.int64)
    form = np.dtype([("length", ">i4"), ("value", ">i2")])
    found: Integers = _elements(array, form).astype(np.int64)
    return found


def read_codes(array: bytes | None, width: int) -> "NDArray[np.bytes_]":
    """Read an array of texts that are all of this many bytes."""
    if array is None:
        return np.empty(0, dtype=f"S{width}")
    form = np.dtype([("length", ">i4"), ("value", f"S{width}")])
    found: NDArray[np.bytes_] = _elements(array, form).copy()
    return found


def _elements(array: bytes, form: "np.dtype[Any]") -> NDArray[Any]:
    if len(array) < _ARRAY_HEAD:  # an empty array has no dimensions
        return np.empty(0, dtype=form)["value"]
    return np.frombuffer(array, dtype=form, offset=_ARRAY_HEAD)["value"]


def _form_of(field: "bytes | NDArray[Any]") -> str:
    if isinstance(field, bytes):
        return f"V{len(field)}"
    kind = "S" if field.dtype.kind == "S" else ">i"
    return f"{kind}{field.dtype.itemsize}"
