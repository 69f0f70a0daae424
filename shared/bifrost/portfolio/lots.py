"""Lots: what each fill opened, what of it is left, and what a closing fill realises.

Quantities and costs are signed, so a short lot is one with both below zero and no formula has
two cases. Commission is not part of a lot's cost: it is an expense of its own in the ledger, so
`realised` here is gross. When part of a lot closes, its share of the cost is rounded once (to
COST_INCREMENT) and the rest keeps the difference; the last part takes all that is left. So the
costs of the parts sum to the lot's cost to the last digit, whatever the parts are.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal, localcontext

from bifrost.core.fills import Fill
from bifrost.core.money import EXACT, exact_sum

COST_INCREMENT = Decimal("1E-12")


@dataclass(frozen=True, slots=True)
class Lot:
    """What is left of one opening fill; `sequence` is that fill's place in its account."""

    lot_id: str
    instrument: str
    currency: str
    opened_at: datetime
    sequence: int
    quantity: Decimal
    cost: Decimal


@dataclass(frozen=True, slots=True)
class LotPart:
    """So much of a lot; `quantity` is above zero, for a short lot too."""

    lot_id: str
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Closure:
    """Part of a lot, closed; `proceeds` is negative where a short was bought back.

    rule: the law by which a corporate action closed it, or by which a fill did at another basis
        than the lot's own; empty otherwise.
    """

    lot_id: str
    quantity: Decimal
    cost: Decimal
    proceeds: Decimal
    rule: str = ""

    @property
    def realised(self) -> Decimal:
        """Gross of commission."""
        return EXACT.subtract(self.proceeds, self.cost)

    def negated(self) -> "Closure":
        """Return what takes it back."""
        return Closure(
            self.lot_id,
            EXACT.minus(self.quantity),
            EXACT.minus(self.cost),
            EXACT.minus(self.proceeds),
            self.rule,
        )


@dataclass(frozen=True, slots=True)
class LotChange:
    """What a fill did to an account's lots of its instrument.

    remaining: the lots it closed from, as they are left (flat ones with quantity 0).
    opened: the lot that the rest of the fill opened, if any was left.
    averaged: lots it closed nothing of, whose basis became the average with the sale.
    """

    closures: tuple[Closure, ...]
    remaining: tuple[Lot, ...]
    opened: Lot | None
    averaged: tuple[Lot, ...] = ()

    @property
    def realised(self) -> Decimal:
        """Gross of commission."""
        return exact_sum(closure.realised for closure in self.closures)

    @property
    def cost_change(self) -> Decimal:
        """By how much the cost of the position grew (or, negative, shrank)."""
        closed = exact_sum(closure.cost for closure in self.closures)
        return EXACT.subtract(self.opened.cost if self.opened else Decimal(0), closed)


def closable(lots: Sequence[Lot], fill: Fill) -> list[Lot]:
    """Return the lots that a fill may close, oldest first: those of the other sign.

    After a merger lots of both signs may stand in one instrument: no share was delivered, so the
    short is open still (Treas. Reg. 1.1233-1(a)(1)). A purchase closes the short ones, a sale the
    long ones.
    """
    other = [lot for lot in lots if (lot.quantity > 0) != (fill.signed_quantity > 0)]
    return sorted(other, key=lambda lot: (lot.sequence, lot.lot_id))


def closing_quantity(lots: Sequence[Lot], fill: Fill) -> Decimal:
    """Say how much of the lots a fill closes: nothing, a part of them, or all."""
    return min(exact_sum(abs(lot.quantity) for lot in closable(lots, fill)), fill.quantity)


def apply_fill(
    lots: Sequence[Lot], fill: Fill, sequence: int, parts: Sequence[LotPart] | None = None
) -> LotChange:
    """Close lots of the other sign; open one with what is left of the fill.

    lots: the account's open lots of the fill's instrument, in any order.
    parts: what to close, in this order, and no more or less than the fill closes; None is the
        oldest first.
    """
    if parts is None:
        parts = up_to(closable(lots, fill), closing_quantity(lots, fill))
    if exact_sum(part.quantity for part in parts) != closing_quantity(lots, fill):
        raise ValueError(f"the parts chosen for {fill.execution_id} are not what it closes")
    left = fill.signed_quantity
    open_lots = {lot.lot_id: lot for lot in lots}
    closures: list[Closure] = []
    with localcontext(EXACT):
        for part in parts:
            lot = open_lots[part.lot_id]
            closure = _close(lot, part.quantity.copy_sign(left), fill.price)
            left += closure.quantity
            closures.append(closure)
            open_lots[lot.lot_id] = replace(
                lot, quantity=lot.quantity - closure.quantity, cost=lot.cost - closure.cost
            )
        opened = _open(fill, left, sequence) if left else None
    remaining = tuple(open_lots[part.lot_id] for part in parts)
    return LotChange(tuple(closures), remaining, opened)


def up_to(lots: Sequence[Lot], quantity: Decimal) -> tuple[LotPart, ...]:
    """Take lots in the order given until the quantity is reached, the last one in part."""
    parts: list[LotPart] = []
    left = quantity
    for lot in lots:
        taken = min(abs(lot.quantity), left)
        if taken > 0:
            parts.append(LotPart(lot.lot_id, taken))
            left = EXACT.subtract(left, taken)
    return tuple(parts)


def _close(lot: Lot, left: Decimal, price: Decimal) -> Closure:
    if abs(left) >= abs(lot.quantity):
        return Closure(lot.lot_id, lot.quantity, lot.cost, lot.quantity * price)
    share = (lot.cost * -left / lot.quantity).quantize(COST_INCREMENT, ROUND_HALF_EVEN)
    return Closure(lot.lot_id, -left, share, -left * price)


def _open(fill: Fill, quantity: Decimal, sequence: int) -> Lot:
    return Lot(
        lot_id=f"{fill.venue}:{fill.execution_id}",
        instrument=fill.instrument,
        currency=fill.currency,
        opened_at=fill.occurred_at,
        sequence=sequence,
        quantity=quantity,
        cost=quantity * fill.price,
    )
