"""What an action says that it did to lots, as the books' rows say it."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from bifrost.core.corporate_actions import CorporateAction, Merger, SpinOff, Split, StockDividend
from bifrost.core.money import EXACT, exact_sum
from bifrost.portfolio.corporate_actions.allocation import Realisation
from bifrost.portfolio.corporate_actions.change import BookChange
from bifrost.portfolio.lots import Lot
from bifrost.portfolio.tax.desk_rows import PartClosed


def ratio_of(action: CorporateAction) -> Fraction:
    """How many shares come for one."""
    match action.terms:
        case Split() | StockDividend() as terms:
            return terms.ratio
        case Merger(new_instrument=name) as terms if name:
            return Fraction(terms.shares_per_share)
        case SpinOff() as terms:
            return Fraction(terms.shares_per_share)
        case _:
            return Fraction(1)


def before_payment(after: Lot | None, before: Lot, paid: Sequence[Realisation]) -> Lot:
    """Return a lot as an action makes it, with the fraction that it pays out still in it."""
    closed = [one for one in paid if one.quantity]
    lot = after or replace(before, quantity=Decimal(0), cost=Decimal(0))
    return replace(
        lot,
        instrument=closed[0].instrument if closed else lot.instrument,
        quantity=EXACT.add(lot.quantity, exact_sum(one.quantity for one in closed)),
        cost=EXACT.add(lot.cost, exact_sum(one.cost for one in closed)),
    )


def written(change: BookChange) -> list[PartClosed]:
    """Return what it closed and realised, as rows, in order."""
    return sorted(
        (
            PartClosed(one.lot_id, one.quantity, one.cost, one.proceeds, one.rule)
            for _, one in change.closed
        ),
        key=by_lot,
    )


def by_lot(part: PartClosed) -> tuple[str, str, Decimal]:
    """Order rows of one transaction."""
    return part.lot_id, part.rule, part.quantity
