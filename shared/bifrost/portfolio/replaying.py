"""One account's history, played again in the order in which it happened.

Fills come in their account's sequence. A corporate action comes before the first fill of its
ex-date; a cash flow or a choice of lots after the fill that it says was booked last, and after the
actions of its own day.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from heapq import heapify, heappop, heappush

from bifrost.core.corporate_actions import ActionKind, CorporateAction
from bifrost.core.money import EXACT, Money, exact_sum
from bifrost.events import (
    CashChanged,
    CashDeposited,
    CashWithdrawn,
    CorporateActionAnnounced,
    CorporateActionCorrected,
    Event,
    FillRecorded,
    LotSelectionChanged,
)
from bifrost.portfolio.cash_flows import (
    EXPENSES,
    INCOME,
    CashFlowKind,
    capital_entries,
    expense_entries,
    income_entries,
    return_capital,
)
from bifrost.portfolio.closing import parts_closed
from bifrost.portfolio.corporate_actions.change import DUE, BookChange, reversed_entries
from bifrost.portfolio.corporate_actions.effects import DIVIDENDS, OWED_ON_SHORTS, apply_action
from bifrost.portfolio.ledger import (
    CASH,
    COMMISSION,
    FX,
    REALISED,
    Entry,
    fill_entries,
    fill_reference,
    flow_entries,
)
from bifrost.portfolio.lot_selection import LotMethod, Selection
from bifrost.portfolio.lots import Closure, Lot, LotPart, apply_fill

SessionOf = Callable[[datetime], date]

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
_Note = CashChanged | LotSelectionChanged


@dataclass(frozen=True, slots=True)
class Transaction:
    """What the ledger has to hold; `reference` is unique in its account."""

    reference: str
    session: date
    entries: tuple[Entry, ...]


@dataclass(slots=True)
class Rebuilt:
    """One account's books, growing event by event; `balances` by ledger account and currency.

    currency: the account's, which its fills, and all sums below, are in.
    """

    currency: str = "USD"
    balances: dict[tuple[str, str], Decimal] = field(default_factory=dict)
    lots: dict[str, Lot] = field(default_factory=dict)

    @property
    def cash(self) -> Decimal:
        """What there is."""
        return self.balance(CASH)

    @property
    def due(self) -> Decimal:
        """What issuers have yet to pay."""
        return self.balance(DUE)

    @property
    def realised_pnl(self) -> Decimal:
        """By fills and by corporate actions, gross of commissions and without dividends."""
        return EXACT.minus(self.balance(REALISED))

    @property
    def dividends(self) -> Decimal:
        """Received, less those owed on short positions."""
        return EXACT.minus(exact_sum(map(self.balance, (*DIVIDENDS.values(), OWED_ON_SHORTS))))

    @property
    def commissions(self) -> Decimal:
        """What venues charged."""
        return self.balance(COMMISSION)

    def balance(self, ledger_account: str) -> Decimal:
        """Return what a ledger account sums to, in the account's currency."""
        return self.balances.get((ledger_account, self.currency), Decimal(0))

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
            key = (entry.ledger_account, entry.currency)
            self.balances[key] = EXACT.add(self.balances.get(key, Decimal(0)), entry.amount)


def utc_session(at: datetime) -> date:
    """Return the date in UTC: right for a session that ends before midnight there.

    Whoever trades after 19:00 in New York passes the calendar's own function instead.
    """
    return at.astimezone(UTC).date()


def standing_actions(events: Iterable[Event]) -> list[CorporateAction]:
    """Return each action's highest revision, without those that were withdrawn."""
    newest: dict[str, CorporateAction] = {}
    for event in events:
        if isinstance(event, CorporateActionAnnounced | CorporateActionCorrected):
            known = newest.get(event.action.action_id)
            if known is None or event.action.revision > known.revision:
                newest[event.action.action_id] = event.action
    return [action for action in newest.values() if not action.withdrawn]


def action_reference(action: CorporateAction) -> str:
    """Name a revision: each is a transaction of its own."""
    return f"action:{action.action_id}:{action.revision}"


