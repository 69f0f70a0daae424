"""Everything that an account's books hold, as a file that `own` reads back.

A transaction of the ledger is told as the activity that it was: what the desk booked itself from
its entries, what was imported as it was read. Reversed transactions and their reversals are left
out together. So the file imported into an empty account makes the same books.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from decimal import Decimal

from bifrost.core.money import EXACT, exact_sum
from bifrost.portfolio.imports.activities import Activity, ActivityKind
from bifrost.portfolio.imports.booking import LEDGER_KINDS
from bifrost.portfolio.imports.own import COLUMNS
from bifrost.portfolio.ledger import CASH, COMMISSION
from bifrost.portfolio.ports import Posted

_KINDS = {name: kind for kind, name in LEDGER_KINDS.items()}
_FILL_REFERENCE = "fill:"


@dataclass(frozen=True, slots=True)
class Exported:
    """An account's history; `left_out` are transactions that no row of a file can tell of."""

    activities: tuple[Activity, ...]
    left_out: tuple[Posted, ...] = ()


def activities_of(posted: Iterable[Posted], imported: dict[str, Activity]) -> Exported:
    """Tell the ledger's transactions as activities, oldest first.

    imported: by transaction, the rows that imports booked, as they were read.
    """
    rows = list(posted)
    undone = {one.reverses for one in rows if one.reverses}
    standing = [one for one in rows if not one.reverses and one.transaction_id not in undone]
    made: list[Activity] = []
    left_out: list[Posted] = []
    for number, one in enumerate(standing, start=2):
        known = imported.get(one.transaction_id)
        told = known or activity_of(one)
        if told is None:
            left_out.append(one)
        else:
            made.append(replace(told, line=number))
    return Exported(tuple(sorted(made, key=lambda one: one.occurred_at)), tuple(left_out))


def activity_of(posted: Posted) -> Activity | None:
    """Tell one transaction that no import booked; None for what no row can say."""
    kind = _KINDS.get(posted.kind)
    if kind is None:
        return None
    cash = [line for line in posted.entries if line.ledger_account == CASH]
    if not cash:
        return None
    at = posted.occurred_at.astimezone(UTC)
    plain = Activity(
        line=1,
        kind=kind,
        day=at.date(),
        occurred_at=at,
        currency=cash[0].currency,
        amount=exact_sum(line.amount for line in cash if line.currency == cash[0].currency),
        instrument=next((line.instrument for line in posted.entries if line.instrument), ""),
    )
    if kind is ActivityKind.FILL:
        return _fill(plain, posted)
    if kind is ActivityKind.FX:
        other = next(line for line in cash if line.currency != plain.currency)
        return replace(
            plain, counter_amount=other.amount, counter_currency=other.currency, instrument=""
        )
    return plain


def _fill(plain: Activity, posted: Posted) -> Activity | None:
    moved = next((line for line in posted.entries if line.quantity), None)
    if moved is None or moved.quantity is None:
        return None
    commission = exact_sum(
        line.amount for line in posted.entries if line.ledger_account == COMMISSION
    )
    gross = EXACT.minus(EXACT.add(plain.amount, commission))
    venue, reference = "", ""
    if posted.origin.startswith(_FILL_REFERENCE):
        venue, _, reference = posted.origin.removeprefix(_FILL_REFERENCE).partition(":")
    return replace(
        plain,
        instrument=moved.instrument,
        quantity=moved.quantity,
        # Exact: the amount was made as quantity times price.
        price=EXACT.normalize(EXACT.divide(gross, moved.quantity)),
        commission=commission,
        venue=venue,
        reference=reference,
    )


def to_csv(activities: Sequence[Activity]) -> str:
    """Write activities as our own format."""
    return csv_of(_row(one) for one in activities)


def csv_of(rows: Iterable[Sequence[str]]) -> str:
    """Write rows of our own format's columns under their header."""
    lines = [",".join(COLUMNS), *(",".join(_quoted(one) for one in row) for row in rows)]
    return "\n".join(lines) + "\n"


def to_record(activity: Activity) -> dict[str, str]:
    """Write one activity by the columns of our own format; empty ones left out."""
    fields = dict(zip(COLUMNS, _row(activity), strict=True))
    return {name: value for name, value in fields.items() if value}


def _row(one: Activity) -> list[str]:
    at = one.occurred_at.astimezone(UTC)
    clock = at.time().isoformat() if at.time().isoformat() != "00:00:00" else ""
    return [
        one.day.isoformat(),
        clock if at.date() == one.day else "",
        one.kind.value,
        one.instrument,
        _number(one.quantity),
        _number(one.price),
        _number(one.amount),
        one.currency,
        _number(one.commission or None),
        _number(one.counter_amount),
        one.counter_currency,
        one.venue,
        one.reference,
        one.description,
    ]


def _number(number: Decimal | None) -> str:
    return "" if number is None else format(number, "f")


def _quoted(text: str) -> str:
    if any(sign in text for sign in ',";\t'):
        return '"' + text.replace('"', '""') + '"'
    return text
