"""What portfolio needs from the world: its books in one transaction, a clock, ids, a workflow."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from bifrost.core.corporate_actions import CorporateAction
from bifrost.core.decisions import Reason
from bifrost.core.instruments import Instrument
from bifrost.events import BarClosed, Event, FillRecorded
from bifrost.portfolio.accounts import Account
from bifrost.portfolio.imports.ports import ImportStore
from bifrost.portfolio.ledger import Entry, Posting
from bifrost.portfolio.lot_selection import LotMethod, Selection
from bifrost.portfolio.lots import Closure, Lot, LotChange
from bifrost.portfolio.portfolios import Portfolio
from bifrost.portfolio.statements import BreakStore, RunStore, StatementStore
from bifrost.portfolio.valuation import Balance, SessionValuation
from bifrost.portfolio.watchlists import Watchlist

if TYPE_CHECKING:
    from bifrost.portfolio.journal import Step


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
    is_revised: a corporate action or a correction has changed it since.
    """

    lot_id: str
    quantity: Decimal
    cost_change: Decimal
    open_quantity: Decimal
    open_cost: Decimal
    is_revised: bool = False


@dataclass(frozen=True, slots=True)
class Outlook:
    """How far an account has met corporate actions, and what waits for it.

    through: the last session whose actions it has met. market: the market's newest.
    newest: the last revision of any action that is known. stale_since: the first ex-date of
    actions that were corrected, or announced, after the account had met their day.
    is_passed: a fill of the session that was asked for would come before what has been met.
    due: actions later than `through` on what is held.
    """

    through: date
    newest: int
    market: date | None
    stale_since: date | None
    is_passed: bool
    due: tuple[CorporateAction, ...]

    def by(self, session: date) -> date:
        """Return the session that the account has reached: this one, or a later one."""
        return max(session, self.through, self.market or session)


@dataclass(frozen=True, slots=True)
class Applied:
    """What an action changed in an account; `due` is 0 where nothing is paid later."""

    account_id: str
    action_id: str
    revision: int
    ex_date: date
    transaction_id: str | None
    is_imported: bool
    due: Decimal
    paid_on: date
    payment_id: str | None = None


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

    def standing(self, account_id: str, origins: Sequence[str]) -> list[Posted]:
        """Return, with their entries, what stands for these references and is not reversed."""

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

    def all_open(self, account_id: str) -> list[Lot]:
        """Return every lot of the account of which something is left."""

    def found(self, account_id: str, lots: Sequence[Lot]) -> None:
        """Write lots that are not known yet."""

    def close(self, posting: Posting, closures: Sequence[Closure]) -> None:
        """Write what a posting closed; the lots themselves are revised."""

    def revise(self, transaction_id: str, changed: Sequence[tuple[Lot, Lot]]) -> None:
        """Write what lots were and are, by an action or a correction."""

    def revised_by(self, transaction_id: str) -> list[tuple[Lot, Lot]]:
        """Return what lots were before an action, and after it."""

    def closures_of(self, transaction_ids: Sequence[str]) -> dict[str, tuple[Closure, ...]]:
        """Return what each of these transactions closed."""

    def still_named(self, account_id: str) -> dict[str, Selection]:
        """Return what orders have named and not closed."""

    def rechoose(
        self, account_id: str, selections: Mapping[str, Selection], after_fill: int, at: datetime
    ) -> None:
        """Write what is still named, in quantities as of now."""


class JournalStore(Protocol):
    """Keeps what changed each account's books, for ever."""

    def add(self, account_id: str, step: "Step", outlook: Outlook | None = None) -> None:
        """Write a step; with an outlook, its session is the account's newest from now on."""

    def stream(self, account_id: str) -> "Iterator[Step]":
        """Yield the account's steps in their order, never all at once."""

    def undone(self, account_id: str, through: date) -> frozenset[str]:
        """Name the transactions that a later step reverses, as of the end of the session."""


class ActionStore(Protocol):
    """Keeps corporate actions, and how far each account has met them."""

    def put(self, action: CorporateAction, at: datetime) -> None:
        """Keep a revision; one that is known is kept as it was."""

    def revision(self, action_id: str, revision: int) -> CorporateAction:
        """Return a revision that is kept."""

    def outlook(self, account_id: str, session: date, instrument: str = "") -> Outlook:
        """Say what the account has met, and what waits for it, by the session."""

    def advance(self, account_id: str, through: date, newest: int) -> None:
        """Say that the account has met every action up to the session, as known by then."""

    def waiting(self, since: date, heard_since: datetime) -> list[str]:
        """Name accounts that something waits for: actions later than `since`, or payments, or
        revisions that were recorded since then.
        """

    def concerning(self, account_id: str) -> list[CorporateAction]:
        """Return the standing actions on what the account's fills can have led to."""

    def applied(self, account_id: str, since: date) -> list[Applied]:
        """Return what actions with an ex-date from `since` on have changed in the account."""

    def unpaid(self, account_id: str, session: date) -> list[Applied]:
        """Return what is to be paid by the session and is not."""

    def record(self, applied: Applied) -> None:
        """Keep what an action changed, in the place of what was known of it."""

    def forget(self, account_id: str, action_ids: Sequence[str]) -> None:
        """Actions that changed nothing, as it is known now."""

    def refuse(self, account_id: str, action: CorporateAction, reason: str, at: datetime) -> None:
        """Keep why an action could not be applied."""


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


class FactStore(Protocol):
    """What was heard, and what will be told."""

    def once(self, event: Event) -> bool:
        """Say whether the event is new here, and remember it."""

    def in_order(self, event: FillRecorded) -> list[FillRecorded]:
        """Return the fills that may now be applied, in their account's order."""

    def fills_applied(self, account_id: str) -> int:
        """Return the sequence of the last fill applied to the account; 0 if none."""

    def publish(self, *events: Event) -> None:
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
    def breaks(self) -> BreakStore:
        """Breaks."""

    @property
    def statements(self) -> StatementStore:
        """Statements."""

    @property
    def runs(self) -> RunStore:
        """Comparisons."""

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
