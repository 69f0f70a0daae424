"""Parquet files of bars, read by Arrow's columns: the same names as in CSV.

An instant with a zone is one; without, it is New York's wall time. Numbers may be floats, decimals
or integers; which row cannot be believed is told by its number, the first being 1.
"""

from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bifrost.core.errors import FieldProblem, InvalidInputError
from bifrost.core.sessions import EXCHANGE, Session
from bifrost.data.providers.csv_file import NUMBERS, TIMES
from bifrost.data.providers.csv_times import NO_TIME, Stamp, refuse_other_timeframe, stamp_of
from bifrost.data.providers.file_rows import FileBars, Reading
from bifrost.data.providers.local_times import DAY, days_of, utc_of_new_york
from bifrost.data.series.columns import UNITS, Integers, instant_of, micros
from bifrost.data.series.timeframes import Timeframe

# Twelve digits before the point, as in a text file.
_NUMBER_MAX = 10**12
# Five years of every minute of the day, and as large as a Lean zip may unpack.
ROWS_MAX = 2_000_000
_MINUTE = 60_000_000


def read_parquet(
    content: bytes,
    timeframe: Timeframe,
    sessions: Sequence[Session],
    stamp: Stamp | None = None,
) -> FileBars:
    """Read bars of 1d or of minutes; arguments and errors are those of `read_csv`."""
    table = _table(content)
    reading = Reading(rows=table.num_rows)
    stamps, is_instant = _times(table.column(0))
    starts = _starts(stamps, is_instant, timeframe, sessions)
    numbers = np.column_stack([_floats(one) for one in table.columns[1:]])
    good = _believed(reading, starts, numbers)
    counts = np.rint(numbers[good] * UNITS).astype(np.int64)
    starts, lines = starts[good], np.flatnonzero(good) + 1
    note = ""
    if not timeframe.is_daily:
        refuse_other_timeframe(starts, timeframe)
        found = stamp or stamp_of(starts, sessions)
        starts = starts - (timeframe.minutes * _MINUTE if found is Stamp.END else 0)
        note = f"times are the {'ends' if found is Stamp.END else 'beginnings'} of bars"
    reading.add(starts, counts, lines)
    return reading.bars(note)


def _table(content: bytes) -> Any:
    """Return the column of times, and behind it those of NUMBERS."""
    from arro3.core import Table
    from arro3.io import read_parquet as read

    try:
        reader = read(BytesIO(content))
        wanted = _wanted(reader.schema.names)
        batches = list(_bounded(reader, wanted))
    except InvalidInputError:
        raise
    except BaseException as error:
        # A damaged file makes the reader panic, in a class that is no Exception.
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise _problem("file", f"it is not Parquet: {error}", "send a Parquet file") from error
    if not batches:
        raise _problem("file", "it has no rows", "send at least one row")
    return Table.from_batches(batches)


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


def _times(column: Any) -> tuple[Integers, bool]:
    """Return microseconds, and whether they are instants rather than a clock's in New York."""
    from arro3.core import DataType

    kind = column.type
    if DataType.is_date(kind):
        days = column.cast(DataType.date32()).cast(DataType.int32())
        return _integers(days) * DAY, False
    if not DataType.is_timestamp(kind):
        raise _problem("columns", f"its time is {kind}", "store it as a date or a timestamp")
    told = column.cast(DataType.timestamp("us", tz=kind.tz))
    return _integers(told.cast(DataType.int64())), kind.tz is not None


def _integers(column: Any) -> Integers:
    if column.null_count:
        found = [NO_TIME if one is None else one for one in column.to_pylist()]
        return np.array(found, dtype=np.int64)
    return np.asarray(column.to_numpy(), dtype=np.int64)


def _floats(column: Any) -> NDArray[np.float64]:
    """Return numbers as floats; what is missing is no number."""
    from arro3.core import DataType

    if not (DataType.is_numeric(column.type) or DataType.is_decimal(column.type)):
        raise _problem("columns", f"{column.type} is no number", "store numbers")
    told = column.cast(DataType.float64())
    if told.null_count:
        return np.array([np.nan if one is None else one for one in told.to_pylist()])
    return np.asarray(told.to_numpy(), dtype=np.float64)


def _starts(
    stamps: Integers, is_instant: bool, timeframe: Timeframe, sessions: Sequence[Session]
) -> Integers:
    known = stamps != NO_TIME
    if not timeframe.is_daily:
        return stamps if is_instant else np.where(
            known, utc_of_new_york(np.where(known, stamps, 0)), NO_TIME
        )  # fmt: skip
    opens = {one.session: micros(one.opens_at) for one in sessions}
    if is_instant and (stamps[known] % DAY).any():
        # A day as the instant at which it began in New York, rather than in UTC.
        days = [instant_of(int(one)).astimezone(EXCHANGE).date() for one in stamps]
    else:
        days = days_of(np.where(known, stamps, 0))
    found = [opens.get(day, NO_TIME) for day in days]
    return np.where(known, np.array(found, dtype=np.int64), NO_TIME)


def _believed(
    reading: Reading, starts: Integers, numbers: NDArray[np.float64]
) -> NDArray[np.bool_]:
    possible = np.isfinite(numbers) & (numbers >= 0) & (numbers < _NUMBER_MAX)
    good: NDArray[np.bool_] = (starts != NO_TIME) & possible.all(axis=1)
    for place in np.flatnonzero(~good):
        if starts[place] == NO_TIME:
            reading.refuse(int(place) + 1, "", "its time is missing, or is of no session")
            continue
        name = NUMBERS[int(np.flatnonzero(~possible[place])[0])]
        value = numbers[place][NUMBERS.index(name)]
        reading.refuse(int(place) + 1, "", f"column {name}: {value} is not a number of at least 0")
    return good


def _problem(field: str, message: str, fix: str) -> InvalidInputError:
    return InvalidInputError(FieldProblem(field, message, fix))
