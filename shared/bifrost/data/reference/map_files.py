"""Lean's map files: whose name is the instrument (`fb.1.csv` is FB.1), and whose rows are its past.

The first row has the day of listing, each later one the last session of a symbol at a venue:
`yyyymmdd,symbol[,venue]`. So GOOGL was called GOOG until 2014-04-02. A last row that is not far
away is a delisting.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import PurePath

from bifrost.core.errors import FieldProblem, InvalidInputError
from bifrost.core.instruments import SYMBOL
from bifrost.data.files.bar_file import text_lines
from bifrost.data.reference.terms import NO_END, UNKNOWN_START, ListingStatus, Terms

SOURCE = "lean"
# Lean ends every map and factor file of what is still listed with this day.
FAR_AWAY = date(2050, 12, 31)
VENUES = {"Q": "XNAS", "N": "XNYS", "P": "ARCX", "A": "XASE", "Z": "BATS"}

_SYMBOL = re.compile(r"[A-Za-z][A-Za-z0-9.\-]*")
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class MapRow:
    """The last session of a symbol at a venue (None: the file does not say); or the listing's."""

    day: date
    symbol: str
    mic: str | None


def instrument_of(file_name: str) -> str:
    """Return the key of the instrument that a map file is of; raise InvalidInputError."""
    key = PurePath(file_name).name.removesuffix(".csv").upper()
    if not re.fullmatch(SYMBOL, key):
        raise InvalidInputError(
            FieldProblem("map file", f"{file_name[:80]!r} names no instrument", "name it fb.1.csv")
        )
    return key


def read_map_file(content: bytes) -> list[MapRow]:
    """Read it, oldest row first. Raises InvalidInputError naming line and column."""
    rows = []
    for line, text in text_lines(content):
        cells = [cell.strip() for cell in text.split(",")]
        if len(cells) < 2 or not _SYMBOL.fullmatch(cells[1]):
            raise _problem(line, "2", f"{text[:40]!r} names no symbol")
        venue = VENUES.get(cells[2]) if len(cells) > 2 else None
        rows.append(MapRow(lean_day(cells[0], line), cells[1].upper(), venue))
    rows.sort(key=lambda row: row.day)
    for row, later in pairwise(rows[1:]):
        if row.day == later.day:
            raise InvalidInputError(
                FieldProblem("map file", f"{row.day} ends two symbols", "keep one of the rows")
            )
    return rows


def map_terms(instrument: str, rows: Sequence[MapRow], recorded_at: datetime) -> list[Terms]:
    """Return the instrument's whole past: each symbol and venue, and the delisting it ended with.

    Of one row alone the start is not known. Empty for a file without rows.
    """
    starts = [rows[0].day, *(row.day + _DAY for row in rows[1:-1])] if rows[1:] else [UNKNOWN_START]
    spells: list[tuple[date, MapRow]] = []
    for start, row in zip(starts, rows[1:] or rows, strict=False):
        if not spells or (spells[-1][1].symbol, spells[-1][1].mic) != (row.symbol, row.mic):
            spells.append((start, row))
    # Where one spell ends is where the next begins; the last ends with the file.
    if not spells:
        return []
    last = rows[-1]
    end = NO_END if last.day >= FAR_AWAY else last.day + _DAY
    edges = [*(start for start, _ in spells), end]
    told = [
        _terms(instrument, row, (first, before), recorded_at)
        for (_, row), (first, before) in zip(spells, pairwise(edges), strict=True)
    ]
    if end != NO_END:
        gone = ListingStatus.DELISTED
        told.append(_terms(instrument, last, (end, NO_END), recorded_at, gone))
    return told


def lean_day(text: str, line: int) -> date:
    """Read a day written yyyymmdd; raise InvalidInputError naming the line."""
    try:
        # Python itself would read other forms of a date, too: 2012W011.
        return date.fromisoformat(text if re.fullmatch(r"[0-9]{8}", text) else "")
    except ValueError:
        raise _problem(line, "1", f"{text[:40]!r} is not a day as yyyymmdd") from None


def _terms(
    instrument: str,
    row: MapRow,
    days: tuple[date, date],
    recorded_at: datetime,
    status: ListingStatus = ListingStatus.LISTED,
) -> Terms:
    return Terms(
        instrument=instrument,
        valid_from=days[0],
        valid_to=days[1],
        symbol=row.symbol,
        mic=row.mic,
        status=status,
        source=SOURCE,
        recorded_at=recorded_at,
    )


def _problem(line: int, column: str, message: str) -> InvalidInputError:
    return InvalidInputError(
        FieldProblem(f"line {line}, column {column}", message, "send the file as Lean writes it")
    )
