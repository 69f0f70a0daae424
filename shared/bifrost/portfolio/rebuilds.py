"""Rebuilds as tasks of their own: asked for, played by a workflow, and ended one way or the other.

A long account takes minutes where an HTTP request has thirty seconds. What is played is never
taken up in the middle: books are compared as of one instant, which a second transaction no longer
sees, so an attempt that died begins anew, and what the earlier one still says is not heard.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from bifrost.core.errors import ConflictError
from bifrost.portfolio.ports import Clock, Ids

if TYPE_CHECKING:
    from bifrost.portfolio.rebuilding import Archive, Rebuild

WORKFLOW = "rebuild"
# The longest that a Lambda lives is fifteen minutes; a minute is for saying that it was too long.
LONGEST = timedelta(minutes=14)
# Something is told every second or so but while the books are read at the end.
LEASE = timedelta(minutes=5)
TOLD_EVERY = timedelta(seconds=1)
DIED = "its workflow died; ask for another rebuild"
KILLED = (
    "the process that did its work was killed, and so was each that began it anew;"
    " ask for another rebuild"
)
OVERSLEPT = "its work was ended for taking too long; ask for another rebuild"
SILENT = "the database or Lambda did not answer, however often it was asked; ask again later"
# By what a workflow calls them: Lambda's names of a process that died and of one that overslept,
# as old and newer runtimes give them, and of what does not answer.
_ENDS = {
    "Lambda.Unknown": KILLED,
    "Runtime.ExitError": KILLED,
    "Sandbox.Timedout": OVERSLEPT,
    "States.Timeout": OVERSLEPT,
    "UnavailableError": SILENT,
    "Lambda.ServiceException": SILENT,
    "Lambda.AWSLambdaException": SILENT,
    "Lambda.SdkClientException": SILENT,
    "Lambda.TooManyRequestsException": SILENT,
}


class RebuildState(StrEnum):
    """Where a rebuild stands."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class RebuildTask:
    """A rebuild that was asked for, and how far it is.

    attempt: how often its work was begun; only the newest may go on.
    played, total: steps of the journal; the total is unknown until the work has begun.
    cause: why it failed.
    made: what was found, with the first of the differences; None until it is done.
    differences: how many there are.
    """

    rebuild_id: str
    account_id: str
    currency: str
    state: RebuildState
    attempt: int
    played: int
    total: int | None
    requested_at: datetime
    begun_at: datetime | None
    ended_at: datetime | None
    cause: str
    made: "Rebuild | None"
    differences: int


@dataclass(frozen=True, slots=True)
class RebuildRequest:
    """A rebuild as its caller asked for it."""

    account_id: str
    key: str
    correlation_id: str


class RebuildStore(Protocol):
    """Keeps rebuilds, each call by itself: what they tell is read while they run."""

    def begin(
        self, asked: RebuildRequest, rebuild_id: str, now: datetime, dead_before: datetime
    ) -> RebuildTask:
        """Keep a new one, or return what this key has begun.

        dead_before: one that told nothing since has failed. Raises ConflictError while another
        of the account runs.
        """

    def attempt(self, rebuild_id: str, now: datetime) -> RebuildTask | None:
        """Begin the work, the first time or again; None where it has ended."""

    def tell(self, task: RebuildTask, played: int, total: int, now: datetime) -> bool:
        """Keep how far the attempt is; False where it is no longer the one that counts."""

    def finish(self, task: RebuildTask, made: "Rebuild", now: datetime) -> bool:
        """Keep what was found; False where the attempt is no longer the one that counts."""

    def fail(self, rebuild_id: str, cause: str, now: datetime) -> RebuildState:
        """End it with its cause unless it has ended; return how it ended."""

    def fail_dead(self, before: datetime, now: datetime) -> int:
        """End those that told nothing since `before`; return how many."""


class Starter(Protocol):
    """Starts workflows that nobody waits for."""

    def start(self, workflow: str, name: str, workflow_input: dict[str, Any]) -> None:
        """Start an execution called `name`; one that exists already is success."""


class Rebuilds:
    """Begins rebuilds, does their work, and ends those that died."""

    def __init__(
        self, store: RebuildStore, archive: "Archive", workflows: Starter, clock: Clock, ids: Ids
    ) -> None:
        self._store = store
        self._archive = archive
        self._workflows = workflows
        self._clock = clock
        self._ids = ids

    def start(self, asked: RebuildRequest) -> RebuildTask:
        """Begin a rebuild of an account that is the caller's, once per key.

        Raises ConflictError while another of the account runs.
        """
        now = self._clock.now()
        task = self._store.begin(asked, self._ids.new(), now, now - LEASE)
        # Again for a key that came again: the first call may have died before this line.
        if task.state is RebuildState.RUNNING:
            given = {"rebuild_id": task.rebuild_id, "correlation_id": asked.correlation_id}
            self._workflows.start(WORKFLOW, task.rebuild_id, given)
        return task

    def run(self, rebuild_id: str) -> bool:
        """Do the work; False where it had ended before.

        Raises ConflictError where it was ended meanwhile, by another attempt or by its length.
        """
        from bifrost.portfolio.rebuilding import rebuild_account

        task = self._store.attempt(rebuild_id, self._clock.now())
        if task is None:
            return False
        made = rebuild_account(
            self._archive, task.account_id, task.currency, heard=self._ear_of(task)
        )
        if not self._store.finish(task, made, self._clock.now()):
            raise _overtaken(task)
        return True

    def fail(self, rebuild_id: str, error: str) -> RebuildState:
        """End a rebuild whose work ended with an error, by its name; what has ended stays so."""
        cause = _ENDS.get(error, f"its work ended with {error}; ask for another rebuild")
        return self._store.fail(rebuild_id, cause, self._clock.now())

    def sweep(self, patience: timedelta | None = None) -> int:
        """End the rebuilds whose workflow died; return how many.

        patience: how long one may tell nothing, where that is not `LEASE`; none at all where
            every workflow is known to have died.
        """
        now = self._clock.now()
        return self._store.fail_dead(now - (LEASE if patience is None else patience), now)

    def _ear_of(self, task: RebuildTask) -> Callable[[int, int], None]:
        begun = told = self._clock.now()

        def hear(played: int, total: int) -> None:
            nonlocal told
            now = self._clock.now()
            if 0 < played < total and now - told < TOLD_EVERY:
                return
            told = now
            if now - begun > LONGEST:
                minutes = LONGEST // timedelta(minutes=1)
                cause = f"it took longer than {minutes} minutes: {played} of {total} steps"
                self._store.fail(task.rebuild_id, cause, now)
            if not self._store.tell(task, played, total, now):
                raise _overtaken(task)

        return hear


def _overtaken(task: RebuildTask) -> ConflictError:
    return ConflictError(f"rebuild {task.rebuild_id}, attempt {task.attempt}, has been ended")
