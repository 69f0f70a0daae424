"""A file of daily bars: read to the last digit, every row that cannot be believed kept apart.

One line is one row and nothing may span two: a stray quote must not swallow the lines after it.
Two rows of one session that differ are both rejected, because nothing says which is the true one.
"""

import re
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import NamedTuple, NoReturn

from bifrost.core.errors import FieldProblem, InvalidInputError
from bifrost.core.written import numbered_lines

# What a person's file of bars is called as a source.
SOURCE = "csv"
COLUMNS = ("date", "open", "high", "low", "close", "volume")
ADJUSTED = (*COLUMNS, "adjusted_close")

# Digits only: Decimal itself would take "1_000", "NaN", other alphabets' digits and exponents.
_DATE = r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
_PRICE = r"([0-9]{1,12}(?:\.[0-9]{1,8})?)"
_RATIO = r"([0-9]{1,15}(?:\.[0-9]{1,20})?)?"  # adjusted prices are quotients, or not known
_FORMS = {
    "date": (_DATE, "YYYY-MM-DD"),
    **dict.fromkeys(
        COLUMNS[1:],
        (_PRICE, "a number of at least 0 in plain digits, at most 12 before the point, 8 after"),
    ),
    "adjusted_close": (_RATIO, "a number in plain digits, at most 20 after the point"),
}
_POWER = re.compile(r"[0-9]+(\.[0-9]+)?[eE]\+?[0-9]+")
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
    # One match for a whole row is four times as fast as one for each field.
    form = re.compile(",".join(_FORMS[name][0] for name in columns))
    seen: dict[date, tuple[int, str]] = {}
    found = BarFile()
    for line, text in lines:
        try:
            row = _row(form, text, columns)
            if row.session not in sessions:
                _refuse(f"{row.session} is not a session of the calendar")
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
        text = content.decode()
    except UnicodeDecodeError as error:
        raise InvalidInputError(
            FieldProblem("file", f"it is not UTF-8 text: {error}", "save it as CSV in UTF-8")
        ) from error
    if "\x00" in text:
        raise InvalidInputError(
            FieldProblem("file", "it holds NUL bytes: not a text", "save it as CSV in UTF-8")
        )
    return numbered_lines(text)


def power_hint(value: str) -> str:
    """Say how a power of ten is written, behind what a number has to be; nothing of another."""
    return ": write 1e5 as 100000" if _POWER.fullmatch(value) else ""


def require_header(header: str, columns: Sequence[str]) -> None:
    """Raise InvalidInputError where a file has no line at all."""
    if not header:
        fix = f"send a header, {','.join(columns)}, and a row for each bar"
        raise InvalidInputError(FieldProblem("file", "it has no line that is not blank", fix))


def _columns(header: str) -> tuple[str, ...]:
    require_header(header, COLUMNS)
    names = tuple(_fields(header.lower()))
    if names not in (COLUMNS, ADJUSTED):
        raise InvalidInputError(
            FieldProblem(
                "header",
                f"it is {header[:_TEXT_KEPT]!r}",
                f"start the file with {','.join(COLUMNS)}[,adjusted_close]",
            )
        )
    return names


def _fields(text: str) -> list[str]:
    return [one.strip() for one in text.replace('"', "").split(",")]


def _row(form: re.Pattern[str], text: str, columns: tuple[str, ...]) -> BarRow:
    match = form.fullmatch(text) or form.fullmatch(",".join(_fields(text)))
    if match is None:
        _refuse(_what_is_wrong(_fields(text), columns))
    day, opened, high, low, close, volume, *adjusted = match.groups()
    row = BarRow(
        date.fromisoformat(day),
        Decimal(opened),
        Decimal(high),
        Decimal(low),
        Decimal(close),
        Decimal(volume),
        Decimal(adjusted[0]) if adjusted and adjusted[0] else None,
    )
    if not (0 < row.low <= row.open <= row.high and row.low <= row.close <= row.high):
        _refuse(_what_is_impossible(row))
    return row


def _what_is_wrong(fields: list[str], columns: tuple[str, ...]) -> str:
    if len(fields) != len(columns):
        return f"it has {len(fields)} fields, the header has {len(columns)}"
    return "; ".join(
        f"{name} {value[:40]!r} is not {_FORMS[name][1]}{power_hint(value)}"
        for name, value in zip(columns, fields, strict=True)
        if not re.fullmatch(_FORMS[name][0], value)
    )


def _what_is_impossible(row: BarRow) -> str:
    if not 0 < row.low <= min(row.open, row.close):
        return f"low {row.low} is not positive and at or below open {row.open}, close {row.close}"
    return f"high {row.high} is below open {row.open} or close {row.close}"


def _refuse(reason: str) -> NoReturn:
    raise ValueError(reason)


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
