"""What companies report, as dated rows: fundamentals and earnings, known from `reported_at` on.

A row is never changed: a restatement is a row with a later `reported_at`, and who asks for an
earlier day gets what was told by then.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation

from bifrost.core.errors import FieldProblem, InvalidInputError
from bifrost.data.snapshots.kinds import EarningsReport, Reported

FUNDAMENTALS = ("instrument", "metric", "period_end", "value", "currency", "reported_at")
EARNINGS = ("instrument", "earnings_at", "eps_estimate", "eps_actual", "reported_at")
SHARES = "shares_outstanding"
ROWS_MAX = 50_000
_PROBLEMS_MAX = 20


@dataclass(frozen=True, slots=True)
class Fundamental:
    """A number that a company reported: `metric` of the period that ended then."""

    instrument: str
    metric: str
    period_end: date
    value: Decimal
    currency: str
    reported_at: datetime


@dataclass(frozen=True, slots=True)
class Earnings:
    """Earnings per share: expected or told, as it was known from `reported_at` on."""

    instrument: str
    earnings_at: datetime
    eps_estimate: Decimal | None
    eps_actual: Decimal | None
    reported_at: datetime


@dataclass(frozen=True, slots=True)
class FactFile:
    """The rows of a file: of one kind or the other."""

    fundamentals: tuple[Fundamental, ...] = ()
    earnings: tuple[Earnings, ...] = ()


def read_facts(text: str) -> FactFile:
    """Read a CSV file whose header is FUNDAMENTALS or EARNINGS.

    Raises InvalidInputError naming each line that is wrong (twenty at most): nothing of the file
    is taken then.
    """
    lines = csv.reader(io.StringIO(text))
    header = tuple(next(lines, ()))
    if header not in (FUNDAMENTALS, EARNINGS):
        expected = f"{','.join(FUNDAMENTALS)} or {','.join(EARNINGS)}"
        raise _wrong(
            "line 1", f"the header is {','.join(header)[:200]!r}", f"begin with {expected}"
        )
    read = _fundamental if header == FUNDAMENTALS else _earnings
    rows = [(number, fields) for number, fields in enumerate(lines, 2) if fields]
    if len(rows) > ROWS_MAX:
        raise _wrong("text", f"there are {len(rows)} rows", f"send at most {ROWS_MAX} at once")
    found: list[Fundamental | Earnings] = []
    problems: list[FieldProblem] = []
    for number, fields in rows:
        try:
            found.append(read(_named(header, fields)))
        except ValueError as error:
            problems.append(FieldProblem(f"line {number}", str(error), "correct the line"))
    if problems:
        raise InvalidInputError(*problems[:_PROBLEMS_MAX])
    return FactFile(
        tuple(one for one in found if isinstance(one, Fundamental)),
        tuple(one for one in found if isinstance(one, Earnings)),
    )


def fundamentals_known(rows: Iterable[Fundamental], by: datetime) -> dict[str, Reported]:
    """Return of each metric the newest period's newest word that had been told by then."""
    newest: dict[str, Fundamental] = {}
    for row in rows:
        had = newest.get(row.metric)
        if row.reported_at <= by and (had is None or _place(row) >= _place(had)):
            newest[row.metric] = row
    return {
        metric: Reported(
            value=float(row.value),
            known_at=row.reported_at,
            period_end=row.period_end,
            currency=row.currency,
        )
        for metric, row in sorted(newest.items())
    }


def earnings_known(
    rows: Sequence[Earnings], by: datetime
) -> tuple[EarningsReport | None, EarningsReport | None]:
    """Return the last earnings that had come and the next that were due, as they were known."""
    newest: dict[datetime, Earnings] = {}
    for row in sorted(rows, key=lambda one: one.reported_at):
        if row.reported_at <= by:
            newest[row.earnings_at] = row
    told = [row for at, row in newest.items() if at <= by]
    expected = [row for at, row in newest.items() if at > by]
    last = max(told, key=lambda row: row.earnings_at, default=None)
    following = min(expected, key=lambda row: row.earnings_at, default=None)
    return _report(last), _report(following)


def _named(header: Sequence[str], fields: Sequence[str]) -> dict[str, str]:
    if len(fields) != len(header):
        raise ValueError(f"{len(fields)} fields where {len(header)} belong")
    return dict(zip(header, (one.strip() for one in fields), strict=True))


def _place(row: Fundamental) -> tuple[date, datetime]:
    return row.period_end, row.reported_at


def _report(row: Earnings | None) -> EarningsReport | None:
    if row is None:
        return None
    estimate, actual = row.eps_estimate, row.eps_actual
    return EarningsReport(
        earnings_at=row.earnings_at,
        eps_estimate=None if estimate is None else float(estimate),
        eps_actual=None if actual is None else float(actual),
        known_at=row.reported_at,
    )


def _fundamental(fields: dict[str, str]) -> Fundamental:
    value = _number(fields, "value")
    if value is None:
        raise ValueError("value is empty; leave out what is not known")
    return Fundamental(
        instrument=_text(fields, "instrument"),
        metric=_text(fields, "metric"),
        period_end=_date(fields["period_end"]),
        value=value,
        currency=fields["currency"],
        reported_at=_instant(fields, "reported_at"),
    )


def _earnings(fields: dict[str, str]) -> Earnings:
    return Earnings(
        instrument=_text(fields, "instrument"),
        earnings_at=_instant(fields, "earnings_at"),
        eps_estimate=_number(fields, "eps_estimate"),
        eps_actual=_number(fields, "eps_actual"),
        reported_at=_instant(fields, "reported_at"),
    )


def _text(fields: dict[str, str], name: str) -> str:
    text = fields[name]
    if not text or len(text) > 64 or not text.isprintable():
        raise ValueError(f"{name} is {text[:64]!r}: 1 to 64 printable characters belong")
    return text


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"period_end is {text!r}, no date such as 2012-03-31") from None


def _instant(fields: dict[str, str], name: str) -> datetime:
    try:
        instant = datetime.fromisoformat(fields[name])
    except ValueError:
        raise ValueError(
            f"{name} is {fields[name]!r}, no instant such as 2012-04-24T20:30Z"
        ) from None
    if instant.tzinfo is None:
        raise ValueError(f"{name} is {fields[name]!r}, which names no zone: end it with Z")
    return instant.astimezone(UTC)


def _number(fields: dict[str, str], name: str) -> Decimal | None:
    text = fields[name]
    if not text:
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{name} is {text!r}, no number") from None
    if not number.is_finite():
        raise ValueError(f"{name} is {text!r}, no number that can be counted")
    return number


def _wrong(field: str, message: str, fix: str) -> InvalidInputError:
    return InvalidInputError(FieldProblem(field, message, fix))
