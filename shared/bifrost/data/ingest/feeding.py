"""The daily feed by itself: once a session's jobs have ended, its bars go out as BarClosed.

A live desk needs no replay then. Market time only moves forward and never while a replay runs;
each session goes out once, whole, for what is subscribed to as live. A bar that the gate kept
apart is not published, and the session's row says whose it was.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from bifrost.core.bars import Bar
from bifrost.core.sessions import Session
from bifrost.data.ingest.jobs import CLOSE_TRIED_FOR
from bifrost.data.ingest.planning import DOWN_AT_MOST, LOOKED_BACK
from bifrost.data.ports import Clock, ReplayFeed
from bifrost.data.replay import Replay, bar_events
from bifrost.events import BarClosed

# A vendor that is away must not hold the others' bars back for ever: its items are tried so long.
WAITS_AT_MOST = CLOSE_TRIED_FOR


@dataclass(frozen=True, slots=True)
class OwedSession:
    """A session that has closed and has not gone out: whose bars are wanted, and whose jobs run.

    unended: instruments whose bar may still come. failed: those whose item has failed.
    asked_at: when its jobs were begun.
    """

    session: Session
    wanted: tuple[str, ...]
    unended: tuple[str, ...]
    failed: tuple[str, ...]
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class FedSession:
    """What became of a session: how many bars went out, who was left out, and why."""

    session: Session
    bars: int
    left_out: tuple[str, ...]
    reason: str


class FeedTransaction(ReplayFeed, Protocol):
    """A step of the feed, while market time holds still."""

    def running(self) -> Replay | None:
        """Return the replay that is running."""

    def owed(self, since: datetime, recent: datetime, now: datetime) -> list[OwedSession]:
        """Return sessions that closed by now and have not gone out, oldest first.

        Those that closed from `recent` on; and from `since` on those after the last that went out.
        """

    def bars_of(self, session: Session, instruments: Sequence[str]) -> list[tuple[Bar, str]]:
        """Return the bars that stand, each with its currency."""

    def advance(self, market_time: datetime, events: Sequence[BarClosed]) -> None:
        """Move the feed and market time on, and publish the events."""

    def record(self, fed: FedSession, at: datetime) -> None:
        """Keep what became of a session: it is not owed any more."""


class Feeds(Protocol):
    """The live feed, one step at a time."""

    def feeding(self) -> AbstractContextManager[FeedTransaction]:
        """Begin a step: every other step, and every replay's, waits for its end."""


@dataclass(frozen=True, slots=True)
class DailyFeed:
    """Publishes sessions whose jobs have ended."""

    feeds: Feeds
    clock: Clock

    def publish(self, correlation_id: str) -> dict[str, int]:
        """Publish each session that is due, oldest first; return how many bars went out.

        Nothing while a replay runs: it moves market time, and what is owed goes out after it.
        """
        published = 0
        with self.feeds.feeding() as book:
            if book.running() is not None:
                return {"bars_published": 0}
            now = self.clock.now()
            market_time = book.market_time
            for owed in book.owed(now - DOWN_AT_MOST, now - LOOKED_BACK, now):
                if owed.unended and now - owed.asked_at < WAITS_AT_MOST:
                    break  # a later session must not overtake it
                fed = self._publish(book, owed, market_time, correlation_id)
                book.record(fed, now)
                if fed.bars:
                    market_time = owed.session.closes_at
                published += fed.bars
        return {"bars_published": published}

    def _publish(
        self,
        book: FeedTransaction,
        owed: OwedSession,
        market_time: datetime | None,
        correlation_id: str,
    ) -> FedSession:
        session = owed.session
        if market_time is not None and session.closes_at <= market_time:
            reason = f"market time was {market_time.isoformat()} already"
            return FedSession(session, 0, owed.wanted, reason)
        bars = book.bars_of(session, owed.wanted)
        found = {bar.instrument for bar, _ in bars}
        left_out = tuple(sorted(set(owed.wanted) - found))
        if bars:
            events = bar_events(
                bars,
                book.next_sequences(sorted(found)),
                recorded_at=self.clock.now(),
                correlation_id=correlation_id,
            )
            book.advance(session.closes_at, events)
        return FedSession(session, len(bars), left_out, _why(owed, left_out))


def _why(owed: OwedSession, left_out: Sequence[str]) -> str:
    late = [name for name in left_out if name in owed.unended and name not in owed.failed]
    failed = [name for name in left_out if name in owed.failed]
    others = [name for name in left_out if name not in {*late, *failed}]
    told = {
        f"not there after {WAITS_AT_MOST // timedelta(hours=1)} hours": late,
        "could not be fetched": failed,
        "kept apart by the gate, or absent": others,
    }
    return "; ".join(f"{why}: {', '.join(names)}" for why, names in told.items() if names)
