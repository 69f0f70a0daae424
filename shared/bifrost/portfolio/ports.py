"""What portfolio needs from the world: its books in one transaction, a clock, ids, a workflow."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Protocol

from bifrost.core.decisions import Reason
from bifrost.core.instruments import Instrument
from bifrost.events import BarClosed, Event, FillRecorded
from bifrost.portfolio.accounts import Account
from bifrost.portfolio.imports.ports import ImportStore
from bifrost.portfolio.ledger import Entry, Posting
from bifrost.portfolio.lot_selection import LotMethod, Selection
from bifrost.portfolio.lots import Lot, LotChange
from bifrost.portfolio.portfolios import Portfolio
from bifrost.portfolio.reconciliation import BreakKind, Difference
from bifrost.portfolio.valuation import Balance, SessionValuation
from bifrost.portfolio.watchlists import Watchlist


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
    """A transaction as the ledger keeps it; `place` grows with every one.

    strategy_id: empty where it is no strategy's.
    """

    place: int
    transaction_id: str
    account_id: str
    kind: str
    reference: str
    description: str
    event_id: str
    occurred_at: datetime
    recorded_at: datetime
    reverses: str | None = None
    strategy_id: str = ""
    entries: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class LotAdjustment:
    """What a transaction changed of a lot's cost, and what is open of that lot now.

    quantity: what was open of it then.
    """

    lot_id: str
    quantity: Decimal
    cost_change: Decimal
    open_quantity: Decimal
    open_cost: Decimal


@dataclass(frozen=True, slots=True)
class Break:
    """A difference with its age; open until a reconciliation no longer finds it.

    cause, owner: why it is there, as far as the books tell, and who has to act on it.
    """

    account_id: str
    book: str
    kind: BreakKind
    subject: str
    ours: Decimal
    theirs: Decimal
    first_seen: datetime
    last_seen: datetime
    cause: str = ""
    owner: str = ""


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

    def add(self, portfolio: Portfolio) -> None:
        """Write a new one."""

    def locked(self, owner: str, portfolio_id: str) -> Portfolio:
        """Return the owner's portfolio, all of the owner's held until the transaction's end.

        Raises NotFoundError where there is none.
        """

    def change(self, portfolio: Portfolio) -> None:
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

    def add(self, watchlist: Watchlist) -> None:
        """Write a new one."""

    def locked(self, owner: str, watchlist_id: str) -> Watchlist:
        """Return the owner's, held until the transaction's end; raise NotFoundError."""

    def change(self, watchlist: Watchlist) -> None:
        """Write its name, instruments and version."""

    def remove(self, watchlist_id: str) -> None:
        """Forget it."""


class LedgerStore(Protocol):
    """Keeps postings, for ever."""

    def post(self, posting: Posting) -> None:
        """Write the transaction, its entries and the balances that they change."""

    def find(self, account_id: str, reference: str) -> Posted | None:
        """Return the transaction of that reference, without its entries."""

    def transaction(self, account_id: str, transaction_id: str) -> Posted:
        """Return the transaction with its entries; raise NotFoundError where there is none."""

    def reversal_of(self, transaction_id: str) -> str | None:
        """Return the transaction that reversed this one; None if none did."""

    def balances(self, account_id: str) -> list[Balance]:
        """Return what every ledger account sums to, positions with their last prices."""


class LotStore(Protocol):
    """Keeps lots."""

    def open_lots(self, account_id: str, instrument: str) -> list[Lot]:
        """Return the lots of which something is left."""

    def change(self, posting: Posting, change: LotChange) -> None:
        """Write what the posting's fill closed and opened."""

    def adjust(self, posting: Posting, before: list[Lot], after: list[Lot]) -> None:
        """Write the new costs of lots that the posting changes without a trade."""

    def adjustments(self, transaction_id: str) -> list[LotAdjustment]:
        """Return what the transaction changed of lots, and how they stand now."""

    def readjust(self, posting: Posting, undone: list[LotAdjustment]) -> None:
        """Give lots back what an adjustment took."""

    def selections(self, account_id: str, order_id: str) -> tuple[Selection | None, LotMethod]:
        """Return the order's own selection, if it has one, and the account's standing method."""

    def closed_by(self, account_id: str, order_id: str) -> dict[str, Decimal]:
        """Return how much of each lot the order's fills have closed."""

    def is_filling(self, account_id: str, order_id: str) -> bool:
        """Say whether a fill of the order has been booked."""

    def choose(
        self, account_id: str, order_id: str, selection: Selection, after_fill: int, at: datetime
    ) -> None:
        """Write how lots are chosen from now on."""

    def named(self, account_id: str, lot_ids: list[str]) -> list[Lot]:
        """Return the account's lots of these ids."""


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

    @property
    def imports(self) -> ImportStore:
        """Imports."""


class Library(Protocol):
    """Opens the books."""

    def open(self) -> AbstractContextManager[Books]:
        """Begin a transaction: everything done in it is kept, or nothing is."""


class Reader(Protocol):
    """Reads one owner's books for people; what is another's is as unknown as what never was.

    Several accounts are read as one: their balances and sessions are added up.
    """

    def accounts(self, *, after: int, limit: int, archived: bool = False) -> list[Account]:
        """Return accounts whose place is past `after`, oldest first; all of them if `archived`."""

    def account(self, account_id: str) -> Account:
        """Return one account; raise NotFoundError."""

    def portfolios(self, *, after: int, limit: int, archived: bool = False) -> list[Portfolio]:
        """Return portfolios whose place is past `after`, without the accounts they add up."""

    def portfolio(self, portfolio_id: str) -> Portfolio:
        """Return one portfolio with the accounts that it adds up; raise NotFoundError."""

    def watchlists(self, *, after: int, limit: int) -> list[Watchlist]:
        """Return watchlists whose place is past `after`, oldest first."""

    def watchlist(self, watchlist_id: str) -> Watchlist:
        """Return one watchlist; raise NotFoundError."""

    def balances(self, *account_ids: str) -> list[Balance]:
        """Return the accounts' balances as of one instant."""

    def ledger(self, *account_ids: str, before: int, limit: int) -> list[Posted]:
        """Return transactions whose place is before `before`, newest first, with entries."""

    def valuations(self, *account_ids: str, before: date, limit: int) -> list[SessionValuation]:
        """Return the accounts' worth at each session's close before `before`, newest first."""


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
