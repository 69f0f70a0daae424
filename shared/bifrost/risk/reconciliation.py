"""Where risk's exposures and the venue's own statement differ.

A break is reported, never plugged: which of the two is wrong is for a person, or for the event
that is still under way, to say.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from bifrost.core.orders import client_order_id_of
from bifrost.core.statements import VenueStatement
from bifrost.risk.ports import Holdings


class BreakKind(StrEnum):
    """What differs."""

    CASH = "cash"
    POSITION = "position"
    OPEN_ORDER = "open_order"


@dataclass(frozen=True, slots=True)
class Break:
    """One difference: `subject` is the currency, the instrument or the client order id."""

    account_id: str
    book: str
    kind: BreakKind
    subject: str
    ours: Decimal
    theirs: Decimal


def breaks_of(holdings: Holdings, statement: VenueStatement) -> list[Break]:
    """Return every difference, in a stable order; an empty list means that the books agree."""
    open_orders = {client_order_id_of(key): value for key, value in holdings.open_orders.items()}
    compared = (
        (BreakKind.CASH, {statement.currency: holdings.cash}, {statement.currency: statement.cash}),
        (BreakKind.POSITION, holdings.positions, statement.positions),
        (BreakKind.OPEN_ORDER, open_orders, statement.open_orders),
    )
    return [
        Break(statement.account_id, "risk", kind, subject, ours, theirs)
        for kind, mine, venues in compared
        for subject, ours, theirs in _differences(mine, venues)
    ]


def _differences(
    mine: Mapping[str, Decimal], venues: Mapping[str, Decimal]
) -> list[tuple[str, Decimal, Decimal]]:
    zero = Decimal(0)
    pairs = [(key, mine.get(key, zero), venues.get(key, zero)) for key in {*mine, *venues}]
    return sorted((key, ours, theirs) for key, ours, theirs in pairs if ours != theirs)