@dataclass(slots=True)
class _Chosen:
    """How lots are chosen as of now, and what each order has closed of them."""

    by_order: dict[str, Selection] = field(default_factory=dict)
    closed: dict[str, dict[str, Decimal]] = field(default_factory=dict)

    def selections(self, _: str, order_id: str) -> tuple[Selection | None, LotMethod]:
        """Return the order's own selection, and the account's standing method."""
        standing = self.by_order.get("", Selection(LotMethod.FIFO))
        return (self.by_order.get(order_id) if order_id else None), standing.method

    def closed_by(self, _: str, order_id: str) -> dict[str, Decimal]:
        """Return how much of each lot the order's fills have closed."""
        return self.closed.get(order_id, {})

    def choose(self, event: LotSelectionChanged) -> None:
        """Hold the choice from now on."""
        parts = tuple(LotPart(part.lot_id, part.quantity) for part in event.parts)
        self.by_order[event.order_id] = Selection(LotMethod(event.method), parts)

    def close(self, order_id: str, closures: Iterable[Closure]) -> None:
        """Remember what a fill of the order closed."""
        done = self.closed.setdefault(order_id, {})
        for one in closures:
            done[one.lot_id] = EXACT.add(done.get(one.lot_id, Decimal(0)), abs(one.quantity))


@dataclass(frozen=True, slots=True)
class _Booked:
    """A cash flow, and what it took from each lot, so that its reversal can give it back."""

    entries: tuple[Entry, ...]
    taken: dict[str, Decimal]


