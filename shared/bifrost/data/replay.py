"""Replays: stored bars played as the live feed. What may be asked for, and what comes next.

Market time only moves forward, for the desk as a whole: an order that was placed at one market
time must never be filled by a bar of an earlier one, of whatever instrument.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID, uuid5

from bifrost.core.bars import Bar
from bifrost.core.errors import FieldProblem
from bifrost.events import BarClosed, bar_stream

INSTRUMENTS_MAX = 50
SPEED_MAX = 100
BATCH_AT_FULL_SPEED = 20
# A Standard workflow's history ends at 25,000 events, and each call takes about nine.
CALLS_MAX = 2_500
# A workflow that lives publishes every second or so; one that died must not block the desk.
STALLED_AFTER = timedelta(seconds=60)
# How long its workflow may be silent, twice as long after each restart that brought nothing.
LEASE = timedelta(seconds=30)
RESTARTS_MAX = 4

# Never changes. An event's id is derived from its bar, so that the outbox's unique ids refuse
# to publish one bar twice, whatever else went wrong.
_FEED = UUID("0b5a4c3e-6a52-5d0b-8d5e-3f5f6f0a9b21")


class ReplayStatus(StrEnum):
    """Where a replay stands."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"  # its workflow died, and no restart helped or another replay took over


@dataclass(frozen=True, slots=True)
class ReplayRequest:
    """Play the bars of [first, last]; sessions_per_second None means as fast as it goes."""

    instruments: tuple[str, ...]
    first: date
    last: date
    sessions_per_second: int | None


@dataclass(frozen=True, slots=True)
class Replay:
    """A replay and its progress; published_to is the last session that went out.

    restarts: how often its workflow was started again; only the newest one may publish.
    stalls: how many of them there were since it last published.
    """

    replay_id: str
    request: ReplayRequest
    status: ReplayStatus
    sessions_total: int
    sessions_published: int
    bars_published: int
    published_to: date | None
    requested_by: str
    correlation_id: str
    requested_at: datetime
    progressed_at: datetime
    restarts: int = 0
    stalls: int = 0
    restarted_at: datetime | None = None

    def lease_ended(self, now: datetime, lease: timedelta) -> bool:
        """Say whether its workflow counts as dead."""
        began = max(self.progressed_at, self.restarted_at or self.progressed_at)
        running = self.status is ReplayStatus.RUNNING
        return running and now - began >= lease * 2**self.stalls

    def is_stalled(self, now: datetime) -> bool:
        """Say whether it should have moved and has not."""
        running = self.status is ReplayStatus.RUNNING
        return running and now - self.progressed_at > STALLED_AFTER


@dataclass(frozen=True, slots=True)
class Coverage:
    """What is stored of a listed instrument: all of it, and how many bars of the range asked."""

    instrument: str
    first_session: date | None
    last_session: date | None
    bars_in_range: int


def problems_of(request: ReplayRequest, stored: Mapping[str, Coverage]) -> list[FieldProblem]:
    """Return everything about the request that cannot be played.

    stored: by instrument; one that is missing is not listed.
    """
    if request.first > request.last:
        message = f"{request.first} is after to, {request.last}"
        return [FieldProblem("from", message, "send a `from` at or before `to`")]
    return [
        problem
        for place, instrument in enumerate(request.instruments)
        if (problem := _problem_of(f"instruments.{place}", instrument, request, stored))
    ]


def _problem_of(
    field: str, instrument: str, request: ReplayRequest, stored: Mapping[str, Coverage]
) -> FieldProblem | None:
    if instrument not in stored:
        known = "GET /v1/instruments lists those there are"
        return FieldProblem(field, f"no instrument is called {instrument}", known)
    coverage = stored[instrument]
    if coverage.bars_in_range:
        return None
    message = f"{instrument} has no bars from {request.first} to {request.last}"
    if coverage.first_session is None:
        return FieldProblem(field, message, f"import bars/daily/{instrument}.csv first")
    known = f"its bars go from {coverage.first_session} to {coverage.last_session}"
    return FieldProblem(field, message, known)


def batch_size(request: ReplayRequest) -> int:
    """Return how many sessions one call publishes."""
    return request.sessions_per_second or BATCH_AT_FULL_SPEED


def length_problem(request: ReplayRequest, sessions: int) -> FieldProblem | None:
    """Return why so many sessions cannot be played at this speed; None where they can."""
    calls = -(-sessions // batch_size(request))
    if calls <= CALLS_MAX:
        return None
    message = f"{sessions} sessions at {request.sessions_per_second} a second are too many"
    least = -(-sessions // CALLS_MAX)
    return FieldProblem("speed", message, f"send {least} or more, or a shorter range")


def wait_seconds(request: ReplayRequest) -> int:
    """Return how long the workflow waits between two calls."""
    return 0 if request.sessions_per_second is None else 1


def bar_events(
    bars: Sequence[tuple[Bar, str]],
    next_sequence: Mapping[str, int],
    *,
    recorded_at: datetime,
    correlation_id: str,
) -> list[BarClosed]:
    """Make the events of these bars (each with its currency), oldest session first.

    next_sequence: the next free place in each instrument's stream.
    """
    places = dict(next_sequence)
    events = []
    for bar, currency in sorted(bars, key=lambda one: (one[0].closed_at, one[0].instrument)):
        events.append(
            BarClosed(
                event_id=str(uuid5(_FEED, f"{bar.instrument}/{bar.closed_at.isoformat()}")),
                occurred_at=bar.closed_at,
                recorded_at=recorded_at,
                correlation_id=correlation_id,
                stream=bar_stream(bar.instrument),
                sequence=places[bar.instrument],
                bar=bar,
                currency=currency,
            )
        )
        places[bar.instrument] += 1
    return events


def moved_on(replay: Replay, events: Sequence[BarClosed], *, more: bool, now: datetime) -> Replay:
    """Return the replay after these events; it is done when no more sessions follow."""
    sessions = {event.bar.session for event in events}
    return replace(
        replay,
        status=ReplayStatus.RUNNING if more else ReplayStatus.DONE,
        sessions_published=replay.sessions_published + len(sessions),
        bars_published=replay.bars_published + len(events),
        published_to=max(sessions, default=replay.published_to),
        progressed_at=now,
        stalls=0,
    )


def restarted(replay: Replay, now: datetime) -> Replay:
    """Return the replay as its next workflow finds it; an earlier one publishes no more."""
    return replace(replay, restarts=replay.restarts + 1, stalls=replay.stalls + 1, restarted_at=now)


def workflow_name(replay: Replay) -> str:
    """Name the execution by the replay; a dead one's name is taken, so restarts are counted."""
    return f"{replay.replay_id}-r{replay.restarts}" if replay.restarts else replay.replay_id
