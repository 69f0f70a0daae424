"""An ingester's work on one item: slice after slice, each kept whole with how far the item is.

Whatever happens in between, what is kept is a slice and the resume point behind it, or neither.
A vendor is asked outside of any transaction, and what it answered is written only by who holds
the item's newest lease.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bifrost.core.errors import ConflictError, NotFoundError, UnavailableError
from bifrost.data.ingest.jobs import LEASE, Item, ItemState, paused, taken
from bifrost.data.ingest.ports import ItemBooks, Items, Providers
from bifrost.data.ingest.settling import Slice, settled
from bifrost.data.ingest.slices import slice_end
from bifrost.data.ingest.taking import Occasion
from bifrost.data.ports import Clock, Ids
from bifrost.data.providers.answers import Answer, Failed
from bifrost.data.providers.ports import BarRequest
from bifrost.data.series.columns import BarColumns


class LeaseLostError(ConflictError):
    """Another ingester has taken the item over, or it was cancelled: nothing was written."""


@dataclass(frozen=True, slots=True)
class ItemIngester:
    """Works on items, one at a time.

    lease: how long it may be silent. lasting: after how long it leaves the rest to another
        message, well within the life of its Lambda.
    """

    items: Items
    providers: Providers
    clock: Clock
    ids: Ids
    lease: timedelta = LEASE
    lasting: timedelta = timedelta(minutes=4)

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

    def _take(self, number: int, now: datetime) -> Item | None:
        with self.items.transaction() as books:
            found = books.hold(number)
            if found is None or not found.may_be_taken(now):
                return None
            item = taken(found, now, self.lease)
            books.keep(item)
            return item

    def _fetch(self, item: Item) -> Item:
        scope = replace(item.scope, first=item.resume_at, before=slice_end(item))
        asked = BarRequest(item.instrument, item.symbol, scope.timeframe, scope.first, scope.before)
        answer = self._ask(scope.provider, asked)

        def settle(books: ItemBooks, held: Item, now: datetime) -> Item:
            job = books.job_of(held.job_id)
            occasion = Occasion(now, job.correlation_id, self.ids.new())
            of = Slice(held, scope, job.kind, job.requested_at, occasion, self.lease)
            return settled(books, of, answer)

        return self._write(item, settle)

    def _ask(self, name: str, asked: BarRequest) -> Answer[BarColumns]:
        try:
            provider = self.providers.named(name)
        except (NotFoundError, UnavailableError) as error:
            return Failed(str(error), retryable=False)
        return provider.bars(asked)

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
