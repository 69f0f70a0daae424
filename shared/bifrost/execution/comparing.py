"""Comparing: when an account's books are compared with the venue's, and what a break leads to.

After every fill, one comparison of an account at a time: it is claimed after the fill's commit,
by the account's last fill, and fills that come meanwhile are compared once it has ended. A claim
that came to nothing is claimed again by a later sweep. After every session all accounts are.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from bifrost.core.breaks import Break
from bifrost.core.errors import BifrostError
from bifrost.execution.books import Books, Desk
from bifrost.execution.comparison_books import Due
from bifrost.execution.halting import SET_BY, counts, reason_to_halt
from bifrost.execution.ports import Clock, Workflows
from bifrost.execution.switches import Switch, SwitchMode

RECONCILE = "reconcile"
# In this time the fills' events reach the other books, and more of a burst's fills come.
SETTLE_SECONDS = 2
# Of one call: at 20 ms each this is well within a function's time.
STARTS_MAX = 100
# These are explained: no later comparison will find them gone by itself.
_STANDING = ("imported_history",)
_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Conclusion:
    """Input of the task `conclude`: what the comparison left open in every book."""

    account_id: str
    breaks: tuple[Break, ...]


@dataclass(frozen=True, slots=True)
class Comparing:
    """Starts comparisons, and ends them."""

    desk: Desk
    workflows: Workflows
    clock: Clock

    def after_bar(self, session: date, correlation_id: str) -> int:
        """Begin the round of a session that has closed, and compare what its fills touched.

        The round is one row: the next sweep starts its accounts. Returns how many were started.
        """
        with self.desk.transaction() as books:
            books.comparisons.begin_session(session)
        return self.start_due(correlation_id)

    def start_due(self, correlation_id: str) -> int:
        """Start the comparisons that are due; return how many."""
        with self.desk.transaction() as books:
            due = books.comparisons.claim_due(self.clock.now(), STARTS_MAX)
        return sum(self._start(one, correlation_id) for one in due)

    def conclude(
        self, account_id: str, breaks: Sequence[Break], correlation_id: str
    ) -> dict[str, Any]:
        """End a comparison: stop an account whose books are too far apart, and go on with fills
        that came meanwhile. Only a person lets the account trade again.
        """
        with self.desk.transaction() as books:
            reason = self._halt(books, account_id, breaks)
            is_clean = all(one.kind == "statement" or one.cause in _STANDING for one in breaks)
            books.comparisons.end(account_id, is_clean=is_clean, now=self.clock.now())
        if reason is not None:
            _logger.error("breaks stopped an account", extra={"account_id": account_id})
        started = self.start_due(correlation_id)
        return {"is_stopped": reason is not None, "started": started}

    def _start(self, due: Due, correlation_id: str) -> int:
        given = {
            "account_id": due.account_id,
            "correlation_id": correlation_id,
            "settle_seconds": SETTLE_SECONDS,
        }
        name = f"{due.account_id}-fill-{due.fill_sequence}-{due.claims}"
        try:
            self.workflows.start(RECONCILE, name, given)
        except BifrostError as error:
            _logger.warning("a comparison waits for a sweep", extra={**given, "error": str(error)})
            with self.desk.transaction() as books:
                books.comparisons.end(due.account_id, is_clean=False, now=self.clock.now())
            return 0
        return 1

    def _halt(self, books: Books, account_id: str, breaks: Sequence[Break]) -> str | None:
        large = [one for one in breaks if counts(one)]
        if not large:
            return None
        now = self.clock.now()
        # As a person's change does: no order is claimed past it once it is kept.
        books.switches.lock(account_id)
        marks = books.comparisons.prices([one.subject for one in large])
        limits = books.comparisons.limits(now)
        switch = books.switches.of_account(account_id)
        reason = reason_to_halt(large, limits, marks, switch, now)
        if reason is not None:
            stop = Switch(account_id, SwitchMode.STOP_NEW, reason[:500], SET_BY, now)
            books.switches.put(stop)
        return reason
