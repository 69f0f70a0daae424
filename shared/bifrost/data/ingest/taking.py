"""The one way by which bars enter: gate, store what passes, keep apart what does not, tell of it.

A file that a person imports, a vendor's answer and a stream go through the same door, in one
transaction of their caller's: there is no bar that a reader could see and the gate had not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

import numpy as np

from bifrost.core.errors import NotFoundError
from bifrost.data.ports import Listing
from bifrost.data.quality.context import GateContext
from bifrost.data.quality.defects import Defect
from bifrost.data.quality.gate import sift
from bifrost.data.series.columns import BarColumns, instant_of
from bifrost.data.series.ports import SeriesBook, SeriesKey
from bifrost.events import BarsTaken, Event

# Three to two: a close that moves by more is no correction of a vendor's.
_FAR = (3, 2)


@dataclass(frozen=True, slots=True)
class Occasion:
    """When, and by whose request, bars are taken in; `event_id` names the event that tells of it.

    at: the wall's time, which becomes `recorded_at`.
    """

    at: datetime
    correlation_id: str
    event_id: str


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of the bars: read = (stored before, or written now) + kept_apart.

    read: those that were given; what had waited for them is written beside them.
    written: new, or different from what was stored. kept_apart: quarantined, each with its
        reasons. flagged: stored, and something about them is odd. sessions: those touched.
    overturned: written over a stored bar whose close was more than half as much again, or less.
    """

    read: int = 0
    written: int = 0
    kept_apart: int = 0
    flagged: int = 0
    sessions: tuple[date, ...] = ()
    overturned: int = 0


class TakingBooks(SeriesBook, Protocol):
    """What taking in needs, inside a transaction of its caller's."""

    def listing(self, symbol: str) -> Listing | None:
        """Return the listing and keep others from changing it or its bars; None: not listed."""

    def context(
        self, key: SeriesKey, listing: Listing, bars: BarColumns, at: datetime
    ) -> GateContext:
        """Return what the gate has to know: sessions, actions, and the stored bars around these."""

    def waiting(self, key: SeriesKey, bars: BarColumns) -> BarColumns:
        """Return what the gate keeps apart until a later bar confirms it, up to the last of these.

        Of this source, and behind the newest bar that is stored before these.
        """

    def let_in(self, key: SeriesKey, waited: BarColumns, at: datetime) -> None:
        """Remember that these need to wait no more: they were stored."""

    def keep_apart(
        self, key: SeriesKey, bars: BarColumns, defects: Sequence[Defect], at: datetime
    ) -> int:
        """Quarantine the bars that a defect blocks, and flag others.

        Return how many were quarantined now, and not before.
        """

    def touch(
        self, key: SeriesKey, listing: Listing, bars: BarColumns, at: datetime
    ) -> tuple[date, ...]:
        """Remember for roll-ups the sessions that these bars are of, and return them."""

    def tell(self, *events: Event) -> None:
        """Write events down, to be published once the transaction is kept."""


def take(books: TakingBooks, key: SeriesKey, bars: BarColumns, occasion: Occasion) -> Taken:
    """Take bars in, in the transaction of `books`: all that passes the gate, and nothing else.

    bars: of one vendor (`key.source`), oldest first. What waited for one of them is judged again
    with them, so that a jump which they confirm is stored now. Taking the same bars again writes
    nothing and tells nothing. Raises NotFoundError for an instrument that is not listed.
    """
    listing = books.listing(key.instrument)
    if listing is None:
        raise NotFoundError(
            f"no instrument is called {key.instrument}; list it first: `bifrost data import`"
            " an instruments file that names it"
        )
    if not len(bars):
        return Taken()
    given, waiting = bars, books.waiting(key, bars)
    bars = _together(waiting, given)
    context = books.context(key, listing, bars, occasion.at)
    sifted = sift(bars, context)
    new = books.put(key, sifted.good, occasion.at)
    blocked = bars.take(np.array([*sifted.blocked], dtype=np.intp))
    apart = books.keep_apart(key, bars, sifted.defects, occasion.at) if sifted.defects else 0
    sessions = books.touch(key, listing, new, occasion.at) if len(new) else ()
    if len(confirmed := _both(waiting, sifted.good)):
        books.let_in(key, confirmed, occasion.at)
    if len(new) or apart:
        told = new if len(new) else blocked
        books.tell(event_of(key, told, occasion, written=len(new), kept_apart=apart))
    return Taken(
        read=len(given),
        written=len(new),
        kept_apart=int(np.isin(blocked.starts_at, given.starts_at).sum()),
        flagged=len({one.place for one in sifted.defects if not one.blocks}),
        sessions=sessions,
        overturned=_overturned(context.stored, new),
    )


def _together(waiting: BarColumns, bars: BarColumns) -> BarColumns:
    """Put those that waited before the given ones; what is given anew is given."""
    if not len(waiting):
        return bars
    both = BarColumns.concatenated(
        [waiting.take(~np.isin(waiting.starts_at, bars.starts_at)), bars]
    )
    return both.take(np.argsort(both.starts_at, kind="stable"))


def _overturned(stored: BarColumns, new: BarColumns) -> int:
    """Count the new bars that stand far from what stood in their place."""
    _, mine, theirs = np.intersect1d(new.starts_at, stored.starts_at, return_indices=True)
    closes, before = new.close[mine], stored.close[theirs]
    most, least = _FAR
    return int((np.maximum(closes, before) * least > np.minimum(closes, before) * most).sum())


def _both(waiting: BarColumns, good: BarColumns) -> BarColumns:
    """Return the good ones at whose time something waited."""
    if not len(waiting):
        return waiting
    return good.take(np.isin(good.starts_at, waiting.starts_at))


def event_of(
    key: SeriesKey, bars: BarColumns, occasion: Occasion, *, written: int, kept_apart: int = 0
) -> BarsTaken:
    """Return what tells others of these bars: those that were written, else those kept apart."""
    return BarsTaken(
        event_id=occasion.event_id,
        occurred_at=instant_of(int(bars.starts_at.max())),
        recorded_at=occasion.at,
        correlation_id=occasion.correlation_id,
        instrument=key.instrument,
        timeframe=key.timeframe.value,
        provider=key.source,
        first=instant_of(int(bars.starts_at.min())),
        last=instant_of(int(bars.starts_at.max())),
        written=written,
        kept_apart=kept_apart,
    )
