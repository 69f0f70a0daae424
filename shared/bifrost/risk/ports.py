"""What risk needs from the world: a gate per account behind which its numbers stand still."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

from bifrost.core.breaks import Break
from bifrost.core.decisions import Decision
from bifrost.core.orders import OrderIntent
from bifrost.risk.limits import Exposure, Limits
from bifrost.risk.reconciliation import Difference, Holdings

if TYPE_CHECKING:
    from bifrost.events import Event


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Cash that somebody wants out, in one currency; `amount` is positive."""

    withdrawal_id: str
    account_id: str
    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        if self.amount <= 0:
            raise ValueError(f"amount must be positive, was {self.amount}")


@dataclass(frozen=True, slots=True)
class Facts:
    """What an order is judged by, and the answer it already has, if it has one."""

    exposure: Exposure
    limits: Limits
    answered: Decision | None


@dataclass(frozen=True, slots=True)
class Judgement:
    """A decision, and everything needed to reach it again.

    reserve_per_share: the cash to hold for each open share while the order is open.
    inputs: all that was looked at, as plain JSON.
    """

    decision: Decision
    limits: Limits
    reserve_per_share: Decimal
    inputs: dict[str, Any]
    code_version: str


class OrderFacts(Protocol):
    """What is known of one account's orders."""

    def facts(self, order: OrderIntent) -> Facts:
        """Read what the order is judged by; raise UnavailableError where that is not known yet."""


class OrderGate(OrderFacts, Protocol):
    """One account's orders, inside one transaction."""

    def keep(self, order: OrderIntent, judgement: Judgement) -> Callable[[], Decision]:
        """Store the decision and, if accepted, the reservation, with the transaction's end.

        What is returned says after that end which decision stands: another one where the order
        was answered, released or ended in the meantime.
        """


class OrderGates(Protocol):
    """Where orders are let in."""

    def locked(self, account_id: str) -> AbstractContextManager[OrderGate]:
        """Open the account's gate: nobody else decides on it until this one is through."""

    def glance(self) -> AbstractContextManager[OrderFacts]:
        """Look without holding anybody up; what is seen may be old when it is used."""

    def release(self, order_id: str) -> None:
        """Free the whole reservation of an order that was never sent, now or if it comes late."""


@dataclass(frozen=True, slots=True)
class FreeCash:
    """What a withdrawal is judged by, and the answer it already has, if it has one."""

    buying_power: Decimal
    answered: Decision | None


class WithdrawalGate(Protocol):
    """One account's withdrawals, inside one transaction."""

    def free_cash(self, withdrawal: Withdrawal) -> FreeCash:
        """Read what it is judged by; raise UnavailableError where that is not known yet."""

    def keep(self, withdrawal: Withdrawal, decision: Decision) -> Decision:
        """Store the decision, which reserves the cash if accepted; return the one that stands."""


class WithdrawalGates(Protocol):
    """Where cash is let out, under the same lock as orders."""

    def locked(self, account_id: str) -> AbstractContextManager[WithdrawalGate]:
        """Open the account's gate: nobody else decides on it until this one is through."""

    def release(self, withdrawal_id: str, account_id: str) -> None:
        """Let go of what a withdrawal holds, now or if its reservation comes late."""


@dataclass(frozen=True, slots=True)
class AccountCash:
    """An account's cash in its own currency; `reserved` has a claim on it."""

    account_id: str
    currency: str
    cash: Decimal
    reserved: Decimal


class AccountReader(Protocol):
    """What risk tells of an account."""

    def cash_of(self, account_id: str, owner: str) -> AccountCash:
        """Return its cash; raise NotFoundError where this owner has no such account."""

    def has_heard(self, event_id: str) -> bool:
        """Say whether the event is in these numbers."""


class LimitBook(Protocol):
    """The dated limits; versions are added, never changed."""

    def owner_of(self, account_id: str) -> str:
        """Return whose account it is; raise NotFoundError where there is none such."""

    def in_force(self, account_id: str, as_of: date) -> Limits:
        """Return the account's own newest version in force on that date, else the default's."""

    def add(self, account_id: str, limits: Limits, added_by: str) -> Limits:
        """Add the next version of the account's limits and return it, numbered."""

    def market_time(self) -> datetime | None:
        """Return when the newest bar that risk has heard of closed; None before the first."""


class FactKeeper(Protocol):
    """Risk's own copy of what happened elsewhere."""

    def hear(self, event: "Event") -> None:
        """Apply the event, once however often and whenever it arrives."""


class Comparison(Protocol):
    """One account held against the venue, inside one transaction."""

    def holdings(self, currency: str) -> Holdings:
        """Return what is held, as of one instant."""

    def open_breaks(self) -> list[Break]:
        """Return the open breaks, the oldest first."""

    def see(self, differences: list[Difference], at: datetime) -> list[Break]:
        """Write what is seen now, close what is not, and return every open break."""


class Comparisons(Protocol):
    """Where risk is held against the venue."""

    def locked(self, account_id: str) -> AbstractContextManager[Comparison]:
        """Hold the account still; raise UnavailableError where it is not known yet."""
