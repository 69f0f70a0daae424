"""What ingestion needs from the world: its books, a queue of work, and vendors by their names."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from bifrost.core.sessions import Session
from bifrost.data.ingest.jobs import Item, ItemState, Job, JobKind, Scope
from bifrost.data.ingest.subscriptions import Gap, Subscription
from bifrost.data.series.timeframes import Timeframe

if TYPE_CHECKING:
    # numpy stands behind these; who plans and shows jobs does not pay for it.
    from bifrost.data.ingest.taking import TakingBooks
    from bifrost.data.ingest.taking_ticks import TickBooks
    from bifrost.data.providers.ports import Provider
    from bifrost.data.series.columns import Integers


@dataclass(frozen=True, slots=True)
class Absence:
    """A vendor's word, late enough to be believed, that it has nothing more in [first, before)."""

    instrument: str
    scope: Scope
    reason: str
    told_at: datetime


class ItemBooks(Protocol):
    """Items and a vendor's silences, inside the transaction that keeps a slice."""

    def hold(self, number: int) -> Item | None:
        """Return an item and keep others from it until the end; None where there is none."""

    def keep(self, item: Item) -> None:
        """Write the item as it stands now."""

    def job_of(self, job_id: str) -> Job:
        """Return the job that an item belongs to."""

    def sessions(self, instrument: str, scope: Scope) -> Sequence[Session]:
        """Return the sessions of the instrument's calendar that lie in the range."""

    def remember_absence(self, absence: Absence) -> None:
        """Keep a vendor's word; said again it has a new time."""

    def silences(self, instrument: str, scope: Scope) -> Sequence[datetime]:
        """Return when each range in the scope begins of which the vendor has no trades, or quotes.

        By its own word, and nothing of it came since.
        """

    def taking(self) -> "TakingBooks":
        """Return the way in for bars, in this transaction."""

    def taking_ticks(self) -> "TickBooks":
        """Return the way in for quotes and trades, in this transaction."""


class Items(Protocol):
    """Items, for those who work on them."""

    def transaction(self) -> AbstractContextManager[ItemBooks]:
        """Begin a transaction: all of a slice is kept with its item, or nothing."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What the items of a job add up to, by state; `unended` holds states of those that go on.

    asked, done: how long their ranges are, and how much of that is answered.
    """

    states: Mapping[ItemState, int]
    unended: frozenset[ItemState]
    rows_read: int
    rows_written: int
    rows_kept_apart: int
    asked: timedelta
    done: timedelta


@dataclass(frozen=True, slots=True)
class JobQuery:
    """Which jobs: of a kind (None: any), older than the one called `before`."""

    kind: JobKind | None = None
    before: str = ""
    limit: int = 100


@dataclass(frozen=True, slots=True)
class Claim:
    """An Idempotency-Key, whose it is, and the body that came with it."""

    owner: str
    key: str
    body: Mapping[str, object]


class Jobs(Protocol):
    """Jobs, for those who ask for them and look after them. Each call is a transaction."""

    def add(self, job: Job, items: Sequence[Item]) -> None:
        """Keep a job and its items; one that is there stays, with the items that it lacked."""

    def add_once(self, claim: Claim, job: Job, items: Sequence[Item]) -> str:
        """As `add`, once for the claim's key; return the id of the job that has the key.

        Raises KeyReusedError where the key came with another body.
        """

    def find(self, job_id: str) -> Job:
        """Return a job; raise NotFoundError."""

    def tallies(self, job_ids: Sequence[str]) -> dict[str, Tally]:
        """Add up the items of each, by its id."""

    def newest(self, asked: JobQuery) -> list[Job]:
        """Return jobs, the newest first."""

    def items(self, job_id: str, *, after: int, limit: int) -> list[Item]:
        """Return a job's items past the number `after`, in their order."""

    def change_items(
        self, job_id: str, change: Callable[[Item], Item], cancelled_at: datetime | None
    ) -> None:
        """Change each item under its lock, and say since when the job is cancelled, if it is."""

    def unsent(self, now: datetime, unheard_after: timedelta, limit: int) -> list[tuple[int, int]]:
        """Return (number, seconds to wait) of items for which a message should be on its way.

        Those that are due soon or had a message that brought nothing, and those whose taker
        counts as dead.
        """

    def mark_sent(self, numbers: Sequence[int], at: datetime) -> None:
        """Keep that a message went out for each."""

    def forget_intraday(self, before: datetime) -> int:
        """Delete jobs of minutes that ended long ago; return how many."""


class Subscriptions(Protocol):
    """What is fetched by itself, and what is missing of it."""

    def all(self) -> list[Subscription]:
        """Return every subscription, by instrument."""

    def put(self, subscription: Subscription, owner: str, now: datetime) -> bool:
        """Keep it, or change the one that there is; return whether it is new.

        Raises NotFoundError where the instrument is not listed.
        """

    def remove(self, instrument: str, timeframe: Timeframe, provider: str) -> Subscription:
        """End it and return it as it was; raise NotFoundError. What it brought stays."""

    def listed(self, instruments: Sequence[str]) -> list[str]:
        """Return those of the instruments that are listed; of none given, all that are."""

    def gaps(self, instrument: str, *, is_open: bool, limit: int) -> list[Gap]:
        """Return gaps, newest first; of every instrument where none is named."""


class Coverage(Protocol):
    """What is stored of what is subscribed to, beside the calendar."""

    def sessions(self, calendar: str, first: date, last: date) -> list[Session]:
        """Return the calendar's sessions of [first, last]."""

    def fed_to(self, calendar: str) -> date | None:
        """Return the last session that went out as the feed, or was left out; None: none has."""

    def newest(self, subscriptions: Sequence[Subscription]) -> list[datetime | None]:
        """Return when each one's newest stored bar began, of any source; None: there is none."""

    def accounted(
        self, subscription: Subscription, first: datetime, before: datetime
    ) -> "tuple[Integers, Sequence[tuple[int, int]]]":
        """Return what needs no fetching of [first, before).

        When each bar begins that is stored or quarantined, and the ranges in which the provider
        said that it has no more (microseconds).
        """

    def keep_gaps(
        self, subscription: Subscription, found: Sequence[Gap], complete_to: date, now: datetime
    ) -> int:
        """Keep the open gaps, close those that are none any more; return how many are new."""

    def gaps_to_refill(self, asked_before: datetime, limit: int) -> list[Gap]:
        """Return open gaps that no job that goes on, or was begun since then, is about."""

    def assign(self, gaps: Sequence[Gap], job_id: str) -> None:
        """Keep which job refills them."""


class WorkQueue(Protocol):
    """The queue before the ingesters. A message is a hint: the item says what is to be done."""

    def send(self, numbers: Sequence[tuple[int, int]]) -> list[int]:
        """Send (item, seconds until it shows); return the items whose message was accepted.

        Raises UnavailableError where it is not known which were.
        """


class Providers(Protocol):
    """Vendors by the name that their rows carry."""

    def named(self, name: str) -> "Provider":
        """Return the vendor; raise NotFoundError naming those there are."""
