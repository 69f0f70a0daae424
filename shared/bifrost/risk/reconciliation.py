"""Where risk's exposures and the venue's own statement differ; nothing is ever plugged.

Risk follows the venue by events, so the two are comparable only where both hold the same fills.
Until then the one difference is `pending`. An order open on one side alone may be news under way
(an end that is not here yet errs on the safe side); one that stays is a leak, and its age shows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from bifrost.core.orders import client_order_id_of
from bifrost.core.statements import VenueStatement

_ZERO = Decimal(0)


class BreakKind(StrEnum):
    """What differs."""

    CASH = "cash"
    POSITION = "position"
    OPEN_ORDER = "open_order"
    PENDING = "pending"


class Cause(StrEnum):
    """What a break comes from, as far as exposures can tell."""

    FILLS_UNDER_WAY = "fills_under_way"
    UNEXPLAINED = "unexplained"


@dataclass(frozen=True, slots=True)
class Holdings:
    """An account as risk knows it; flat positions and orders with nothing open are absent.

    open_orders: open quantity by order id.
    fills: how many fills are in these numbers; last_fill: the last of their sequences.
    """

    cash: Decimal
    positions: dict[str, Decimal]
    open_orders: dict[str, Decimal]
    fills: int
    last_fill: int


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing said differently: a currency, an instrument, a client order id or a stream."""

    kind: BreakKind
    subject: str
    ours: Decimal
    theirs: Decimal

    @property
    def cause(self) -> Cause:
        """Why it is there."""
        is_pending = self.kind is BreakKind.PENDING
        return Cause.FILLS_UNDER_WAY if is_pending else Cause.UNEXPLAINED

    @property
    def owner(self) -> str:
        """Who has to act."""
        return "execution" if self.kind is BreakKind.PENDING else "risk"


def differences_between(holdings: Holdings, statement: VenueStatement) -> list[Difference]:
    """Return every difference, in a stable order; an empty list means that the books agree."""
    # Fills come in any order here: as many as the highest number means that none is missing.
    if not holdings.fills == holdings.last_fill == statement.fill_sequence:
        # Only here: nothing else that risk judges by needs the events' classes.
        from bifrost.events import fill_stream

        stream = fill_stream(statement.account_id)
        ours, theirs = Decimal(holdings.fills), Decimal(statement.fill_sequence)
        return [Difference(BreakKind.PENDING, stream, ours, theirs)]
    open_orders = {client_order_id_of(key): value for key, value in holdings.open_orders.items()}
    compared = (
        (BreakKind.CASH, {statement.currency: holdings.cash}, {statement.currency: statement.cash}),
        (BreakKind.POSITION, holdings.positions, statement.positions),
        (BreakKind.OPEN_ORDER, open_orders, statement.open_orders),
    )
    return [one for kind, mine, venues in compared for one in _unequal(kind, mine, venues)]


def _unequal(
    kind: BreakKind, mine: Mapping[str, Decimal], venues: Mapping[str, Decimal]
) -> list[Difference]:
    pairs = (
        (key, mine.get(key, _ZERO), venues.get(key, _ZERO)) for key in sorted({*mine, *venues})
    )
    return [Difference(kind, key, ours, theirs) for key, ours, theirs in pairs if ours != theirs]
