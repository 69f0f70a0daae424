"""How a row of any format is read, and how it is refused: with its line and its column, always.

A file is read as a whole or not at all: where one row cannot be read, the result holds the
problems and no row, so that nobody can go on with half of a history.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

from bifrost.core.errors import FieldProblem, InvalidInputError
from bifrost.core.money import AMOUNT_MAX
from bifrost.core.written import day_of, is_decimal
from bifrost.portfolio.imports.activities import Activity

# A file that is not of its format at all would name every line; a person reads the first few.
PROBLEMS_SHOWN = 100
PLACES_MAX = 20
_SHOWN = 60
# A day beyond them is a slip of the pen, and dates near year 1 have no day before.
_YEARS = range(1900, 2200)
_SYMBOL = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._:^/=+-]{0,63}")
_CURRENCY = re.compile(r"[A-Z]{3}")
_TIME = re.compile(r"([01][0-9]|2[0-3]):?([0-5][0-9])(?::?([0-5][0-9])(?:\.([0-9]{1,9}))?)?")


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a row cannot be read; `column` is its name in the file, or its number."""

    line: int
    column: str
    message: str
    fix: str

    def to_field(self) -> FieldProblem:
        """Name it as any field of a request is named."""
        return FieldProblem(f"line {self.line}, column {self.column}", self.message, self.fix)


