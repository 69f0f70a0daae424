"""What issuers did that explains a step of a price, for the gate: splits, and what was paid out.

A spin-off pays out shares. What one was worth its issuer seldom says, and no vendor does: then the
price fell by what nobody told, which is a step all the same.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from bifrost.core.corporate_actions import (
    CashDividend,
    CorporateAction,
    SpinOff,
    Split,
    StockDividend,
    Terms,
)
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
        at = instant_of(moment)
        terms = one.terms
        if isinstance(terms, SpinOff) and terms.share_value is None:
            yield PriceStep(at, None, one.action_id)
            continue
        if isinstance(terms, Split | StockDividend):
            factor = float(1 / terms.ratio)
        else:
            place = int(np.searchsorted(bars.starts_at, moment)) - 1
            if place < 0:
                continue
            factor = 1 - _paid(terms) * UNITS / float(bars.close[place])
        if 0 < factor != 1:
            yield PriceStep(at, factor, one.action_id)


def _paid(terms: Terms) -> float:
    """Return what was paid for each share: cash, or shares of a known value."""
    if isinstance(terms, CashDividend):
        return float(terms.amount_per_share)
    if isinstance(terms, SpinOff) and terms.share_value is not None:
        return float(terms.shares_per_share * terms.share_value)
    return 0.0
