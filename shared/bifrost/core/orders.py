"""Orders: the intent, its identity, and the states it goes through (FIX OrdStatus, tag 39)."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID, uuid5

from bifrost.core.money import Price, Quantity

# Never changes: every order id ever derived depends on it.
_ORDERS = UUID("6d1f0f3a-2f57-5c1e-9a43-0b1f6e0d7c11")


class Side(StrEnum):
    """FIX tag 54."""

    BUY = "buy"
    SELL = "sell"

    @property
    def sign(self) -> int:
        """+1 for a buy, -1 for a sale."""
        return 1 if self is Side.BUY else -1


class OrderType(StrEnum):
    """FIX tag 40."""

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    STOP_LIMIT = "stop_limit"


class TimeInForce(StrEnum):
    """FIX tag 59."""

    DAY = "day"
    GTC = "gtc"


class OrderStatus(StrEnum):
    """Where an order stands; `execution.lifecycle` holds the table of its moves."""

    RECEIVED = "received"
    CHECKED = "checked"
    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    PARTIALLY_FILLED = "partially_filled"
    PENDING_CANCEL = "pending_cancel"
    PENDING_REPLACE = "pending_replace"
    SUSPENDED = "suspended"
    UNKNOWN = "unknown"
    FILLED = "filled"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    REJECTED = "rejected"
    REFUSED = "refused"

    @property
    def is_terminal(self) -> bool:
        """Nothing but a late fill can still happen."""
        return self in _TERMINAL


_TERMINAL = frozenset(
    {
        OrderStatus.FILLED,
        OrderStatus.CANCELLED,
        OrderStatus.EXPIRED,
        OrderStatus.REJECTED,
        OrderStatus.REFUSED,
    }
)


def order_id_of(account_id: str, idempotency_key: str) -> str:
    """Derive the order's id from its intent, so that a retry names the same order."""
    return str(uuid5(_ORDERS, f"{account_id}/{idempotency_key}"))


def client_order_id_of(order_id: str, *, leg: int = 0, piece: int = 0) -> str:
    """Derive the id the venue knows: one per leg of a bracket and slice of a parent."""
    return f"{order_id}-{leg}-{piece}"


@dataclass(frozen=True, slots=True)
class OrderIntent:
    """What somebody wants done, complete; only the venue's restatement of an open order changes it.

    occurred_at is market time (the replay's or the exchange's clock) when it was received.
    strategy_id: the strategy whose profit and loss it makes; empty is the account's alone.
    do_not_reduce, do_not_increase: DNR and DNI of ExecInst (18), while it is open: a dividend or
        spin-off leaves its price, a split or stock dividend its quantity.
    """

    order_id: str
    client_order_id: str
    account_id: str
    owner: str
    instrument: str
    side: Side
    type: OrderType
    quantity: Quantity
    time_in_force: TimeInForce
    currency: str
    occurred_at: datetime
    limit_price: Price | None = None
    stop_price: Price | None = None
    strategy_id: str = ""
    do_not_reduce: bool = False
    do_not_increase: bool = False

    def __post_init__(self) -> None:
        if self.occurred_at.tzinfo is None:
            raise ValueError(f"occurred_at must be timezone-aware, was {self.occurred_at}")
        if self.quantity <= 0:
            raise ValueError(f"quantity must be positive, was {self.quantity}")
        needs_limit = self.type in (OrderType.LIMIT, OrderType.STOP_LIMIT)
        needs_stop = self.type in (OrderType.STOP, OrderType.STOP_LIMIT)
        if (self.limit_price is not None) != needs_limit:
            raise ValueError(f"a {self.type} order with limit_price {self.limit_price}")
        if (self.stop_price is not None) != needs_stop:
            raise ValueError(f"a {self.type} order with stop_price {self.stop_price}")

    @property
    def signed_quantity(self) -> Decimal:
        """Positive for a buy, negative for a sale."""
        return self.quantity * self.side.sign
