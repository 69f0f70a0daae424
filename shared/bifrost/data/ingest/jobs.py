"""Ingestion jobs and their items: what state each may be in, and what each answer makes of it.

A job has an item for each instrument, and its state is computed from theirs: nothing can say
"done" over an item that is not. The five answers of a vendor lead to five states. `running` is a
lease with a number, and what an ingester writes under an older number is refused: one that was
taken for dead and wakes up cannot write over its successor.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from bifrost.data.series.kinds import Series
from bifrost.data.series.timeframes import Timeframe

# One slice is fetched and kept in less; an ingester that is silent for longer counts as dead.
LEASE = timedelta(minutes=2)
# A message that was sent and brought nothing is sent again after so long.
UNHEARD_AFTER = timedelta(minutes=3)
# Waits of 5, 10, 20, 40 ... seconds: a vendor that is away for ten minutes fails no item.
TRIES_MAX = 8
# A session's close is tried again for as long as the desk's feed waits for it.
CLOSE_TRIED_FOR = timedelta(hours=6)
_FIRST_WAIT = timedelta(seconds=5)
_LONGEST_WAIT = timedelta(minutes=15)


class JobKind(StrEnum):
    """Why something is fetched."""

    SESSION_CLOSE = "session_close"
    INTRADAY = "intraday"
    BACKFILL = "backfill"
    GAPS = "gaps"


class ItemState(StrEnum):
    """Where an item stands; the last five are the vendor's five answers."""

    WAITING = "waiting"
    RUNNING = "running"
    CANCELLED = "cancelled"
    DONE = "done"
    PARTIAL = "partial"
    ABSENT = "absent"
    RATE_LIMITED = "rate_limited"
    FAILED = "failed"


class JobState(StrEnum):
    """Where a job stands, by its items."""

    WAITING = "waiting"
    RUNNING = "running"
    RATE_LIMITED = "rate_limited"
    DONE = "done"
    ABSENT = "absent"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Scope:
    """What of [first, before), as `provider` has it; bars alone have a timeframe."""

    provider: str
    timeframe: Timeframe | None
    first: datetime
    before: datetime
    series: Series = Series.BARS

    def __post_init__(self) -> None:
        if (self.timeframe is None) is (self.series is Series.BARS):
            raise ValueError(f"bars alone have a timeframe, was {self.timeframe} {self.series}")
        if self.first >= self.before:
            raise ValueError(f"a range ends after it begins, was {self.first} to {self.before}")

    @property
    def bars(self) -> Timeframe:
        """How long its bars are; nobody asks it of trades and quotes."""
        if self.timeframe is None:
            raise AssertionError(f"{self.series} have no timeframe")
        return self.timeframe


@dataclass(frozen=True, slots=True)
class Job:
    """What was asked for; `calendar` and `session` are those of a session's close."""

    job_id: str
    kind: JobKind
    scope: Scope
    requested_by: str
    correlation_id: str
    requested_at: datetime
    cancelled_at: datetime | None = None
    calendar: str | None = None
    session: date | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One instrument of a job.

    number: its name in messages; 0 before it is kept.
    resume_at: all before it is there, and the next slice begins at it.
    due_at: when it may be taken next; None once it has ended.
    lease: counts its takers; only the newest may write. leased_until: None unless running.
    tries: failures in a row. sent_at: when a message for it went out last.
    """

    job_id: str
    instrument: str
    symbol: str
    scope: Scope
    state: ItemState
    resume_at: datetime
    due_at: datetime | None
    lease: int = 0
    leased_until: datetime | None = None
    sent_at: datetime | None = None
    number: int = 0
    tries: int = 0
    slices: int = 0
    rows_read: int = 0
    rows_written: int = 0
    rows_kept_apart: int = 0
    reason: str = ""

    @property
    def has_ended(self) -> bool:
        """Nothing more will be done, unless somebody resumes it."""
        return self.state is not ItemState.RUNNING and self.due_at is None

    @property
    def is_complete(self) -> bool:
        """All of its range was asked for and answered."""
        return self.resume_at >= self.scope.before

    def may_be_taken(self, now: datetime) -> bool:
        """Say whether an ingester may take it: it is due, or its taker counts as dead."""
        if self.state is ItemState.RUNNING:
            return self.leased_until is None or self.leased_until <= now
        return self.due_at is not None and self.due_at <= now


def new_item(job_id: str, instrument: str, symbol: str, scope: Scope, now: datetime) -> Item:
    """Return an instrument's item, due at once."""
    return Item(job_id, instrument, symbol, scope, ItemState.WAITING, scope.first, now)


