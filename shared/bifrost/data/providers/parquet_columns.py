"""The columns of a Parquet file of bars as numpy's, or in words why they are none.

What the library says of a damaged file is about its own insides; it is said here in a line.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any, TypeVar

import numpy as np

from bifrost.core.errors import FieldProblem, InvalidInputError
from bifrost.data.providers.csv_file import NUMBERS, TIMES
from bifrost.data.providers.csv_times import NO_TIME
from bifrost.data.providers.local_times import DAY, YEARS
from bifrost.data.series.columns import Floats, Integers

# Five years of every minute of the day, and as large as a Lean zip may unpack.
ROWS_MAX = 2_000_000
_MAGIC = b"PAR1"
_Read = TypeVar("_Read")
_FIRST_DAY = (YEARS.start - 1970) * 365
_LAST_DAY = (YEARS.stop - 1970) * 366
# In this order: a map is nested too.
_KINDS = (
    ("is_boolean", "true or false"),
    ("is_string", "text"),
    ("is_large_string", "text"),
    ("is_string_view", "text"),
    ("is_dictionary", "categories"),
    ("is_nested", "nested"),
    ("is_timestamp", "a timestamp"),
    ("is_date", "a date"),
    ("is_time", "a time of day"),
    ("is_numeric", "a number"),
    ("is_decimal", "a number"),
    ("is_null", "nothing"),
)


@dataclass(frozen=True, slots=True, eq=False)
class ParquetColumns:
    """A file's rows.

    times: microseconds since 1970 began, NO_TIME where there is none that a calendar has.
    are_instants: they are of UTC, rather than what a clock in New York showed. numbers: by row,
    those of NUMBERS; what is missing is no number.
    """

    times: Integers
    are_instants: bool
    numbers: Floats


def read_columns(content: bytes) -> ParquetColumns:
    """Read a file; raise InvalidInputError where it is none of bars, naming the column."""
    table, names = _table(content)
    times, are_instants = _times(names[0], table.column(0))
    numbers = [_floats(name, table.column(place)) for place, name in enumerate(names[1:], start=1)]
    return ParquetColumns(times, are_instants, np.column_stack(numbers))


def _table(content: bytes) -> tuple[Any, list[str]]:
    """Return the column of times, and behind it those of NUMBERS; and their names in the file."""
    from arro3.core import Table
    from arro3.io import read_parquet

    if not (content.startswith(_MAGIC) and content.endswith(_MAGIC)):
        message = "it is not Parquet, or cut off: it has no PAR1 at its beginning and its end"
        raise _problem("file", message, "send a Parquet file, whole")

    def read() -> tuple[list[Any], list[str]]:
        reader = read_parquet(BytesIO(content))
        wanted = _wanted(reader.schema.names)
        return list(_bounded(reader, wanted)), wanted

    batches, names = _told("file", "it cannot be read as Parquet", read)
    if not batches:
        raise _problem("file", "it has no rows", "send at least one row")
    return Table.from_batches(batches), names


def _wanted(columns: Sequence[str]) -> list[str]:
    names = {name.lower(): name for name in columns}
    time_name = next((names[one] for one in TIMES if one in names), None)
    missing = [one for one in NUMBERS if one not in names]
    if time_name is None or missing:
        lacks = ", ".join(missing or [TIMES[0]])
        raise _problem("columns", f"it lacks {lacks}", f"have {TIMES[0]}, {', '.join(NUMBERS)}")
    return [time_name, *(names[one] for one in NUMBERS)]


def _bounded(reader: Any, wanted: list[str]) -> Iterator[Any]:
    """Yield batches of the wanted columns, of at most ROWS_MAX rows: equal rows pack to nothing."""
    rows = 0
    for batch in reader:
        rows += batch.num_rows
        if rows > ROWS_MAX:
            message = f"it has more than {ROWS_MAX} rows"
            raise _problem("file", message, "split it, by year for example")
        yield batch.select(wanted)


def _times(name: str, column: Any) -> tuple[Integers, bool]:
    from arro3.core import DataType

    kind = column.type
    if not (DataType.is_date(kind) or DataType.is_timestamp(kind)):
        fix = "store it as a date or a timestamp"
        raise _problem(f"column {name}", f"it is {_kind(kind)}, not a time", fix)

    def read() -> Integers:
        if DataType.is_date(kind):
            days = _integers(column.cast(DataType.date32()).cast(DataType.int32()))
            return np.clip(days, _FIRST_DAY - 1, _LAST_DAY) * DAY
        told = column.cast(DataType.timestamp("us", tz=kind.tz))
        return _integers(told.cast(DataType.int64()))

    found = _told(f"column {name}", "its times cannot be read", read)
    known = (found >= _FIRST_DAY * DAY) & (found < _LAST_DAY * DAY)
    has_zone = DataType.is_timestamp(kind) and kind.tz is not None
    return np.where(known, found, NO_TIME), has_zone


def _floats(name: str, column: Any) -> Floats:
    from arro3.core import DataType

    kind = column.type
    if not (DataType.is_numeric(kind) or DataType.is_decimal(kind)):
        fix = "store numbers: floats, decimals or integers"
        raise _problem(f"column {name}", f"it is {_kind(kind)}, not a number", fix)

    def read() -> Floats:
        told = column.cast(DataType.float64())
        if told.null_count:
            return np.array([np.nan if one is None else one for one in told.to_pylist()])
        return np.asarray(told.to_numpy(), dtype=np.float64)

    return _told(f"column {name}", "its numbers cannot be read", read)


def _integers(column: Any) -> Integers:
    if column.null_count:
        found = [NO_TIME if one is None else one for one in column.to_pylist()]
        return np.array(found, dtype=np.int64)
    return np.asarray(column.to_numpy(), dtype=np.int64)


def _kind(kind: Any) -> str:
    from arro3.core import DataType

    return next((says for asks, says in _KINDS if getattr(DataType, asks)(kind)), "something else")


def _told(field: str, message: str, read: Callable[[], _Read]) -> _Read:
    """Read; raise InvalidInputError with the cause in a line where the library cannot."""
    try:
        return read()
    except InvalidInputError:
        raise
    except BaseException as error:
        # A damaged file makes the library panic, in a class that is no Exception.
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        cause = _cause(str(error))
        raise _problem(field, f"{message}: {cause}", "write the file anew") from error


def _cause(said: str) -> str:
    """Return what a library's error says in quotes, else its first line; briefly."""
    quoted = re.search(r'"([^"]+)"', said)
    line = (quoted[1] if quoted else said).strip().splitlines() or ["it is damaged"]
    return line[0][:120].rstrip(". ")


def _problem(field: str, message: str, fix: str) -> InvalidInputError:
    return InvalidInputError(FieldProblem(field, message, fix))
