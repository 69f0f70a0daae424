"""What portfolio needs of its ledger, its lots, its journal and the actions that change them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

from bifrost.portfolio.journal import Step
from bifrost.portfolio.ledger import Entry, Posting
from bifrost.portfolio.lot_selection import LotMethod, Method, Selection
from bifrost.portfolio.lots import Closure, Lot, LotChange
from bifrost.portfolio.valuation import Balance

if TYPE_CHECKING:
    from bifrost.core.corporate_actions import CorporateAction


@dataclass(frozen=True, slots=True)
class Posted:
    """A transaction as the ledger keeps it; `place` grows with every one.

    stands_for: of one that a correction writes anew, the reference of the one it stands for.
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
    stands_for: str = ""
    strategy_id: str = ""
    is_market_time: bool = True
    entries: tuple[Entry, ...] = ()

    @property
    def origin(self) -> str:
        """What it says, whichever correction wrote it."""
        return self.stands_for or self.reference


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
    seen: the last revision of any action that it knows. newest: the last that is known.
    stale_since: the first ex-date of actions that were corrected, or announced, after the account
    had met their day.
    is_passed: a fill of the session that was asked for would come before what has been met.
    due: actions later than `through` on what is held. has_unpaid: something is to be paid.
    """

    through: date
    seen: int
    newest: int
    market: date | None
    stale_since: date | None
    is_passed: bool
    due: "tuple[CorporateAction, ...]"
    has_unpaid: bool

    def by(self, session: date) -> date:
        """Return the session that the account has reached: this one, or a later one."""
        return max(session, self.through, self.market or session)


@dataclass(frozen=True, slots=True)
class Applied:
    """What an action changed in an account; `due` is 0 where nothing is paid later.

    is_imported: it changed lots that were imported; own ones, and what they are due, are another.
    """

    account_id: str
    action_id: str
    revision: int
    ex_date: date
    transaction_id: str | None
    is_imported: bool
    due: Decimal
    paid_on: date
    payment_id: str | None = None


class LedgerStore(Protocol):
    """Keeps postings, for ever."""

    def post(self, posting: Posting) -> None:
        """Write the transaction, its entries and the balances that they change."""

    def post_all(self, postings: Sequence[Posting]) -> None:
        """Write transactions, in their order, in one statement."""

    def taken(self, account_id: str, references: Sequence[str]) -> frozenset[str]:
        """Name those of the references that a transaction has."""

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

    def selections(
        self, account_id: str, order_id: str, instrument: str = ""
    ) -> tuple[Selection | None, LotMethod]:
        """Return the order's own selection, if it has one, and the instrument's standing method."""

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

    def close(self, posting: Posting, closures: Sequence[Closure]) -> None:
        """Write what a posting closed; the lots themselves are revised."""

    def close_all(self, closed: Sequence[tuple[Posting, Sequence[Closure]]]) -> None:
        """Write what each posting closed, in one statement."""


class LotMethodStore(Protocol):
    """Keeps the standing methods of single instruments."""

    def of(self, account_id: str) -> dict[str, Method]:
        """Return the newest method of each instrument that has one of its own."""

    def keep(self, account_id: str, instrument: str, method: Method, at: datetime) -> None:
        """Write how sales of an instrument choose their lots from now on."""

    def carry(self, account_id: str, old: str, new: str) -> None:
        """Write what was chosen of an instrument, and when, of its new name too."""

    def has_averaged(self, account_id: str, instrument: str) -> bool:
        """Say whether any was sold at the average basis since that was elected."""


class LotRevisionStore(Protocol):
    """Keeps what corporate actions and corrections made of lots, and of what orders named."""

    def all_open(self, account_id: str) -> list[Lot]:
        """Return every lot of the account of which something is left."""

    def found(self, account_id: str, lots: Sequence[Lot]) -> list[str]:
        """Write lots that are not known yet; name those."""

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

    def add(self, account_id: str, step: Step, outlook: Outlook | None = None) -> None:
        """Write a step; with an outlook, its session is the account's newest from now on."""

    def stream(self, account_id: str) -> Iterator[Step]:
        """Yield the account's steps in their order, never all at once."""

    def length(self, account_id: str) -> int:
        """Return how many steps the account has."""

    def undone(self, account_id: str, through: date) -> frozenset[str]:
        """Name the transactions that a later step reverses, as of the end of the session."""


class ActionStore(Protocol):
    """Keeps corporate actions, and how far each account has met them."""

    def put(self, action: "CorporateAction", at: datetime) -> None:
        """Keep a revision; one that is known is kept as it was."""

    def revision(self, action_id: str, revision: int) -> "CorporateAction":
        """Return a revision that is kept."""

    def newest(self, action_id: str) -> "CorporateAction":
        """Return the action's highest revision, withdrawn or not."""

    def outlook(self, account_id: str, session: date, instrument: str = "") -> Outlook:
        """Say what the account has met, and what waits for it, by the session."""

    def advance(self, account_id: str, through: date, newest: int) -> None:
        """Say that the account has met every action up to the session, as known by then."""

    def due(self, since: date, after: str, limit: int) -> list[str]:
        """Name accounts past `after` that an action later than `since` waits for, or a payment."""

    def behind(self, after: str, limit: int) -> list[str]:
        """Name accounts past `after` that something waits for, corrections and fills too."""

    def waiting_for(self, action_id: str, after: str, limit: int) -> list[str]:
        """Name accounts past `after` that an action waits for whose day has come."""

    def unmet(self, account_id: str, through: date) -> "list[CorporateAction]":
        """Return standing actions that lots which were imported have not met by the session."""

    def concerning(
        self, account_id: str, outlook: Outlook | None = None
    ) -> "list[CorporateAction]":
        """Return the standing actions on what the account's fills can have led to.

        outlook: as of then; what is said since is another's correction, from another day on.
        """

    def heard(self, account_id: str, outlook: Outlook) -> "list[CorporateAction]":
        """Return the newest revisions that the account has not met, in the order they came.

        Withdrawn ones of actions that it has met are among them.
        """

    def broken(self, account_id: str) -> dict[str, str]:
        """Say why the account's books could not keep what they are without, by action."""

    def applied(self, account_id: str, since: date) -> list[Applied]:
        """Return what actions with an ex-date from `since` on have changed in the account."""

    def unpaid(self, account_id: str, session: date) -> list[Applied]:
        """Return what is to be paid by the session and is not."""

    def record(self, applied: Applied) -> None:
        """Keep what an action changed, in the place of what was known of it."""

    def forget(
        self, account_id: str, action_ids: Sequence[str], *, is_imported: bool = False
    ) -> None:
        """Actions that changed nothing, as it is known now, of own or of imported lots."""

    def refuse(
        self,
        account_id: str,
        action: "CorporateAction",
        reason: str,
        at: datetime,
        *,
        is_broken: bool = False,
    ) -> None:
        """Keep why an action could not be applied.

        is_broken: own lots could not be kept so; the revision concerns the account no more.
        """
