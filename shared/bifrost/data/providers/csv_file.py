"""CSV files of bars: ours, AlphaVantage's, Yahoo's as yfinance writes them, in either order.

A file's dividends and splits are claims beside its bars, and the prices that it adjusted are
passed over: ours are adjusted when they are read.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

import numpy as np

from bifrost.core.errors import FieldProblem, InvalidInputError
from bifrost.core.sessions import Session
from bifrost.data.files.bar_file import RejectedRow, power_hint, require_header, text_lines
from bifrost.data.providers.csv_claims import COLUMNS, SPLIT, YAHOO, Claim, as_traded
from bifrost.data.providers.csv_times import (
    MINUTE,
    NO_TIME,
    TIME,
    Stamp,
    refuse_other_timeframe,
    stamp_of,
    starts_of,
)
from bifrost.data.providers.file_rows import (
    NUMBER,
    NUMBER_FORM,
    TOO_SMALL,
    FileBars,
    Reading,
    blocks,
    counted_texts,
    fields_of,
)
from bifrost.data.series.columns import PRICES, BarColumns, Integers
from bifrost.data.series.timeframes import Timeframe

NUMBERS = ("open", "high", "low", "close", "volume")
TIMES = ("date", "datetime", "timestamp", "time")
# The price that others adjusted is no raw price.
_PASSED_OVER = ("adj_close", "adjusted_close", "capital_gains", "repaired?", "vwap",
                "trade_count", "transactions")  # fmt: skip
_ANYTHING = r"([^,]*)"
_FORMS = {
    **dict.fromkeys(TIMES, (TIME, "a time as YYYY-MM-DD, or YYYY-MM-DD HH:MM:SS")),
    **dict.fromkeys(NUMBERS, (NUMBER, NUMBER_FORM)),
    **dict.fromkeys((*COLUMNS, *_PASSED_OVER), (_ANYTHING, "anything")),
}


@dataclass(frozen=True, slots=True, eq=False)
class CsvFile:
    """Bars as traded, and the issuers' acts that stood beside them.

    vendor: whose way of writing those it is; empty where there is no column of them.
    """

    bars: FileBars
    claims: tuple[Claim, ...] = ()
    vendor: str = ""


def read_csv(
    content: bytes,
    timeframe: Timeframe,
    sessions: Sequence[Session],
    stamp: Stamp | None = None,
) -> CsvFile:
    """Read bars of 1d (a row of a day that is no session is rejected) or of minutes.

    sessions: the calendar's, in order, around all that the file may hold. stamp: which end of a
    bar of minutes its time is; None leaves it to the file. Raises InvalidInputError where the
    file as a whole is not one: not UTF-8, a header that lacks a column or has one that is not
    known, no rows, or times that may be beginnings or ends.
    """
    lines = text_lines(content)
    columns = _columns(next(lines, (1, ""))[1])
    form = re.compile(",".join(_FORMS[name][0] for name in columns))
    place_of = _places(columns)
    reading, claims, stamps = Reading(), list[Claim](), list[Integers]()
    for numbers_of_lines, texts in blocks(lines, form, _explain(columns), reading):
        day, clock, zone = texts[:3]
        starts = starts_of(day, clock, zone, timeframe, sessions)
        _refuse_unknown(reading, numbers_of_lines, day, starts, timeframe)
        values = np.column_stack([counted_texts(texts[place_of[name]]) for name in NUMBERS])
        small = _refuse_too_small(reading, numbers_of_lines, texts, place_of, values)
        known = (starts != NO_TIME) & ~small
        reading.add(starts[known], values[known], numbers_of_lines[known])
        stamps.append(starts[known])
        claims += _claims(numbers_of_lines, texts, place_of)
    if not reading.rows:
        raise _problem("file", "it has a header and no rows", "send at least one row")
    if timeframe.is_daily:
        return _daily(reading.bars(), claims, columns)
    return CsvFile(_begun(reading, stamps, timeframe, sessions, stamp))


def _daily(bars: FileBars, claims: Sequence[Claim], columns: Sequence[str]) -> CsvFile:
    vendor = next((COLUMNS[name][1] for name in columns if name in COLUMNS), "")
    if vendor != YAHOO:
        return CsvFile(bars, tuple(claims), vendor)
    traded, then = as_traded(bars.bars, claims)
    note = "prices and dividends are as traded: the file's splits are undone" if claims else ""
    return CsvFile(_without_too_small(replace(bars, note=note), traded), then, vendor)


def _without_too_small(told: FileBars, traded: BarColumns) -> FileBars:
    """Return bars as they traded; those of which a price would be stored as none are rejected."""
    lost = np.zeros(len(traded), dtype=np.bool_)
    for name in PRICES:
        lost |= (getattr(traded, name) == 0) & (getattr(told.bars, name) > 0)
    why = f"a price before the file's splits is {TOO_SMALL}"
    rejected = [RejectedRow(line, "", why) for line in told.lines[lost].tolist()]
    rows = sorted((*told.rejected, *rejected), key=lambda one: one.line)
    kept = np.flatnonzero(~lost)
    return replace(told, bars=traded.take(kept), lines=told.lines[kept], rejected=tuple(rows))


def _columns(header: str) -> tuple[str, ...]:
    require_header(header, (TIMES[0], *NUMBERS))
    names = tuple(re.sub(r"[ \-]+", "_", one.lower()) for one in fields_of(header))
    for place, name in enumerate(names, start=1):
        if name not in _FORMS:
            known = ", ".join((*NUMBERS, *COLUMNS, *_PASSED_OVER))
            raise _problem(
                f"line 1, column {place}",
                f"nobody knows a column {name[:40]!r}" if name else "it has no name",
                f"name the columns {TIMES[0]}, {known}",
            )
    missing = [name for name in NUMBERS if name not in names]
    if names[0] not in TIMES or missing or len(set(names)) != len(names):
        said = f"it lacks {', '.join(missing)}" if missing else f"it is {header[:100]!r}"
        fix = f"begin with one of {', '.join(TIMES)}, then {', '.join(NUMBERS)}, each once"
        raise _problem("line 1, header", said, fix)
    return names


def _places(columns: Sequence[str]) -> dict[str, int]:
    """Where each column's group is: the first column, the time, has three."""
    return {name: place + 2 for place, name in enumerate(columns) if place}


