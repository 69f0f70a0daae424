"""Quotes and trades as columns of integers: what a venue said, one place per message.

Prices and sizes are counted in millionths, times in microseconds since 1970 (UTC). A `sequence`
numbers the messages of an instrument within one time, so that two trades of one microsecond are
two; venues are MICs in four bytes, `XXXX` where the feed names none.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from bifrost.data.series.asked import Knowledge
from bifrost.data.series.columns import Integers

Venues = NDArray[np.bytes_]
NO_VENUE = b"XXXX"
VENUE_BYTES = 4


@dataclass(frozen=True, slots=True, eq=False)
class _Ticks:
    """Messages in order of (occurred_at, sequence)."""

    occurred_at: Integers
    sequence: Integers

    def __post_init__(self) -> None:
        lengths = {len(column) for column in self.columns()}
        if len(lengths) > 1:
            raise ValueError(f"columns of one series have one length, were {sorted(lengths)}")

    def __len__(self) -> int:
        return len(self.occurred_at)

    def columns(self) -> Iterator[NDArray[Any]]:
        """Yield each column, in the order of the fields."""
        return (getattr(self, field.name) for field in fields(self))


@dataclass(frozen=True, slots=True, eq=False)
class TradeColumns(_Ticks):
    """Trades. conditions: bit n is sale condition n of the feed."""

    price: Integers
    size: Integers
    venue: Venues
    conditions: Integers


@dataclass(frozen=True, slots=True, eq=False)
class QuoteColumns(_Ticks):
    """Quotes: the best bid and offer, and whose they are; 0 where there is none."""

    bid: Integers
    bid_size: Integers
    ask: Integers
    ask_size: Integers
    bid_venue: Venues
    ask_venue: Venues
    conditions: Integers


Ticks = TypeVar("Ticks", TradeColumns, QuoteColumns)


@dataclass(frozen=True, slots=True)
class TickQuery:
    """Ticks of one instrument in [first, before).

    as_of: nothing that happened later, or nothing that we recorded later; None is all there is.
    source: of whom; None: of each instant the best that speaks of it, from its first message of
    the day (UTC) to its last.
    after: only what follows this message (its occurred_at in microseconds, and its sequence).
    limit: at most so many, the first of them; for pages.
    newest: at most so many, the last of them, of one source.
    """

    instrument: str
    first: datetime
    before: datetime
    as_of: datetime | None = None
    knowledge: Knowledge = Knowledge.EFFECTIVE
    source: str | None = None
    after: tuple[int, int] | None = None
    limit: int | None = None
    newest: int | None = None

    def __post_init__(self) -> None:
        if self.newest is not None and (self.source is None or self.limit is not None):
            raise ValueError("the newest are asked for of one source, and without a limit")


class TickBook(Protocol):
    """Where quotes and trades are added, inside a transaction of its caller's."""

    def put_trades(self, instrument: str, source: str, trades: TradeColumns, at: datetime) -> int:
        """Append what is new or differs; return how many that were."""

    def put_quotes(self, instrument: str, source: str, quotes: QuoteColumns, at: datetime) -> int:
        """Append what is new or differs; return how many that were."""


class TickReader(Protocol):
    """Stored quotes and trades, as they stand or stood."""

    def trades(self, asked: TickQuery) -> TradeColumns:
        """Return them in order."""

    def quotes(self, asked: TickQuery) -> QuoteColumns:
        """Return them in order."""


def taken(ticks: Ticks, chosen: "NDArray[np.bool_] | NDArray[np.intp] | slice") -> Ticks:
    """Return the ticks at these places."""
    return type(ticks)(*(column[chosen] for column in ticks.columns()))


def concatenated(parts: Sequence[Ticks]) -> Ticks:
    """Put messages one after the other; at least one part."""
    columns = zip(*(part.columns() for part in parts), strict=True)
    return type(parts[0])(*(np.concatenate(column) for column in columns))


def numbered(times: Integers) -> Integers:
    """Number the messages of each time from 0, in their order: what a feed without numbers gets.

    Times in order. The same messages get the same numbers each time, as long as all of one time
    come together.
    """
    places = np.arange(len(times), dtype=np.int64)
    is_first = np.ones(len(times), dtype=np.bool_)
    is_first[1:] = times[1:] != times[:-1]
    return places - np.maximum.accumulate(np.where(is_first, places, 0))
