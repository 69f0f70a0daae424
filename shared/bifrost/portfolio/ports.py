"""What portfolio needs from the world: its books in one transaction, a clock, ids, a workflow."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Protocol

from bifrost.core.decisions import Reason
from bifrost.events import BarClosed, Event, FillRecorded
from bifrost.portfolio.accounts import Account
from bifrost.portfolio.ledger import Entry, Posting
from bifrost.portfolio.lots import Lot, LotChange
from bifrost.portfolio.reconciliation import BreakKind, Difference
from bifrost.portfolio.valuation import Balance, SessionValuation


class WithdrawalStatus(StrEnum):
    """Where a withdrawal stands; posted and refused are its ends."""

    REQUESTED = "requested"
    POSTED = "posted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Cash that somebody wants out; the ledger has it only once it is posted."""

    withdrawal_id: str
    account_id: str
    amount: Decimal
    currency: str
    status: WithdrawalStatus
    reasons: tuple[Reason, ...]
    occurred_at: datetime
    is_market_time: bool
    recorded_at: datetime
    transaction_id: str | None = None
    event_id: str | None = None


@dataclass(frozen=True, slots=True)
class Posted:
    """A transaction as the ledger keeps it; `place` grows with every one."""

    place: int
    transaction_id: str
    account_id: str
    kind: str
    reference: str
    description: str
    event_id: str
    occurred_at: datetime
    recorded_at: datetime
    entries: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class Break:
    """A difference with its age; open until a reconciliation no longer finds it."""

    account_id: str
    book: str
    kind: BreakKind
    subject: str
    ours: Decimal
    theirs: Decimal
    first_seen: datetime
    last_seen: datetime


class AccountStore(Protocol):
    """Keeps accounts."""

    def add(self, account: Account) -> None:
        """Write a new account and its default portfolio."""

    def locked(self, account_id: str) -> Account:
        """Return the account, its books held until the end of the transaction.

        Raises NotFoundError where there is none.
        """


class LedgerStore(Protocol):
    """Keeps postings, for ever."""

    def post(self, posting: Posting) -> None:
        """Write the transaction, its entries and the balances that they change."""

    def find(self, account_id: str, reference: str) -> Posted | None:
        """Return the transaction of that reference, without its entries."""

    def balances(self, account_id: str) -> list[Balance]:
        """Return what every ledger account sums to, positions with their last prices."""


class LotStore(Protocol):
    """Keeps lots."""

    def open_lots(self, account_id: str, instrument: str) -> list[Lot]:
        """Return the lots of which something is left."""

    def change(self, posting: Posting, change: LotChange) -> None:
        """Write what the posting's fill closed and opened."""


class MarkStore(Protocol):
    """Keeps the market's prices."""

    def put(self, bar: BarClosed) -> None:
        """Keep the bar's close; of two for one instant the one recorded later stands."""

    def market_time(self) -> datetime | None:
        """Return the newest instant of the market that is known; None before the first bar."""


class WithdrawalStore(Protocol):
    """Keeps withdrawals."""

    def add(self, withdrawal: Withdrawal) -> None:
        """Write a request."""

    def locked(self, withdrawal_id: str) -> Withdrawal:
        """Return it, held until the transaction's end; raise NotFoundError where none is."""

    def settle(self, withdrawal: Withdrawal) -> None:
        """Write how it ended."""

    def undecided(self, before: datetime) -> list[Withdrawal]:
        """Return those asked for before this instant of wall time that have no end yet."""


class BreakStore(Protocol):
    """Keeps differences between the venue's books and ours."""

    def see(
        self, account_id: str, differences: tuple[Difference, ...], at: datetime
    ) -> list[Break]:
        """Write what is seen now, close what is not, and return every open break."""


class FactStore(Protocol):
    """What was heard, and what will be told."""

    def once(self, event: Event) -> bool:
        """Say whether the event is new here, and remember it."""

    def in_order(self, event: FillRecorded) -> list[FillRecorded]:
        """Return the fills that may now be applied, in their account's order."""

    def fills_applied(self, account_id: str) -> int:
        """Return the sequence of the last fill applied to the account; 0 if none."""

    def publish(self, event: Event) -> None:
        """Tell everybody, once the transaction is kept."""


class KeyStore(Protocol):
    """Keeps Idempotency-Keys."""

    def claim(self, *, scope: str, key: str, body: dict[str, Any], resource_id: str) -> str | None:
        """Take the key; return None, or the resource that has it. Raises KeyReusedError."""


class Books(Protocol):
    """All stores, in one transaction."""

    @property
    def accounts(self) -> AccountStore:
        """Accounts."""

    @property
    def ledger(self) -> LedgerStore:
        """The ledger."""

    @property
    def lots(self) -> LotStore:
        """Lots."""

    @property
    def marks(self) -> MarkStore:
        """Prices."""

    @property
    def withdrawals(self) -> WithdrawalStore:
        """Withdrawals."""

    @property
    def breaks(self) -> BreakStore:
        """Breaks."""

    @property
    def facts(self) -> FactStore:
        """Events in and out."""

    @property
    def keys(self) -> KeyStore:
        """Idempotency-Keys."""


class Library(Protocol):
    """Opens the books."""

    def open(self) -> AbstractContextManager[Books]:
        """Begin a transaction: everything done in it is kept, or nothing is."""


class Reader(Protocol):
    """Reads for people; each raises NotFoundError for what is unknown or another owner's."""

    def accounts(self, owner: str, *, after: int, limit: int) -> list[Account]:
        """Return the owner's accounts whose place is past `after`, oldest first."""

    def account(self, owner: str, account_id: str) -> Account:
        """Return one account."""

    def account_of_portfolio(self, owner: str, portfolio_id: str) -> Account:
        """Return the account of a portfolio."""

    def balances(self, account_id: str) -> list[Balance]:
        """Return the account's balances as of one instant."""

    def ledger(self, account_id: str, *, before: int, limit: int) -> list[Posted]:
        """Return transactions whose place is before `before`, newest first, with entries."""

    def valuations(self, account_id: str, *, before: date, limit: int) -> list[SessionValuation]:
        """Return the account's worth at each session's close before `before`, newest first."""


class Clock(Protocol):
    """Wall time."""

    def now(self) -> datetime:
        """Return this instant, in UTC."""


class Ids(Protocol):
    """Where new ids come from."""

    def new(self) -> str:
        """Return an id that nothing else has."""


class Workflows(Protocol):
    """Runs a workflow to its end."""

    def run(self, workflow: str, workflow_input: dict[str, Any]) -> dict[str, Any]:
        """Return its output; raise UnavailableError where it did not finish."""
