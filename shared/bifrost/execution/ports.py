"""What execution needs from the world: a venue to send to, workflows, the time and new ids.

Its own database is in `execution.books`.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from bifrost.core.bars import Bar
from bifrost.core.instruments import Instrument
from bifrost.core.money import Price, Quantity
from bifrost.core.orders import OrderStatus, OrderType, Side, TimeInForce

if TYPE_CHECKING:
    from bifrost.core.corporate_actions import CorporateAction
    from bifrost.core.statements import VenueStatement, WorkingOrders


@dataclass(frozen=True, slots=True)
class VenueOrder:
    """An order as the venue receives it; `client_order_id` is unique there for ever.

    placed_at: TransactTime (60), the market's time by whose shares its terms are; None says now.
    """

    client_order_id: str
    account_id: str
    instrument: str
    side: Side
    type: OrderType
    quantity: Quantity
    time_in_force: TimeInForce
    currency: str
    limit_price: Price | None = None
    stop_price: Price | None = None
    do_not_reduce: bool = False
    do_not_increase: bool = False
    placed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class VenueOrderState:
    """What the venue says of an order when asked: one of its own words, mapped to ours."""

    client_order_id: str
    status: OrderStatus
    filled_quantity: Decimal
    text: str = ""


class ReportKind(StrEnum):
    """FIX ExecType (tag 150), as far as a venue uses it."""

    TRADE = "trade"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    REJECTED = "rejected"
    RESTATED = "restated"


@dataclass(frozen=True, slots=True)
class Restatement:
    """An open order's new terms, for ExecRestatementReason (378) 0: a corporate action.

    open_quantity: LeavesQty (151), what is left to trade in shares as they are now.
    """

    instrument: str
    open_quantity: Decimal
    limit_price: Decimal | None
    stop_price: Decimal | None
    action_id: str


@dataclass(frozen=True, slots=True)
class ExecutionReport:
    """One thing the venue did to an order, in the order it did them (`sequence` grows).

    A trade carries quantity, price, commission and the instrument as it was traded; the others
    carry zeros. A restatement comes with its kind alone.
    """

    sequence: int
    execution_id: str
    client_order_id: str
    kind: ReportKind
    quantity: Decimal
    price: Decimal
    commission: Decimal
    occurred_at: datetime
    text: str = ""
    instrument: str = ""
    restatement: Restatement | None = None


class Broker(Protocol):
    """One venue. Every call has a deadline and none is retried here.

    Raises OutcomeUnknownError where a call that changes something got no answer, and
    UnavailableError where a read got none.
    """

    @property
    def venue(self) -> str:
        """The venue's name, half of a fill's identity."""

    def submit(self, order: VenueOrder) -> VenueOrderState:
        """Send once. A rejection is an answer; a known client_order_id is OutcomeUnknownError."""

    def cancel(self, client_order_id: str) -> VenueOrderState:
        """Ask to cancel; answer how the order stands now. Raises NotFoundError if never seen."""

    def find(self, client_order_id: str) -> VenueOrderState | None:
        """Look an order up; None only when the venue has never seen it."""

    def reports_after(self, sequence: int, limit: int) -> list[ExecutionReport]:
        """Return what happened after `sequence`, oldest first."""

    def statement(self, account_id: str) -> "VenueStatement":
        """Return the venue's books of the account, as of one instant."""


class VenueRecords(Protocol):
    """What the venue keeps of our orders and trades, to hold ours against."""

    @property
    def venue(self) -> str:
        """The venue's name, half of a fill's identity."""

    def working(self, account_id: str) -> "WorkingOrders":
        """Return the account's orders that work there; raise NotFoundError without account."""

    def trades(
        self, account_id: str, *, after: int, upto: int, limit: int
    ) -> list[ExecutionReport]:
        """Return the account's trades reported after `after` and up to `upto`, oldest first."""


class Funding(Protocol):
    """The paper venue's cash desk: a real broker's is a bank transfer outside this system."""

    def open_account(self, account_id: str, currency: str) -> None:
        """Open the account there; repeating it changes nothing."""

    def transfer(
        self, *, transfer_id: str, account_id: str, amount: Decimal, currency: str
    ) -> None:
        """Move cash in (positive) or out (negative), once per `transfer_id`."""


class MarketFeed(Protocol):
    """What the paper venue trades against; a real venue has its own market."""

    def close_bar(self, bar: Bar, currency: str) -> None:
        """Let the venue match its open orders of this instrument against the next bar."""


class Custodian(Protocol):
    """Where the paper venue hears what changes shares; a real one hears it from the issuer."""

    def list_instrument(self, instrument: Instrument) -> None:
        """Keep the instrument's tick and lot, new or changed."""

    def hear_action(self, action: "CorporateAction") -> None:
        """Keep this revision, once; books that it finds wrong are put right at once."""


class Workflows(Protocol):
    """State machines, by the name of their definition."""

    def start(self, workflow: str, name: str, workflow_input: dict[str, Any]) -> None:
        """Start an execution called `name`; one that exists already is success."""

    def run(self, workflow: str, workflow_input: dict[str, Any]) -> dict[str, Any]:
        """Run to the end and return the output; raise UnavailableError where it failed."""


class Clock(Protocol):
    """Wall time: for leases, ages and `recorded_at`, never for the market."""

    def now(self) -> datetime:
        """Return this instant, in UTC."""


class IdSource(Protocol):
    """New ids, for what has no intent to be derived from."""

    def new(self) -> str:
        """Return an id that nothing else has."""
