"""Valuations, recorded once a session is complete, and again where something comes late.

A session is complete when a later one has begun, or when its close by the exchange's calendar is
past and its prices have been quiet for a minute. A replay passes through years in an hour, so the
wall clock alone would take each of its sessions for complete at the first of its bars.
"""

import logging
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Protocol

from bifrost.core.errors import UnavailableError
from bifrost.events import Event, ValuationRecorded
from bifrost.portfolio.performance import Close
from bifrost.portfolio.ports import Clock, Ids
from bifrost.portfolio.valuation import SessionValuation

_logger = logging.getLogger(__name__)

QUIET = timedelta(minutes=1)
# A step is one transaction; what a call does not reach, the next sweep does.
SESSIONS_PER_STEP = 25
STEPS_PER_CALL = 500
CALL_SECONDS = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class Tape:
    """The market's newest session, the one before, and when its last price was published."""

    newest: Close
    before: Close | None
    published_at: datetime


@dataclass(frozen=True, slots=True)
class Seen:
    """What a recording has seen: transactions up to a place, prices heard before a point."""

    ledger_position: int
    heard_in: int


@dataclass(frozen=True, slots=True)
class Unrecorded:
    """An account whose books have sessions to record, from `first` on; None if there is none."""

    account_id: str
    portfolio_id: str
    currency: str
    first: date | None
    seen: Seen


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a call did; there is more to do where it `is_done` not."""

    accounts: int
    valuations: int
    is_done: bool


class SnapshotStore(Protocol):
    """Keeps valuations."""

    def tape(self) -> Tape | None:
        """Return what the market has told; None before the first bar."""

    def behind(self, until: Close, limit: int) -> list[str]:
        """Name accounts that are not recorded up to there, those that lag most first."""

    def begin(self, account_id: str) -> Unrecorded | None:
        """Take an account; None where another recording has it."""

    def closes(self, first: date, until: date, limit: int) -> list[Close]:
        """Return the sessions' closes, oldest first."""

    def valued(self, account_id: str, closes: Sequence[Close]) -> list[SessionValuation]:
        """Value the account at each close, oldest first."""

    def standing(
        self, account_id: str, closes: Sequence[Close]
    ) -> Mapping[date, tuple[int, SessionValuation]]:
        """Return what stands recorded of these sessions, with its revision."""

    def add(
        self, account_id: str, revision: int, one: SessionValuation, told: ValuationRecorded
    ) -> None:
        """Write a valuation."""

    def advance(self, account_id: str, last: Close | None, seen: Seen) -> None:
        """Say that everything up to there is recorded as seen; None changes no session."""


class Telling(Protocol):
    """What will be told."""

    def publish(self, event: Event) -> None:
        """Tell everybody, once the transaction is kept."""


class SnapshotBooks(Protocol):
    """What a recording writes, in one transaction."""

    @property
    def snapshots(self) -> SnapshotStore:
        """Valuations."""

    @property
    def facts(self) -> Telling:
        """Events."""


class SnapshotLibrary(Protocol):
    """Opens the books."""

    def open(self) -> AbstractContextManager[SnapshotBooks]:
        """Begin a transaction: everything done in it is kept, or nothing is."""


class Hours(Protocol):
    """The exchange's calendar."""

    def closes_at(self, session: date) -> datetime | None:
        """Return when the session closes; None for a day that is none, as far as it is known."""


class Recorder:
    """Records what accounts were worth at the close of each complete session."""

    def __init__(self, library: SnapshotLibrary, hours: Hours, clock: Clock, ids: Ids) -> None:
        self._library = library
        self._hours = hours
        self._clock = clock
        self._ids = ids

    def record(self, correlation_id: str, *, steps: int = STEPS_PER_CALL) -> Recorded:
        """Record what is complete and not recorded, in bounded steps; safe to repeat.

        Raises ValueError, once the others are through, where an account cannot be valued.
        """
        until = self._complete()
        call = _Call(self._clock.now() + CALL_SECONDS, steps)
        is_done = until is None
        while until is not None and call.left > 0 and not is_done:
            with self._library.open() as books:
                behind = books.snapshots.behind(until, call.left)
            waiting = [one for one in behind if one not in call.failed]
            is_done = not waiting
            if not self._round(waiting, until, call, correlation_id):
                break
        if call.failed:
            raise ValueError(f"accounts without a valuation: {'; '.join(call.failed.values())}")
        return Recorded(len(call.taken), call.valuations, is_done)

    def _round(
        self, account_ids: Sequence[str], until: Close, call: "_Call", correlation_id: str
    ) -> bool:
        """Take a step with each account; False where the time is over, or nothing moved."""
        is_moving = False
        for account_id in account_ids:
            if self._clock.now() >= call.ends_at:
                return False
            call.left -= 1
            try:
                written = self._step(account_id, until, correlation_id)
            except UnavailableError:
                raise
            except Exception as error:
                _logger.exception("an account is not valued", extra={"account_id": account_id})
                call.failed[account_id] = f"{account_id}: {error}"
                continue
            if written is not None:
                is_moving = True
                call.valuations += written
                call.taken.add(account_id)
        return is_moving

    def _complete(self) -> Close | None:
        with self._library.open() as books:
            tape = books.snapshots.tape()
        return None if tape is None else complete(tape, self._hours, self._clock.now())

    def _step(self, account_id: str, until: Close, correlation_id: str) -> int | None:
        """Record an account's next sessions and return how many of them are new or different;
        None where another recording has the account.
        """
        with self._library.open() as books:
            found = books.snapshots.begin(account_id)
            if found is None:
                return None
            closes: list[Close] = []
            if found.first is not None:
                closes = books.snapshots.closes(found.first, until.session, SESSIONS_PER_STEP)
            standing = books.snapshots.standing(account_id, closes)
            written = 0
            for one in books.snapshots.valued(account_id, closes):
                revision, known = standing.get(one.session, (0, None))
                if one != known:
                    self._write(books, found, revision + 1, one, correlation_id)
                    written += 1
            books.snapshots.advance(account_id, closes[-1] if closes else None, found.seen)
            return written

    def _write(
        self,
        books: SnapshotBooks,
        account: Unrecorded,
        revision: int,
        one: SessionValuation,
        correlation_id: str,
    ) -> None:
        worth = one.valuation
        told = ValuationRecorded(
            event_id=self._ids.new(),
            occurred_at=one.occurred_at,
            recorded_at=self._clock.now(),
            correlation_id=correlation_id,
            portfolio_id=account.portfolio_id,
            session=one.session,
            currency=account.currency,
            cash=worth.cash,
            market_value=worth.market_value,
            equity=worth.equity,
            unpriced=worth.unpriced,
            revision=revision,
        )
        books.snapshots.add(account.account_id, revision, one, told)
        books.facts.publish(told)


@dataclass(slots=True)
class _Call:
    """How far a call is."""

    ends_at: datetime
    left: int
    valuations: int = 0
    taken: set[str] = field(default_factory=set)
    failed: dict[str, str] = field(default_factory=dict)


def complete(tape: Tape, hours: Hours, now: datetime) -> Close | None:
    """Return the last session that is complete."""
    closes_at = hours.closes_at(tape.newest.session) or tape.newest.occurred_at
    is_over = now >= closes_at and now - tape.published_at >= QUIET
    return tape.newest if is_over else tape.before