def taken(item: Item, now: datetime, lease: timedelta = LEASE) -> Item:
    """Return the item as its next taker holds it; one that killed as many as may try has failed.

    A taker that died counts as a try: an item that ends each process that works on it would else
    do so for ever.
    """
    died = item.state is ItemState.RUNNING
    if died and item.tries + 1 >= TRIES_MAX:
        return failed(item, "each ingester that worked on it died", now, retryable=False)
    return replace(
        item,
        tries=item.tries + died,
        state=ItemState.RUNNING,
        lease=item.lease + 1,
        leased_until=now + lease,
        due_at=None,
    )


def moved(item: Item, to: datetime, now: datetime, lease: timedelta = LEASE) -> Item:
    """Return the running item after a slice: all before `to` is there."""
    return replace(
        item,
        resume_at=min(to, item.scope.before),
        slices=item.slices + 1,
        leased_until=now + lease,
        tries=0,
        reason="",
    )


def ended(item: Item) -> Item:
    """Return an item whose whole range was answered: absent where there was not one row."""
    nothing = item.rows_read == 0
    return replace(
        item,
        state=ItemState.ABSENT if nothing else ItemState.DONE,
        leased_until=None,
        due_at=None,
    )


def paused(item: Item, now: datetime) -> Item:
    """Return an item that goes on with another message: its taker's time is over."""
    return replace(item, state=ItemState.WAITING, leased_until=None, due_at=now, sent_at=None)


def awaited(item: Item, reason: str, now: datetime) -> Item:
    """Return an item whose newest bars the vendor does not have yet: that is no failure."""
    waiting = replace(item, state=ItemState.WAITING, leased_until=None, sent_at=None)
    tries = item.tries + 1
    return replace(waiting, tries=tries, reason=reason, due_at=now + wait_after(tries))


def cut_short(item: Item, reason: str, now: datetime, until: datetime | None = None) -> Item:
    """Return an item of which a part came: it goes on from there, and at once if there was any."""
    return _again(item, ItemState.PARTIAL, reason, now, until)


def turned_away(item: Item, until: datetime, reason: str) -> Item:
    """Return an item that the vendor told to wait: that is no failure, however often it does."""
    return replace(
        item,
        state=ItemState.RATE_LIMITED,
        reason=reason,
        leased_until=None,
        due_at=until,
        sent_at=None,
    )


def failed(
    item: Item, reason: str, now: datetime, *, retryable: bool, until: datetime | None = None
) -> Item:
    """Return an item that failed: to be tried again a few times and until then, or for good."""
    if retryable:
        return _again(item, ItemState.FAILED, reason, now, until)
    return replace(
        item,
        state=ItemState.FAILED,
        reason=reason,
        tries=item.tries + 1,
        leased_until=None,
        due_at=None,
    )


def cancelled(item: Item) -> Item:
    """Return an item that nobody wants any more; one that has ended stays as it is."""
    if item.has_ended:
        return item
    return replace(item, state=ItemState.CANCELLED, leased_until=None, due_at=None)


def resumed(item: Item, now: datetime) -> Item:
    """Return an item that failed or was cancelled, due again from where it stopped."""
    over = item.has_ended and item.state in (ItemState.FAILED, ItemState.CANCELLED)
    if not over:
        return item
    return replace(item, state=ItemState.WAITING, tries=0, reason="", due_at=now, sent_at=None)


def wait_after(tries: int) -> timedelta:
    """Return how long to wait after so many failures in a row."""
    doublings = min(max(tries, 1) - 1, 20)
    return min(_FIRST_WAIT * (1 << doublings), _LONGEST_WAIT)


def state_of(states: Mapping[ItemState, int], *, unended: Collection[ItemState]) -> JobState:
    """Compute a job's state.

    states: how many items are in each. unended: states in which there is one that has not ended.
    While one has not, the job waits, runs or is turned away; then the worst of its items' ends
    is its own, and it is absent only where no instrument had a bar.
    """
    if unended:
        return _unended_state(states, unended)
    for worst in (ItemState.FAILED, ItemState.CANCELLED):
        if states.get(worst):
            return JobState(worst.value)
    return JobState.DONE if states.get(ItemState.DONE) or not states else JobState.ABSENT


def _unended_state(states: Mapping[ItemState, int], unended: Collection[ItemState]) -> JobState:
    if set(unended) == {ItemState.RATE_LIMITED}:
        return JobState.RATE_LIMITED
    begun = set(states) - {ItemState.WAITING}
    return JobState.RUNNING if begun else JobState.WAITING


def _again(
    item: Item, state: ItemState, reason: str, now: datetime, until: datetime | None
) -> Item:
    tries = item.tries + 1
    over = tries >= TRIES_MAX and (until is None or now >= until)
    due = now if state is ItemState.PARTIAL and item.tries == 0 else now + wait_after(tries)
    return replace(
        item,
        state=ItemState.FAILED if over else state,
        reason=reason,
        tries=tries,
        leased_until=None,
        due_at=None if over else due,
        sent_at=None,
    )
