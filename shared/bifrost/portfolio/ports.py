"""What portfolio needs from the world: its books in one transaction, a clock, ids, a workflow."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from bifrost.core.decisions import Reason
from bifrost.core.instruments import Instrument
from bifrost.portfolio.accounts import Account
from bifrost.portfolio.book_ports import (
    ActionStore,
    Applied,
    JournalStore,
    LedgerStore,
    LotAdjustment,
    LotMethodStore,
    LotRevisionStore,
    LotStore,
    Outlook,
    Posted,
)
from bifrost.portfolio.valuation import Balance, SessionValuation

if TYPE_CHECKING:
    from bifrost.events import BarClosed, Event, FillRecorded
    from bifrost.portfolio.imports.ports import ImportStore
    from bifrost.portfolio.portfolios import Portfolio
    from bifrost.portfolio.statements import BreakStore, RunStore, StatementStore
    from bifrost.portfolio.watchlists import Watchlist

__all__ = [
    "ActionStore",
    "Applied",
    "JournalStore",
    "LedgerStore",
    "LotAdjustment",
    "LotMethodStore",
    "LotRevisionStore",
    "LotStore",
    "Outlook",
    "Posted",
]


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


class AccountStore(Protocol):
    """Keeps accounts."""

    def add(self, account: Account) -> None:
        """Write a new account and the portfolio of its books."""

    def locked(self, account_id: str) -> Account:
        """Return the account, its books held until the end of the transaction.

        Raises NotFoundError where there is none.
        """

    def change(self, account: Account) -> None:
        """Write its name, version and archival, the last for its portfolio and strategies too."""


class PortfolioStore(Protocol):
    """Keeps portfolios."""

    def add(self, portfolio: "Portfolio") -> None:
        """Write a new one."""

    def locked(self, owner: str, portfolio_id: str) -> "Portfolio":
        """Return the owner's portfolio, all of the owner's held until the transaction's end.

        Raises NotFoundError where there is none.
        """

    def change(self, portfolio: "Portfolio") -> None:
        """Write its name, parent, version and archival."""

    def is_below(self, portfolio_id: str, root: str) -> bool:
        """Say whether one stands somewhere below the other, or is the other."""

    def children(self, portfolio_id: str) -> list[str]:
        """Name those right below it that are not archived."""


class InstrumentStore(Protocol):
    """Keeps what is listed."""

    def put(self, instrument: Instrument, recorded_at: datetime) -> None:
        """Keep its terms; the newest recorded stand."""

    def known(self, symbols: tuple[str, ...]) -> frozenset[str]:
        """Return those of them that are listed."""


class WatchlistStore(Protocol):
    """Keeps watchlists."""

    def add(self, watchlist: "Watchlist") -> None:
        """Write a new one."""

    def locked(self, owner: str, watchlist_id: str) -> "Watchlist":
        """Return the owner's, held until the transaction's end; raise NotFoundError."""

    def change(self, watchlist: "Watchlist") -> None:
        """Write its name, instruments and version."""

    def remove(self, watchlist_id: str) -> None:
        """Forget it."""


class MarkStore(Protocol):
    """Keeps the market's prices."""

    def put(self, bar: "BarClosed") -> None:
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


class FactStore(Protocol):
    """What was heard, and what will be told."""

    def once(self, event: "Event") -> bool:
        """Say whether the event is new here, and remember it."""

    def in_order(self, event: "FillRecorded") -> "list[FillRecorded]":
        """Return the fills that may now be applied, in their account's order."""

    def hold(self, event: "FillRecorded") -> None:
        """Keep a fill for later, whoever holds its account now."""

    def put_back(self, fills: "Sequence[FillRecorded]") -> None:
        """Let fills that `in_order` or `take_next` gave wait again."""

    def take_next(self, account_id: str) -> "FillRecorded | None":
        """Return the account's next fill, if it is here and waits."""

    def fills_applied(self, account_id: str) -> int:
        """Return the sequence of the last fill applied to the account; 0 if none."""

    def publish(self, *events: "Event") -> None:
        """Tell everybody, once the transaction is kept."""


