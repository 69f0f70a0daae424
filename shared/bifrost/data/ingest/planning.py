"""Which jobs the clock owes: one after each session's close, one a minute while it is open.

A job's id is made from what it is for, so that a plan made twice, late or by two at once makes
each job once. The calendar says when a session closes, early closes included; the schedule only
asks it every minute, and one that was missed is caught up with.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID, uuid5

from bifrost.core.sessions import Session, exchange_date
from bifrost.data.ingest.dispatching import Dispatcher
from bifrost.data.ingest.jobs import Item, Job, JobKind, Scope, new_item
from bifrost.data.ingest.ports import Coverage, Jobs, Subscriptions
from bifrost.data.ingest.subscriptions import Subscription
from bifrost.data.ports import Clock
from bifrost.data.series.timeframes import Timeframe

# Never changes: the jobs of a session that was planned before must be found again.
_PLANS = UUID("6f3a0d51-57a9-5c63-9a86-0d3b9c1f8e27")
# A scheduler that was away for less than this misses no close; older ones are gaps.
LOOKED_BACK = timedelta(days=4)
# A feed that had begun goes on where it stopped, if that is no longer ago: market time would else
# pass sessions that nobody was told of.
DOWN_AT_MOST = timedelta(days=31)
_REQUESTED_BY = "schedule"
_MINUTE = timedelta(minutes=1)
_KEPT = timedelta(days=3)
# Some sessions before are asked for again: a jump is only believed once a bar after it confirms
# it, and vendors correct a close overnight.
_DAYS_AGAIN = timedelta(days=4)

Plan = tuple[Job, list[Item]]
Group = tuple[str, str, Timeframe]


@dataclass(frozen=True, slots=True)
class Planner:
    """Makes the jobs that are due, and sends what waits."""

    jobs: Jobs
    subscriptions: Subscriptions
    coverage: Coverage
    dispatcher: Dispatcher
    clock: Clock

    def plan(self, correlation_id: str, patience: timedelta | None = None) -> dict[str, int]:
        """Make every job that is due by now; return what was done."""
        now = self.clock.now()
        subscribed = grouped(self.subscriptions.all())
        made = 0
        for job, items in self._plans(subscribed, now, correlation_id):
            self.jobs.add(job, items)
            made += 1
        return {
            "jobs_planned": made,
            "items_sent": self.dispatcher.sweep(patience),
            "jobs_forgotten": self.jobs.forget_intraday(now - _KEPT),
        }

    def _plans(
        self,
        subscribed: Mapping[Group, Sequence[Subscription]],
        now: datetime,
        correlation_id: str,
    ) -> Iterator[Plan]:
        recent, last = exchange_date(now - LOOKED_BACK), exchange_date(now)
        for (calendar, provider, timeframe), wanted in subscribed.items():
            first = min(recent, self._fed_to(calendar, now)) if timeframe.is_daily else recent
            for session in self.coverage.sessions(calendar, first, last):
                asked = Asked(provider, timeframe, session, correlation_id, now)
                if session.closes_at <= now:
                    is_recent = session.session >= recent
                    owed = [w for w in wanted if w.since <= session.session]
                    yield from of_close(asked, [w for w in owed if is_recent or w.live])
                elif session.opens_at < now and not timeframe.is_daily:
                    yield from of_minute(asked, wanted, self.coverage.newest(wanted))

    def _fed_to(self, calendar: str, now: datetime) -> date:
        fed_to = self.coverage.fed_to(calendar)
        return max(fed_to or exchange_date(now), exchange_date(now - DOWN_AT_MOST))


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose bars of a session are due, and when that was found out."""

    provider: str
    timeframe: Timeframe
    session: Session
    correlation_id: str
    now: datetime


def grouped(subscriptions: Iterable[Subscription]) -> Mapping[Group, list[Subscription]]:
    """Put together what one job may ask for: one calendar, provider and timeframe."""
    groups: dict[Group, list[Subscription]] = defaultdict(list)
    for one in subscriptions:
        groups[one.calendar, one.provider, one.timeframe].append(one)
    return groups


def of_close(asked: Asked, wanted: Sequence[Subscription]) -> Iterator[Plan]:
    """Yield the job of a session that has closed: all of it, of each instrument."""
    session = asked.session
    first = session.opens_at - (_DAYS_AGAIN if asked.timeframe.is_daily else timedelta())
    scope = Scope(asked.provider, asked.timeframe, first, session.closes_at)
    job = _job(asked, JobKind.SESSION_CLOSE, scope)
    if wanted:
        yield job, [new_item(job.job_id, w.instrument, w.symbol, scope, asked.now) for w in wanted]


def of_minute(
    asked: Asked, wanted: Sequence[Subscription], newest: Sequence[datetime | None]
) -> Iterator[Plan]:
    """Yield the job of the minute that has just ended: what each instrument lacks of today.

    newest: when each one's newest stored bar began; from there on is asked, so that a minute that
    was missed comes with the next.
    """
    opens_at = asked.session.opens_at
    ends = asked.now.replace(second=0, microsecond=0)
    if ends <= opens_at:
        return
    job = _job(asked, JobKind.INTRADAY, Scope(asked.provider, asked.timeframe, opens_at, ends))
    items = []
    for one, stored in zip(wanted, newest, strict=True):
        first = opens_at if stored is None else max(opens_at, stored + _MINUTE)
        if first < ends:
            scope = Scope(asked.provider, asked.timeframe, first, ends)
            items.append(new_item(job.job_id, one.instrument, one.symbol, scope, asked.now))
    if items:
        yield job, items


def _job(asked: Asked, kind: JobKind, scope: Scope) -> Job:
    session = asked.session
    named = f"{kind}/{asked.provider}/{asked.timeframe}/{session.calendar}/{session.session}"
    if kind is JobKind.INTRADAY:
        named += f"/{scope.before.isoformat()}"
    is_close = kind is JobKind.SESSION_CLOSE
    return Job(
        job_id=str(uuid5(_PLANS, named)),
        kind=kind,
        scope=scope,
        requested_by=_REQUESTED_BY,
        correlation_id=asked.correlation_id,
        requested_at=asked.now,
        calendar=session.calendar if is_close else None,
        session=session.session if is_close else None,
    )
