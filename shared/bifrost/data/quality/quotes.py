"""What is wrong with quotes: crossed, without a price, far from all others, stale, at a wrong time.

Some feeds tell both sides in one message, others one at a time. What one message says of both is
wrong by itself; what two say, of two venues, may cross for a moment and be true. So a market that
stands crossed or locked is flagged where it lasts, and its quotes are stored.
"""

from collections.abc import Iterator
from datetime import timedelta

import numpy as np

from bifrost.data.quality.defects import Defect, DefectKind
from bifrost.data.quality.tick_shape import (
    CENTS,
    Mask,
    TickContext,
    dated,
    defects,
    far,
    judge_times,
    sessions_of,
)
from bifrost.data.quality.times import LATE
from bifrost.data.series.columns import Integers, exactly, micros
from bifrost.data.series.ticks import QuoteColumns, concatenated, taken

# A quote of a listed stock that stands longer than that in regular hours says that the feed does.
STALE_AFTER = timedelta(seconds=60)
# Of two venues a second is what rule 610 and the wires explain; locked stands longer at times.
CROSSED_AFTER, LOCKED_AFTER = timedelta(seconds=1), timedelta(seconds=60)
# An ask so many times the bid is nobody's market, but a stub (SEC Release 34-63255).
_WIDEST = 1.5
_MICROSECOND = timedelta(microseconds=1)


def judge_quotes(quotes: QuoteColumns, context: TickContext[QuoteColumns]) -> list[Defect]:
    """Return the defects of quotes, by place; None of those that were told before them.

    A quote of one side alone is no defect, nor is a locked market that ends. Stale: in regular
    hours the next quote, or the end of what was received, came more than a minute later, and no
    halt explains it.
    """

    def says(place: int) -> str:
        return f"bid {exactly(quotes.bid[place]):f}, ask {exactly(quotes.ask[place]):f}"

    both = (quotes.bid > 0) & (quotes.ask > 0)
    negative = np.any(
        [one < 0 for one in (quotes.bid, quotes.ask, quotes.bid_size, quotes.ask_size)], axis=0
    )
    wide = both & (quotes.ask > _WIDEST * quotes.bid) & (quotes.ask - quotes.bid > CENTS)
    astray = _far(quotes, context.before, "bid") | _far(quotes, context.before, "ask")
    found = [
        *defects(DefectKind.PRICE_NOT_POSITIVE, quotes, negative, says),
        *defects(DefectKind.CROSSED_QUOTE, quotes, both & (quotes.bid > quotes.ask), says),
        *defects(DefectKind.SPIKE, quotes, wide | astray, says),
        *judge_times(quotes, context),
    ]
    sound = np.ones(len(quotes), np.bool_)
    sound[[one.place for one in found if one.place is not None]] = False
    return dated([*found, *_standing(quotes, sound, context)], context.grid)


def _far(quotes: QuoteColumns, before: QuoteColumns, side: str) -> Mask:
    """Say which quotes have a price on this side that is far from those around it."""
    told: Integers = np.concatenate([getattr(before, side), getattr(quotes, side)])
    places = np.flatnonzero(told > 0)
    wrong = np.zeros(len(told), np.bool_)
    wrong[places] = far(told[places], float(np.log(_WIDEST)))[0]
    return wrong[len(before) :]


def _standing(
    quotes: QuoteColumns, sound: Mask, context: TickContext[QuoteColumns]
) -> Iterator[Defect]:
    """Yield what stood too long: a quote, a crossed market, a locked one; where it began."""
    where = np.concatenate([np.full(len(context.before), -1), np.flatnonzero(sound)])
    told = concatenated([context.before, taken(quotes, sound)])
    if not len(told) or not len(context.grid.dates):
        return
    times, (bid, ask) = told.occurred_at, _market(told)
    places, inside = sessions_of(times, context.grid)
    ends = np.append(times[1:], micros(context.until or context.received_at))
    ends = np.minimum(ends, context.grid.closes_at[places] + LATE)
    known = inside & (bid > 0) & (ask > 0)
    stale = inside & (_stood(times, ends, places, context) > STALE_AFTER / _MICROSECOND)
    until = ends
    for halt in context.halts:
        # Before it trades again orders may cross: nobody meets them.
        known &= (times < halt.first) | (times >= halt.before)
        until = np.where(times < halt.first, np.minimum(until, halt.first), until)
    for kind, wrong in (
        (DefectKind.STALE_QUOTE, stale),
        (DefectKind.CROSSED_MARKET, _lasting(times, until, known & (bid > ask), CROSSED_AFTER)),
        (DefectKind.LOCKED_MARKET, _lasting(times, until, known & (bid == ask), LOCKED_AFTER)),
    ):
        for one in np.flatnonzero(wrong).tolist():
            says = f"bid {exactly(bid[one]):f}, ask {exactly(ask[one]):f} stood too long"
            place = int(where[one])
            yield Defect(kind, says, None if place < 0 else place, False, int(times[one]))


def _stood(
    times: Integers, ends: Integers, places: Integers, context: TickContext[QuoteColumns]
) -> Integers:
    """Return how long (microseconds) each stood in its session's regular hours, less halts."""
    grid = context.grid
    stood: Integers = np.minimum(ends, grid.closes_at[places]) - np.maximum(
        times, grid.opens_at[places]
    )
    for halt in context.halts:
        held = np.minimum(ends, halt.before) - np.maximum(times, halt.first)
        stood = stood - np.maximum(0, held)
    return stood


def _market(told: QuoteColumns) -> tuple[Integers, Integers]:
    """Return both sides as they stood after each message: a side that it leaves out still does."""
    sides = []
    neither = (told.bid <= 0) & (told.ask <= 0)
    for price in (told.bid, told.ask):
        newest = np.maximum.accumulate(np.where(price > 0, np.arange(len(price)), 0))
        sides.append(np.where(neither, 0, np.maximum(price[newest], 0)))
    return sides[0], sides[1]


def _lasting(times: Integers, ends: Integers, is_so: Mask, longest: timedelta) -> Mask:
    """Say where a stretch begins of which it is so, and which lasts longer."""
    # Of the messages of one instant the last says how the market stands.
    places = np.flatnonzero(np.append(times[1:] != times[:-1], True))
    told = np.concatenate([[False], is_so[places], [False]])
    edges = np.flatnonzero(told[1:] != told[:-1])
    firsts, lasts = places[edges[::2]], places[edges[1::2] - 1]
    begins = np.zeros(len(times), np.bool_)
    begins[firsts[ends[lasts] - times[firsts] > longest / _MICROSECOND]] = True
    return begins
