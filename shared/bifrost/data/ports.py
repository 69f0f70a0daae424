"""What data needs from the world: a bucket, its own books, and somebody to run a workflow."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

from bifrost.core.bars import Bar
from bifrost.core.corporate_actions import CorporateAction
from bifrost.core.instruments import Instrument
from bifrost.core.sessions import Session
from bifrost.data.files.bar_file import BarRow
from bifrost.data.files.imports import ImportRecord, StoredObject
from bifrost.data.reference.ports import ReferenceBook
from bifrost.data.reference.sources import Source
from bifrost.data.reference.votes import ClaimsKnown
from bifrost.data.replay import Coverage, Replay, ReplayRequest
from bifrost.events import BarClosed, Event

if TYPE_CHECKING:
    from bifrost.data.ingest.taking import TakingBooks


@dataclass(frozen=True, slots=True)
class Listing:
    """An instrument, the calendar it trades by, and what is stored of it."""

    instrument: Instrument
    calendar: str
    first_session: date | None = None
    last_session: date | None = None
    bars: int = 0


@dataclass(frozen=True, slots=True)
class StoredBar:
    """A bar as imported; adjusted_close is the source's, for splits and dividends since."""

    bar: Bar
    adjusted_close: Decimal | None


@dataclass(frozen=True, slots=True)
class StoredAction:
    """A revision of a corporate action, and when we learned of it; `place` grows with each."""

    place: int
    action: CorporateAction
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class ActionQuery:
    """Which corporate actions are asked for; empty and None ask for all.

    revisions: every revision, not the newest alone.
    """

    instrument: str = ""
    first: date = date.min
    last: date = date.max
    revisions: bool = False


class Clock(Protocol):
    """Wall time."""

    def now(self) -> datetime:
        """Return this instant, in UTC."""


class Ids(Protocol):
    """New ids."""

    def new(self) -> str:
        """Return an id that nothing else has."""


class Objects(Protocol):
    """The data bucket."""

    def get(self, key: str) -> bytes:
        """Return the object's bytes as they are now.

        Raises NotFoundError where it is gone, InvalidInputError where it has more than BYTES_MAX.
        """


class Workflows(Protocol):
    """State machines."""

    def start(self, workflow: str, name: str, workflow_input: dict[str, Any]) -> None:
        """Start an execution called `name`; one that exists already is success."""


class ImportLog(Protocol):
    """One object's imports, inside a transaction that other imports of the object wait for."""

    def is_imported(self, etag: str) -> bool:
        """Say whether the object's last import was of this content, and done."""

    def savepoint(self) -> AbstractContextManager[object]:
        """Begin a part of the transaction: an error that leaves it undoes what it wrote."""

    def record(self, record: ImportRecord, events: Sequence[Event]) -> None:
        """Keep what became of it, each rejected row, and what others shall hear."""


class Books(Protocol):
    """Instruments and bars, inside the same transaction."""

    def listing(self, symbol: str) -> Listing | None:
        """Return the listing and keep others from changing it; None where there is none."""

    def session_opens(self, calendar: str) -> Mapping[date, int]:
        """Return every session of the calendar, and when it opens (microseconds since 1970)."""

    def put_instruments(self, listings: Sequence[Listing], at: datetime) -> list[Instrument]:
        """List them; return those that are new or whose terms changed."""

    def taking_rows(self, listing: Listing, rows: Mapping[int, BarRow]) -> "TakingBooks":
        """Return the books by which a file's rows enter, each by when its session opens."""


class ActionBook(Protocol):
    """Corporate actions, inside the same transaction."""

    def stored_actions(
        self, instruments: Collection[str], action_ids: Collection[str]
    ) -> Mapping[str, Sequence[CorporateAction]]:
        """Return every revision by action id, and keep others from adding to them."""

    def add_actions(self, actions: Sequence[CorporateAction], at: datetime) -> None:
        """Add revisions that are not stored yet."""

    def sources(self) -> Mapping[str, Source]:
        """Return the vendors that are known, by name, with their votes."""

    def published_actions(
        self, instruments: Collection[str], action_ids: Collection[str]
    ) -> Sequence[CorporateAction]:
        """Return of each action the revision that others heard last."""

    def publish_actions(self, actions: Sequence[CorporateAction], at: datetime) -> None:
        """Keep what others hear of now."""


