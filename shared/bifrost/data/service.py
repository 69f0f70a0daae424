"""Data's use cases but imports: what is stored, and replays of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bifrost.core.corporate_actions import CorporateAction
from bifrost.core.errors import ConflictError, FieldProblem, InvalidInputError
from bifrost.core.sessions import Session
from bifrost.data.ports import (
    ActionQuery,
    Clock,
    Ids,
    Listing,
    MarketData,
    Replays,
    ReplayTransaction,
    StoredAction,
    StoredBar,
    Workflows,
)
from bifrost.data.reference.votes import ActionState, state_of
from bifrost.data.replay import (
    LEASE,
    RESTARTS_MAX,
    Replay,
    ReplayRequest,
    ReplayStatus,
    bar_events,
    batch_size,
    length_problem,
    moved_on,
    problems_of,
    restarted,
    wait_seconds,
    workflow_name,
)


@dataclass(frozen=True, slots=True)
class BarPage:
    """Some bars, and the session to go on from; None at the end."""

    bars: list[StoredBar]
    next_session: date | None


@dataclass(frozen=True, slots=True)
class Progress:
    """What `publish_sessions` answers to its workflow."""

    done: bool
    wait_seconds: int
    sessions_published: int
    sessions_total: int


@dataclass(frozen=True, slots=True)
class DataService:
    """What the desk may ask of data."""

    market_data: MarketData
    replays: Replays
    workflows: Workflows
    clock: Clock
    ids: Ids

    def listings(self, *, after: str = "", limit: int = 100) -> list[Listing]:
        """Return the instruments past `after`, by symbol."""
        return self.market_data.listings(after=after, limit=limit)

    def listing(self, symbol: str) -> Listing:
        """Return one instrument; raise NotFoundError."""
        return self.market_data.listing(symbol)

    def bars(self, symbol: str, first: date, last: date, limit: int) -> BarPage:
        """Return a page of an instrument's bars, oldest first.

        Raises NotFoundError for an unknown instrument, InvalidInputError for a range that ends
        before it begins. An empty page means that there are none.
        """
        _check_range(first, last)
        self.market_data.listing(symbol)
        found = self.market_data.bars(symbol, first, last, limit=limit + 1)
        following = found[limit].bar.session if len(found) > limit else None
        return BarPage(found[:limit], following)

    def actions(self, asked: ActionQuery, *, after: int, limit: int) -> list[StoredAction]:
        """Return corporate actions whose place is past `after`, in the order they came in.

        Raises NotFoundError for an unknown instrument, InvalidInputError for a range that ends
        before it begins. An empty page means that no vendor announced any.
        """
        _check_range(asked.first, asked.last)
        if asked.instrument:
            self.market_data.listing(asked.instrument)
        return self.market_data.actions(asked, after=after, limit=limit)

    def states(self, actions: Sequence[CorporateAction]) -> list[ActionState]:
        """Say of each whether it stands, who says so, and what contradicts it."""
        if not actions:
            return []
        days = [one.ex_date for one in actions]
        names = {one.instrument for one in actions}
        known = self.market_data.claims(names, min(days), max(days))
        return [state_of(one, known) for one in actions]

    def sessions(self, calendar: str, first: date, last: date) -> list[Session]:
        """Return the calendar's sessions of [first, last].

        Raises InvalidInputError beyond what the calendar knows: "no sessions" would be a lie.
        """
        _check_range(first, last)
        known = self.market_data.baked(calendar)
        for field, asked in (("from", first), ("to", last)):
            if not known[0].year <= asked.year <= known[1].year:
                message = f"{calendar} is known from {known[0].year} to {known[1].year}"
                raise InvalidInputError(FieldProblem(field, message, "ask inside these years"))
        return self.market_data.sessions(calendar, first, last)

    def market_time(self) -> datetime | None:
        """Return when the last bar of the feed closed; None before the first."""
        return self.market_data.market_time()

    def find_replay(self, replay_id: str) -> Replay:
        """Return a replay as it stands; raise NotFoundError."""
        return self.replays.find(replay_id)

    def start_replay(
        self, request: ReplayRequest, *, owner: str, key: str, correlation_id: str
    ) -> Replay:
        """Begin a replay, or answer with the one that this key has begun.

        Raises InvalidInputError for what cannot be played, ConflictError while another replay
        runs or where market time would have to run backwards.
        """
        with self.replays.transaction() as book:
            new_id = self.ids.new()
            replay_id = book.claim(owner, key, request, new_id)
            if replay_id == new_id:
                self._begin(book, request, replay_id, owner, correlation_id)
            replay = book.find(replay_id)
        # Again for a key that came again: the first call may have died before this line.
        if replay.status is ReplayStatus.RUNNING:
            self._start_workflow(replay)
        return replay

    def sweep(self, patience: timedelta | None = None) -> dict[str, int]:
        """Start the running replay's workflow again where its lease has ended.

        patience: how long its workflow may be silent, where that is not `LEASE`; none at all
            where every workflow is known to have died.
        Returns what was done; a replay that no restart helps has failed.
        """
        lease = LEASE if patience is None else patience
        with self.replays.transaction() as book:
            replay = book.running()
            now = self.clock.now()
            if replay is None or not replay.lease_ended(now, lease):
                return {}
            if replay.stalls >= RESTARTS_MAX:
                book.abandon(replay)
                return {"replays_given_up": 1}
            replay = restarted(replay, now)
            book.restart(replay)
        # After the commit, so that no step waits for Step Functions; a start that fails counts.
        self._start_workflow(replay)
        return {"replays_restarted": 1}

    def publish_sessions(self, replay_id: str, run: int | None = None) -> Progress:
        """Publish the replay's next sessions; a call that is repeated goes on, never back.

        run: how many restarts came before the caller's workflow; an overtaken one is told that
            it is done. None is nobody's workflow.
        """
        with self.replays.transaction() as book:
            replay = book.find(replay_id)
            overtaken = run is not None and run < replay.restarts
            if replay.status is ReplayStatus.RUNNING and not overtaken:
                bars, more = book.next_bars(replay, batch_size(replay.request))
                events = bar_events(
                    bars,
                    book.next_sequences(replay.request.instruments),
                    recorded_at=self.clock.now(),
                    correlation_id=replay.correlation_id,
                )
                book.publish(moved_on(replay, events, more=more, now=self.clock.now()), events)
                replay = book.find(replay_id)
        return Progress(
            done=overtaken or replay.status is not ReplayStatus.RUNNING,
            wait_seconds=wait_seconds(replay.request),
            sessions_published=replay.sessions_published,
            sessions_total=replay.sessions_total,
        )

    def _start_workflow(self, replay: Replay) -> None:
        given = {
            "replay_id": replay.replay_id,
            "run": replay.restarts,
            "correlation_id": replay.correlation_id,
        }
        self.workflows.start("replay", workflow_name(replay), given)

    def _begin(
        self,
        book: ReplayTransaction,
        request: ReplayRequest,
        replay_id: str,
        owner: str,
        correlation_id: str,
    ) -> None:
        problems = problems_of(request, book.stored(request))
        if problems:
            raise InvalidInputError(*problems)
        now = self.clock.now()
        _make_room(book, now)
        sessions, first_close = book.sessions_of(request)
        too_long = length_problem(request, sessions)
        if too_long:
            raise InvalidInputError(too_long)
        _check_market_time(book, request, first_close)
        book.add(
            Replay(
                replay_id=replay_id,
                request=request,
                status=ReplayStatus.RUNNING,
                sessions_total=sessions,
                sessions_published=0,
                bars_published=0,
                published_to=None,
                requested_by=owner,
                correlation_id=correlation_id,
                requested_at=now,
                progressed_at=now,
            )
        )


def _check_range(first: date, last: date) -> None:
    if first > last:
        message = f"{first} is after to, {last}"
        raise InvalidInputError(FieldProblem("from", message, "send a `from` at or before `to`"))


def _make_room(book: ReplayTransaction, now: datetime) -> None:
    running = book.running()
    if running is None:
        return
    if not running.is_stalled(now):
        raise ConflictError(
            f"replay {running.replay_id} is running, at session {running.sessions_published}"
            f" of {running.sessions_total}; wait for its end"
        )
    book.abandon(running)


def _check_market_time(
    book: ReplayTransaction, request: ReplayRequest, first_close: datetime
) -> None:
    if book.market_time is not None and first_close <= book.market_time:
        raise ConflictError(
            f"market time is {book.market_time.isoformat()} and only moves forward: a replay"
            f" from {request.first} would go back; the next possible from is"
            f" {book.session_after(book.market_time)}"
        )
