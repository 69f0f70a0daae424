"""What a fill closes: the parts that its order or its account chose."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Protocol

from bifrost.core.fills import Fill
from bifrost.core.money import EXACT
from bifrost.portfolio.lot_selection import LotMethod, Sale, Selection, select
from bifrost.portfolio.lots import Lot, LotPart, closable, closing_quantity


class Choices(Protocol):
    """What was chosen, and what of it is done: the stored lots, or a history that is replayed."""

    def selections(self, account_id: str, order_id: str) -> tuple[Selection | None, LotMethod]:
        """Return the order's own selection, if it has one, and the account's standing method."""

    def closed_by(self, account_id: str, order_id: str) -> dict[str, Decimal]:
        """Return how much of each lot the order's fills have closed."""


def parts_closed(store: Choices, fill: Fill, lots: Sequence[Lot]) -> tuple[LotPart, ...] | None:
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
    return select(closable(lots, fill), sale, selection, standing)


def still_named(parts: Sequence[LotPart], closed: Mapping[str, Decimal]) -> tuple[LotPart, ...]:
    """Take from the named parts what earlier fills of the order have closed."""
    left = []
    for part in parts:
        size = EXACT.subtract(part.quantity, closed.get(part.lot_id, Decimal(0)))
        if size > 0:
            left.append(LotPart(part.lot_id, size))
    return tuple(left)