class ImportTransaction(ImportLog, Books, ActionBook, ReferenceBook, Protocol):
    """All of one import, or none of it."""


class Imports(Protocol):
    """What was imported, and from what."""

    def transaction(self, key: str) -> AbstractContextManager[ImportTransaction]:
        """Begin an import of the object."""

    def ready(self) -> list[StoredObject]:
        """Return the objects that waited for an instrument which is listed now."""


class ReplayFeed(Protocol):
    """The live feed, inside a transaction that holds the desk's market time still."""

    @property
    def market_time(self) -> datetime | None:
        """When the last bar closed; None before the first."""

    def next_bars(self, replay: Replay, sessions: int) -> tuple[list[tuple[Bar, str]], bool]:
        """Return the bars (with their currency) of the next sessions, and whether more follow."""

    def next_sequences(self, instruments: Sequence[str]) -> Mapping[str, int]:
        """Return the next free place in each instrument's stream."""

    def publish(self, replay: Replay, events: Sequence[BarClosed]) -> None:
        """Move feed, market time and the replay on, and publish the events."""


class ReplayBook(Protocol):
    """The replays, inside the same transaction."""

    def claim(self, owner: str, key: str, request: ReplayRequest, replay_id: str) -> str:
        """Take the key for a new replay; return its id, or that of the one that has the key."""

    def find(self, replay_id: str) -> Replay:
        """Return the replay as it stands; raise NotFoundError."""

    def running(self) -> Replay | None:
        """Return the replay that is running."""

    def abandon(self, replay: Replay) -> None:
        """Give up a replay that stalled."""

    def restart(self, replay: Replay) -> None:
        """Keep that its workflow is started again."""

    def add(self, replay: Replay) -> None:
        """Keep a new replay."""

    def stored(self, request: ReplayRequest) -> Mapping[str, Coverage]:
        """Return what is stored of each listed instrument that was asked for."""

    def sessions_of(self, request: ReplayRequest) -> tuple[int, datetime]:
        """Return how many sessions have a bar, and when the first of them closed."""

    def session_after(self, market_time: datetime) -> date | None:
        """Return the first session that closes after this instant; None past the calendar."""


class ReplayTransaction(ReplayFeed, ReplayBook, Protocol):
    """All of one step of a replay, or none of it."""


class Replays(Protocol):
    """Replays, one at a time."""

    def transaction(self) -> AbstractContextManager[ReplayTransaction]:
        """Begin a step: every other step waits for its end."""

    def find(self, replay_id: str) -> Replay:
        """Return a replay; raise NotFoundError."""


class MarketData(Protocol):
    """What is stored, to read."""

    def listings(self, *, after: str, limit: int) -> list[Listing]:
        """Return the instruments past `after`, by symbol."""

    def listing(self, symbol: str) -> Listing:
        """Return one instrument; raise NotFoundError."""

    def bars(self, symbol: str, first: date, last: date, *, limit: int) -> list[StoredBar]:
        """Return at most `limit` bars of [first, last], oldest first."""

    def actions(self, asked: ActionQuery, *, after: int, limit: int) -> list[StoredAction]:
        """Return corporate actions whose place is past `after`, in the order they came in."""

    def claims(self, instruments: Collection[str], first: date, last: date) -> ClaimsKnown:
        """Return what vendors claim of these, with an ex-date in [first, last]."""

    def sessions(self, calendar: str, first: date, last: date) -> list[Session]:
        """Return the calendar's sessions of [first, last]."""

    def baked(self, calendar: str) -> tuple[date, date]:
        """Return the calendar's first and last session; raise NotFoundError."""

    def market_time(self) -> datetime | None:
        """Return when the last bar of the feed closed; None before the first."""
