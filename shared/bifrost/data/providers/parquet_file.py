"""Parquet files of bars, read by Arrow's columns: the same names as in CSV.

An instant with a zone is one; without, it is New York's wall time. Numbers may be floats, decimals
or integers; which row cannot be believed is told by its number, the first being 1.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bifrost.core.sessions import EXCHANGE, Session
from bifrost.data.providers.csv_file import NUMBERS
from bifrost.data.providers.csv_times import NO_TIME, Stamp, refuse_other_timeframe, stamp_of
from bifrost.data.providers.file_rows import FileBars, Reading
from bifrost.data.providers.local_times import DAY, days_of, utc_of_new_york
from bifrost.data.providers.parquet_columns import ParquetColumns, read_columns
from bifrost.data.series.columns import UNITS, Floats, Integers, instant_of, micros
from bifrost.data.series.timeframes import Timeframe

# Twelve digits before the point, as in a text file.
_NUMBER_MAX = 10**12
_MINUTE = 60_000_000


def read_parquet(
    content: bytes,
    timeframe: Timeframe,
    sessions: Sequence[Session],
    stamp: Stamp | None = None,
) -> FileBars:
    """Read bars of 1d or of minutes; arguments and errors are those of `read_csv`."""
    table = read_columns(content)
    reading = Reading(rows=len(table.times))
    starts = _starts(table, timeframe, sessions)
    numbers = table.numbers
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


def _starts(table: ParquetColumns, timeframe: Timeframe, sessions: Sequence[Session]) -> Integers:
    known = table.times != NO_TIME
    stamps = np.where(known, table.times, 0)
    if not timeframe.is_daily:
        starts = stamps if table.are_instants else utc_of_new_york(stamps)
        return np.where(known, starts, NO_TIME)
    opens = {one.session: micros(one.opens_at) for one in sessions}
    if table.are_instants and (stamps % DAY).any():
        # A day as the instant at which it began in New York, rather than in UTC.
        days = [instant_of(int(one)).astimezone(EXCHANGE).date() for one in stamps]
    else:
        days = days_of(stamps)
    found = [opens.get(day, NO_TIME) for day in days]
    return np.where(known, np.array(found, dtype=np.int64), NO_TIME)


def _believed(reading: Reading, starts: Integers, numbers: Floats) -> NDArray[np.bool_]:
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
