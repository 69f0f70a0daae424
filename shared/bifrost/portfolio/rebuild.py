"""The books as the events alone tell them: what the stored books must equal to the last digit.

Fills are applied in their account's sequence, and a corporate action before the first fill of its
ex-date, whenever either was heard of. Of an action only its highest revision counts, so books
rebuilt after a correction are the books in which the wrong revision never was; `correction` says
which transactions lead there from the books as they were posted.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from heapq import heapify, heappop, heappush

from bifrost.core.corporate_actions import ActionKind, CorporateAction
from bifrost.core.money import EXACT, Money, exact_sum
from bifrost.events import (
    CashDeposited,
    CashWithdrawn,
    CorporateActionAnnounced,
    CorporateActionCorrected,
    Event,
    FillRecorded,
)
from bifrost.portfolio.corporate_actions.change import DUE, BookChange, reversed_entries
from bifrost.portfolio.corporate_actions.effects import DIVIDENDS, OWED_ON_SHORTS, apply_action
from bifrost.portfolio.ledger import (
    CASH,
    COMMISSION,
    REALISED,
    Entry,
    fill_entries,
    fill_reference,
    flow_entries,
)
from bifrost.portfolio.lots import Lot, apply_fill

# Several actions of one day: an amount per share is per share as held before that day.
_ORDER_OF_A_DAY = (
    ActionKind.CASH_DIVIDEND,
    ActionKind.SPIN_OFF,
    ActionKind.STOCK_DIVIDEND,
    ActionKind.SPLIT,
    ActionKind.MERGER,
    ActionKind.RENAME,
    ActionKind.DELISTING,
)
_PAYMENT = len(_ORDER_OF_A_DAY)

_Place = tuple[date, int, str]
_Agenda = list[tuple[_Place, CorporateAction | BookChange]]


@dataclass(frozen=True, slots=True)
class Transaction:
    """What the ledger has to hold; `reference` is unique in its account."""

    reference: str
    session: date
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Correction:
    """What leads from the books as posted to the right ones: first undo, then write anew."""

    reversals: tuple[Transaction, ...]
    transactions: tuple[Transaction, ...]


@dataclass(slots=True)
class Rebuilt:
    """One account's books, growing event by event. `balances` are by ledger account."""

    balances: dict[str, Decimal] = field(default_factory=dict)
    lots: dict[str, Lot] = field(default_factory=dict)

    @property
    def cash(self) -> Decimal:
        """What there is."""
        return self._balance(CASH)

    @property
    def due(self) -> Decimal:
        """What issuers have yet to pay."""
        return self._balance(DUE)

    @property
    def realised_pnl(self) -> Decimal:
        """By fills and by corporate actions, gross of commissions and without dividends."""
        return EXACT.minus(self._balance(REALISED))

    @property
    def dividends(self) -> Decimal:
        """Received, less those owed on short positions."""
        return EXACT.minus(exact_sum(map(self._balance, (*DIVIDENDS.values(), OWED_ON_SHORTS))))

    @property
    def commissions(self) -> Decimal:
        """What venues charged."""
        return self._balance(COMMISSION)

    def positions(self) -> dict[str, tuple[Decimal, Decimal]]:
        """Quantity and cost by instrument, flat ones left out."""
        held: dict[str, tuple[Decimal, Decimal]] = {}
        for name in {lot.instrument for lot in self.lots.values()}:
            lots = [lot for lot in self.lots.values() if lot.instrument == name]
            quantity = exact_sum(lot.quantity for lot in lots)
            held[name] = (quantity, exact_sum(lot.cost for lot in lots))
        return held

    def post(self, transaction: Transaction) -> None:
        """Add its entries to the balances."""
        for entry in transaction.entries:
            sum_now = EXACT.add(self._balance(entry.ledger_account), entry.amount)
            self.balances[entry.ledger_account] = sum_now

    def _balance(self, ledger_account: str) -> Decimal:
        return self.balances.get(ledger_account, Decimal(0))


def utc_session(at: datetime) -> date:
    """Return the date in UTC: right for a session that ends before midnight there.

    Whoever trades after 19:00 in New York passes the calendar's own function instead.
    """
    return at.astimezone(UTC).date()


def rebuild(
    events: Iterable[Event],
    *,
    session_of: Callable[[datetime], date] = utc_session,
    through: date = date.max,
) -> Rebuilt:
    """Fold the events of one account, in any order and with repeats, into its books.

    session_of: in which session a fill happened. through: the last session that counts; cash
    that came from outside counts always.
    """
    books = Rebuilt()
    for _ in _play(books, events, session_of, through):
        pass
    return books


