"""Sending items to the ingesters, so that a death between a commit and a send loses nothing.

Items are kept first and sent after. What was not sent, or was sent and brought nothing, a sweep
sends again: a message that comes twice finds an item that somebody works on, or that has ended.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bifrost.data.ingest.jobs import UNHEARD_AFTER, Item
from bifrost.data.ingest.ports import Jobs, WorkQueue
from bifrost.data.ports import Clock

# SQS holds a message back for at most so long; what is due later a sweep sends.
LONGEST_DELAY = timedelta(minutes=15)
_SENT_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Dispatcher:
    """Sends items that are due."""

    jobs: Jobs
    queue: WorkQueue
    clock: Clock

    def send(self, items: Iterable[Item]) -> int:
        """Send each item that is due soon, to be seen when it is; return how many went."""
        now = self.clock.now()
        due = [
            (item.number, _seconds(item.due_at, now))
            for item in items
            if item.due_at is not None and item.due_at - now <= LONGEST_DELAY
        ]
        return self._send(due, now)

    def sweep(self, patience: timedelta | None = None) -> int:
        """Send what should be on its way and is not; return how many went.

        patience: after how long a message that brought nothing counts as lost.
        """
        now, sent = self.clock.now(), 0
        unheard = UNHEARD_AFTER if patience is None else patience
        while waiting := self.jobs.unsent(now, unheard, _SENT_AT_ONCE):
            sent += self._send(waiting, now)
            if len(waiting) < _SENT_AT_ONCE:
                break
        return sent

    def _send(self, due: list[tuple[int, int]], now: datetime) -> int:
        accepted = self.queue.send(due) if due else []
        if accepted:
            self.jobs.mark_sent(accepted, now)
        return len(accepted)


def _seconds(due_at: datetime, now: datetime) -> int:
    # Rounded up: a message that shows before its item is due finds nothing to do.
    return max(0, -((now - due_at) // timedelta(seconds=1)))
