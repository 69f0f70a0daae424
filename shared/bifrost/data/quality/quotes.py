"""What is wrong with quotes: crossed, without a price, stale, out of order, or not yet."""

from datetime import timedelta
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bifrost.data.quality.context import GateContext
from bifrost.data.quality.defects import FLAGGED, Defect, DefectKind
from bifrost.data.series.columns import Integers, exactly, instant_of, micros

_SECOND = 1_000_000
# A quote of a listed stock that stands longer than that in regular hours says that the feed does.
STALE_AFTER = timedelta(seconds=60)
# An ask so many times the bid is nobody's market, but a stub (SEC Release 34-63255).
_WIDEST = 1.5


class Quotes(Protocol):
    """Quotes in the order in which they came (int64).

    at: microseconds since 1970. bid, ask: price in millionths; 0 where a side is not told of.
    """

    @property
    def at(self) -> Integers:
        """When each came."""

    @property
    def bid(self) -> Integers:
        """The best bids."""

    @property
    def ask(self) -> Integers:
        """The best asks."""


def judge_quotes(
    quotes: Quotes, context: GateContext, stale_after: timedelta = STALE_AFTER
) -> list[Defect]:
    """Return the defects of quotes, by place.

    A quote of one side alone is no defect, for many venues send one at a time, nor is a locked
    market (bid = ask). Stale: in regular hours the next quote, or the end of what was received,
    came later than `stale_after`, and no halt explains it.
    """
    both = (quotes.bid > 0) & (quotes.ask > 0)
    backwards = np.append(False, np.diff(quotes.at) < 0)
    stood = _stood(quotes, context)
    return sorted(
        [
            *_at(DefectKind.PRICE_NOT_POSITIVE, quotes, (quotes.bid < 0) | (quotes.ask < 0)),
            *_at(DefectKind.CROSSED_QUOTE, quotes, both & (quotes.bid > quotes.ask)),
            *_at(DefectKind.SPIKE, quotes, both & (quotes.ask > _WIDEST * quotes.bid)),
            *_at(DefectKind.OUT_OF_ORDER, quotes, backwards),
            *_at(DefectKind.FUTURE, quotes, quotes.at > micros(context.received_at)),
            *_at(DefectKind.STALE_QUOTE, quotes, stood > stale_after.total_seconds() * _SECOND),
        ],
        key=lambda one: one.place or 0,
    )


def _stood(quotes: Quotes, context: GateContext) -> Integers:
    """Return how long (microseconds) each quote stood in its session's regular hours."""
    grid = context.grid
    if not len(quotes.at) or not len(grid.dates):
        return np.zeros(len(quotes.at), dtype=np.int64)
    ends = np.append(quotes.at[1:], min(micros(context.received_at), int(grid.closes_at[-1])))
    places = np.maximum(np.searchsorted(grid.opens_at, quotes.at, side="right") - 1, 0)
    opens, closes = grid.opens_at[places], grid.closes_at[places]
    stood: Integers = np.minimum(ends, closes) - np.maximum(quotes.at, opens)
    for halt in context.halts:
        begins, halt_ends = micros(halt.begins_at), micros(halt.ends_at)
        stood = stood - np.maximum(0, np.minimum(ends, halt_ends) - np.maximum(quotes.at, begins))
    return stood


def _at(kind: DefectKind, quotes: Quotes, wrong: NDArray[np.bool_]) -> list[Defect]:
    return [
        Defect(
            kind,
            f"bid {exactly(quotes.bid[i])}, ask {exactly(quotes.ask[i])}"
            f" at {instant_of(int(quotes.at[i])).isoformat()}",
            i,
            kind not in FLAGGED,
            int(quotes.at[i]),
        )
        for i in np.flatnonzero(wrong).tolist()
    ]
