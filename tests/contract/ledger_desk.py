"""Portfolio on a real database, its clock and ids counted, its workflow played in process."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from bifrost.adapters.memory.clock import SetClock
from bifrost.adapters.memory.ids import CountedIds
from bifrost.adapters.memory.workflows import MemoryWorkflows
from bifrost.adapters.postgres.database import Database, Row
from bifrost.adapters.postgres.portfolio_books import PostgresLibrary
from bifrost.adapters.postgres.portfolio_reads import PostgresReader
from bifrost.events import Event, read_event
from bifrost.portfolio.accounts import NewAccount
from bifrost.portfolio.ports import Posted
from bifrost.portfolio.reconciling import Reconciler
from bifrost.portfolio.service import CashRequest, PortfolioService
from bifrost.portfolio.valuation import Valuation, value
from bifrost.portfolio.withdrawals import Withdrawals

NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)


class LedgerDesk:
    """Portfolio, and what a test asks of it."""

    def __init__(self, database: Database, ids: CountedIds | None = None) -> None:
        ids = ids or CountedIds()
        library = PostgresLibrary(database)
        self.database = database
        self.workflows = MemoryWorkflows()
        self.clock = SetClock(NOW)
        self.service = PortfolioService(library, self.clock, ids)
        self.reconciler = Reconciler(library, self.clock, ids)
        self.withdrawals = Withdrawals(library, self.clock, ids, self.workflows)
        self.reader = PostgresReader(database, "ann")

    def open_account(self, owner: str = "ann", key: str = "k-1") -> str:
        """Open a cash account."""
        asked = NewAccount(owner, "Main", "cash", "USD", "paper")
        return self.service.open_account(asked, key=key, correlation_id="test")

    def deposit(self, account_id: str, amount: str, key: str, owner: str = "ann") -> Posted:
        """Take cash in."""
        return self.service.deposit(cash_request(account_id, amount, key, owner))

    def worth(self, account_id: str) -> Valuation:
        """Value the account's stored balances."""
        return value(self.reader.balances(account_id))

    def published(self) -> list[Event]:
        """Return what the outbox holds, in its order."""
        rows = self.rows("SELECT detail_type, detail FROM portfolio.outbox ORDER BY position")
        return [read_event(row["detail_type"], row["detail"]) for row in rows]

    def rows(self, query: str, values: Any = ()) -> list[Row]:
        """Read rows as portfolio's role."""
        return self.database.fetch_all(query, values)


def cash_request(
    account_id: str, amount: str, key: str, owner: str = "ann", currency: str | None = None
) -> CashRequest:
    """A deposit or a withdrawal."""
    return CashRequest(owner, account_id, Decimal(amount), currency, key, "test")
