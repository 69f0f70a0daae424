"""Shares and basis divided so that the parts sum to the whole, to the last digit.

A ratio such as one for three has no last digit. So the running total is rounded and each lot
takes the difference to the one before: the lots together have exactly the account's shares, and
no lot is off by more than one QUANTITY_INCREMENT.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

from bifrost.core.money import EXACT, exact_product, exact_sum
from bifrost.portfolio.lots import COST_INCREMENT, Lot

QUANTITY_INCREMENT = Decimal("1E-12")


@dataclass(frozen=True, slots=True)
class Realisation:
    """A gain or loss that an action realises in one lot; `rule` is the law that says so.

    quantity: the shares that ended (0 where cash came and all shares stayed).
    """

    lot_id: str
    instrument: str
    quantity: Decimal
    cost: Decimal
    proceeds: Decimal
    rule: str

    @property
    def realised(self) -> Decimal:
        """Proceeds less the basis they used up."""
        return EXACT.subtract(self.proceeds, self.cost)


def by_age(lots: Sequence[Lot]) -> list[Lot]:
    """Return them oldest first."""
    return sorted(lots, key=lambda lot: (lot.sequence, lot.lot_id))


def times(lots: Sequence[Lot], ratio: Fraction) -> list[Lot]:
    """Multiply the shares of lots of one instrument; basis and age stay."""
    scaled = []
    held = given = Decimal(0)
    for lot in by_age(lots):
        held = EXACT.add(held, lot.quantity)
        total = rounded(Fraction(held) * ratio, QUANTITY_INCREMENT)
        scaled.append(replace(lot, quantity=EXACT.subtract(total, given)))
        given = total
    return scaled


def basis_part(lot: Lot, share: Decimal) -> Decimal:
    """Return that share of the lot's basis, rounded once; what is left keeps the difference."""
    return exact_product(lot.cost, share).quantize(COST_INCREMENT, ROUND_HALF_EVEN, EXACT)


def without_fraction(
    lots: Sequence[Lot], cash_in_lieu: Decimal | None, rule: str
) -> tuple[list[Lot], list[Realisation]]:
    """Pay out the account's last fraction of a share, from its oldest lots (FIFO).

    The fraction is of the account's total, as a broker pays it: ten lots with half a share each
    are five shares and no cash. None keeps fractions.
    """
    if cash_in_lieu is None:
        return list(lots), []
    total = exact_sum(lot.quantity for lot in lots)
    left = EXACT.subtract(total, total.to_integral_value(rounding="ROUND_DOWN"))
    kept, paid = [], []
    for lot in by_age(lots):
        part = min(left, lot.quantity, key=abs)
        # Of lots of both signs those pay that the account's total is made of.
        if part == 0 or (left > 0) != (lot.quantity > 0):
            kept.append(lot)
            continue
        cost = lot.cost if part == lot.quantity else _cost_of(lot, part)
        proceeds = exact_product(part, cash_in_lieu)
        paid.append(Realisation(lot.lot_id, lot.instrument, part, cost, proceeds, rule))
        left = EXACT.subtract(left, part)
        rest = EXACT.subtract(lot.quantity, part)
        if rest != 0:
            kept.append(replace(lot, quantity=rest, cost=EXACT.subtract(lot.cost, cost)))
    return kept, paid


def _cost_of(lot: Lot, part: Decimal) -> Decimal:
    return rounded(Fraction(lot.cost) * Fraction(part) / Fraction(lot.quantity), COST_INCREMENT)


def rounded(number: Fraction, increment: Decimal) -> Decimal:
    """Round half to even to a power of ten: a fraction becomes a decimal here and nowhere else."""
    steps = round(number / Fraction(increment))
    return exact_product(Decimal(steps), increment)
