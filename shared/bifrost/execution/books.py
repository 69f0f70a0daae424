"""Execution's own books as its use cases see them: ports, each one role of one transaction.

Locks are taken in one order everywhere, so that no two transactions wait for each other:
a bar's stream, its mark and the market's time, the venue's cursor, the account, the order.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

from bifrost.core.fills import Fill
from bifrost.core.instruments import Instrument
from bifrost.core.orders import OrderStatus
from bifrost.execution.ports import ExecutionReport
from bifrost.execution.records import (
    Account,
    Mark,
    OrderRecord,
    Round,
    SendClaim,
    Standing,
    Step,
    Strategy,
)
from bifrost.execution.switches import GateState, Switch

if TYPE_CHECKING:  # an order's way does not pay for comparing, nor for others' events
    from bifrost.core.corporate_actions import CorporateAction
    from bifrost.events import BarClosed, Event
    from bifrost.execution.comparison_books import Comparisons, Evidence


class Orders(Protocol):
    """Orders, written with their steps."""

    def add(self, record: OrderRecord, *, key: str, body: dict[str, Any]) -> OrderRecord | None:
        """Write a new order down; return None, or the order that has its id already.

        Raises KeyReusedError where that one was asked for with another body.
        """

    def lock(self, order_id: str) -> OrderRecord:
        """Lock the order's account, then the order; raise NotFoundError where there is none."""

    def lock_by_client_id(self, client_order_id: str) -> OrderRecord | None:
        """Lock as `lock` does; None where the id is not one of ours."""

    def save(self, record: OrderRecord, *steps: Step) -> OrderRecord:
        """Keep where the order stands now and add the steps that brought it there."""

    def restate(self, record: OrderRecord, step: Step) -> OrderRecord:
        """Keep the order with its new terms, and the step that brought them."""


class OrderReads(Protocol):
    """Orders, as they are shown."""

    def find(self, order_id: str) -> OrderRecord | None:
        """Return the order without locking it."""

    def steps(self, order_id: str, *, after: int = 0, limit: int | None = None) -> list[Step]:
        """Return the order's steps without the first `after`, oldest first; all for no limit."""

    def page(
        self,
        owner: str,
        *,
        account_id: str | None,
        status: OrderStatus | None,
        before: int | None,
        limit: int,
    ) -> list[OrderRecord]:
        """Return the owner's orders, the newest first, from below the place `before`."""


class WaitingOrders(Protocol):
    """What the sweeper looks for: of each, as many as one sweep can look after."""

    def unstarted(self, now: datetime, patience: timedelta) -> list[OrderRecord]:
        """Return orders not yet sent whose workflow counts as dead.

        It does once its last start is `patience` ago, twice as long after each restart.
        """

    def claim_start(self, seen: OrderRecord, now: datetime) -> OrderRecord | None:
        """Count one more start of its workflow: the count is the new fence.

        None where the order is not as it was seen: somebody was faster, or it has moved on.
        """

    def may_start(self, claimed: OrderRecord) -> bool:
        """Say whether nobody has claimed a later start, and the order is still not sent."""

    def unanswered(self, now: datetime) -> list[str]:
        """Return orders that were sent, have no answer, and whose sender's lease has ended."""

    def pending_cancels(self, before: datetime) -> list[str]:
        """Return orders whose cancel the venue has not settled since that instant."""


class SendClaims(Protocol):
    """The right to send an order: one holder at a time, newest fence wins."""

    def lock(self, order_id: str, venue: str, now: datetime) -> Standing:
        """Lock as `Orders.lock` does, and read all that a sender asks in the same breath."""

    def claim(self, order: OrderRecord, now: datetime, lease_until: datetime) -> Callable[[], bool]:
        """Write the intent to send down, under the first fence; there must be none yet.

        What is returned says after the transaction's end what `holds` said right behind its
        commit.
        """

    def renew(self, claim: SendClaim, now: datetime, lease_until: datetime) -> int | None:
        """Take an unanswered claim over and return the new fence; None if someone was faster."""

    def holds(self, order_id: str, fence: int, now: datetime) -> bool:
        """Say whether this fence may still send: newest, in its lease, unanswered, not halted."""

    def answer(self, order_id: str, now: datetime) -> None:
        """Note that the venue has given its word on the order."""


class Switches(Protocol):
    """The kill switch, and what else the gate knows of an account."""

    def gate(self, account_id: str, now: datetime) -> GateState:
        """Read what the gate knows of the account."""

    def lock(self, account_id: str | None) -> None:
        """Wait for claims under way in the account or, for None, on the desk; hold off others."""

    def put(self, switch: Switch) -> None:
        """Set the switch and keep the change for the audit."""

    def of_account(self, account_id: str) -> Switch | None:
        """Return the account's own switch; None where it was never set."""

    def in_force(self, owner: str | None) -> list[Switch]:
        """Return the desk's switch and those of the owner's accounts; of all accounts for None."""


