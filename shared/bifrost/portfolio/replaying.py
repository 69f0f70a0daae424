"""One account's journal, played again in the order in which it happened.

Fills come session by session, those of one session in their account's sequence. A corporate action
comes before the first fill of its ex-date; a cash flow after the actions of its own day and after
the fill that it says was booked last. What is kept in memory are the open lots and the choices of
lots: the journal itself streams through.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from heapq import heapify, heappop, heappush

from bifrost.core.corporate_actions import ActionKind, CorporateAction
from bifrost.core.money import EXACT, Money
from bifrost.events import (
    CashChanged,
    CashDeposited,
    CashWithdrawn,
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
from bifrost.portfolio.chosen import Chosen
from bifrost.portfolio.closing import change_by
from bifrost.portfolio.corporate_actions.change import BookChange
from bifrost.portfolio.corporate_actions.effects import apply_action, refusal
from bifrost.portfolio.journal import Step
from bifrost.portfolio.ledger import CASH, FX, Entry, fill_entries, fill_reference, flow_entries
from bifrost.portfolio.lots import Lot
from bifrost.portfolio.rebuilt import Rebuilt, Transaction
from bifrost.portfolio.sessions import SessionOf, utc_session

__all__ = ["Player", "Rebuilt", "SessionOf", "Transaction", "action_reference", "utc_session"]

# After every action of the day.
_PAYMENT = len(ActionKind)

Place = tuple[date, int, str]


def action_reference(action: CorporateAction) -> str:
    """Name a revision: each is a transaction of its own."""
    return f"action:{action.action_id}:{action.revision}"


def payment_reference(action: CorporateAction) -> str:
    """Name the transaction by which what was due is paid."""
    return f"payment:{action_reference(action)}"


class Player:
    """Plays one account's journal into its books.

    steps: in their order. actions: those that stand. undone: the transactions that a later one
    of the journal reverses; the two cancel out, so neither is played. through: the last session
    that counts; cash that came from outside counts always.
    """

    def __init__(
        self,
        steps: Iterable[Step],
        actions: Iterable[CorporateAction],
        *,
        currency: str = "USD",
        undone: frozenset[str] = frozenset(),
        through: date = date.max,
    ) -> None:
        self._journal = steps
        self._undone = undone
        self._through = through
        self._agenda: list[tuple[Place, CorporateAction | BookChange]] = [
            (action.place, action) for action in actions
        ]
        heapify(self._agenda)
        self.chosen = Chosen()
        self.books = Rebuilt(currency)

    def play(self) -> Iterator[Transaction]:
        """Yield each transaction once it is in the books."""
        for made in self._transactions():
            if made.entries:
                self.books.post(made)
                yield made

    def _transactions(self) -> Iterator[Transaction]:
        for step in self._journal:
            event = step.event
            if isinstance(event, CashDeposited | CashWithdrawn):
                yield _flow(event, step.session)
            elif step.session > self._through:
                continue
            elif isinstance(event, FillRecorded):
                yield from self._until(step.session)
                yield self._fill(event, step.session)
            elif isinstance(event, LotSelectionChanged):
                self.chosen.choose(event, step.session)
            elif not {event.transaction_id, event.reverses} & self._undone:
                yield from self._until(step.session)
                yield self._cash_flow(event, step.session)
        yield from self._until(self._through)

    def _until(self, session: date) -> Iterator[Transaction]:
        """Do what falls due by the beginning of the session."""
        while self._agenda and self._agenda[0][0][0] <= session:
            (day, _, _), due = heappop(self._agenda)
            if isinstance(due, BookChange):
                reference = payment_reference(due.action)
                yield Transaction(reference, day, due.payment, cause=due)
            else:
                yield from self._act(due, day)

    def _act(self, action: CorporateAction, day: date) -> Iterator[Transaction]:
        lots = self.books.lots_of(action.instrument)
        reason = refusal(action, lots)
        if reason:
            self.books.refused[action.action_id] = reason
            return
        if not lots:
            return
        change = apply_action(action, lots)
        self.books.follow(change)
        self.chosen.follow(change)
        if change.payment:
            heappush(self._agenda, ((action.paid_on, _PAYMENT, action.action_id), change))
        yield Transaction(
            action_reference(action),
            day,
            change.entries,
            tuple(closure for _, closure in change.closed),
            tuple(lot for lot, _ in change.closed),
            change.opened,
            change,
        )

    def _fill(self, recorded: FillRecorded, session: date) -> Transaction:
        fill = recorded.fill
        lots = self.books.lots_of(fill.instrument)
        self.chosen.place = recorded.sequence
        change = change_by(self.chosen, fill, lots, recorded.sequence)
        self.chosen.close(fill.order_id, change.closures)
        opened = (change.opened,) if change.opened else ()
        self.books.keep((*change.remaining, *change.averaged, *opened))
        entries = fill_entries(fill, change)
        by_id = {lot.lot_id: lot for lot in lots}
        closed = tuple(by_id[one.lot_id] for one in change.closures)
        return Transaction(
            fill_reference(fill), session, entries, change.closures, closed, opened, recorded
        )

    def _cash_flow(self, event: CashChanged, session: date) -> Transaction:
        kind, money = CashFlowKind(event.kind), Money(event.amount, event.currency)
        return Transaction(
            f"{event.kind}:{event.movement_id}",
            session,
            self._flowed(kind, money, event),
            cause=event,
        )

    def _flowed(self, kind: CashFlowKind, money: Money, event: CashChanged) -> tuple[Entry, ...]:
        if kind in INCOME:
            return income_entries(kind, money, event.instrument)
        if kind in EXPENSES:
            return expense_entries(kind, -money, event.instrument)
        if kind is CashFlowKind.FX:
            # Each currency of an exchange is an event, and balances by itself.
            return (
                Entry(CASH, money.currency, money.amount),
                Entry(FX, money.currency, EXACT.minus(money.amount)),
            )
        returned = return_capital(_long(self.books.lots_of(event.instrument)), money.amount)
        self.books.keep(returned.lots)
        return capital_entries(returned, money, event.instrument)


def _long(lots: Iterable[Lot]) -> list[Lot]:
    return [lot for lot in lots if lot.quantity > 0]


def _flow(event: CashDeposited | CashWithdrawn, session: date) -> Transaction:
    money = Money(event.amount, event.currency)
    if isinstance(event, CashDeposited):
        return Transaction(f"deposit:{event.transaction_id}", session, flow_entries(money))
    return Transaction(f"withdrawal:{event.withdrawal_id}", session, flow_entries(-money))
