"""Sweeping: orders whose workflow or sender died are moved to their next step, by rule 2."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from bifrost.core.codec import to_json
from bifrost.core.errors import BifrostError
from bifrost.execution.books import Desk
from bifrost.execution.cancelling import Canceller
from bifrost.execution.collecting import Collector
from bifrost.execution.journal import Journal
from bifrost.execution.ports import Workflows
from bifrost.execution.records import OrderRecord
from bifrost.execution.sending import Sender

ORDER_FLOW = "order_flow"
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

    def sweep(self) -> dict[str, int]:
        """Read the reports, settle unanswered orders, press cancels, restart dead workflows.

        Returns how many of each; `failed` is what the next sweep must try again.
        """
        counts: Counter[str] = Counter()
        self._each(counts, ["reports"], self._collect)
        now = self.journal.clock.now()
        patient = now - self.sender.patience.stuck
        with self.desk.transaction() as books:
            unanswered = books.waiting.unanswered(now)
            cancels = books.waiting.pending_cancels(patient)
            unstarted = books.waiting.unstarted(patient)
        self._each(counts, unanswered, self.sender.settle)
        self._each(counts, cancels, self._press)
        self._each(counts, unstarted, self._start)
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

    def _start(self, order_id: str) -> str:
        with self.desk.transaction() as books:
            record = books.waiting.count_start(order_id, self.journal.clock.now())
            if record is None:
                return "moved_on"
            # Before the commit: a start that fails is not counted, and its name stays free.
            self.workflows.start(ORDER_FLOW, workflow_name(record), workflow_input(record))
        return "workflows_started"


def workflow_name(record: OrderRecord) -> str:
    """Name the execution by the order; a dead one's name is taken, so later ones are counted.

    The first restart has the plain name again, because the first start may never have arrived.
    """
    restarts = record.workflow_starts - 1
    return record.order_id if restarts < 1 else f"{record.order_id}-r{restarts}"


def workflow_input(record: OrderRecord) -> dict[str, Any]:
    """Return what the order's workflow begins with."""
    return {
        "order": to_json(record.intent),
        "mode": "live",
        "correlation_id": record.correlation_id,
    }
