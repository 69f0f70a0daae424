"""Events published by execution: each step of an order. Fills have a module of their own."""

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from bifrost.core.decisions import Reason
from bifrost.core.orders import OrderIntent
from bifrost.events.base import Event, register


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderReceived(Event):
    """An order was written down; nothing has been checked or sent."""

    source: ClassVar[str] = "bifrost.execution"

    order: OrderIntent


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderEvent(Event):
    """What each later step of an order says."""

    source: ClassVar[str] = "bifrost.execution"

    order_id: str
    account_id: str
    instrument: str


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSubmitted(OrderEvent):
    """The venue has the order."""

    client_order_id: str


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderUnknown(OrderEvent):
    """The order was sent and no answer came; nobody may take it for filled, lost or rejected."""

    client_order_id: str


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRestated(OrderEvent):
    """The venue changed an open order because of a corporate action; `instrument` is the new one.

    quantity: `filled_quantity` and what is left now; open_before: what was left until then.
    step: its place in the order's history; the highest one stands.
    """

    quantity: Decimal
    filled_quantity: Decimal
    open_before: Decimal
    limit_price: Decimal | None
    stop_price: Decimal | None
    action_id: str
    step: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderEnded(OrderEvent):
    """The order's end; `filled_quantity` is all it ever filled, so fills still under way count."""

    filled_quantity: Decimal


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRefused(OrderEnded):
    """A rule of ours said no; the venue never saw it."""

    reasons: tuple[Reason, ...]


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRejected(OrderEnded):
    """The venue said no."""

    text: str


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCancelled(OrderEnded):
    """The venue cancelled what was open."""


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderExpired(OrderEnded):
    """Its time in force ran out."""


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFilled(OrderEnded):
    """All of it filled."""
