"""Portfolio on a real database, its clock and ids counted, its workflow played in process."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Any

from bifrost.adapters.postgres.database import Database, Row
from bifrost.adapters.postgres.portfolio_books import PostgresLibrary
from bifrost.adapters.postgres.portfolio_reads import PostgresReader
from bifrost.core.errors import UnavailableError
from bifrost.events import Event, read_event
from bifrost.portfolio.accounts import NewAccount
from bifrost.portfolio.ports import Posted
from bifrost.portfolio.service import CashRequest, PortfolioService
from bifrost.portfolio.valuation import Valuation, value
from bifrost.portfolio.withdrawals import Withdrawals

NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)
Workflow = Callable[[dict[str, Any]], None]


@dataclass
class SetClock:
    """Wall time that stands still until a test moves it."""

    at: datetime = NOW

    def now(self) -> datetime:
        """Return the instant that is set."""
        return self.at


class IdsOf:
    """Ids that a reader can follow."""

    def __init__(self, prefix: str) -> None:
        self._ids = (f"{prefix}{number}" for number in count(1))

    def new(self) -> str:
        """Return the next id."""
        return next(self._ids)


@dataclass
class PlayedWorkflow:
    """Step Functions, doing what the test says; by default it never answers."""

    play: Workflow | None = None
    runs: list[dict[str, Any]] = field(default_factory=list)

    def run(self, workflow: str, workflow_input: dict[str, Any]) -> dict[str, Any]:
        """Play the workflow."""
        self.runs.append(workflow_input)
        if self.play is None:
            raise UnavailableError(f"workflow {workflow} did not run")
        self.play(workflow_input)
        return {}


class LedgerDesk:
    """Portfolio, and what a test asks of it."""

    def __init__(self, database: Database, ids: IdsOf | None = None) -> None:
        ids = ids or IdsOf("id-")
        library = PostgresLibrary(database)
        self.database = database
        self.workflow = PlayedWorkflow()
        self.clock = SetClock()
        self.service = PortfolioService(library, self.clock, ids)
        self.withdrawals = Withdrawals(library, self.clock, ids, self.workflow)
        self.reader = PostgresReader(database)

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
