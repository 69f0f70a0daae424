"""What a vendor's answer makes of an item: bars are taken in, and the item moves to behind them.

Of trades and quotes `tick_settling` says it.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from bifrost.data.ingest.expected import bars_expected
from bifrost.data.ingest.jobs import (
    CLOSE_TRIED_FOR,
    Item,
    JobKind,
    Scope,
    awaited,
    cut_short,
    ended,
    failed,
    moved,
    turned_away,
)
from bifrost.data.ingest.ports import Absence, ItemBooks
from bifrost.data.ingest.slices import is_past, is_settled, waits_for_more
from bifrost.data.ingest.taking import Occasion, take
from bifrost.data.providers.answers import Absent, Answer, Failed, Partial, RateLimited
from bifrost.data.series.columns import BarColumns, instant_of, micros
from bifrost.data.series.ports import SeriesKey

_NOT_YET = "the vendor does not have the newest bars yet"


@dataclass(frozen=True, slots=True)
class Slice:
    """What was asked for of an item, and when its answer is written.

    scope: of this slice. kind: of its job, which was begun at `begun_at`. lease: how long its
        taker may be silent after it.
    """

    item: Item
    scope: Scope
    kind: JobKind
    begun_at: datetime
    occasion: Occasion
    lease: timedelta

    @property
    def now(self) -> datetime:
        """When it is written."""
        return self.occasion.at

    @property
    def tried_until(self) -> datetime | None:
        """Until when at least an outage is no end: a session's close has a feed that waits."""
        is_close = self.kind is JobKind.SESSION_CLOSE
        return self.begun_at + CLOSE_TRIED_FOR if is_close else None

    @property
    def is_overtaken(self) -> bool:
        """Whether jobs of later minutes have asked for the same since."""
        return self.kind is JobKind.INTRADAY and is_past(self.item.scope.before, self.now)


def settled(books: ItemBooks, asked: Slice, answer: Answer[BarColumns]) -> Item:
    """Take in what the vendor gave, and return the item as it is then."""
    if isinstance(answer, RateLimited | Failed):
        return unanswered(asked, answer)
    if isinstance(answer, Absent):
        return _behind(books, asked, BarColumns.empty(), answer.reason)
    took = take(books.taking(), _key(asked), answer.data, asked.occasion)
    asked = replace(asked, item=counted(asked.item, took))
    if isinstance(answer, Partial):
        return stopped_at(asked, answer.resume_from, answer.reason)
    return _behind(books, asked, answer.data, "")


def unanswered(asked: Slice, answer: RateLimited | Failed) -> Item:
    """Return an item of which nothing came."""
    item, now = asked.item, asked.now
    if isinstance(answer, Failed):
        return failed(item, answer.reason, now, retryable=answer.retryable, until=asked.tried_until)
    if asked.is_overtaken:
        return failed(item, f"{answer.reason}; later ones ask for it", now, retryable=False)
    until = now + timedelta(seconds=max(answer.retry_after_seconds, 1))
    return turned_away(item, until, answer.reason)


def stopped_at(asked: Slice, resume_from: datetime, reason: str) -> Item:
    """Return an item of which all before `resume_from` came, and no more."""
    item, now = asked.item, asked.now
    if resume_from > item.resume_at:
        item = moved(item, resume_from, now, asked.lease)
    return cut_short(item, reason, now, asked.tried_until)


class Counted(Protocol):
    """What became of rows that were taken in."""

    @property
    def read(self) -> int:
        """How many came."""

    @property
    def written(self) -> int:
        """How many of them are new."""

    @property
    def kept_apart(self) -> int:
        """How many are quarantined."""


def counted(item: Item, took: Counted) -> Item:
    """Add up what became of a slice."""
    return replace(
        item,
        rows_read=item.rows_read + took.read,
        rows_written=item.rows_written + took.written,
        rows_kept_apart=item.rows_kept_apart + took.kept_apart,
    )


def _behind(books: ItemBooks, asked: Slice, bars: BarColumns, reason: str) -> Item:
    """Return the item behind its slice, all of which was answered."""
    item, scope, now = asked.item, asked.scope, asked.now
    sessions = books.sessions(item.instrument, scope)
    expected = bars_expected(sessions, scope.bars, scope.first, scope.before)
    missing = len(expected) > len(bars)
    ends_late = missing and (not len(bars) or bars.starts_at[-1] < expected[-1])
    # Of what ended long ago a silence is believed, however far beyond it was asked for.
    owed_since = min(scope.before, sessions[-1].closes_at) if sessions else scope.before
    if ends_late and waits_for_more(item, asked.kind, owed_since, now):
        return awaited(_up_to(asked, bars), reason or _NOT_YET, now)
    if missing and is_settled(scope.bars, owed_since, now):
        told = reason or f"it gave {len(bars)} of {len(expected)} bars, and said that is all"
        books.remember_absence(Absence(item.instrument, scope, told, now))
    item = moved(item, scope.before, now, asked.lease)
    return replace(ended(item), reason=reason) if item.is_complete else item


def _up_to(asked: Slice, bars: BarColumns) -> Item:
    """Return the item behind the last bar that came; what came need not be asked for again."""
    if not len(bars):
        return asked.item
    behind = instant_of(int(bars.starts_at[-1]) + 1)
    if not micros(asked.scope.first) < micros(behind) < micros(asked.scope.before):
        return asked.item
    # Its tries stay: they bound how often the vendor is asked for what it does not have.
    gone_on = moved(asked.item, behind, asked.now, asked.lease)
    return replace(gone_on, tries=asked.item.tries)


def _key(asked: Slice) -> SeriesKey:
    return SeriesKey(asked.item.instrument, asked.scope.bars, asked.scope.provider)
