"""Reconciling: the ledger is held against the venue, and against a statement where there is one.

A statement is of a day that is over. The ledger is read as of that day, and the venue's books are
rolled back by what the ledger has booked since: where the two agree now, they agreed then.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from decimal import Decimal
from uuid import UUID, uuid5

from bifrost.core.breaks import PENDING, Break, Compared, is_settled, is_stuck
from bifrost.core.errors import FieldProblem, InvalidInputError
from bifrost.core.money import EXACT
from bifrost.core.statements import VenueStatement
from bifrost.events import ReconciliationBroken
from bifrost.portfolio.causes import cause_of, cause_of_three, owner_of
from bifrost.portfolio.ledger import CASH
from bifrost.portfolio.ports import Books, Clock, Ids, Library
from bifrost.portfolio.reconciliation import BreakKind, Difference, Explained, compare
from bifrost.portfolio.service import live_account, market_time
from bifrost.portfolio.statement_file import compare_three_ways
from bifrost.portfolio.statements import Key, Run, Statement
from bifrost.portfolio.valuation import Balance

# Never changes: a break that is told of again must have the same event.
_EVENTS = UUID("8a3c5d0e-94b7-5f21-8c6d-0e7b1a2f9d43")


@dataclass(frozen=True, slots=True)
class StatementRequest:
    """A statement as its caller sent it."""

    owner: str
    account_id: str
    as_of: date
    said: Mapping[Key, Decimal]
    key: str


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Input of the task `reconcile`."""

    statement: VenueStatement
    is_final: bool = True


@dataclass(frozen=True, slots=True)
class Reconciled:
    """Input of the task `record_reconciliation`: what every book left open."""

    account_id: str
    breaks: tuple[Break, ...]


class Reconciler:
    """Holds portfolio's books against others', and tells of every book's breaks."""

    def __init__(self, library: Library, clock: Clock, ids: Ids) -> None:
        self._library = library
        self._clock = clock
        self._ids = ids

    def reconcile(
        self, statement: VenueStatement, correlation_id: str, *, is_final: bool = True
    ) -> Compared:
        """Compare the ledger with the venue's statement and return what is open.

        is_final: write what is new down; otherwise it is left to the comparison that follows.
        """
        with self._library.open() as books:
            account = books.accounts.locked(statement.account_id)
            found = _differences(books, account.account_id, statement)
            known = books.breaks.open(account.account_id)
            settled = is_settled(((one.kind.value, one.subject) for one in found), known)
            if not settled and not is_final:
                return Compared(tuple(known), is_settled=False)
            left = books.breaks.see(account.account_id, found, self._clock.now())
            self._tell(books, left, correlation_id)
        return Compared(tuple(left), is_settled=True)

    def record(self, account_id: str, breaks: Sequence[Break], correlation_id: str) -> int:
        """Keep what a comparison of every book left open; return how many breaks were news."""
        with self._library.open() as books:
            account = books.accounts.locked(account_id)
            books.runs.keep(Run(account.account_id, self._clock.now(), tuple(breaks)))
            return self._tell(books, breaks, correlation_id)

    def keep_statement(self, asked: StatementRequest) -> Statement:
        """Keep a statement, once per key; the comparisons that follow are held against it."""
        now = self._clock.now()
        # A day ends last twelve hours behind UTC, and first fourteen before it.
        if asked.as_of > (now + timedelta(hours=14)).date():
            fix = "a statement is of a day that is over"
            raise InvalidInputError(FieldProblem("as_of", f"{asked.as_of} is to come", fix))
        with self._library.open() as books:
            account = live_account(books, asked.owner, asked.account_id)
            statement_id = self._ids.new()
            known = books.keys.claim(
                scope=f"statements/{account.account_id}",
                key=asked.key,
                body={
                    "as_of": asked.as_of.isoformat(),
                    "rows": [[*key, f"{asked.said[key].normalize():f}"] for key in asked.said],
                },
                resource_id=statement_id,
            )
            if known is None:
                books.statements.add(
                    Statement(statement_id, account.account_id, asked.as_of, now, asked.said)
                )
            return books.statements.find(account.account_id, known or statement_id)

    def _tell(self, books: Books, breaks: Iterable[Break], correlation_id: str) -> int:
        """Publish each break once while it stays open; of what is pending only what is stuck."""
        news = 0
        occurred_at, _ = market_time(books, now := self._clock.now())
        for one in breaks:
            if one.kind == PENDING and not is_stuck(one, now):
                continue
            event = ReconciliationBroken(
                event_id=_event_id(one),
                occurred_at=occurred_at,
                recorded_at=now,
                correlation_id=correlation_id,
                account_id=one.account_id,
                book=one.book,
                kind=one.kind,
                subject=one.subject,
                ours=one.ours,
                theirs=one.theirs,
                cause=one.cause,
                owner=one.owner,
                first_seen=one.first_seen,
            )
            if books.facts.once(event):
                books.facts.publish(event)
                news += 1
        return news