class KeyStore(Protocol):
    """Keeps Idempotency-Keys."""

    def claim(self, *, scope: str, key: str, body: dict[str, Any], resource_id: str) -> str | None:
        """Take the key; return None, or the resource that has it. Raises KeyReusedError."""


class Books(Protocol):
    """All stores, in one transaction."""

    def attempt(self) -> AbstractContextManager[None]:
        """Check what is done within; undo it, and raise ConflictError, where it may not be."""

    @property
    def accounts(self) -> AccountStore:
        """Accounts."""

    @property
    def portfolios(self) -> PortfolioStore:
        """Portfolios."""

    @property
    def instruments(self) -> InstrumentStore:
        """Instruments."""

    @property
    def watchlists(self) -> WatchlistStore:
        """Watchlists."""

    @property
    def ledger(self) -> LedgerStore:
        """The ledger."""

    @property
    def lots(self) -> LotStore:
        """Lots."""

    @property
    def methods(self) -> LotMethodStore:
        """Standing methods of single instruments."""

    @property
    def revisions(self) -> LotRevisionStore:
        """What actions made of lots."""

    @property
    def journal(self) -> JournalStore:
        """The journal."""

    @property
    def actions(self) -> ActionStore:
        """Corporate actions."""

    @property
    def marks(self) -> MarkStore:
        """Prices."""

    @property
    def withdrawals(self) -> WithdrawalStore:
        """Withdrawals."""

    @property
    def breaks(self) -> "BreakStore":
        """Breaks."""

    @property
    def statements(self) -> "StatementStore":
        """Statements."""

    @property
    def runs(self) -> "RunStore":
        """Comparisons."""

    @property
    def facts(self) -> FactStore:
        """Events in and out."""

    @property
    def keys(self) -> KeyStore:
        """Idempotency-Keys."""

    @property
    def imports(self) -> "ImportStore":
        """Imports."""


class Library(Protocol):
    """Opens the books."""

    def open(self, patience: timedelta | None = None) -> AbstractContextManager[Books]:
        """Begin a transaction: everything done in it is kept, or nothing is.

        patience: how long to wait for each row that another holds; raises BusyError after that.
        """


class Reader(Protocol):
    """Reads one owner's books for people; what is another's is as unknown as what never was.

    Several accounts are read as one: their balances and sessions are added up.
    """

    def accounts(self, *, after: int, limit: int, archived: bool = False) -> list[Account]:
        """Return accounts whose place is past `after`, oldest first; all of them if `archived`."""

    def account(self, account_id: str) -> Account:
        """Return one account; raise NotFoundError."""

    def portfolios(self, *, after: int, limit: int, archived: bool = False) -> "list[Portfolio]":
        """Return portfolios whose place is past `after`, without the accounts they add up."""

    def portfolio(self, portfolio_id: str) -> "Portfolio":
        """Return one portfolio with the accounts that it adds up; raise NotFoundError."""

    def watchlists(self, *, after: int, limit: int) -> "list[Watchlist]":
        """Return watchlists whose place is past `after`, oldest first."""

    def watchlist(self, watchlist_id: str) -> "Watchlist":
        """Return one watchlist; raise NotFoundError."""

    def balances(self, *account_ids: str) -> list[Balance]:
        """Return the accounts' balances as of one instant."""

    def ledger(self, *account_ids: str, before: int, limit: int) -> list[Posted]:
        """Return transactions whose place is before `before`, newest first, with entries."""

    def valuations(
        self, *account_ids: str, before: date, limit: int | None
    ) -> list[SessionValuation]:
        """Return the accounts' worth at each session's close before `before`, newest first.

        limit: None is all of them.
        """


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
