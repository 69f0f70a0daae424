"""Jobs that a person asks for: begun once for a key, cancelled, resumed, and how far they are."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from bifrost.core.errors import FieldProblem, InvalidInputError, NotFoundError, not_a_cursor
from bifrost.core.sessions import EXCHANGE
from bifrost.data.ingest.dispatching import Dispatcher
from bifrost.data.ingest.jobs import (
    Item,
    ItemState,
    Job,
    JobKind,
    JobState,
    Scope,
    cancelled,
    new_item,
    resumed,
    state_of,
)
from bifrost.data.ingest.ports import Claim, JobQuery, Jobs, Subscriptions, Tally
from bifrost.data.ingest.slices import TICKS_LATE
from bifrost.data.ports import Clock, Ids
from bifrost.data.series.kinds import Series
from bifrost.data.series.timeframes import Timeframe

_SECOND = timedelta(seconds=1)
# What vendors are asked for; all longer ones are rolled up from the minutes.
FETCHED = (Timeframe.M1, Timeframe.D1)
# No vendor sells older ones, and each month that is asked for is a call: 24,000 since the year 1.
OLDEST_DAYS, OLDEST_WITHIN_DAYS = date(1900, 1, 1), date(1990, 1, 1)


@dataclass(frozen=True, slots=True)
class BackfillRequest:
    """Fetch the sessions of [first, last]; no instruments means all that are listed.

    timeframe: of bars; None of trades and quotes.
    """

    instruments: tuple[str, ...]
    timeframe: Timeframe | None
    first: date
    last: date
    provider: str
    series: Series = Series.BARS


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks, under which key."""

    owner: str
    key: str
    correlation_id: str


@dataclass(frozen=True, slots=True)
class Progress:
    """A job, what its items add up to, and its state by them.

    eta: how long the rest takes at the pace so far; None where there is no pace yet.
    """

    job: Job
    state: JobState
    tally: Tally
    eta: timedelta | None

    @property
    def percent_done(self) -> int:
        """How much of the range has been asked for and answered, rounded down."""
        return 100 * self.tally.done // self.tally.asked if self.tally.asked else 100

    @property
    def has_ended(self) -> bool:
        """Nothing more happens by itself."""
        return not self.tally.unended


@dataclass(frozen=True, slots=True)
class Backfills:
    """Asks for jobs and looks after them.

    tick_providers: those of the providers that have quotes and trades.
    """

    jobs: Jobs
    subscriptions: Subscriptions
    providers: Sequence[str]
    dispatcher: Dispatcher
    clock: Clock
    ids: Ids
    tick_providers: Sequence[str] = ()

    def start(self, request: BackfillRequest, asking: Asking) -> Progress:
        """Begin a backfill, or answer with the one that this key has begun.

        Raises InvalidInputError naming everything that cannot be fetched.
        """
        listed = self.subscriptions.listed(request.instruments)
        problems = self._problems(request, listed)
        if problems:
            raise InvalidInputError(*problems)
        now = self.clock.now()
        job = Job(
            job_id=self.ids.new(),
            kind=JobKind.BACKFILL,
            scope=scope_of(request, now),
            requested_by=asking.owner,
            correlation_id=asking.correlation_id,
            requested_at=now,
        )
        symbols = request.instruments or tuple(listed)
        items = [new_item(job.job_id, name, name, job.scope, now) for name in symbols]
        body = {
            "instruments": sorted(request.instruments),
            "series": request.series.value,
            "timeframe": request.timeframe,
            "from": request.first.isoformat(),
            "to": request.last.isoformat(),
            "provider": request.provider,
        }
        job_id = self.jobs.add_once(Claim(asking.owner, asking.key, body), job, items)
        # Also for a key that came again: the first call may have died before this line.
        self.dispatcher.sweep()
        return self.progress(job_id)

    def _problems(self, request: BackfillRequest, listed: Sequence[str]) -> list[FieldProblem]:
        problems = []
        if request.first > request.last:
            message = f"{request.first} is after to, {request.last}"
            problems.append(FieldProblem("from", message, "send a `from` at or before `to`"))
        today = self.clock.now().astimezone(EXCHANGE).date()
        if request.first > today:
            message = f"{request.first} has not come yet"
            problems.append(FieldProblem("from", message, f"send a date up to {today}"))
        problems += [*_of_age(request), *self._of_provider(request), *_of_timeframe(request)]
        unknown = [name for name in request.instruments if name not in listed]
        problems += [
            FieldProblem(
                "instruments",
                f"no instrument is called {name}",
                "GET /v1/instruments lists those there are",
            )
            for name in unknown
        ]
        if not listed and not unknown:
            fix = "import an instruments file first: `bifrost data import`"
            problems.append(FieldProblem("instruments", "none is listed", fix))
        return problems

    def _of_provider(self, request: BackfillRequest) -> Iterator[FieldProblem]:
        name, series = request.provider, request.series
        has_it = self.providers if series is Series.BARS else self.tick_providers
        if name not in has_it:
            known = f"{name} has no {series}" if name in self.providers else None
            message = known or f"no provider is called {name}"
            yield FieldProblem("provider", message, f"send one of {', '.join(has_it)}")

    def progress(self, job_id: str) -> Progress:
        """Return how far a job is; raise NotFoundError."""
        (found,) = self._progress([self.jobs.find(job_id)])
        return found

    def newest(self, asked: JobQuery) -> list[Progress]:
        """Return jobs and how far they are, the newest first.

        Raises InvalidInputError where what it is to go on from is no job: that is not the end.
        """
        found = self.jobs.newest(asked)
        if not found and asked.before:
            try:
                self.jobs.find(asked.before)
            except NotFoundError:
                raise not_a_cursor() from None
        return self._progress(found)

    def _progress(self, jobs: Sequence[Job]) -> list[Progress]:
        now = self.clock.now()
        tallies = self.jobs.tallies([job.job_id for job in jobs])
        return [_progress_of(job, tallies[job.job_id], now) for job in jobs]

    def items(self, job_id: str, *, after: int, limit: int) -> list[Item]:
        """Return a job's items past the number `after`; raise NotFoundError."""
        self.jobs.find(job_id)
        return self.jobs.items(job_id, after=after, limit=limit)

    def cancel(self, job_id: str) -> Progress:
        """Stop a job: what is stored stays, and a slice that is under way is not kept."""
        self.jobs.find(job_id)
        self.jobs.change_items(job_id, cancelled, self.clock.now())
        return self.progress(job_id)

    def resume(self, job_id: str) -> Progress:
        """Let what failed or was cancelled go on from where it stopped."""
        self.jobs.find(job_id)
        now = self.clock.now()
        self.jobs.change_items(job_id, lambda item: resumed(item, now), None)
        self.dispatcher.sweep()
        return self.progress(job_id)