def transactions(
    events: Iterable[Event], *, session_of: Callable[[datetime], date] = utc_session
) -> Iterator[Transaction]:
    """Yield what the ledger holds after these events, in the order in which it happened."""
    return _play(Rebuilt(), events, session_of, date.max)


def correction(
    posted: Iterable[Event],
    corrected: CorporateActionCorrected | CorporateActionAnnounced,
    *,
    session_of: Callable[[datetime], date] = utc_session,
) -> Correction:
    """Return the transactions by which the corrected action takes the place of the posted one.

    Fills since then may have closed other lots at another basis: those too are reversed and
    written anew, and nothing else is. References name the action and its new revision.
    """
    events = list(posted)
    before = {t.reference: t for t in transactions(events, session_of=session_of)}
    after = {t.reference: t for t in transactions([*events, corrected], session_of=session_of)}
    cause = _reference(corrected.action)
    undone = [old for name, old in before.items() if after.get(name) != old]
    anew = [new for name, new in after.items() if before.get(name) != new]
    return Correction(
        tuple(
            Transaction(f"{cause}:undo:{t.reference}", t.session, reversed_entries(t.entries))
            for t in reversed(undone)
        ),
        tuple(Transaction(f"{cause}:{t.reference}", t.session, t.entries) for t in anew),
    )


def standing_actions(events: Iterable[Event]) -> list[CorporateAction]:
    """Return each action's highest revision, without those that were withdrawn."""
    newest: dict[str, CorporateAction] = {}
    for event in events:
        if isinstance(event, CorporateActionAnnounced | CorporateActionCorrected):
            known = newest.get(event.action.action_id)
            if known is None or event.action.revision > known.revision:
                newest[event.action.action_id] = event.action
    return [action for action in newest.values() if not action.withdrawn]


def _play(
    books: Rebuilt,
    events: Iterable[Event],
    session_of: Callable[[datetime], date],
    through: date,
) -> Iterator[Transaction]:
    unique = {event.event_id: event for event in events}.values()
    fills = sorted(
        (event for event in unique if isinstance(event, FillRecorded)),
        key=lambda one: one.sequence,
    )
    agenda: _Agenda = [(_place(action), action) for action in standing_actions(unique)]
    heapify(agenda)
    for step in _steps(books, unique, fills, agenda, session_of, through):
        if step.entries:
            books.post(step)
            yield step


def _steps(
    books: Rebuilt,
    unique: Iterable[Event],
    fills: Sequence[FillRecorded],
    agenda: _Agenda,
    session_of: Callable[[datetime], date],
    through: date,
) -> Iterator[Transaction]:
    for event in unique:
        if isinstance(event, CashDeposited | CashWithdrawn):
            yield _flow(event, session_of(event.occurred_at))
    for recorded in fills:
        session = session_of(recorded.fill.occurred_at)
        if session <= through:
            yield from _until(session, books, agenda)
            yield _fill(books, recorded, session)
    yield from _until(through, books, agenda)


def _until(session: date, books: Rebuilt, agenda: _Agenda) -> Iterator[Transaction]:
    """Do what falls due by the beginning of the session."""
    while agenda and agenda[0][0][0] <= session:
        (day, _, _), due = heappop(agenda)
        if isinstance(due, BookChange):
            yield Transaction(f"payment:{_reference(due.action)}", day, due.payment)
            continue
        change = apply_action(due, list(books.lots.values()))
        books.lots = change.apply_to(books.lots)
        if change.payment:
            heappush(agenda, ((due.paid_on, _PAYMENT, due.action_id), change))
        yield Transaction(_reference(due), day, change.entries)


def _place(action: CorporateAction) -> _Place:
    return (action.ex_date, _ORDER_OF_A_DAY.index(action.kind), action.action_id)


def _reference(action: CorporateAction) -> str:
    return f"action:{action.action_id}:{action.revision}"


def _flow(event: CashDeposited | CashWithdrawn, session: date) -> Transaction:
    money = Money(event.amount, event.currency)
    if isinstance(event, CashDeposited):
        return Transaction(f"deposit:{event.transaction_id}", session, flow_entries(money))
    return Transaction(f"withdrawal:{event.withdrawal_id}", session, flow_entries(-money))


def _fill(books: Rebuilt, recorded: FillRecorded, session: date) -> Transaction:
    fill = recorded.fill
    open_lots = [lot for lot in books.lots.values() if lot.instrument == fill.instrument]
    change = apply_fill(open_lots, fill, recorded.sequence)
    for lot in change.remaining:
        books.lots[lot.lot_id] = lot
        if lot.quantity == 0:
            del books.lots[lot.lot_id]
    if change.opened:
        books.lots[change.opened.lot_id] = change.opened
    return Transaction(fill_reference(fill), session, fill_entries(fill, change))