def _explain(columns: Sequence[str]) -> Callable[[str], str]:
    def explain(text: str) -> str:
        fields = fields_of(text)
        if len(fields) != len(columns):
            return f"it has {len(fields)} fields, the header has {len(columns)}"
        return "; ".join(
            f"column {place}, {name}: {value[:40]!r} is not {_said_of(name, value)}"
            for place, (name, value) in enumerate(zip(columns, fields, strict=True), start=1)
            if not re.fullmatch(_FORMS[name][0], value)
        )

    return explain


def _said_of(name: str, value: str) -> str:
    return _FORMS[name][1] + (power_hint(value) if name in NUMBERS else "")


def _refuse_unknown(
    reading: Reading,
    lines: Integers,
    days: tuple[str, ...],
    starts: Integers,
    timeframe: Timeframe,
) -> None:
    why = "names no time of a day; bars of days are of `--timeframe 1d`"
    why = "is not a session" if timeframe.is_daily else why
    for place in np.flatnonzero(starts == NO_TIME):
        reading.refuse(int(lines[place]), days[place], f"column 1: {days[place]} {why}")


def _refuse_too_small(
    reading: Reading,
    lines: Integers,
    texts: list[tuple[str, ...]],
    place_of: dict[str, int],
    counted: "np.ndarray[tuple[int, int], np.dtype[np.int64]]",
) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """Keep rows apart whose price is told and would be stored as none."""
    small = np.zeros(len(lines), dtype=np.bool_)
    for column, name in enumerate(PRICES):
        told = texts[place_of[name]]
        for place in np.flatnonzero((counted[:, column] == 0) & ~small):
            if Decimal(told[place]):
                small[place] = True
                why = f"column {place_of[name] - 1}, {name}: {told[place]} is {TOO_SMALL}"
                reading.refuse(int(lines[place]), texts[0][place], why)
    return small


def _claims(lines: Integers, texts: list[tuple[str, ...]], place_of: dict[str, int]) -> list[Claim]:
    found = []
    for name, (kind, _) in COLUMNS.items():
        nothing = {"", "0", "0.0", "1", "1.0", "nan"} if kind == SPLIT else {"", "0", "0.0", "nan"}
        for line, day, value in (
            zip(lines, texts[0], texts[place_of[name]], strict=True) if (name in place_of) else ()
        ):
            if value.strip().lower() in nothing or not re.fullmatch(NUMBER, value.strip()):
                continue
            number = Decimal(value)
            if number and not (kind == SPLIT and number == 1):
                found.append(Claim(int(line), date.fromisoformat(day), kind, number))
    return found


def _begun(
    reading: Reading,
    stamps: list[Integers],
    timeframe: Timeframe,
    sessions: Sequence[Session],
    told: Stamp | None,
) -> FileBars:
    """Return bars by their beginnings, whichever end of a bar the file wrote."""
    times = np.concatenate(stamps or [np.empty(0, np.int64)])
    if not len(times):  # nothing of it can be believed, and why stands beside each row
        return reading.bars()
    refuse_other_timeframe(times, timeframe)
    found = told or stamp_of(times, sessions)
    if found is Stamp.BEGIN:
        return reading.bars("times are the beginnings of bars")
    width = timeframe.minutes * MINUTE
    reading.starts = [starts - width for starts in reading.starts]
    return reading.bars("times are the ends of bars")


def _problem(field: str, message: str, fix: str) -> InvalidInputError:
    return InvalidInputError(FieldProblem(field, message, fix))
