"""Cash that moved without a trade is the same in the ledger, in risk and at the venue.

Of another currency the venue hears nothing, and a reconciliation does not miss it there.
"""

from collections.abc import Callable
from decimal import Decimal

import pytest

from bifrost.adapters.memory.ids import CountedIds
from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.portfolio_books import PostgresLibrary
from bifrost.adapters.postgres.risk_accounts import PostgresAccounts
from bifrost.core.money import Money
from bifrost.core.statements import VenueStatement
from bifrost.events import CashChanged
from bifrost.portfolio.bookings import CashFlowRequest, CashFlows, ReversalRequest
from bifrost.portfolio.cash_flows import CashFlowKind
from bifrost.portfolio.ports import Posted
from tests.builders import account_opened, cash_changed, cash_deposited
from tests.contract.ledger_desk import LedgerDesk
from tests.execution_desk import TradingDesk
from tests.unit.risk import facts

Make = Callable[[str], Database]


class Desk:
    """All three books of one account that holds 1,000."""

    def __init__(self, make_database: Make) -> None:
        self.ledger = LedgerDesk(make_database("portfolio"))
        self.risk = make_database("risk")
        self.trading = TradingDesk(make_database)
        library = PostgresLibrary(self.ledger.database)
        self.flows = CashFlows(library, self.ledger.clock, CountedIds("flow-"))
        self.account_id = self.ledger.open_account()
        self.ledger.deposit(self.account_id, "1000", "d-1")
        self.hear(account_opened(self.account_id, "ann"))
        deposited = cash_deposited("1000", self.account_id)
        facts.hear(self.risk, deposited)
        self.trading.listener.on_cash_deposited(deposited)

    def hear(self, opened: object) -> None:
        """Open the account in the other books."""
        facts.hear(self.risk, opened)  # type: ignore[arg-type]  # one of two kinds
        self.trading.listener.on_account_opened(opened)  # type: ignore[arg-type]  # as above

    def book(self, kind: CashFlowKind, amount: str, counter: Money | None = None) -> Posted:
        """Book a flow in dollars."""
        key = f"{kind}-{amount}"
        return self.flows.book(
            CashFlowRequest(
                "ann", self.account_id, kind, Decimal(amount), None, "", counter, key, "test"
            )
        )

    def deliver(self) -> list[CashChanged]:
        """Tell risk and execution, twice and the last first."""
        told = [event for event in self.ledger.published() if isinstance(event, CashChanged)]
        for event in reversed([*told, *told]):
            facts.hear(self.risk, event)
            self.trading.listener.on_cash_changed(event)
        return told

    def cash(self) -> set[Decimal]:
        """What each of the three books says of the dollars."""
        return {
            self.ledger.worth(self.account_id).cash,
            PostgresAccounts(self.risk).cash_of(self.account_id, "ann").cash,
            self.trading.venue.statement(self.account_id).cash,
        }


@pytest.fixture
def desk(make_database: Make) -> Desk:
    return Desk(make_database)


def test_every_flow_and_its_correction_moves_all_three_books_once(desk: Desk) -> None:
    desk.book(CashFlowKind.INTEREST, "12.34")
    wrong = desk.book(CashFlowKind.FEE, "100.01")
    desk.book(CashFlowKind.TAX_WITHHELD, "3.33")
    desk.deliver()
    assert desk.cash() == {Decimal("909.00")}

    asked = ReversalRequest("ann", desk.account_id, wrong.transaction_id, "twice", "r-1", "test")
    desk.flows.reverse(asked)
    desk.deliver()

    assert desk.cash() == {Decimal("1009.01")}


def test_an_exchange_moves_the_accounts_currency_at_the_venue_and_both_in_risk(desk: Desk) -> None:
    desk.book(CashFlowKind.FX, "110", Money(Decimal(100), "EUR"))

    told = desk.deliver()

    assert {event.currency: event.amount for event in told} == {"USD": -110, "EUR": 100}
    assert desk.cash() == {Decimal(890)}
    risk = desk.risk.fetch_all("SELECT currency, amount FROM risk.cash ORDER BY 1")
    assert [(row["currency"], row["amount"]) for row in risk] == [("EUR", 100), ("USD", 890)]
    heard = desk.trading.database.fetch_all("SELECT event_id FROM execution.inbox")
    assert {event.event_id for event in told} <= {row["event_id"] for row in heard}
    statement = VenueStatement(desk.account_id, Decimal(890), "USD", {}, {}, 0)
    assert desk.ledger.reconciler.reconcile(statement, "corr-1").breaks == ()


def test_a_foreign_flow_that_overtakes_the_accounts_opening_opens_nothing_wrong(
    make_database: Make,
) -> None:
    trading = TradingDesk(make_database)

    trading.listener.on_cash_changed(cash_changed("5", currency="EUR"))
    trading.open(cash="10")

    assert trading.venue.statement("account-1").cash == 10
