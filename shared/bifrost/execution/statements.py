"""Statements: the venue's books of an account, and how far ours must have come to be compared."""

import logging
from dataclasses import dataclass, replace
from typing import Any

from bifrost.core.codec import to_json
from bifrost.core.errors import BifrostError, NotFoundError
from bifrost.execution.books import Desk
from bifrost.execution.collecting import Collector
from bifrost.execution.ports import Broker, Clock, Workflows

RECONCILE = "reconcile"
# What one call may start: well within a function's minute, at 20 ms each.
ACCOUNTS_PER_CALL = 1000
_PAGE = 200
# More of a page than this is no account's trouble: the round stops, and goes on from here.
_TROUBLED_MAX = 10
_logger = logging.getLogger(__name__)


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

    def reconcile_all(self, correlation_id: str) -> dict[str, Any]:
        """Begin a round of comparisons of every account, as far as one call comes.

        Returns how many were started and whether that was the last; `carry_on` starts the rest.
        """
        with self.desk.transaction() as books:
            books.rounds.begin(self.clock.now().strftime("%Y%m%dT%H%M%S"))
        return self.carry_on(correlation_id)

    def carry_on(self, correlation_id: str) -> dict[str, Any]:
        """Go on with the round that is not through, up to ACCOUNTS_PER_CALL accounts."""
        started = passed = 0
        while passed < ACCOUNTS_PER_CALL:
            # The round is noted only after its page was started: a call that dies repeats it,
            # under the same names.
            with self.desk.transaction() as books:
                round_ = books.rounds.current()
                after = "" if round_ is None else round_.after
                accounts = books.listings.accounts(after=after, limit=_PAGE)
            if round_ is None:
                return {"started": started, "is_complete": True}
            started += self._start(accounts, round_.stamp, correlation_id)
            passed += len(accounts)
            with self.desk.transaction() as books:
                books.rounds.move(round_, accounts[-1] if len(accounts) == _PAGE else None)
        return {"started": started, "is_complete": False}

    def _start(self, accounts: list[str], stamp: str, correlation_id: str) -> int:
        """Start a page and return how many; an account's trouble keeps no other waiting."""
        failed = 0
        for account_id in accounts:
            given = {"account_id": account_id, "correlation_id": correlation_id}
            try:
                self.workflows.start(RECONCILE, f"{account_id}-{stamp}", given)
            except BifrostError as error:
                failed += 1
                if failed > _TROUBLED_MAX:
                    raise
                _logger.warning(
                    "an account waits for the next round", extra={**given, "error": str(error)}
                )
        return len(accounts) - failed