class UnreadableError(Exception):
    """A row, or the file at a row, cannot be read. Never leaves the readers."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class FileRead:
    """What a file says; `activities` is empty wherever there is a problem.

    skipped: rows that are left out on purpose (sums of others, kinds that the mapping names).
    """

    activities: tuple[Activity, ...]
    problems: tuple[Problem, ...] = ()
    skipped: int = 0

    def require(self) -> tuple[Activity, ...]:
        """Return the rows; raise InvalidInputError that names every problem found."""
        if self.problems:
            raise InvalidInputError(*(one.to_field() for one in self.problems))
        return self.activities


def read_rows(rows: Iterable["Row"], read: Callable[["Row"], list[Activity] | None]) -> FileRead:
    """Read each row; `read` returns None for one that is left out on purpose.

    A reader of rows that itself cannot go on (a quote that never ends) ends the file there.
    """
    found: list[Activity] = []
    problems: list[Problem] = []
    skipped = 0
    lines = iter(rows)
    while len(problems) < PROBLEMS_SHOWN:
        try:
            row = next(lines, None)
            if row is None:
                break
            made = read(row.whole())
            skipped += made is None
            found += made or []
        except UnreadableError as error:
            problems.append(error.problem)
    if not found and not problems and not skipped:
        problems = [Problem(1, "1", "the file has no rows", "send at least one row")]
    return FileRead(() if problems else tuple(found), tuple(problems), skipped)


@dataclass(frozen=True, slots=True)
class Row:
    """One record: its fields by the reader's names, and what each is called in the file.

    decimal: the sign before decimals; the other of `.` and `,` may group thousands.
    broken: why the line has no fields at all.
    """

    line: int
    fields: Mapping[str, str]
    columns: Mapping[str, str] = field(default_factory=dict)
    decimal: str = "."
    broken: Problem | None = None

    def whole(self) -> "Row":
        """Return the row; raise what is wrong with it where it has no fields."""
        if self.broken is not None:
            raise UnreadableError(self.broken)
        return self

    def unreadable(self, name: str, message: str, fix: str) -> UnreadableError:
        """Make the error that names this row's field."""
        column = self.columns.get(name, name)
        return UnreadableError(Problem(self.line, column, message, fix))

    def text(self, name: str) -> str:
        """Return the field without spaces around it; empty where there is none."""
        found = self.fields.get(name, "").strip()
        if not found.isprintable():
            raise self.unreadable(name, "it has unprintable signs", "send plain text")
        return found

    def required(self, name: str) -> str:
        """Return the field; it must not be empty."""
        found = self.text(name)
        if not found:
            raise self.unreadable(name, "it is empty", f"state the {name}")
        return found

    def number(self, name: str) -> Decimal | None:
        """Return the number, or None where the field is empty."""
        return None if not self.text(name) else self.required_number(name)

    def required_number(self, name: str) -> Decimal:
        """Return the number; it must be there."""
        text = self.required(name)
        plain = _ungrouped(text, self.decimal)
        if not is_decimal(plain):
            fix = f"write plain digits with {self.decimal!r} before the decimals"
            raise self.unreadable(name, f"{text[:_SHOWN]!r} is no number", fix)
        number = Decimal(plain)
        exponent = number.as_tuple().exponent
        # The places first: comparing 1e-999999999 would be slow, and no book keeps it.
        if not isinstance(exponent, int) or not -PLACES_MAX <= exponent <= PLACES_MAX:
            fix = f"send at most {PLACES_MAX} digits after the point"
            raise self.unreadable(name, f"{text[:_SHOWN]!r} is too fine or too large", fix)
        if abs(number) > AMOUNT_MAX:
            fix = f"send at most {AMOUNT_MAX:f}"
            raise self.unreadable(name, f"{text[:_SHOWN]!r} is too large", fix)
        return number

    def currency(self, name: str, otherwise: str = "") -> str:
        """Return a currency's three letters."""
        found = self.text(name) or otherwise
        if not _CURRENCY.fullmatch(found):
            raise self.unreadable(name, f"{found[:_SHOWN]!r} is no currency", "such as USD")
        return found

    def symbol(self, *names: str) -> str:
        """Return the first of these fields that names an instrument; one of them must."""
        for name in names:
            if found := self.text(name):
                if not _SYMBOL.fullmatch(found):
                    raise self.unreadable(name, f"{found[:_SHOWN]!r} is no symbol", "such as AAPL")
                return found
        raise self.unreadable(names[0], "it is empty", "name the instrument")

    def day(self, name: str, written: str = "") -> date:
        """Return a date written YYYY-MM-DD, YYYYMMDD or by `written` (strptime's signs)."""
        text = self.required(name)
        try:
            found = _day(text, written)
        except ValueError:
            found = None
        if found is None or found.year not in _YEARS:
            fix = f"write it as {written or 'YYYY-MM-DD'}, of {_YEARS.start} to {_YEARS.stop - 1}"
            raise self.unreadable(name, f"{text[:_SHOWN]!r} is no date", fix)
        return found

    def moment(self, name: str, text: str, day: date, zone: ZoneInfo | None) -> datetime:
        """Return the instant of a time of day, HH:MM[:SS[.f]] or HHMMSS, in a zone (else UTC)."""
        match = _TIME.fullmatch(text)
        if match is None:
            raise self.unreadable(name, f"{text[:_SHOWN]!r} is no time", "write it as HH:MM:SS")
        hour, minute, second, fraction = match.groups()
        micro = int((fraction or "0").ljust(6, "0")[:6])
        at = time(int(hour), int(minute), int(second or 0), micro)
        return datetime.combine(day, at, zone or UTC).astimezone(UTC)


def midnight(day: date) -> datetime:
    """Return the instant that a bare date is kept at."""
    return datetime.combine(day, time(), UTC)


def _day(text: str, written: str) -> date | None:
    if written:
        return datetime.strptime(text, written).replace(tzinfo=UTC).date()
    if re.fullmatch(r"[0-9]{8}", text):
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    return day_of(text)


def _ungrouped(text: str, decimal: str) -> str:
    group = "." if decimal == "," else ","
    spot = re.escape(group)
    if group in text and not re.fullmatch(
        rf"[+-]?[0-9]{{1,3}}({spot}[0-9]{{3}})+({re.escape(decimal)}[0-9]+)?", text
    ):
        return "?"
    return text.replace(group, "").replace(decimal, ".")
