"""What an import is once it is read: its rows told apart from those that are there already."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from bifrost.portfolio.imports.activities import Activity, content_hash
from bifrost.portfolio.imports.source import Problem
from bifrost.portfolio.overdrafts import Overdraft


@dataclass(frozen=True, slots=True)
class Sorted:
    """A file's rows in the order in which they happened, each with its content's hash."""

    added: tuple[tuple[str, Activity], ...]
    duplicates: tuple[Activity, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """What a commit would do; with a problem it would do nothing.

    overdrawn: what the account would owe, which it is not refused for: it has happened.
    """

    added: tuple[Activity, ...]
    duplicates: tuple[Activity, ...]
    problems: tuple[Problem, ...]
    skipped: int
    overdrawn: tuple[Overdraft, ...] = ()


@dataclass(frozen=True, slots=True)
class Import:
    """One import as it was committed; it is undone at most once, and then for good."""

    import_id: str
    account_id: str
    format: str
    added: int
    duplicates: int
    skipped: int
    recorded_at: datetime
    undone_at: datetime | None = None
    undo_reason: str = ""
    place: int = 0


@dataclass(frozen=True, slots=True)
class Booked:
    """A row that was booked, and by which transaction."""

    number: int
    content_hash: str
    transaction_id: str
    activity: Activity


@dataclass(frozen=True, slots=True)
class ClosureMade:
    """What a transaction closed of a lot."""

    transaction_id: str
    lot_id: str
    quantity: Decimal
    cost: Decimal
    proceeds: Decimal


@dataclass(frozen=True, slots=True)
class LotHistory:
    """A lot with everything that was closed of it; `place` orders an account's lots."""

    lot_id: str
    instrument: str
    currency: str
    opened_at: datetime
    place: int
    opened_quantity: Decimal
    opened_cost: Decimal
    quantity: Decimal
    cost: Decimal
    closures: Sequence[Mapping[str, str]]


def sort_out(account_id: str, activities: Sequence[Activity], known: Mapping[str, int]) -> Sorted:
    """Tell new rows from known ones.

    known: how often each content is there already. Two equal rows of a file are two things that
    happened, so only as many are duplicates as are known; but a venue names a thing once, and a
    second row with its reference is the same thing again.
    """
    seen: Counter[str] = Counter()
    added: list[tuple[str, Activity]] = []
    duplicates: list[Activity] = []
    for activity in in_order(activities):
        content = content_hash(account_id, activity)
        seen[content] += 1
        is_named_again = bool(activity.reference) and seen[content] > 1
        if seen[content] <= known.get(content, 0) or is_named_again:
            duplicates.append(activity)
        else:
            added.append((content, activity))
    return Sorted(tuple(added), tuple(duplicates))


def in_order(activities: Sequence[Activity]) -> list[Activity]:
    """Put rows in the order of their time; those of one time as they stand in their file.

    A file that begins with its newest row is read from its end.
    """
    rows = list(activities)
    if rows and rows[0].day > rows[-1].day:
        rows.reverse()
    return sorted(rows, key=lambda one: one.occurred_at)


def days_of(activities: Sequence[Activity]) -> tuple[date, date]:
    """Return the first and the last day of a file that has rows."""
    days = [one.day for one in activities]
    return min(days), max(days)
