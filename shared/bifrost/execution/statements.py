"""Statements: the venue's books of an account, and how far ours must have come to be compared."""

from dataclasses import dataclass, replace
from typing import Any

from bifrost.core.codec import to_json
from bifrost.core.errors import NotFoundError
from bifrost.execution.books import Desk
from bifrost.execution.collecting import Collector
from bifrost.execution.ports import Broker, Clock, Workflows

RECONCILE = "reconcile"


@dataclass(frozen=True, slots=True)
class Statements:
    """Reads statements, and starts the comparisons."""

    desk: Desk
    broker: Broker
    collector: Collector
    workflows: Workflows
    clock: Clock

    def statement(self, account_id: str) -> dict[str, Any]:
        """Return the venue's statement as JSON.

        fill_sequence: the account's last fill that the statement contains; books that have
        applied exactly the fills up to it must agree with the statement.
        """
        with self.desk.transaction() as books:
            if books.listings.account(account_id) is None:
                raise NotFoundError(f"there is no account {account_id}")
        statement = self.broker.statement(account_id)
        # After the statement, so that every report that is in it has been applied here.
        self.collector.collect()
        venue = self.broker.venue
        with self.desk.transaction() as books:
            last = books.fills.sequence_at(account_id, venue, statement.last_report)
        answer: dict[str, Any] = to_json(replace(statement, fill_sequence=last))
        return answer

    def reconcile(self, account_id: str, correlation_id: str) -> dict[str, Any]:
        """Compare the account's books with the venue's now and return the breaks."""
        given = {"account_id": account_id, "correlation_id": correlation_id}
        return self.workflows.run(RECONCILE, given)

    def reconcile_all(self, correlation_id: str) -> dict[str, int]:
        """Start the comparison of every account; return how many were started."""
        with self.desk.transaction() as books:
            accounts = books.listings.accounts()
        stamp = self.clock.now().strftime("%Y%m%dT%H%M%S")
        for account_id in accounts:
            given = {"account_id": account_id, "correlation_id": correlation_id}
            self.workflows.start(RECONCILE, f"{account_id}-{stamp}", given)
        return {"started": len(accounts)}
