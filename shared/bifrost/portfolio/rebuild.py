"""The books as the events alone tell them: what the stored books must equal to the last digit."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from bifrost.core.money import EXACT, exact_product, exact_sum
from bifrost.events import CashDeposited, CashWithdrawn, Event, FillRecorded
from bifrost.portfolio.lots import Lot, apply_fill


@dataclass(slots=True)
class Rebuilt:
    """One account's books, growing event by event."""

    cash: Decimal = Decimal(0)
    realised_pnl: Decimal = Decimal(0)
    commissions: Decimal = Decimal(0)
    lots: dict[str, Lot] = field(default_factory=dict)

    def positions(self) -> dict[str, tuple[Decimal, Decimal]]:
        """Quantity and cost by instrument, flat ones left out."""
        held: dict[str, tuple[Decimal, Decimal]] = {}
        for name in {lot.instrument for lot in self.lots.values()}:
            lots = [lot for lot in self.lots.values() if lot.instrument == name]
            quantity = exact_sum(lot.quantity for lot in lots)
            held[name] = (quantity, exact_sum(lot.cost for lot in lots))
        return held


def rebuild(events: Iterable[Event]) -> Rebuilt:
    """Fold the events of one account, in any order and with repeats, into its books."""
    unique = {event.event_id: event for event in events}
    books = Rebuilt()
    fills: list[FillRecorded] = []
    for event in unique.values():
        if isinstance(event, CashDeposited):
            books.cash = EXACT.add(books.cash, event.amount)
        elif isinstance(event, CashWithdrawn):
            books.cash = EXACT.subtract(books.cash, event.amount)
        elif isinstance(event, FillRecorded):
            fills.append(event)
    for recorded in sorted(fills, key=lambda one: one.sequence):
        _apply(books, recorded)
    return books


def _apply(books: Rebuilt, recorded: FillRecorded) -> None:
    fill = recorded.fill
    open_lots = [lot for lot in books.lots.values() if lot.instrument == fill.instrument]
    change = apply_fill(open_lots, fill, recorded.sequence)
    for lot in change.remaining:
        books.lots[lot.lot_id] = lot
        if lot.quantity == 0:
            del books.lots[lot.lot_id]
    if change.opened:
        books.lots[change.opened.lot_id] = change.opened
    paid = exact_product(fill.signed_quantity, fill.price)
    books.cash = EXACT.subtract(EXACT.subtract(books.cash, paid), fill.commission)
    books.realised_pnl = EXACT.add(books.realised_pnl, change.realised)
    books.commissions = EXACT.add(books.commissions, fill.commission)
