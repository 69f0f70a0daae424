"""Statements: a venue's own books of an account, against which ours are held."""

from dataclasses import dataclass
from decimal import Decimal

from bifrost.core.orders import OrderStatus, Side


@dataclass(frozen=True, slots=True)
class VenueStatement:
    """The venue's books of one account, as of one instant.

    positions: signed quantity by instrument, flat ones absent.
    open_orders: what is still open, by client_order_id.
    last_report: the `sequence` of the account's last report that these books contain; 0 if none.
    fill_sequence: the same point in the account's stream of fills, which execution adds: books
        that have applied exactly the fills up to it must agree with the statement.
    """

    account_id: str
    cash: Decimal
    currency: str
    positions: dict[str, Decimal]
    open_orders: dict[str, Decimal]
    last_report: int
    fill_sequence: int = 0


@dataclass(frozen=True, slots=True)
class StatedOrder:
    """An order as one side states it; `left` is what may still fill."""

    client_order_id: str
    instrument: str
    side: Side
    left: Decimal
    status: OrderStatus


@dataclass(frozen=True, slots=True)
class WorkingOrders:
    """The orders of an account that the venue works, as of one instant.

    last_report: the `sequence` of the account's last report by then; 0 if none.
    """

    orders: tuple[StatedOrder, ...]
    last_report: int
