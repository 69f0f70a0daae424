"""What a fill closes: the parts that its order or its account chose."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Protocol

from bifrost.core.fills import Fill
from bifrost.core.money import EXACT
from bifrost.portfolio.lot_selection import (
    AVERAGE_RULE,
    LotMethod,
    Sale,
    Selection,
    averaged,
    select,
)
from bifrost.portfolio.lots import (
    Lot,
    LotChange,
    LotPart,
    apply_fill,
    closable,
    closing_quantity,
)


class Choices(Protocol):
    """What was chosen, and what of it is done: the stored lots, or a history that is replayed."""

    def selections(
        self, account_id: str, order_id: str, instrument: str
    ) -> tuple[Selection | None, LotMethod]:
        """Return the order's own selection, if it has one, and the instrument's standing method."""

    def closed_by(self, account_id: str, order_id: str) -> dict[str, Decimal]:
        """Return how much of each lot the order's fills have closed."""


def change_by(
    store: Choices, fill: Fill, lots: Sequence[Lot], sequence: int, *, may_average: bool = True
) -> LotChange:
    """Say what a fill does to an account's lots of its instrument, by what was chosen.

    may_average: whether the basis of lots that it does not close may change with it.
    """
    quantity = closing_quantity(lots, fill)
    if quantity == 0:
        return apply_fill(lots, fill, sequence)
    own, standing = store.selections(fill.account_id, fill.order_id, fill.instrument)
    if standing is LotMethod.AVERAGE_COST:
        # Which shares are sold is then the law's to say, not the order's: the oldest.
        is_sale = fill.signed_quantity < 0
        return (_by_average if may_average and is_sale else apply_fill)(lots, fill, sequence)
    if own is None and standing is LotMethod.FIFO:
        return apply_fill(lots, fill, sequence)
    selection = own or Selection(standing)
    if selection.parts:
        closed = store.closed_by(fill.account_id, fill.order_id)
        selection = replace(selection, parts=still_named(selection.parts, closed))
    sale = Sale(quantity, fill.price, fill.occurred_at)
    parts = select(closable(lots, fill), sale, selection, standing)
    return apply_fill(lots, fill, sequence, parts)


def still_named(parts: Sequence[LotPart], closed: Mapping[str, Decimal]) -> tuple[LotPart, ...]:
    """Take from the named parts what earlier fills of the order have closed."""
    left = []
    for part in parts:
        size = EXACT.subtract(part.quantity, closed.get(part.lot_id, Decimal(0)))
        if size > 0:
            left.append(LotPart(part.lot_id, size))
    return tuple(left)


def _by_average(lots: Sequence[Lot], fill: Fill, sequence: int) -> LotChange:
    """Sell the oldest shares at the basis of all."""
    before = {lot.lot_id: lot for lot in lots}
    now = before | {lot.lot_id: lot for lot in averaged(closable(lots, fill))}
    change = apply_fill(list(now.values()), fill, sequence)
    closures = tuple(replace(one, rule=AVERAGE_RULE) for one in change.closures)
    sold = {lot.lot_id for lot in change.remaining}
    others = (lot for lot in now.values() if lot.lot_id not in sold)
    changed = tuple(one for one in others if one != before[one.lot_id])
    return replace(change, closures=closures, averaged=changed)