def _event_id(one: Break) -> str:
    opened = one.first_seen.astimezone(UTC).isoformat()
    return str(uuid5(_EVENTS, f"{one.account_id}/{one.book}/{one.kind}/{one.subject}/{opened}"))


def _differences(books: Books, account_id: str, statement: VenueStatement) -> tuple[Explained, ...]:
    balances = books.ledger.balances(account_id)
    differing = compare(balances, books.facts.fills_applied(account_id), statement)
    held = None
    if not any(one.kind is BreakKind.PENDING for one in differing):
        held = books.statements.standing(account_id)
    if not differing and held is None:
        return ()
    imported = books.imports.totals(account_id)
    found = [_explained(one, imported) for one in differing]
    if held is not None:
        as_of = books.statements.ledger_as_of(held)
        found += _three_ways(held, as_of, balances, statement, imported)
    return tuple(found)


def _explained(one: Difference, imported: Mapping[str, Decimal]) -> Explained:
    cause = cause_of(one.kind, one.subject, one.ours, one.theirs, imported)
    return Explained(one.kind, one.subject, one.ours, one.theirs, cause.value, owner_of(cause))


def _three_ways(
    held: Statement,
    as_of: Mapping[Key, Decimal],
    balances: Sequence[Balance],
    venue: VenueStatement,
    imported: Mapping[str, Decimal],
) -> list[Explained]:
    """Return where the statement is not what the ledger was; the venue's break is its own."""
    then = venue_as_of(ledger_of(balances), as_of, venue)
    found = []
    for row in compare_three_ways(as_of, then, held.said):
        if row.statement == row.ledger:
            continue
        cause = cause_of_three(row, imported)
        found.append(
            Explained(
                kind=BreakKind.STATEMENT,
                subject=f"{row.kind}:{row.subject}",
                ours=row.ledger,
                theirs=row.statement,
                cause=cause.value,
                owner=owner_of(cause),
                venue=row.venue,
            )
        )
    return found


def ledger_of(balances: Iterable[Balance]) -> dict[Key, Decimal]:
    """Return cash by currency and what is held by instrument."""
    said: dict[Key, Decimal] = {}
    for one in balances:
        if one.ledger_account == CASH:
            said["cash", one.currency] = one.amount
        elif one.quantity is not None:
            said["position", one.instrument] = one.quantity
    return said


def venue_as_of(
    now: Mapping[Key, Decimal], then: Mapping[Key, Decimal], venue: VenueStatement
) -> dict[Key, Decimal | None]:
    """Roll the venue's books back by what the ledger has booked since.

    None is cash in a currency that the venue does not keep.
    """
    zero = Decimal(0)
    own = ("cash", venue.currency)
    states = {("position", name): held for name, held in venue.positions.items()}
    states[own] = venue.cash
    rolled: dict[Key, Decimal | None] = {}
    for key in now.keys() | then.keys() | states.keys():
        if key[0] == "cash" and key != own:
            rolled[key] = None
            continue
        since = EXACT.subtract(now.get(key, zero), then.get(key, zero))
        rolled[key] = EXACT.subtract(states.get(key, zero), since)
    return rolled
