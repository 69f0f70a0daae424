"""What is wrong with trades: without a price or a size, far from all others, at a wrong time.

Trades alike of one millisecond are no repetition: an order that meets ten others trades ten times.
"""

import numpy as np

from bifrost.data.quality.defects import Defect, DefectKind
from bifrost.data.quality.tick_shape import (
    Mask,
    TickContext,
    dated,
    defects,
    far,
    judge_times,
    saying,
)
from bifrost.data.series.columns import exactly
from bifrost.data.series.ticks import TradeColumns, concatenated

# Average, derived and prior-reference prices lie up to some per cent away, and are true.
_FAR = float(np.log(1.10))


def judge_trades(trades: TradeColumns, context: TickContext[TradeColumns]) -> list[Defect]:
    """Return the defects of trades, by place; see `tick_shape` for what far is."""
    wrong, perhaps = _far(trades, context.before)
    halted = np.zeros(len(trades), np.bool_)
    for halt in context.halts:
        halted |= (trades.occurred_at >= halt.first) & (trades.occurred_at < halt.before)

    def at_price(place: int) -> str:
        return f"{exactly(trades.size[place]):f} traded at {exactly(trades.price[place]):f}"

    def far_off(place: int) -> str:
        return f"{at_price(place)}, far from the trades around it"

    kinds = DefectKind
    found = [
        *defects(kinds.PRICE_NOT_POSITIVE, trades, trades.price <= 0, at_price),
        *defects(kinds.SIZE_NOT_POSITIVE, trades, trades.size <= 0, at_price),
        *defects(kinds.BAD_TICK, trades, wrong, far_off),
        *defects(kinds.BAD_TICK, trades, perhaps, far_off, blocks=False),
        *defects(kinds.TRADED_IN_HALT, trades, halted, saying("it traded while it was halted")),
        *judge_times(trades, context),
    ]
    return dated(found, context.grid)


def _far(trades: TradeColumns, before: TradeColumns) -> tuple[Mask, Mask]:
    both = concatenated([before, trades])
    places = np.flatnonzero(both.price > 0)
    wrong, perhaps = np.zeros(len(both), np.bool_), np.zeros(len(both), np.bool_)
    wrong[places], perhaps[places] = far(both.price[places], _FAR)
    return wrong[len(before) :], perhaps[len(before) :]
