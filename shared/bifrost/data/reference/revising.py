"""What stands after somebody told us terms: told days replace, and two never hold on one day.

Two ways of telling. A list of instruments says what holds today and has no dates: a first listing
holds from when its symbol was free, a change from today on. A history says all there was of an
instrument, so that a listing without a start yields its symbol to it; two dated ones that want one
symbol on one day are refused. Whatever a history leaves open (None) stays as it was told before.
Both are files that a person imports, and equals: the one that came last is believed.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from itertools import chain, pairwise
from typing import Any

from bifrost.core.errors import FieldProblem, InvalidInputError
from bifrost.core.instruments import Instrument
from bifrost.core.sessions import exchange_date
from bifrost.data.reference.terms import NO_END, UNKNOWN_START, Terms

LISTING_SOURCE = "csv"
# Not terms, but how we come to know them.
_TOLD_HOW = frozenset({"valid_from", "valid_to", "source", "recorded_at", "superseded_at"})
_CONTENT = tuple(one.name for one in fields(Terms) if one.name not in _TOLD_HOW)


@dataclass(frozen=True, slots=True)
class Revision:
    """Rows that stand no more, and rows that stand in their place."""

    superseded: tuple[Terms, ...]
    added: tuple[Terms, ...]


def listings_told(
    standing: Sequence[Terms], instruments: Iterable[Instrument], at: datetime
) -> Revision:
    """Take in a list without dates.

    standing: every row that stands of these instruments, or has one of their symbols. Raises
    InvalidInputError where another instrument has the symbol without an end.
    """
    wanted = _by(standing, lambda row: row.instrument)
    # Whose a symbol is changes by first listings alone, and of one symbol there is one of these.
    holders = _by(standing, lambda row: row.symbol)
    for one in instruments:
        if one.symbol in wanted:
            wanted[one.symbol] = _relisted(wanted[one.symbol], one, at)
        else:
            wanted[one.symbol] = [_first_listing(holders.get(one.symbol, ()), one, at)]
    return _difference(standing, chain.from_iterable(wanted.values()))


def histories_told(
    standing: Sequence[Terms], told: Sequence[Terms], defaults: Terms, at: datetime
) -> Revision:
    """Take in the whole past of the instruments that `told` is of.

    standing: every row that stands of these instruments, or has one of the told symbols.
    defaults: what is assumed of terms that nobody ever told. Raises InvalidInputError where two
    instruments would have one symbol on one day.
    """
    keys = {one.instrument for one in told}
    own = _by(standing, lambda row: row.instrument)
    wanted: list[Terms] = []
    for one in told:
        wanted += _filled(one, own.get(one.instrument, []), defaults)
    _refuse_shared(wanted)
    holders = _by(wanted, lambda row: row.symbol)
    others = [
        _yielding(row, holders.get(row.symbol, ()), at)
        for row in standing
        if row.instrument not in keys
    ]
    return _difference(standing, [*others, *_joined(wanted)])


def _by(rows: Iterable[Terms], name: Callable[[Terms], str]) -> dict[str, list[Terms]]:
    grouped: dict[str, list[Terms]] = {}
    for row in rows:
        grouped.setdefault(name(row), []).append(row)
    return grouped


def _first_listing(others: Iterable[Terms], one: Instrument, at: datetime) -> Terms:
    taken = [row for row in others if row.is_listed]
    first = max((row.valid_to for row in taken), default=UNKNOWN_START)
    if first == NO_END:
        holder = max(taken, key=lambda row: row.valid_to)
        raise _conflict(one.symbol, holder)
    return Terms(
        instrument=one.symbol,
        valid_from=first,
        valid_to=NO_END,
        symbol=one.symbol,
        mic=one.mic,
        currency=one.currency,
        tick_size=one.tick_size,
        lot_size=one.lot_size,
        name=one.name,
        source=LISTING_SOURCE,
        recorded_at=at,
    )


def _relisted(own: Iterable[Terms], one: Instrument, at: datetime) -> list[Terms]:
    today = exchange_date(at)
    said: dict[str, Any] = {
        "mic": one.mic,
        "currency": one.currency,
        "tick_size": one.tick_size,
        "lot_size": one.lot_size,
        "name": one.name,
    }
    told: list[Terms] = []
    for row in own:
        missing = {name: value for name, value in said.items() if getattr(row, name) is None}
        filled = replace(row, recorded_at=at, **missing)
        if not (row.is_listed and row.holds(today)):
            told.append(filled)
            continue
        now = replace(filled, source=LISTING_SOURCE, valid_from=today, **said)
        before = [replace(filled, valid_to=today)] if row.valid_from < today else []
        told += _joined([*before, now])
    return told


def _filled(one: Terms, own: Sequence[Terms], defaults: Terms) -> Iterator[Terms]:
    """Part a told row by what was told before it, and complete each part by that."""
    edges = {one.valid_from, one.valid_to}
    for row in own:
        edges |= {
            day for day in (row.valid_from, row.valid_to) if one.valid_from < day < one.valid_to
        }
    days = sorted(edges)
    last = max(own, key=lambda row: row.valid_from, default=defaults)
    for first, before in pairwise(days):
        there = next((row for row in own if row.holds(first)), last)
        missing: dict[str, Any] = {
            name: _first_said(there, defaults, name)
            for name in _CONTENT
            if getattr(one, name) is None
        }
        yield replace(one, valid_from=first, valid_to=before, **missing)


def _first_said(there: Terms, defaults: Terms, name: str) -> object:
    said = getattr(there, name)
    return getattr(defaults, name) if said is None else said


def _yielding(row: Terms, holders: Iterable[Terms], at: datetime) -> Terms:
    """Let a listing without a start begin when nobody else has its symbol any more."""
    clashes = [one for one in holders if one.is_listed and one.overlaps(row)]
    if not clashes or not row.is_listed:
        return row
    free = max(one.valid_to for one in clashes)
    if row.valid_from != UNKNOWN_START or free >= row.valid_to:
        raise _conflict(clashes[0].instrument, row)
    return replace(row, valid_from=free, recorded_at=at)


def _refuse_shared(wanted: Iterable[Terms]) -> None:
    reached: dict[str, Terms] = {}
    for one in sorted(wanted, key=lambda row: row.valid_from):
        before = reached.get(one.symbol)
        if not one.is_listed:
            continue
        if before is not None and before.overlaps(one) and before.instrument != one.instrument:
            raise _conflict(one.instrument, before)
        reached[one.symbol] = max(before or one, one, key=lambda row: row.valid_to)


def _joined(rows: Iterable[Terms]) -> list[Terms]:
    """Make one row of neighbours that say the same."""
    joined: list[Terms] = []
    for row in sorted(rows, key=lambda row: (row.instrument, row.valid_from)):
        if joined and joined[-1].valid_to == row.valid_from and _says(joined[-1]) == _says(row):
            joined[-1] = replace(joined[-1], valid_to=row.valid_to)
        else:
            joined.append(row)
    return joined


def _difference(standing: Iterable[Terms], wanted: Iterable[Terms]) -> Revision:
    """Leave what says the same on the same days as it is, whoever said it again."""
    before = {(_says(row), row.valid_from, row.valid_to): row for row in standing}
    after = {(_says(row), row.valid_from, row.valid_to): row for row in wanted}
    return Revision(
        tuple(row for said, row in before.items() if said not in after),
        tuple(row for said, row in after.items() if said not in before),
    )


def _says(row: Terms) -> tuple[object, ...]:
    return tuple(getattr(row, name) for name in _CONTENT)


def _conflict(instrument: str, holder: Terms) -> InvalidInputError:
    return InvalidInputError(
        FieldProblem(
            instrument,
            f"its symbol {holder.symbol} is {holder.instrument}'s {spelt(holder)}",
            "tell the other one's past too: a symbol has one instrument a day",
        )
    )


def spelt(row: Terms) -> str:
    """Say in words when a row holds."""
    parts = []
    if row.valid_from != UNKNOWN_START:
        parts.append(f"from {row.valid_from}")
    if row.valid_to != NO_END:
        parts.append(f"to {_day_before(row.valid_to)}")
    return " ".join(parts) or "at all times that are known"


def _day_before(day: date) -> date:
    return date.fromordinal(day.toordinal() - 1)
