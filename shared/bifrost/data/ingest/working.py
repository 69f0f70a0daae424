"""An ingester's work on one item: slice after slice, each kept whole with how far the item is.

Whatever happens in between, what is kept is a slice and the resume point behind it, or neither.
A vendor is asked outside of any transaction, and what it answered is written only by who holds
the item's newest lease.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

from bifrost.core.errors import ConflictError, NotFoundError, UnavailableError
from bifrost.data.ingest.jobs import (
    LEASE,
    Item,
    ItemState,
    Scope,
    ended,
    moved,
    paused,
    taken,
)
from bifrost.data.ingest.ports import ItemBooks, Items, Providers
from bifrost.data.ingest.settling import Slice, settled, unanswered
from bifrost.data.ingest.slices import TICKS_AT_ONCE, slice_end
from bifrost.data.ingest.taking import Occasion
from bifrost.data.ingest.taking_ticks import take_quotes, take_trades
from bifrost.data.ingest.tick_settling import ticks_settled
from bifrost.data.ports import Clock, Ids
from bifrost.data.providers.answers import Failed
from bifrost.data.providers.ports import BarRequest, TickRequest
from bifrost.data.reference.calling import Called, Calling, KeysAlone, Names, calling_of
from bifrost.data.series.kinds import Series


class LeaseLostError(ConflictError):
    """Another ingester has taken the item over, or it was cancelled: nothing was written."""


@dataclass(frozen=True, slots=True)
class ItemIngester:
    """Works on items, one at a time.

    lease: how long it may be silent. lasting: after how long it leaves the rest to another
        message, well within the life of its Lambda. names: what each was called when.
    """

    items: Items
    providers: Providers
    clock: Clock
    ids: Ids
    lease: timedelta = LEASE
    lasting: timedelta = timedelta(minutes=4)
    names: Names = field(default_factory=KeysAlone)

    def work(self, number: int) -> Item | None:
        """Fetch and keep what the item lacks; return it as it is left.

        None where there is nothing to do: it has ended, is not due yet, or somebody else works
        on it. Safe to repeat, at any time and by any number of ingesters at once. Raises
        LeaseLostError where somebody else has taken over meanwhile.
        """
        begun = self.clock.now()
        item = self._take(number, begun)
        while item is not None and item.state is ItemState.RUNNING:
            if self.clock.now() - begun >= self.lasting:
                return self._write(item, lambda _, held, now: paused(held, now))
            item = self._fetch(item)
        return item

    def remark(self, number: int, said: Sequence[str]) -> None:
        """Add to what an item that has ended says of itself: what its vendor told besides bars."""
        with self.items.transaction() as books:
            held = books.hold(number)
            if held is None or not held.has_ended:
                return
            if words := [one for one in said if one not in held.reason]:
                said_before = [held.reason] if held.reason else []
                books.keep(replace(held, reason="; ".join([*said_before, *words])))

    def _take(self, number: int, now: datetime) -> Item | None:
        with self.items.transaction() as books:
            found = books.hold(number)
            if found is None or not found.may_be_taken(now):
                return None
            item = taken(found, now, self.lease)
            books.keep(item)
            return item

    def _fetch(self, item: Item) -> Item:
        now, provider = self.clock.now(), item.scope.provider
        calling = calling_of(self.names, provider, item.instrument, item.symbol, now)
        called = calling.of(item.resume_at, slice_end(item))
        scope = replace(item.scope, first=item.resume_at, before=called.before)
        if called.symbol:
            settle = self._asked((item.instrument, called.symbol), scope)
        else:
            settle = partial(_left, called)

        def keep(books: ItemBooks, held: Item, now: datetime) -> Item:
            job = books.job_of(held.job_id)
            occasion = Occasion(now, job.correlation_id, self.ids.new())
            of = Slice(held, scope, job.kind, job.requested_at, occasion, self.lease)
            return _with_word(settle(books, of), calling)

        return self._write(item, keep)

    def _asked(self, whose: tuple[str, str], scope: Scope) -> Callable[[ItemBooks, Slice], Item]:
        """Ask the vendor; return what its answer makes of the item.

        whose: the instrument, and its symbol there.
        """
        try:
            provider = self.providers.named(scope.provider)
        except (NotFoundError, UnavailableError) as error:
            refused = Failed(str(error), retryable=False)
            return lambda _, of: unanswered(of, refused)
        if scope.series is Series.BARS:
            bars = provider.bars(BarRequest(*whose, scope.bars, scope.first, scope.before))
            return lambda books, of: settled(books, of, bars)
        asked = TickRequest(*whose, scope.first, scope.before, most=TICKS_AT_ONCE)
        if scope.series is Series.TRADES:
            trades = provider.trades(asked)
            return lambda books, of: ticks_settled(books, of, trades, take_trades)
        quotes = provider.quotes(asked)
        return lambda books, of: ticks_settled(books, of, quotes, take_quotes)

    def _write(self, item: Item, change: Callable[[ItemBooks, Item, datetime], Item]) -> Item:
        with self.items.transaction() as books:
            held = books.hold(item.number)
            if held is None or (held.lease, held.state) != (item.lease, ItemState.RUNNING):
                raise LeaseLostError(
                    f"item {item.number} ({item.instrument}) was taken over or cancelled"
                )
            changed = change(books, held, self.clock.now())
            books.keep(changed)
            return changed


def _left(called: Called, _: ItemBooks, asked: Slice) -> Item:
    """Return the item behind days for which nobody could be asked: that is no vendor's word."""
    if called.is_gone:
        return unanswered(asked, Failed(called.why, retryable=False))
    item = moved(asked.item, asked.scope.before, asked.now, asked.lease)
    return ended(item) if item.is_complete else item


def _with_word(item: Item, calling: Calling) -> Item:
    """Say at the end for which days nobody was asked, and why."""
    if not (item.has_ended and item.is_complete):
        return item
    said = [item.reason, *calling.not_asked(item.scope.first, item.scope.before)]
    return replace(item, reason="; ".join(one for one in said if one))