class Player:
    """Plays the events of one account, in any order and with repeats, into its books."""

    def __init__(self, events: Iterable[Event], session_of: SessionOf, through: date) -> None:
        self._unique = list({event.event_id: event for event in events}.values())
        self._session_of = session_of
        self._through = through
        self._chosen = _Chosen()
        self._booked: dict[str, _Booked] = {}
        self._agenda: list[tuple[_Place, CorporateAction | BookChange]] = [
            (_place(action), action) for action in standing_actions(self._unique)
        ]
        heapify(self._agenda)
        self.books = Rebuilt(_currency(self._unique))

    def play(self) -> Iterator[Transaction]:
        """Yield each transaction once it is in the books."""
        seen: set[str] = set()
        for step in self._steps():
            # One execution reported twice is one transaction, and an empty one is none.
            if step.entries and step.reference not in seen:
                seen.add(step.reference)
                self.books.post(step)
                yield step

    def _steps(self) -> Iterator[Transaction]:
        for event in self._unique:
            if isinstance(event, CashDeposited | CashWithdrawn):
                yield _flow(event, self._session_of(event.occurred_at))
        notes = self._notes()
        heard: set[str] = set()
        for recorded in self._fills():
            reference = fill_reference(recorded.fill)
            session = self._session_of(recorded.fill.occurred_at)
            if session > self._through or reference in heard:
                continue
            heard.add(reference)
            while notes and notes[-1].after_fill < recorded.sequence:
                yield from self._noted(notes.pop())
            yield from self._until(session)
            yield self._fill(recorded, session)
        while notes:
            yield from self._noted(notes.pop())
        yield from self._until(self._through)

    def _fills(self) -> list[FillRecorded]:
        fills = [event for event in self._unique if isinstance(event, FillRecorded)]
        return sorted(fills, key=lambda one: one.sequence)

    def _notes(self) -> list[_Note]:
        """Return flows and choices, the last one first."""
        notes = [one for one in self._unique if isinstance(one, CashChanged | LotSelectionChanged)]
        return sorted(
            notes, key=lambda one: (one.after_fill, one.recorded_at, one.event_id), reverse=True
        )

    def _noted(self, note: _Note) -> Iterator[Transaction]:
        session = self._session_of(note.occurred_at)
        if session > self._through:
            return
        yield from self._until(session)
        if isinstance(note, LotSelectionChanged):
            self._chosen.choose(note)
        else:
            yield self._cash_flow(note, session)

    def _until(self, session: date) -> Iterator[Transaction]:
        """Do what falls due by the beginning of the session."""
        while self._agenda and self._agenda[0][0][0] <= session:
            (day, _, _), due = heappop(self._agenda)
            if isinstance(due, BookChange):
                yield Transaction(f"payment:{action_reference(due.action)}", day, due.payment)
                continue
            change = apply_action(due, list(self.books.lots.values()))
            self.books.lots = change.apply_to(self.books.lots)
            if change.payment:
                heappush(self._agenda, ((due.paid_on, _PAYMENT, due.action_id), change))
            yield Transaction(action_reference(due), day, change.entries)

    def _fill(self, recorded: FillRecorded, session: date) -> Transaction:
        fill, lots = recorded.fill, self.books.lots
        open_lots = [lot for lot in lots.values() if lot.instrument == fill.instrument]
        parts = parts_closed(self._chosen, fill, open_lots)
        change = apply_fill(open_lots, fill, recorded.sequence, parts)
        self._chosen.close(fill.order_id, change.closures)
        for lot in change.remaining:
            lots[lot.lot_id] = lot
            if lot.quantity == 0:
                del lots[lot.lot_id]
        if change.opened:
            lots[change.opened.lot_id] = change.opened
        return Transaction(fill_reference(fill), session, fill_entries(fill, change))

    def _cash_flow(self, event: CashChanged, session: date) -> Transaction:
        booked = self._undone(event) if event.reverses else self._flowed(event)
        for lot_id, cost in booked.taken.items():
            lot = self.books.lots[lot_id]
            self.books.lots[lot_id] = replace(lot, cost=EXACT.subtract(lot.cost, cost))
        self._booked[event.movement_id] = booked
        return Transaction(f"{event.kind}:{event.movement_id}", session, booked.entries)

    def _undone(self, event: CashChanged) -> _Booked:
        own = event.currency == event.account_currency
        wrong = self._booked[event.reverses if own else f"{event.reverses}:{event.currency}"]
        given_back = {name: EXACT.minus(cost) for name, cost in wrong.taken.items()}
        return _Booked(reversed_entries(wrong.entries), given_back)

    def _flowed(self, event: CashChanged) -> _Booked:
        kind, money = CashFlowKind(event.kind), Money(event.amount, event.currency)
        if kind in INCOME:
            return _Booked(income_entries(kind, money, event.instrument), {})
        if kind in EXPENSES:
            return _Booked(expense_entries(kind, -money, event.instrument), {})
        if kind is CashFlowKind.FX:
            # Each currency of an exchange is an event, and balances by itself.
            return _Booked(
                (
                    Entry(CASH, money.currency, money.amount),
                    Entry(FX, money.currency, EXACT.minus(money.amount)),
                ),
                {},
            )
        return self._capital_returned(event.instrument, money)

    def _capital_returned(self, instrument: str, money: Money) -> _Booked:
        lots = {key: lot for key, lot in self.books.lots.items() if lot.instrument == instrument}
        returned = return_capital(list(lots.values()), money.amount)
        taken = {
            lot.lot_id: EXACT.subtract(lots[lot.lot_id].cost, lot.cost) for lot in returned.lots
        }
        return _Booked(capital_entries(returned, money, instrument), taken)


def _place(action: CorporateAction) -> _Place:
    return (action.ex_date, _ORDER_OF_A_DAY.index(action.kind), action.action_id)


def _flow(event: CashDeposited | CashWithdrawn, session: date) -> Transaction:
    money = Money(event.amount, event.currency)
    if isinstance(event, CashDeposited):
        return Transaction(f"deposit:{event.transaction_id}", session, flow_entries(money))
    return Transaction(f"withdrawal:{event.withdrawal_id}", session, flow_entries(-money))


def _currency(events: Iterable[Event]) -> str:
    """Return the account's currency, in which its deposits and its fills are."""
    for event in events:
        if isinstance(event, CashChanged):
            return event.account_currency
        if isinstance(event, CashDeposited | CashWithdrawn):
            return event.currency
        if isinstance(event, FillRecorded):
            return event.fill.currency
    return Rebuilt().currency