def _of_age(request: BackfillRequest) -> Iterator[FieldProblem]:
    oldest = OLDEST_DAYS if request.timeframe is Timeframe.D1 else OLDEST_WITHIN_DAYS
    if request.first < oldest:
        message = f"{request.first} is before any vendor's, {oldest}"
        yield FieldProblem("from", message, f"send a date from {oldest} on")


def _of_timeframe(request: BackfillRequest) -> Iterator[FieldProblem]:
    timeframe, series = request.timeframe, request.series
    if series is not Series.BARS:
        if timeframe is not None:
            message = f"{series} have none, was {timeframe}"
            yield FieldProblem("timeframe", message, "leave it out, or ask for bars")
    elif timeframe is None:
        yield FieldProblem("timeframe", "is missing: bars have one", "send 1m or 1d")
    elif timeframe not in FETCHED:
        message = f"{timeframe} is not fetched: it is rolled up from 1m"
        yield FieldProblem("timeframe", message, "send 1m or 1d")


def scope_of(request: BackfillRequest, now: datetime) -> Scope:
    """Return the range of these days in New York, as far as it has come."""
    first = datetime.combine(request.first, time(), EXCHANGE)
    last = min(request.last, now.astimezone(EXCHANGE).date())
    after = datetime.combine(last + timedelta(days=1), time(), EXCHANGE)
    # A minute that runs is no bar yet.
    known = now.replace(second=0, microsecond=0)
    if request.series is not Series.BARS:
        known -= TICKS_LATE
    before = max(min(after, known), first + timedelta(minutes=1))
    return Scope(request.provider, request.timeframe, first, before, request.series)


def _progress_of(job: Job, tally: Tally, now: datetime) -> Progress:
    state = state_of(tally.states, unended=tally.unended)
    return Progress(job, state, tally, _eta(job, tally, now))


def _eta(job: Job, tally: Tally, now: datetime) -> timedelta | None:
    spent = (now - job.requested_at) // _SECOND
    done = tally.done // _SECOND
    if not tally.unended or done <= 0 or spent <= 0:
        return None
    return (tally.asked - tally.done) * spent // done


def counts(states: Tally) -> dict[str, int]:
    """Return how many items are in each state, by its name; every state is there."""
    return {state.value: states.states.get(state, 0) for state in ItemState}
