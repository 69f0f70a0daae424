"""What issuers did that explains a step of a price, for the gate: splits, and what was paid out."""

from collections.abc import Iterator, Sequence

import numpy as np

from bifrost.core.corporate_actions import CashDividend, CorporateAction, Split, StockDividend
from bifrost.data.quality.context import PriceStep
from bifrost.data.series.adjustment import first_moment
from bifrost.data.series.columns import UNITS, BarColumns, instant_of


def steps_of(actions: Sequence[CorporateAction], bars: BarColumns) -> tuple[PriceStep, ...]:
    """Return the steps that these actions (those that stand) make in the bars, oldest first.

    bars: with those before them, in order. A payment is a step only beside the close before it.
    """
    return tuple(_steps(sorted(actions, key=lambda one: one.place), bars))


def _steps(actions: Sequence[CorporateAction], bars: BarColumns) -> Iterator[PriceStep]:
    for one in actions:
        moment = first_moment(one.ex_date)
        terms = one.terms
        if isinstance(terms, Split | StockDividend):
            factor = float(1 / terms.ratio)
        elif isinstance(terms, CashDividend):
            place = int(np.searchsorted(bars.starts_at, moment)) - 1
            if place < 0:
                continue
            factor = 1 - float(terms.amount_per_share) * UNITS / float(bars.close[place])
        else:
            continue
        if 0 < factor != 1:
            yield PriceStep(instant_of(moment), factor, one.action_id)
