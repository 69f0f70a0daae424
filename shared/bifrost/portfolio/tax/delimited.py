"""CSV with a known header: every field that cannot be believed is named, or nothing is read.

One line is one row, so that a stray quote cannot swallow the lines after it. Columns may stand in
any order; one that is missing, unknown or there twice refuses the file.
"""

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TypeVar

from bifrost.core import written
from bifrost.core.errors import FieldProblem, InvalidInputError
from bifrost.portfolio.tax.history import unreadable

T = TypeVar("T")

PROBLEMS_MAX = 20
TEXT_MAX = 200
YEARS = range(1900, 2200)
# Decimal itself would take exponents, NaN, "1_000" and other alphabets' digits.
_NUMBER = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,8})?")
NUMBER_FORM = "plain digits, at most 15 before the point and 8 after"
DAY_FORM = f"a day from {YEARS[0]} to {YEARS[-1]} as YYYY-MM-DD"


def day_of(text: str) -> date | None:
    """Read a date within YEARS; None where it is none."""
    found = written.day_of(text)
    return found if found and found.year in YEARS else None


def number_of(text: str) -> Decimal | None:
    """Read a number of at least zero; None where it is none."""
    return Decimal(text) if _NUMBER.fullmatch(text) else None


@dataclass(frozen=True, slots=True)
class Row:
    """One line's fields by column, stripped."""

    line: int
    fields: dict[str, str]
    places: dict[str, int]

    def text(self, column: str) -> str:
        """Return a text that is not empty."""
        value = self.fields[column]
        if not value:
            raise self.refuse(column, "it is empty", "fill it in")
        if len(value) > TEXT_MAX or not value.isprintable():
            raise self.refuse(column, f"{value[:40]!r} is no name", f"at most {TEXT_MAX} letters")
        return value

    def day(self, column: str) -> date:
        """Return a date."""
        found = day_of(self.fields[column])
        if found is None:
            raise self.refuse(column, f"{self._shown(column)} is no date", f"write {DAY_FORM}")
        return found

    def number(self, column: str) -> Decimal:
        """Return a number of at least zero."""
        found = number_of(self.fields[column])
        if found is None:
            message = f"{self._shown(column)} is no number of at least 0"
            raise self.refuse(column, message, f"write {NUMBER_FORM}")
        return found

    def refuse(self, column: str, message: str, fix: str) -> InvalidInputError:
        """Make the error of a field."""
        place = self.places[column]
        return InvalidInputError(unreadable(self.line, column, message, fix, place=place))

    def _shown(self, column: str) -> str:
        return repr(self.fields[column][:40])


def read(content: bytes, columns: Sequence[str], row_of: Callable[[Row], T]) -> list[T]:
    """Read every row with `row_of`; raise InvalidInputError naming what it refused."""
    lines = _lines(content)
    first, header = next(lines, (1, ""))
    if not header:
        expected = f"start it with {','.join(columns)}"
        raise InvalidInputError(FieldProblem("line 1", "the file is empty", expected))
    names = _header(first, header, columns)
    places = {name: names.index(name) + 1 for name in columns}
    rows: list[T] = []
    problems: list[FieldProblem] = []
    for line, text in lines:
        try:
            rows.append(row_of(Row(line, _named(line, text, names), places)))
        except InvalidInputError as error:
            problems += error.problems
        if len(problems) >= PROBLEMS_MAX:
            break
    if problems:
        raise InvalidInputError(*problems)
    return rows


def _lines(content: bytes) -> Iterator[tuple[int, str]]:
    """Yield each line that is not blank with its number, from 1."""
    fix = "save it as CSV in UTF-8"
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InvalidInputError(FieldProblem(f"line {line}", "it is not UTF-8", fix)) from error
    return written.numbered_lines(text)


def _fields(line: int, text: str) -> list[str]:
    try:
        return [one.strip() for one in next(csv.reader([text], strict=True))]
    except csv.Error as error:
        fix = "close every quote on its line; double a quote inside quotes"
        raise InvalidInputError(FieldProblem(f"line {line}", str(error), fix)) from error


def _header(line: int, text: str, columns: Sequence[str]) -> list[str]:
    names = [one.lower() for one in _fields(line, text)]
    fix = f"the header is {','.join(columns)}"
    problems = [
        unreadable(line, name, "the header has it twice" if name in columns else "unknown", fix)
        for place, name in enumerate(names)
        if name not in columns or name in names[:place]
    ]
    problems += [
        unreadable(line, name, "the header lacks it", fix) for name in columns if name not in names
    ]
    if problems:
        raise InvalidInputError(*problems[:PROBLEMS_MAX])
    return names


def _named(line: int, text: str, names: Sequence[str]) -> dict[str, str]:
    fields = _fields(line, text)
    if len(fields) == len(names):
        return dict(zip(names, fields, strict=True))
    place = min(len(fields), len(names)) + 1
    name = names[place - 1] if place <= len(names) else "beyond the header"
    message = f"the line has {len(fields)} fields, the header {len(names)}"
    fix = "quote a field that holds a comma"
    raise InvalidInputError(unreadable(line, name, message, fix, place=place))
