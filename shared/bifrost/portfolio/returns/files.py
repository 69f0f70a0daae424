"""The files that returns are read from: CSV, and every problem named with its line and column.

A column is counted as a spreadsheet counts it, from 1. Nothing is guessed: one cell that cannot be
read refuses the file.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TypeVar

from bifrost.core.errors import FieldProblem, InvalidInputError
from bifrost.core.money import EXACT
from bifrost.core.written import day_of, is_date, is_decimal, numbered_lines
from bifrost.portfolio.returns.benchmark import Level
from bifrost.portfolio.returns.series import NOTHING, Day, Series, series_of

FLOWS, FEE, BENCHMARK = ("date", "flow", "value"), "fee", ("date", "value")
# Sums stay exact to the last digit within these.
_MAGNITUDE_MAX, _DECIMALS_MAX = 30, 30
_YEAR_MIN = 1800
_PROBLEMS_SHOWN = 20

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    cells: Mapping[str, str]
    columns: Mapping[str, int]

    def problem(self, name: str, message: str, fix: str) -> FieldProblem:
        """Say where it is."""
        return FieldProblem(f"line {self.line}, column {self.columns[name]} ({name})", message, fix)


@dataclass(frozen=True, slots=True)
class Flows:
    """What a file of flows says; `has_fees` where it has a column for them."""

    series: Series
    has_fees: bool


def read_flows(text: str) -> Flows:
    """Read `date,flow,value`, and `fee` where the file has it; rows in order of their dates.

    Rows of one date are one day: their flows and fees add up, and they agree in their value.
    """
    columns, rows = _table(text, FLOWS, optional=(FEE,))
    problems: list[FieldProblem] = []
    days: list[Day] = []
    for row in rows:
        on = _cell(row, "date", _date, problems)
        flow = _cell(row, "flow", _amount, problems)
        value = _cell(row, "value", _amount, problems)
        fee = _cell(row, FEE, _amount, problems) if FEE in columns else NOTHING
        if on is None or flow is None or value is None or fee is None:
            continue
        _add(days, Day(on, flow, value, fee), row, problems)
    _refuse(problems)
    return Flows(series_of(days), FEE in columns)


def read_benchmark(text: str) -> list[Level]:
    """Read `date,value`: what the benchmark stood at, at the end of each day."""
    _, rows = _table(text, BENCHMARK)
    problems: list[FieldProblem] = []
    levels: list[Level] = []
    for row in rows:
        on = _cell(row, "date", _date, problems)
        level = _cell(row, "value", _level, problems)
        if on is None or level is None:
            continue
        if levels and on <= levels[-1].on:
            problems.append(_out_of_order(row, on, levels[-1].on))
        else:
            levels.append(Level(on, level))
    _refuse(problems)
    return levels


def _add(days: list[Day], day: Day, row: _Row, problems: list[FieldProblem]) -> None:
    last = days[-1] if days else None
    if last is None or day.on > last.on:
        days.append(day)
    elif day.on < last.on:
        problems.append(_out_of_order(row, day.on, last.on))
    elif day.value != last.value:
        message = f"{day.on} ends at {day.value} here and at {last.value} in the line before"
        problems.append(row.problem("value", message, "give a day one value, that at its end"))
    else:
        days[-1] = Day(
            day.on, EXACT.add(last.flow, day.flow), day.value, EXACT.add(last.fee, day.fee)
        )


def _out_of_order(row: _Row, on: date, last: date) -> FieldProblem:
    return row.problem("date", f"{on} comes after {last}", "sort the rows by date, oldest first")


def _table(
    text: str, names: Sequence[str], *, optional: Sequence[str] = ()
) -> tuple[dict[str, int], list[_Row]]:
    """Return the columns by name, and the rows under them, with as many cells."""
    lines = _lines(text)
    head = next(lines, None)
    if head is None:
        problem = FieldProblem("line 1", "the file is empty", f"begin with {','.join(names)}")
        raise InvalidInputError(problem)
    line, headings = head
    columns = {name: place for place, name in enumerate(headings, start=1)}
    known = (*names, *optional)
    wrong = [
        FieldProblem(f"line {line}, column {place}", f"no column is called {name!r}", _use(known))
        for place, name in enumerate(headings, start=1)
        if name not in known or columns[name] != place
    ] + [
        FieldProblem(f"line {line}", f"the column {name} is missing", _use(known))
        for name in names
        if name not in columns
    ]
    _refuse(wrong)
    rows, uneven = [], []
    for line, cells in lines:
        if len(cells) == len(headings):
            rows.append(_Row(line, dict(zip(headings, cells, strict=True)), columns))
        else:
            column = min(len(cells), len(headings)) + 1
            found = f"{len(cells)} cells where the heading has {len(headings)}"
            uneven.append(FieldProblem(f"line {line}, column {column}", found, "give each its own"))
    _refuse(uneven)
    if not rows:
        raise InvalidInputError(FieldProblem(f"line {line + 1}", "no row follows", "add a day"))
    return columns, rows


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Each line with a cell that is not empty, by its number."""
    for line, row in numbered_lines(text):
        try:
            (cells,) = csv.reader([row], strict=True)
        except csv.Error as error:
            problem = FieldProblem(f"line {line}, column 1", str(error), "write it as CSV")
            raise InvalidInputError(problem) from error
        stripped = [cell.strip(" \t") for cell in cells]
        if any(stripped):
            yield line, stripped


def _use(names: Iterable[str]) -> str:
    return f"use each of {', '.join(names)} once"


def _refuse(problems: Sequence[FieldProblem]) -> None:
    if problems:
        raise InvalidInputError(*problems[:_PROBLEMS_SHOWN])


def _cell(row: _Row, name: str, read: Callable[[str], T], problems: list[FieldProblem]) -> T | None:
    """Read a cell; None, and a problem more, where it cannot be read."""
    text = row.cells[name]
    try:
        return read(text)
    except ValueError as error:
        fix = "write YYYY-MM-DD" if name == "date" else "write it like 1234.56"
        problems.append(row.problem(name, str(error), fix))
        return None


def _date(text: str) -> date:
    on = day_of(text)
    if on is None:
        raise ValueError(
            f"there is no such day as {text}" if is_date(text) else f"{text!r} is no date"
        )
    if on.year < _YEAR_MIN:
        raise ValueError(f"{text} is before {_YEAR_MIN}")
    return on


def _amount(text: str) -> Decimal:
    if not is_decimal(text):
        raise ValueError(f"{text!r} is no number")
    number = Decimal(text)
    exponent = number.as_tuple().exponent
    if number.adjusted() >= _MAGNITUDE_MAX or int(exponent) < -_DECIMALS_MAX:
        raise ValueError(f"{text[:40]} has more than {_MAGNITUDE_MAX} digits before or behind")
    return number


def _level(text: str) -> Decimal:
    level = _amount(text)
    if level <= 0:
        raise ValueError(f"{text} is no level: it must be positive")
    return level