class Exposures(Protocol):
    """What the gate asks about an account's other orders in the instrument."""

    def unresolved(self, order: OrderRecord) -> bool:
        """Say whether another order of the account and instrument is `unknown`."""

    def position(self, account_id: str, instrument: str) -> Decimal:
        """Return the signed quantity of the account's fills, after corporate actions."""

    def closing(self, order: OrderRecord) -> Decimal:
        """Return the open quantity of the account's other orders on this order's side."""


class Fills(Protocol):
    """Fills, unique by (venue, execution_id) and counted per account."""

    def add(self, fill: Fill, *, report_sequence: int, now: datetime) -> int | None:
        """Keep the fill and return its number in the account; None where it is known."""

    def sequence_at(self, account_id: str, venue: str, report_sequence: int) -> int:
        """Return the account's last fill that the venue reported up to that report."""


class ReportLog(Protocol):
    """How far the venue's reports have been read."""

    def cursor(self, venue: str) -> int:
        """Return the last report applied, 0 before the first, and lock nothing."""

    def lock_cursor(self, venue: str) -> int:
        """Lock the cursor and return the last report applied; one reader at a time."""

    def move_cursor(self, venue: str, sequence: int) -> None:
        """Note that everything up to `sequence` is applied."""

    def keep_unmatched(self, venue: str, report: ExecutionReport, now: datetime) -> None:
        """Keep a report on an order that we do not know, for a person to look at."""


class Listings(Protocol):
    """Accounts, their strategies and instruments, as other capabilities announced them."""

    def account(self, account_id: str) -> Account | None:
        """Return the account."""

    def accounts(self, *, after: str, limit: int) -> list[str]:
        """Return the ids of accounts past `after`, in their order."""

    def open_account(self, account: Account) -> None:
        """Keep the account; a known one stays as it is."""

    def instrument(self, symbol: str) -> Instrument | None:
        """Return the instrument."""

    def list_instrument(self, instrument: Instrument) -> None:
        """Keep the instrument's terms, new or changed."""

    def strategy(self, strategy_id: str) -> Strategy | None:
        """Return the strategy."""

    def keep_strategy(self, strategy: Strategy) -> None:
        """Keep the strategy, unless a later revision of it is known."""


class Actions(Protocol):
    """Corporate actions, as far as orders that are not yet sent and positions need them."""

    def keep(self, action: "CorporateAction") -> None:
        """Keep the action, unless a later revision of it is known."""

    def happened(
        self, instrument: str, currency: str, *, after: date, upto: date
    ) -> "list[CorporateAction]":
        """Return what stands of the instrument after one ex-date and up to another, in order."""


class Rounds(Protocol):
    """The round in which every account is reconciled; one at a time."""

    def begin(self, stamp: str) -> None:
        """Begin a round of that name, in place of one that is not through."""

    def current(self) -> Round | None:
        """Return the round that is not through; None where there is none."""

    def move(self, round_: Round, after: str | None) -> None:
        """Note how far the round is; None where it is through. A newer round stays as it is."""


class Market(Protocol):
    """The market as far as its bars have come."""

    def time(self, venue: str) -> datetime | None:
        """Return the market's time: the latest close seen; None before the first bar."""

    def close(self, venue: str, mark: Mark) -> None:
        """Keep the instrument's last price and move the market's time, never backwards."""

    def mark(self, instrument: str) -> Mark | None:
        """Return the instrument's last price."""

    def marks(self, *, after: str, limit: int) -> list[Mark]:
        """Return the last prices of the instruments past `after`, by symbol."""


class Announcements(Protocol):
    """Events out, and events in once."""

    def publish(self, *events: "Event") -> None:
        """Write events down to be relayed after the transaction."""

    def once(self, event: "Event") -> bool:
        """Say whether this event is new here, and remember it."""

    def bars_in_order(self, event: "BarClosed") -> "list[BarClosed]":
        """Return the bars of this stream that may be applied now, in order."""


class Books(Protocol):
    """One transaction over execution's schema, by role."""

    @property
    def orders(self) -> Orders: ...
    @property
    def reads(self) -> OrderReads: ...
    @property
    def waiting(self) -> WaitingOrders: ...
    @property
    def claims(self) -> SendClaims: ...
    @property
    def switches(self) -> Switches: ...
    @property
    def exposures(self) -> Exposures: ...
    @property
    def fills(self) -> Fills: ...
    @property
    def reports(self) -> ReportLog: ...
    @property
    def listings(self) -> Listings: ...
    @property
    def actions(self) -> Actions: ...
    @property
    def rounds(self) -> Rounds: ...
    @property
    def evidence(self) -> "Evidence": ...
    @property
    def comparisons(self) -> "Comparisons": ...
    @property
    def market(self) -> Market: ...
    @property
    def announcements(self) -> Announcements: ...


class Desk(Protocol):
    """Execution's database."""

    def transaction(self) -> AbstractContextManager[Books]:
        """Open the books; all of what is written is kept, or none of it. A nested one joins."""

    def separately(self) -> AbstractContextManager[Books]:
        """Open the books to look: each statement sees and keeps by itself."""
