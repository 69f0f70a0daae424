"""What a fill closes: the parts that its order or its account chose."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from bifrost.core.fills import Fill
from bifrost.core.money import EXACT
from bifrost.portfolio.lot_selection import LotMethod, Sale, Selection, select
from bifrost.portfolio.lots import Lot, LotPart, closing_quantity
from bifrost.portfolio.ports import LotStore


def parts_closed(store: LotStore, fill: Fill, lots: Sequence[Lot]) -> tuple[LotPart, ...] | None:
    """Say which parts a fill closes; None where it closes none or the oldest first."""
    quantity = closing_quantity(lots, fill)
    if quantity == 0:
        return None
    own, standing = store.selections(fill.account_id, fill.order_id)
    if own is None and standing is LotMethod.FIFO:
        return None
    selection = own or Selection(standing)
    if selection.parts:
        closed = store.closed_by(fill.account_id, fill.order_id)
        selection = replace(selection, parts=still_named(selection.parts, closed))
    sale = Sale(quantity, fill.price, fill.occurred_at)
    return select(lots, sale, selection, standing)


def still_named(parts: Sequence[LotPart], closed: Mapping[str, Decimal]) -> tuple[LotPart, ...]:
    """Take from the named parts what earlier fills of the order have closed."""
    left = []
    for part in parts:
        size = EXACT.subtract(part.quantity, closed.get(part.lot_id, Decimal(0)))
        if size > 0:
            left.append(LotPart(part.lot_id, size))
    return tuple(left)
