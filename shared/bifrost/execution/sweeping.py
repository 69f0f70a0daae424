"""Sweeping: orders whose workflow or sender died are moved to their next step, by rule 2.

An order that was never sent gets its workflow again, each time after twice the patience, and is
refused once that has not helped for about a quarter of an hour. One that was sent is never given
up: the venue is asked, sweep after sweep, until it has said where the order stands.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from bifrost.core.codec import to_json
from bifrost.core.decisions import Reason
from bifrost.core.errors import BifrostError
from bifrost.execution.books import Desk
from bifrost.execution.cancelling import Canceller
from bifrost.execution.collecting import Collector
from bifrost.execution.journal import Journal, Why
from bifrost.execution.lifecycle import Happening
from bifrost.execution.ports import Workflows
from bifrost.execution.records import OrderRecord
from bifrost.execution.sending import Sender

ORDER_FLOW = "order_flow"
# At 30 s of patience the last restart comes after 7.5 minutes, and the refusal after 15.5.
RESTARTS_MAX = 4
_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sweeper:
    """Looks after what was left lying."""

    desk: Desk
    journal: Journal
    collector: Collector
    sender: Sender
    canceller: Canceller
    workflows: Workflows

    def sweep(self, patience: timedelta | None = None) -> dict[str, int]:
        """Read the reports, settle unanswered orders, press cancels, restart dead workflows.

        patience: how long an order may stand before its workflow counts as dead; none at all
            where every workflow is known to have died.
        Returns how many of each; `failed` is what the next sweep must try again.
        """
        counts: Counter[str] = Counter()
        self._each(counts, ["reports"], self._collect)
        now = self.journal.clock.now()
        stuck = self.sender.patience.stuck if patience is None else patience
        with self.desk.transaction() as books:
            unanswered = books.waiting.unanswered(now)
            cancels = books.waiting.pending_cancels(now - stuck)
            unstarted = {one.order_id: one for one in books.waiting.unstarted(now, stuck)}
        self._each(counts, unanswered, self.sender.settle)
        self._each(counts, cancels, self._press)
        self._each(counts, unstarted, lambda one: self._restart(unstarted[one]))
        return dict(counts)

    def _each(self, counts: Counter[str], ids: Iterable[str], act: Callable[[str], str]) -> None:
        for one in ids:
            try:
                counts[act(one)] += 1
            except BifrostError as error:
                # One order's trouble must not keep the sweeper from the others.
                _logger.warning("left for the next sweep", extra={"id": one, "error": str(error)})
                counts["failed"] += 1

    def _collect(self, what: str) -> str:
        self.collector.collect()
        return what

    def _press(self, order_id: str) -> str:
        with self.desk.transaction() as books:
            record = books.orders.lock(order_id)
        self.canceller.press(record)
        return "cancels_pressed"

    def _restart(self, seen: OrderRecord) -> str:
        if seen.workflow_starts >= RESTARTS_MAX:
            return self._give_up(seen)
        # Each statement is kept before the next, so no lock is held while the call takes its time.
        with self.desk.separately() as books:
            claimed = books.waiting.claim_start(seen, self.journal.clock.now())
            if claimed is None or not books.waiting.may_start(claimed):
                return "moved_on"
        # One that fails counts all the same: it may have come after the effect.
        self.workflows.start(ORDER_FLOW, workflow_name(claimed), workflow_input(claimed))
        return "workflows_restarted"

    def _give_up(self, seen: OrderRecord) -> str:
        """Refuse what was never sent; the refusal's event releases what risk has reserved."""
        why = Why((Reason("workflow_failed", limit=Decimal(RESTARTS_MAX), unit="restarts"),))
        with self.desk.transaction() as books:
            record = books.orders.lock(seen.order_id)
            at = self.journal.market_time(books)
            ended = self.journal.move(books, record, Happening.REFUSED, at, why)
        if ended is record:
            return "moved_on"
        _logger.error("an order's workflow died too often", extra={"order_id": seen.order_id})
        return "workflows_given_up"


def workflow_name(record: OrderRecord) -> str:
    """Name the execution by the order; a dead one's name is taken, so restarts are counted."""
    restarts = record.workflow_starts
    return f"{record.order_id}-r{restarts}" if restarts else record.order_id


def workflow_input(record: OrderRecord) -> dict[str, Any]:
    """Return what the order's workflow begins with."""
    return {
        "order": to_json(record.intent),
        "mode": "live",
        "correlation_id": record.correlation_id,
    }
