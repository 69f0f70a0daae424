"""Lean's zips: which of its five kinds one is, and the bars in it.

The name of the one entry says what it is: `aapl.csv`, `20131008_ibm_minute_trade.csv`,
`20131008_ibm_Trade_Tick.csv`. Prices are whole ten-thousandths of a dollar; times are milliseconds
after New York's midnight, at the beginning of a bar. A daily zip is stored by symbol, so its rows
may be of several instruments.
"""

import re
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

import numpy as np

from bifrost.core.errors import FieldProblem, InvalidInputError
from bifrost.core.sessions import Session
from bifrost.data.files.bar_file import text_lines
from bifrost.data.providers.file_rows import FileBars, Reading, blocks, fields_of
from bifrost.data.providers.local_times import YEARS, midnight_in_new_york
from bifrost.data.series.columns import UNITS, Integers, micros

# Unpacked: a busy day's trades of one instrument are a third of it.
UNPACKED_MAX = 96 * 1024 * 1024
PER_DECI_CENT = UNITS // 10_000

_WHOLE = r"([0-9]{1,12})"
_DAILY = re.compile(r"([0-9]{8}) 00:00" + f",{_WHOLE}" * 5)
_MINUTE = re.compile("([0-9]{1,8})" + f",{_WHOLE}" * 5)
_NO_SESSION = -(2**63)
MILLISECONDS = "milliseconds"
_NAMES = ("open", "high", "low", "close", "volume")


class LeanKind(StrEnum):
    """What a zip holds."""

    DAILY = "daily"
    MINUTE_TRADE = "minute_trade"
    MINUTE_QUOTE = "minute_quote"
    TICK_TRADE = "tick_trade"
    TICK_QUOTE = "tick_quote"


@dataclass(frozen=True, slots=True)
class LeanZip:
    """A zip, opened: whose symbol, which day (None for daily bars), and its text."""

    kind: LeanKind
    symbol: str
    day: date | None
    content: bytes


def open_zip(content: bytes) -> LeanZip:
    """Open it; raise InvalidInputError where it is none of Lean's."""
    try:
        with ZipFile(BytesIO(content)) as archive:
            entry = _only_entry(archive)
            with archive.open(entry) as unpacked:
                text = unpacked.read(UNPACKED_MAX + 1)
    except (BadZipFile, zlib.error) as error:
        raise _problem("zip", f"it is not a zip: {error}") from error
    return _named(entry.filename, text)


def _only_entry(archive: ZipFile) -> ZipInfo:
    entries = archive.infolist()
    if len(entries) != 1:
        raise _problem("zip", f"it has {len(entries)} entries, one of Lean's has one")
    (entry,) = entries
    if entry.flag_bits & 1 or entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        raise _problem("zip", "it is encrypted, or compressed by another method than deflate")
    if entry.file_size > UNPACKED_MAX:
        raise _problem("zip", f"it unpacks to {entry.file_size} bytes, split it")
    return entry


def _named(name: str, text: bytes) -> LeanZip:
    symbol = r"(?P<symbol>[A-Za-z][A-Za-z0-9.\-]*)"
    if match := re.fullmatch(rf"{symbol}\.csv", name):
        return LeanZip(LeanKind.DAILY, match["symbol"].upper(), None, text)
    for kind, ending in (
        (LeanKind.MINUTE_TRADE, "minute_trade"),
        (LeanKind.MINUTE_QUOTE, "minute_quote"),
        (LeanKind.TICK_TRADE, "trade_tick"),
        (LeanKind.TICK_QUOTE, "quote_tick"),
    ):
        if match := re.fullmatch(rf"(?P<day>[0-9]{{8}})_{symbol}_{ending}\.csv", name, re.I):
            return LeanZip(kind, match["symbol"].upper(), _day(match["day"], name), text)
    raise _problem("zip", f"its entry {name[:80]!r} is none that Lean writes")


def daily_bars(found: LeanZip, sessions: Sequence[Session]) -> FileBars:
    """Read daily bars, each beginning at its session's open; other days' rows are rejected."""
    opens = {f"{one.session:%Y%m%d}": micros(one.opens_at) for one in sessions}
    reading = Reading()
    for lines, (days, *numbers) in blocks(
        text_lines(found.content), _DAILY, explain_with("day as yyyymmdd 00:00", _NAMES), reading
    ):
        starts = np.array([opens.get(day, _NO_SESSION) for day in days], dtype=np.int64)
        known = starts != _NO_SESSION
        for place in np.flatnonzero(~known):
            reason = f"{days[place]} is not a session of the calendar"
            reading.refuse(int(lines[place]), days[place], reason)
        reading.add(starts[known], _bar_numbers(numbers)[known], lines[known])
    return reading.bars()


def minute_bars(found: LeanZip) -> FileBars:
    """Read trade bars of a minute."""
    reading = Reading()
    for lines, (at, *numbers) in blocks(
        text_lines(found.content), _MINUTE, explain_with(MILLISECONDS, _NAMES), reading
    ):
        reading.add(instants(found, at), _bar_numbers(numbers), lines)
    return reading.bars("times are the beginnings of minutes, as Lean writes them")


def _bar_numbers(columns: Sequence[tuple[str, ...]]) -> Integers:
    *prices, volume = (whole(one) for one in columns)
    return np.column_stack([one * PER_DECI_CENT for one in prices] + [volume * UNITS])


def whole(texts: tuple[str, ...]) -> Integers:
    """Return whole numbers; an empty text is 0."""
    return np.array([int(one or 0) for one in texts], dtype=np.int64)


def instants(found: LeanZip, milliseconds: tuple[str, ...]) -> Integers:
    """Return microseconds of UTC for milliseconds of the zip's day in New York."""
    if found.day is None:  # only daily bars have none, and they are not asked
        raise AssertionError("a zip of one day names it")
    return midnight_in_new_york(found.day) + whole(milliseconds) * 1000


def explain_with(first: str, names: Sequence[str]) -> Callable[[str], str]:
    """Return what says why a row does not fit: `first` and `names` are its fields."""

    def explain(text: str) -> str:
        fields = fields_of(text)
        if len(fields) <= len(names):
            return f"it has {len(fields)} fields, not {len(names) + 1}"
        for place, (name, value) in enumerate(zip((first, *names), fields, strict=False), 1):
            if not re.fullmatch(r"[0-9A-Fa-f: ]{1,14}", value):
                return f"column {place}, {name}: {value[:40]!r} is not a whole number"
            if name == MILLISECONDS and len(value) > 8:
                return f"column {place}, {name}: {value} is no time of a day"
        return f"its fields are not {first} and whole numbers of {', '.join(names)}"

    return explain


def _day(text: str, name: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise _problem("zip", f"its entry {name} names no day") from None
    if day.year not in YEARS:
        raise _problem("zip", f"its entry {name} is of {day}, and no calendar has that year")
    return day


def _problem(field: str, message: str) -> InvalidInputError:
    return InvalidInputError(FieldProblem(field, message, "send the file as Lean writes it"))
