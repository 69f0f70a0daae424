"""Lots: what each fill opened, what of it is left, and what a closing fill realises. FIFO.

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
class Closure:
    """Part of a lot, closed; `proceeds` is negative where a short was bought back."""

    lot_id: str
    quantity: Decimal
    cost: Decimal
    proceeds: Decimal

    @property
    def realised(self) -> Decimal:
        """Gross of commission."""
        return EXACT.subtract(self.proceeds, self.cost)


@dataclass(frozen=True, slots=True)
class LotChange:
    """What a fill did to an account's lots of its instrument.

    remaining: the lots it closed from, as they are left (flat ones with quantity 0).
    opened: the lot that the rest of the fill opened, if any was left.
    """

    closures: tuple[Closure, ...]
    remaining: tuple[Lot, ...]
    opened: Lot | None

    @property
    def realised(self) -> Decimal:
        """Gross of commission."""
        return exact_sum(closure.realised for closure in self.closures)

    @property
    def cost_change(self) -> Decimal:
        """By how much the cost of the position grew (or, negative, shrank)."""
        closed = exact_sum(closure.cost for closure in self.closures)
        return EXACT.subtract(self.opened.cost if self.opened else Decimal(0), closed)


def apply_fill(lots: Sequence[Lot], fill: Fill, sequence: int) -> LotChange:
    """Close lots of the other sign, oldest first; open one with what is left of the fill.

    lots: the account's open lots of the fill's instrument, in any order.
    """
    left = fill.signed_quantity
    closures: list[Closure] = []
    remaining: list[Lot] = []
    with localcontext(EXACT):
        for lot in sorted(lots, key=lambda one: one.sequence):
            if left == 0 or lot.quantity * left > 0:
                break
            closure = _close(lot, left, fill.price)
            left += closure.quantity
            closures.append(closure)
            remaining.append(
                replace(
                    lot,
                    quantity=lot.quantity - closure.quantity,
                    cost=lot.cost - closure.cost,
                )
            )
        opened = _open(fill, left, sequence) if left else None
    return LotChange(tuple(closures), tuple(remaining), opened)


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
