"""A file of daily bars: read to the last digit, every row that cannot be believed kept apart.

One line is one row and nothing may span two: a stray quote must not swallow the lines after it.
Two rows of one session that differ are both rejected, because nothing says which is the true one.
"""

import re
from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from bifrost.core.errors import FieldProblem, InvalidInputError

COLUMNS = ("date", "open", "high", "low", "close", "volume")
ADJUSTED = (*COLUMNS, "adjusted_close")

# Digits only: Decimal itself would take "1_000", "NaN", other alphabets' digits and exponents.
_PRICE = re.compile(r"[0-9]{1,15}(\.[0-9]{1,8})?")
_RATIO = re.compile(r"[0-9]{1,15}(\.[0-9]{1,20})?")  # adjusted prices are quotients
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TEXT_KEPT = 500


class BarRow(NamedTuple):
    """One believed row. A tuple, because a file has hundreds of thousands."""

    session: date
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    adjusted_close: Decimal | None


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that is not imported: its line (the header is 1), what stood there, and why not."""

    line: int
    text: str
    reason: str


@dataclass(slots=True)
class BarFile:
    """What a file held."""

    rows: dict[date, BarRow] = field(default_factory=dict)
    rejected: list[RejectedRow] = field(default_factory=list)

    @property
    def rows_read(self) -> int:
        """How many rows the file had, good or bad."""
        return len(self.rows) + len(self.rejected)


def read_bars(content: bytes, sessions: Container[date]) -> BarFile:
    """Read a CSV with the header `date,open,high,low,close,volume[,adjusted_close]`.

    sessions: the calendar's; a row of any other day is rejected. Raises InvalidInputError where
    the file as a whole is not one: not UTF-8, another header, no rows.
    """
    lines = text_lines(content)
    columns = _columns(next(lines, (1, ""))[1])
    seen: dict[date, tuple[int, str]] = {}
    found = BarFile()
    for line, text in lines:
        try:
            row = _row(text, columns, sessions)
            _keep(found, row, line, text, seen)
        except ValueError as error:
            found.rejected.append(RejectedRow(line, text[:_TEXT_KEPT], str(error)))
    if found.rows_read == 0:
        raise InvalidInputError(
            FieldProblem("file", "it has a header and no rows", "send at least one row")
        )
    found.rejected.sort(key=lambda one: one.line)
    return found


def text_lines(content: bytes) -> Iterator[tuple[int, str]]:
    """Yield each line that is not blank with its number, from 1; raise unless it is UTF-8."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInputError(
            FieldProblem("file", f"it is not UTF-8 text: {error}", "save it as CSV in UTF-8")
        ) from error
    if "\x00" in text:
        raise InvalidInputError(
            FieldProblem("file", "it holds NUL bytes: not a text", "save it as CSV in UTF-8")
        )
    numbered = enumerate(text.replace("\r\n", "\n").split("\n"), start=1)
    return ((line, one) for line, one in numbered if one.strip())


def _columns(header: str) -> int:
    names = tuple(_fields(header.lower()))
    if names not in (COLUMNS, ADJUSTED):
        raise InvalidInputError(
            FieldProblem(
                "header",
                f"it is {header[:_TEXT_KEPT]!r}",
                f"start the file with {','.join(COLUMNS)}[,adjusted_close]",
            )
        )
    return len(names)


def _fields(text: str) -> list[str]:
    return [one.strip() for one in text.replace('"', "").split(",")]


def _row(text: str, columns: int, sessions: Container[date]) -> BarRow:
    fields = _fields(text)
    if len(fields) != columns:
        raise ValueError(f"it has {len(fields)} fields, the header has {columns}")
    session = _session(fields[0], sessions)
    opened, high, low, close = (
        _number(one, name, _PRICE) for one, name in zip(fields[1:5], COLUMNS[1:5], strict=True)
    )
    if not 0 < low <= min(opened, close):
        raise ValueError(f"low {low} is not positive and at or below open and close")
    if high < max(opened, close):
        raise ValueError(f"high {high} is below open {opened} or close {close}")
    volume = _number(fields[5], "volume", _PRICE)
    return BarRow(session, opened, high, low, close, volume, _adjusted(fields))


def _session(text: str, sessions: Container[date]) -> date:
    if not _DATE.fullmatch(text):
        raise ValueError(f"date {text!r} is not YYYY-MM-DD")
    day = date.fromisoformat(text)
    if day not in sessions:
        raise ValueError(f"{day} is not a session of the calendar")
    return day


def _number(text: str, name: str, form: re.Pattern[str]) -> Decimal:
    if not form.fullmatch(text):
        wanted = "a number of at least 0 in plain digits, at most 15 before the point and 8 after"
        raise ValueError(f"{name} {text[:40]!r} is not {wanted}")
    return Decimal(text)


def _adjusted(fields: list[str]) -> Decimal | None:
    if len(fields) == len(COLUMNS) or not fields[6]:
        return None
    if not _RATIO.fullmatch(fields[6]):
        raise ValueError(f"adjusted_close {fields[6][:40]!r} is not a number in plain digits")
    return Decimal(fields[6])


def _keep(
    found: BarFile, row: BarRow, line: int, text: str, seen: dict[date, tuple[int, str]]
) -> None:
    if row.session not in seen:
        seen[row.session] = (line, text)
        found.rows[row.session] = row
        return
    first_line, first_text = seen[row.session]
    if found.rows.get(row.session, row) != row:
        del found.rows[row.session]
        reason = f"session {row.session} stands on line {line} with other numbers"
        found.rejected.append(RejectedRow(first_line, first_text[:_TEXT_KEPT], reason))
    raise ValueError(f"session {row.session} stands on line {first_line} already")
