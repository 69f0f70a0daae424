"""What streams need from the world: a vendor's live line, and books to keep what it told."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from bifrost.data.halts.statuses import TradingStatus
from bifrost.data.ingest.leases import Lease
from bifrost.data.ingest.taking import Occasion, TakingBooks
from bifrost.data.streaming.holes import Hole
from bifrost.data.streaming.machine import StreamState
from bifrost.data.streaming.messages import QuoteTold, Told, TradeTold

# Whose word it is what a live line told.
SOURCE = "stream"


class LiveLine(Protocol):
    """A vendor's live line; it opens itself again, with pauses, until it is closed."""

    name: str

    def take(self, seconds: float) -> Sequence[Told]:
        """Return what came, in its order; wait at most so long for the first of it.

        Raises InvalidInputError where the vendor refuses what it was given: waiting does not help.
        """

    def reopen(self) -> None:
        """Give the line up as dead, and open another."""

    def close(self) -> None:
        """End it."""


@dataclass(frozen=True, slots=True)
class StoredStream:
    """How an instrument's stream stood when it was last written. Instants are microseconds."""

    instrument: str
    settled_to: int
    holes: tuple[Hole, ...] = ()


@dataclass(frozen=True, slots=True)
class StreamSheet:
    """How a stream stands: what is kept of it, and what people are told.

    bar_to, quote_at: when its newest bar ended, and its newest quote was of (microseconds).
    """

    stream: StoredStream
    state: StreamState
    bar_to: int | None
    quote_at: int | None


@dataclass(frozen=True, slots=True)
class Ticks:
    """Quotes and trades of one instrument that came since the last batch, in their order."""

    instrument: str
    quotes: Sequence[QuoteTold] = field(default=())
    trades: Sequence[TradeTold] = field(default=())


class StreamBooks(Protocol):
    """One batch of a stream, inside a transaction that its lease's holder alone can keep."""

    def taking(self) -> TakingBooks:
        """Return the way in for bars."""

    def note(self, statuses: Sequence[TradingStatus], source: str, at: datetime) -> None:
        """Append what was told of halts and is not written down yet."""

    def lose_halts(self, source: str, at: datetime) -> None:
        """Whoever listened before may have missed the end of each halt that lasts: say so."""

    def add_ticks(self, ticks: Ticks, source: str, occasion: Occasion) -> None:
        """Append quotes and trades that are not stored yet, and tell of those that are wanted."""

    def keep(self, sheets: Sequence[StreamSheet], source: str, at: datetime) -> None:
        """Keep how the streams stand, and note each hole that is new, or is none any more."""


class StreamStore(Protocol):
    """What is kept of live streams."""

    def transaction(self, lease: Lease) -> AbstractContextManager[StreamBooks]:
        """Begin a batch; raise ConflictError where another process has the lease by now."""

    def stored(self, instruments: Sequence[str], source: str) -> Mapping[str, StoredStream]:
        """Return how the streams stood, by instrument; those never heard are missing."""
