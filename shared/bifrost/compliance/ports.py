"""What compliance needs from the world: its rule book, its lists, and a log nobody can rewrite."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Protocol

from bifrost.compliance.rulebook import Circumstances, Rule
from bifrost.core.decisions import Decision
from bifrost.core.orders import OrderIntent

if TYPE_CHECKING:
    from bifrost.events import AccountOpened, BarClosed


@dataclass(frozen=True, slots=True)
class Facts:
    """What an order is judged by, and the answer it already has, if it has one."""

    rules: tuple[Rule, ...]
    circumstances: Circumstances
    answered: Decision | None


@dataclass(frozen=True, slots=True)
class Judgement:
    """A decision, and everything needed to reach it again; `inputs` is plain JSON."""

    decision: Decision
    rules: tuple[Rule, ...]
    inputs: dict[str, Any]
    code_version: str


class Docket(Protocol):
    """One order's case, inside one transaction."""

    def facts(self, order: OrderIntent) -> Facts:
        """Read what the order is judged by on its own date."""

    def keep(self, order: OrderIntent, judgement: Judgement) -> Decision:
        """Enter the decision in the log; return the one that stands, which is the first."""


class Dockets(Protocol):
    """Where orders are judged."""

    def open(self) -> AbstractContextManager[Docket]:
        """Open a transaction."""


@dataclass(frozen=True, slots=True)
class Restriction:
    """What somebody wants restricted: an instrument, in one account or (None) in all of them.

    Dates are the market's; effective_until is the first on which it no longer holds.
    """

    instrument: str
    account_id: str | None
    effective_from: date
    effective_until: date | None
    reason: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the restricted list."""

    entry_id: int
    restriction: Restriction
    added_by: str
    recorded_at: datetime
    ended_by: str | None


class RestrictedList(Protocol):
    """What may not be traded; rows are ended, never deleted."""

    def in_force(self, as_of: date) -> list[Entry]:
        """Return what is restricted on that date."""

    def put(self, restriction: Restriction, added_by: str) -> Entry:
        """Make this the one restriction of its instrument and account from its date on."""

    def end(self, instrument: str, account_id: str | None, until: date, ended_by: str) -> Entry:
        """End the restriction from `until` on; raise NotFoundError where none is in force then."""


@dataclass(frozen=True, slots=True)
class LoggedDecision:
    """A decision as the log has it; rules are (rule id, version, effective date) and more."""

    decision_id: str
    order_id: str
    account_id: str
    decision: Decision
    rules: list[dict[str, Any]]
    input_hash: str
    code_version: str
    occurred_at: datetime
    recorded_at: datetime


class DecisionLog(Protocol):
    """What was decided, for those it was decided for."""

    def of_order(self, order_id: str, owner: str) -> list[LoggedDecision]:
        """Return the order's decisions; empty where it has none or is somebody else's."""


class OwnerBook(Protocol):
    """Whose account is whose."""

    def hear(self, event: "AccountOpened") -> None:
        """Copy the account's owner, once however often the event arrives."""


class MarketClock(Protocol):
    """The market's time, as far as compliance has heard of its bars."""

    def hear(self, event: "BarClosed") -> None:
        """Move the time to the bar's close, never backwards."""

    def time(self) -> datetime | None:
        """Return when the newest bar closed; None before the first."""
