"""The stored books are what the events say with cash flows, corrections and chosen lots, too."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from bifrost.adapters.memory.ids import CountedIds
from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.portfolio_books import PostgresLibrary
from bifrost.core.money import Money
from bifrost.events import Event, FillRecorded
from bifrost.portfolio.bookings import CashFlowRequest, CashFlows, ReversalRequest
from bifrost.portfolio.cash_flows import CashFlowKind
from bifrost.portfolio.choosing import ChoiceRequest, LotChoices
from bifrost.portfolio.lot_selection import LotMethod, Selection
from bifrost.portfolio.lots import LotPart
from bifrost.portfolio.rebuild import rebuild
from tests.builders import FIRST_CLOSE, bar, bar_closed, fill, fill_recorded, seeded
from tests.contract.ledger_desk import LedgerDesk


class Story:
    """An account to which things happen, and what is heard of them."""

    def __init__(self, database: Database) -> None:
        self.desk = LedgerDesk(database)
        library, ids = PostgresLibrary(database), CountedIds("story-")
        self.flows = CashFlows(library, self.desk.clock, ids)
        self.choices = LotChoices(library, self.desk.clock, ids)
        self.account_id = self.desk.open_account()
        self.heard: list[FillRecorded] = []
        self.desk.service.hear_bar(bar_closed(bar(1, "100"), 1))
        self.desk.deposit(self.account_id, "1000000", "d-1")

    def trade(self, size: str, at: str, order_id: str = "") -> None:
        """The venue trades for us."""
        number = len(self.heard) + 1
        one = fill(
            number,
            size,
            at,
            account_id=self.account_id,
            order_id=order_id or f"o-{number}",
            commission="1",
            occurred_at=FIRST_CLOSE,
        )
        self.heard.append(fill_recorded(one, number))
        self.desk.service.hear_fill(fill_recorded(one, number))

    def flow(self, kind: CashFlowKind, amount: str, key: str, counter: Money | None = None) -> str:
        """Cash moves; return the transaction."""
        self.desk.clock.pass_by(1)
        asked = CashFlowRequest(
            owner="ann",
            account_id=self.account_id,
            kind=kind,
            amount=Decimal(amount),
            currency=None,
            instrument="" if counter else "AAPL",
            counter=counter,
            key=key,
            correlation_id="test",
        )
        return self.flows.book(asked).transaction_id

    def undo(self, transaction_id: str) -> None:
        """A flow was wrong."""
        self.desk.clock.pass_by(1)
        asked = ReversalRequest(
            owner="ann",
            account_id=self.account_id,
            transaction_id=transaction_id,
            reason="it was wrong",
            key=f"undo-{transaction_id}",
            correlation_id="test",
        )
        self.flows.reverse(asked)

    def choose(self, selection: Selection, order_id: str = "") -> None:
        """Lots are chosen so from now on."""
        self.desk.clock.pass_by(1)
        self.choices.choose(ChoiceRequest("ann", self.account_id, order_id, selection, "test"))

    def events(self, seed: int) -> list[Event]:
        """Everything that was said, twice and in any order."""
        told = [*self.desk.published(), *self.heard] * 2
        seeded(seed).shuffle(told)
        return told

    def stored(self) -> tuple[object, ...]:
        """Lots and balances as they are kept."""
        lots = "SELECT lot_id, quantity, cost FROM portfolio.lots WHERE quantity <> 0"
        balances = (
            "SELECT ledger_account, currency, sum(amount) AS amount FROM portfolio.balances"
            " GROUP BY 1, 2 HAVING sum(amount) <> 0"
        )
        return (
            {row["lot_id"]: (row["quantity"], row["cost"]) for row in self.desk.rows(lots)},
            {
                (row["ledger_account"], row["currency"]): row["amount"]
                for row in self.desk.rows(balances)
            },
        )

    def replayed(self, seed: int) -> tuple[object, ...]:
        """Lots and balances as the events tell them."""
        books = rebuild(self.events(seed))
        return (
            {lot.lot_id: (lot.quantity, lot.cost) for lot in books.lots.values()},
            {key: amount for key, amount in books.balances.items() if amount},
        )


@pytest.fixture
def story(make_database: Callable[[str], Database]) -> Story:
    """An account with three lots."""
    story = Story(make_database("portfolio"))
    for size, at in (("10", "100"), ("10", "300"), ("10", "200.01")):
        story.trade(size, at)
    return story


@pytest.mark.parametrize("seed", range(3))
def test_cash_flows_and_their_corrections_are_replayed_at_their_place(
    story: Story, seed: int
) -> None:
    story.flow(CashFlowKind.DIVIDEND_QUALIFIED, "8.2", "f-1")
    wrong = story.flow(CashFlowKind.RETURN_OF_CAPITAL, "100", "f-2")
    story.undo(wrong)
    story.flow(CashFlowKind.RETURN_OF_CAPITAL, "1000.01", "f-3")
    story.trade("-15", "400")
    story.flow(CashFlowKind.BORROW_COST, "3.33", "f-4")
    euros = story.flow(CashFlowKind.FX, "110", "f-5", Money(Decimal(100), "EUR"))
    story.undo(euros)
    story.flow(CashFlowKind.FX, "55", "f-6", Money(Decimal(50), "EUR"))

    assert story.replayed(seed) == story.stored()


@pytest.mark.parametrize("seed", range(3))
def test_chosen_lots_are_chosen_again(story: Story, seed: int) -> None:
    story.choose(Selection(LotMethod.HIFO))
    story.trade("-4", "250")
    named = (LotPart("paper:x-" + story.account_id + "-1", Decimal(5)),)
    story.choose(Selection(LotMethod.SPECIFIC, named), order_id="chosen")
    story.trade("-3", "250", order_id="chosen")
    story.trade("-5", "250", order_id="chosen")
    story.choose(Selection(LotMethod.LIFO))
    story.trade("-4", "150")

    assert story.replayed(seed) == story.stored()


def test_an_execution_reported_twice_is_replayed_once(story: Story) -> None:
    report = fill_recorded(story.heard[0].fill, 4)
    story.desk.service.hear_fill(report)
    story.heard.append(report)

    assert story.replayed(1) == story.stored()
