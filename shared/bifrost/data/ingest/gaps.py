"""Finding what is missing, beside the calendar, and having it fetched.

A gap is a bar that the calendar expects, that is neither stored nor quarantined, and of which no
vendor has said that there is none. An instrument that did not trade in a minute has no gap there
once the vendor's whole answer for it has come. What a live line may have missed is a hole, which
is another thing: see `data.streaming.holes`.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bifrost.core.sessions import Session, exchange_date
from bifrost.data.ingest.dispatching import Dispatcher
from bifrost.data.ingest.expected import bars_expected, outside, stretches
from bifrost.data.ingest.jobs import Job, JobKind, Scope, new_item
from bifrost.data.ingest.ports import Coverage, Jobs, Subscriptions
from bifrost.data.ingest.subscriptions import Gap, Subscription
from bifrost.data.ports import Clock, Ids
from bifrost.data.series.columns import instant_of
from bifrost.data.series.timeframes import Timeframe

# The job of the close has had its tries by then: what is missing is a gap.
OWED_AFTER = timedelta(minutes=30)
# A gap that a job left open: the vendor may have more later.
ASKED_AGAIN_AFTER = timedelta(hours=6)
_SESSIONS_AT_ONCE = 250
# Some bars more are asked for: a jump is only believed once a bar after it confirms it.
_MORE = {True: timedelta(days=5), False: timedelta(minutes=5)}
# Past the close of any session, and long before the next one's open (microseconds).
_DAILY_WIDTH = 7 * 3_600_000_000
_REFILLED_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class GapFinder:
    """Finds gaps of what is subscribed to, and begins jobs that fill them."""

    jobs: Jobs
    subscriptions: Subscriptions
    coverage: Coverage
    dispatcher: Dispatcher
    clock: Clock
    ids: Ids

    def find(self) -> dict[str, int]:
        """Look at every session that has closed and was not complete yet; return what was found."""
        found = sum(self._find_of(one) for one in self.subscriptions.all())
        return {"gaps_found": found}

    def refill(self, correlation_id: str) -> dict[str, int]:
        """Begin a job for the open gaps of each provider and timeframe; return how many."""
        wanted: dict[tuple[str, Timeframe], list[Gap]] = defaultdict(list)
        asked_before = self.clock.now() - ASKED_AGAIN_AFTER
        for gap in self.coverage.gaps_to_refill(asked_before, _REFILLED_AT_ONCE):
            wanted[gap.provider, gap.timeframe].append(gap)
        for gaps in wanted.values():
            self._begin(gaps, correlation_id)
        self.dispatcher.sweep()
        return {"gaps_refilled": sum(map(len, wanted.values()))}

    def _find_of(self, one: Subscription) -> int:
        now = self.clock.now()
        first = max(one.since, one.complete_to or one.since)
        sessions = [
            session
            for session in self.coverage.sessions(one.calendar, first, exchange_date(now))
            if session.closes_at + OWED_AFTER <= now
        ]
        found = [gap for part in _parts(sessions) for gap in self._gaps(one, part, now)]
        if not sessions:
            return 0
        complete = _complete_to(sessions, found)
        return self.coverage.keep_gaps(one, found, complete, now)

    def _gaps(self, one: Subscription, sessions: Sequence[Session], now: datetime) -> list[Gap]:
        first, before = sessions[0].opens_at, sessions[-1].closes_at
        expected = bars_expected(sessions, one.timeframe, first, before)
        present, silent = self.coverage.accounted(one, first, before)
        owed = outside(expected, silent)
        width = _DAILY_WIDTH if one.timeframe.is_daily else one.timeframe.minutes * 60_000_000
        return [
            Gap(
                one.instrument,
                one.timeframe,
                one.provider,
                instant_of(start),
                instant_of(last + width),
                missing,
                now,
            )
            for start, last, missing in stretches(owed, present)
        ]

    def _begin(self, gaps: Sequence[Gap], correlation_id: str) -> None:
        now, provider, timeframe = self.clock.now(), gaps[0].provider, gaps[0].timeframe
        first, before = min(gap.first for gap in gaps), max(gap.before for gap in gaps)
        symbols = {
            (one.instrument, one.timeframe, one.provider): one.symbol
            for one in self.subscriptions.all()
        }
        job = Job(
            job_id=self.ids.new(),
            kind=JobKind.GAPS,
            scope=Scope(provider, timeframe, first, before),
            requested_by="gaps",
            correlation_id=correlation_id,
            requested_at=now,
        )
        minute = now.replace(second=0, microsecond=0)
        items = [
            new_item(
                job.job_id,
                gap.instrument,
                symbols.get((gap.instrument, timeframe, provider), gap.instrument),
                Scope(provider, timeframe, gap.first, _with_more(gap, minute)),
                now,
            )
            for gap in gaps
        ]
        self.jobs.add(job, items)
        self.coverage.assign(gaps, job.job_id)


def _with_more(gap: Gap, minute: datetime) -> datetime:
    return max(gap.before, min(gap.before + _MORE[gap.timeframe.is_daily], minute))


def _parts(sessions: Sequence[Session]) -> Iterator[Sequence[Session]]:
    for place in range(0, len(sessions), _SESSIONS_AT_ONCE):
        yield sessions[place : place + _SESSIONS_AT_ONCE]


def _complete_to(sessions: Sequence[Session], found: Sequence[Gap]) -> date:
    """Return the session from which on to look the next time: that of the first gap."""
    if not found:
        return sessions[-1].session
    first = min(gap.first for gap in found)
    return max((s.session for s in sessions if s.opens_at <= first), default=sessions[0].session)
