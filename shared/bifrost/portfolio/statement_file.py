"""A statement of positions and cash as CSV, and the three ways in which it is compared.

kind,subject,amount
cash,USD,1234.56
position,AAPL,10
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from bifrost.core.written import numbered_lines
from bifrost.portfolio.imports.delimited import Table, delimiter_of, split, table_row
from bifrost.portfolio.imports.source import Problem, Row, UnreadableError

COLUMNS = ("kind", "subject", "amount")
KINDS = ("cash", "position")
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class ThreeWays:
    """One thing that ledger, venue and statement do not all say alike; None is unknown."""

    kind: str
    subject: str
    ledger: Decimal
    venue: Decimal | None
    statement: Decimal


@dataclass(frozen=True, slots=True)
class StatementRead:
    """What a statement says; empty wherever there is a problem."""

    said: Mapping[Key, Decimal]
    problems: tuple[Problem, ...] = ()


def read_statement(text: str) -> StatementRead:
    """Read the whole text, or name every line that cannot be."""
    said: dict[Key, Decimal] = {}
    problems: list[Problem] = []
    rows = _rows(text)
    while True:
        try:
            row = next(rows, None)
            if row is None:
                break
            key, amount = _line(row.whole())
            if key in said:
                problems.append(_twice(row, key))
                continue
            said[key] = amount
        except UnreadableError as error:
            problems.append(error.problem)
    if not said and not problems:
        problems = [Problem(1, "1", "the statement has no rows", "state the cash at least")]
    return StatementRead({} if problems else said, tuple(problems))


def compare_three_ways(
    ledger: Mapping[Key, Decimal],
    venue: Mapping[Key, Decimal | None] | None,
    statement: Mapping[Key, Decimal],
) -> tuple[ThreeWays, ...]:
    """Return what not all three say alike; what one does not name it has none of.

    A kind of which the statement names nothing it says nothing about: that is not compared.
    venue: None while its fills are under way and nothing can be said, or of what it does not keep.
    """
    zero = Decimal(0)
    found = []
    kinds = {kind for kind, _ in statement}
    for key in sorted(ledger.keys() | (venue or {}).keys() | statement.keys()):
        if key[0] not in kinds:
            continue
        theirs = None if venue is None else venue.get(key, zero)
        row = ThreeWays(*key, ledger.get(key, zero), theirs, statement.get(key, zero))
        if row.statement != row.ledger or row.venue not in (None, row.ledger):
            found.append(row)
    return tuple(found)


def _rows(text: str) -> Iterator[Row]:
    lines = numbered_lines(text)
    line, header = next(lines, (1, ""))
    delimiter = delimiter_of(header)
    titles = [one.strip().lower() for one in split(line, header, delimiter)]
    for name in COLUMNS:
        if titles.count(name) != 1:
            fix = "start the file with " + ",".join(COLUMNS)
            raise UnreadableError(Problem(line, name, "the header has it not once", fix))
    table = Table(delimiter, titles, {title: title for title in titles})
    for number, one in lines:
        yield table_row(number, one, table)


def _line(row: Row) -> tuple[Key, Decimal]:
    kind = row.required("kind").lower()
    if kind not in KINDS:
        raise row.unreadable("kind", f"{kind[:20]!r} is no kind", "cash or position")
    subject = row.currency("subject") if kind == "cash" else row.symbol("subject")
    return (kind, subject), row.required_number("amount")


def _twice(row: Row, key: Key) -> Problem:
    return row.unreadable("subject", f"{key[1]} is there twice", "state it once").problem
