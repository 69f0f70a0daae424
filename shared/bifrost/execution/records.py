"""What execution keeps of an order: the unchanging intent, where it stands, and each step."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from bifrost.core.decisions import Reason
from bifrost.core.instruments import Instrument
from bifrost.core.orders import OrderIntent, OrderStatus
from bifrost.execution.switches import GateState


@dataclass(frozen=True, slots=True)
class Account:
    """An account as execution knows it; `fill_sequence` is the last fill counted in it."""

    account_id: str
    owner: str
    currency: str
    fill_sequence: int = 0


@dataclass(frozen=True, slots=True)
class Strategy:
    """A part of an account's books that orders may name, as portfolio last said.

    revision: which of its changes this is; they may be heard in any order.
    """

    strategy_id: str
    account_id: str
    name: str
    is_archived: bool
    revision: int


@dataclass(frozen=True, slots=True)
class OrderRecord:
    """An order and where it stands.

    filled_notional: the sum of quantity times price over its fills.
    workflow_starts: how often the sweeper has started its workflow again.
    steps: how many steps are written; the next one's position is one more.
    place: its number in the order of receipt, for paging; 0 until it is stored.
    """

    intent: OrderIntent
    status: OrderStatus
    correlation_id: str
    recorded_at: datetime
    updated_at: datetime
    filled_quantity: Decimal = Decimal(0)
    filled_notional: Decimal = Decimal(0)
    reasons: tuple[Reason, ...] = ()
    venue_text: str = ""
    workflow_starts: int = 0
    steps: int = 0
    place: int = 0

    @property
    def order_id(self) -> str:
        """The order's id."""
        return self.intent.order_id

    @property
    def open_quantity(self) -> Decimal:
        """What may still fill; zero once the order has ended."""
        if self.status.is_terminal:
            return Decimal(0)
        return max(self.intent.quantity - self.filled_quantity, Decimal(0))

    @property
    def average_price(self) -> Decimal | None:
        """What it filled at on average, to 8 decimals; None before the first fill."""
        if not self.filled_quantity:
            return None
        return (self.filled_notional / self.filled_quantity).quantize(Decimal("1e-8"))


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened to an order: in the market's time, and when it was written."""

    what: str
    status: OrderStatus
    occurred_at: datetime
    recorded_at: datetime
    detail: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant of the market; before the market has shown any, the wall clock's."""

    at: datetime
    is_market: bool = True

    @property
    def said(self) -> dict[str, str]:
        """As a step's detail shows it: nothing, unless the time is not the market's."""
        return {} if self.is_market else {"clock": "wall"}


# A claim's, when it is made; each who takes it over has the next one.
FIRST_FENCE = 1


@dataclass(frozen=True, slots=True)
class SendClaim:
    """The right to send an order: whoever holds the newest `fence` before its lease ends."""

    order_id: str
    fence: int
    sent_at: datetime
    lease_until: datetime
    answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class Round:
    """A round of reconciliations, begun at `stamp`; accounts up to `after` have been started."""

    stamp: str
    after: str


@dataclass(frozen=True, slots=True)
class Mark:
    """The last price of an instrument that the market showed."""

    instrument: str
    price: Decimal
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """A locked order, and what whoever would send it must know, as of one instant.

    market_time: None before the first bar; so is last_price.
    unresolved: another order of its account and instrument is `unknown`.
    """

    record: OrderRecord
    claim: SendClaim | None
    market_time: datetime | None
    instrument: Instrument | None
    last_price: Decimal | None
    unresolved: bool
    gate: GateState
