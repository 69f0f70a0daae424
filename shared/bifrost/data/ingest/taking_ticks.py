"""The one way by which quotes and trades enter: gate, store what passes, keep apart what does not.

As for bars: a file, a vendor's answer and a stream go through the same door, in one transaction of
their caller's.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Generic, Protocol

import numpy as np

from bifrost.core.errors import NotFoundError
from bifrost.data.ports import Listing
from bifrost.data.quality.defects import Defect
from bifrost.data.quality.quotes import judge_quotes
from bifrost.data.quality.tick_shape import TickContext
from bifrost.data.quality.trades import judge_trades
from bifrost.data.series.columns import micros
from bifrost.data.series.ticks import QuoteColumns, TickBook, Ticks, TradeColumns, taken


@dataclass(frozen=True, slots=True, eq=False)
class TakenTicks(Generic[Ticks]):
    """What became of quotes or trades.

    good: those that passed. written: how many of them are new, or differ from what was stored.
    kept_apart: quarantined, each with its reasons. flagged: stored, and something is odd.
    """

    good: Ticks
    written: int
    kept_apart: int
    flagged: int

    @property
    def read(self) -> int:
        """How many there were."""
        return len(self.good) + self.kept_apart


class TickBooks(TickBook, Protocol):
    """What taking in needs, inside a transaction of its caller's."""

    def listing(self, symbol: str) -> Listing | None:
        """Return the listing and keep others from changing it; None: not listed."""

    def tick_context(
        self, listing: Listing, source: str, ticks: Ticks, at: datetime
    ) -> TickContext[Ticks]:
        """Return what the gate has to know: sessions, halts, what this source said just before."""

    def keep_ticks_apart(
        self, instrument: str, source: str, ticks: Ticks, defects: Sequence[Defect], at: datetime
    ) -> int:
        """Quarantine what a defect blocks, and flag others; return how many rows are new."""


def take_trades(
    books: TickBooks,
    instrument: str,
    source: str,
    trades: TradeColumns,
    at: datetime,
    *,
    until: datetime | None = None,
) -> TakenTicks[TradeColumns]:
    """Take trades in; see `take_quotes`."""
    return _take(books, (instrument, source), trades, (at, until), judge_trades, books.put_trades)


def take_quotes(
    books: TickBooks,
    instrument: str,
    source: str,
    quotes: QuoteColumns,
    at: datetime,
    *,
    until: datetime | None = None,
) -> TakenTicks[QuoteColumns]:
    """Take quotes in, in the transaction of `books`: all that passes the gate, and nothing else.

    quotes: in the order in which they came. at: the wall's time, which becomes `recorded_at`.
    until: before when all that there were are among them, and what is from then on says only what
    came next, and is not kept; None: all are kept, and up to `at` nothing came since.
    Taking the same again writes nothing. Raises NotFoundError for an instrument that is not listed.
    """
    return _take(books, (instrument, source), quotes, (at, until), judge_quotes, books.put_quotes)


def _take(
    books: TickBooks,
    whose: tuple[str, str],
    ticks: Ticks,
    when: tuple[datetime, datetime | None],
    judge: Callable[[Ticks, TickContext[Ticks]], list[Defect]],
    put: Callable[[str, str, Ticks, datetime], int],
) -> TakenTicks[Ticks]:
    (instrument, source), (at, until) = whose, when
    listing = books.listing(instrument)
    if listing is None:
        raise NotFoundError(
            f"no instrument is called {instrument}; list it first: `bifrost data import` an"
            " instruments file that names it"
        )
    if not len(ticks):
        return TakenTicks(ticks, 0, 0, 0)
    found = judge(ticks, replace(books.tick_context(listing, source, ticks, at), until=until))
    kept = np.ones(len(ticks), np.bool_) if until is None else ticks.occurred_at < micros(until)
    found = [one for one in found if one.place is None or kept[one.place]]
    passes = kept.copy()
    passes[[one.place for one in found if one.blocks and one.place is not None]] = False
    good = taken(ticks, passes)
    written = put(instrument, source, good, at)
    if found:
        books.keep_ticks_apart(instrument, source, ticks, found, at)
    return TakenTicks(
        good,
        written,
        kept_apart=int((kept & ~passes).sum()),
        flagged=len({one.at for one in found if not one.blocks}),
    )
