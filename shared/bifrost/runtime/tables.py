"""Tables as bytes: CSV, Arrow and Parquet, column by column.

CSV holds every number to its last digit. Arrow and Parquet hold floats, because those who read
them compute: a count of millionths below 2**53 divided by 10**6 is the float nearest to it.
"""

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from types import NoneType
from typing import TYPE_CHECKING, Any, get_args

if TYPE_CHECKING:
    from arro3.core import Array
    from arro3.core import Table as ArrowTable
    from pydantic import BaseModel

_MILLION = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Kind(StrEnum):
    """What a column holds."""

    TEXT = "text"  # str, or None where there is none
    DATE = "date"  # date, or None where there is none
    INSTANT = "instant"  # int, microseconds since 1970 (UTC), or None where there is none
    MILLIONTHS = "millionths"  # int, of the unit
    DECIMAL = "decimal"  # Decimal, or None where it is not known
    INTEGER = "integer"  # int


_KINDS = {
    Decimal: Kind.DECIMAL,
    date: Kind.DATE,
    datetime: Kind.INSTANT,
    bool: Kind.INTEGER,
    int: Kind.INTEGER,
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: a sequence (or a numpy array, for the kinds that are int) of its kind."""

    name: str
    kind: Kind
    values: "Sequence[Any]"


@dataclass(frozen=True, slots=True)
class Table:
    """Columns of one length."""

    columns: tuple[Column, ...]

    def __post_init__(self) -> None:
        lengths = {len(column.values) for column in self.columns}
        if len(lengths) > 1:
            raise ValueError(f"columns of one table have one length, were {sorted(lengths)}")


def table_of(sheet: "type[BaseModel]", items: "Sequence[BaseModel]") -> Table:
    """Make a table of a page's items: a column for each field, its kind by the field's type.

    What is neither number, date nor instant is its text, as in JSON.
    """
    return Table(
        tuple(
            _column(name, field.annotation, [getattr(item, name) for item in items])
            for name, field in sheet.model_fields.items()
        )
    )


def to_csv(table: Table) -> bytes:
    """Write a header and one line for each row (RFC 4180, lines end with LF)."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([column.name for column in table.columns])
    texts = [_TEXTS[column.kind](_plain(column.values)) for column in table.columns]
    writer.writerows(zip(*texts, strict=True))
    return text.getvalue().encode()


def to_arrow(table: Table) -> bytes:
    """Write an Arrow IPC stream."""
    from arro3.io import write_ipc_stream

    out = io.BytesIO()
    # Uncompressed: gzip comes with HTTP, and a reader then maps the columns as they are.
    write_ipc_stream(_arrow(table), out, compression=None)
    return out.getvalue()


def to_parquet(table: Table) -> bytes:
    """Write a Parquet file, compressed by zstd."""
    from arro3.io import write_parquet

    out = io.BytesIO()
    write_parquet(_arrow(table), out, compression="zstd(1)")
    return out.getvalue()


def instant_text(microseconds: int) -> str:
    """Write microseconds since 1970 as RFC 3339, with no fraction where it is none."""
    instant = _EPOCH + timedelta(microseconds=microseconds)
    return instant.replace(tzinfo=None).isoformat() + "Z"


def millionths_text(count: int) -> str:
    """Write a count of millionths as a decimal, to the last digit and no further."""
    whole, rest = divmod(abs(count), _MILLION)
    sign = "-" if count < 0 else ""
    return f"{sign}{whole}.{rest:06d}".rstrip("0") if rest else f"{sign}{whole}"


def _column(name: str, annotation: Any, values: list[Any]) -> Column:
    kind = _kind_of(annotation, values)
    if kind is Kind.INSTANT:
        values = [
            None if value is None else (value - _EPOCH) // timedelta(microseconds=1)
            for value in values
        ]
    if kind is Kind.TEXT:
        values = [None if value is None else str(value) for value in values]
    return Column(name, kind, values)


def _kind_of(annotation: Any, values: list[Any]) -> Kind:
    """Return a field's kind; one that may be a date or an instant is what its values are."""
    types = set(get_args(annotation) or (annotation,))
    if NoneType in types and types - {NoneType} not in ({Decimal}, {date}, {datetime}):
        return Kind.TEXT
    if types == {date, datetime}:
        is_date = bool(values) and not isinstance(values[0], datetime)
        return Kind.DATE if is_date else Kind.INSTANT
    return next((kind for one, kind in _KINDS.items() if one in types), Kind.TEXT)


def _plain(values: "Sequence[Any]") -> Sequence[Any]:
    """Return Python's own numbers: numpy's print and divide in ways of their own."""
    return values.tolist() if hasattr(values, "tolist") else values


def _decimal_text(value: Decimal | None) -> str:
    return "" if value is None else f"{value:f}"


_TEXTS: dict[Kind, Callable[[Iterable[Any]], Iterable[str]]] = {
    Kind.TEXT: lambda values: ("" if value is None else value for value in values),
    Kind.DATE: lambda values: ("" if value is None else value.isoformat() for value in values),
    Kind.INSTANT: lambda values: ("" if value is None else instant_text(value) for value in values),
    Kind.MILLIONTHS: lambda values: map(millionths_text, values),
    Kind.DECIMAL: lambda values: map(_decimal_text, values),
    Kind.INTEGER: lambda values: map(str, map(int, values)),
}


def _arrow(table: Table) -> "ArrowTable":
    from arro3.core import Table as ArrowTable

    return ArrowTable.from_pydict({column.name: _array(column) for column in table.columns})


def _array(column: Column) -> "Array":
    import numpy as np
    from arro3.core import Array, DataType

    if column.kind is Kind.TEXT:
        return Array(list(column.values), type=DataType.utf8())
    if column.kind is Kind.DECIMAL:
        floats = [None if value is None else float(value) for value in column.values]
        return Array(floats, type=DataType.float64())
    if column.kind is Kind.DATE:
        days = [None if value is None else (value - _EPOCH.date()).days for value in column.values]
        return Array(days, type=DataType.int32()).cast(DataType.date32())
    if column.kind is Kind.INSTANT:
        instants = Array(column.values, type=DataType.int64())
        return instants.cast(DataType.timestamp("us", tz="UTC"))
    numbers = np.asarray(column.values, dtype=np.int64)
    if column.kind is Kind.MILLIONTHS:
        return Array.from_numpy(numbers / _MILLION)
    return Array.from_numpy(numbers)
