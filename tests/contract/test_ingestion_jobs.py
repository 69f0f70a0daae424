"""Jobs are begun once, by a person's key or by the calendar; what waits is sent again until it is
heard; what is missing beside the calendar is a row, and is fetched.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from bifrost.adapters.postgres.database import Database
from bifrost.core.errors import InvalidInputError, KeyReusedError, NotFoundError, UnavailableError
from bifrost.data.ingest import dispatching
from bifrost.data.ingest.jobs import UNHEARD_AFTER, ItemState, JobKind, JobState
from bifrost.data.ingest.ports import JobQuery
from bifrost.data.ingest.subscriptions import Gap
from bifrost.data.providers.answers import Absent, Found, RateLimited
from bifrost.data.providers.ports import BarRequest
from bifrost.data.series.timeframes import Timeframe
from tests.ingestion_desk import IngestionDesk, sessions_between

MakeDatabase = Callable[[str], Database]
FRIDAY = date(2026, 11, 20)
# The day after Thanksgiving: New York closes at 13:00.
EARLY_CLOSE = datetime(2026, 11, 27, 18, tzinfo=UTC)


@pytest.fixture
def desk(make_database: MakeDatabase) -> IngestionDesk:
    return IngestionDesk(make_database("data"))


def planned(desk: IngestionDesk, kind: JobKind) -> list[str]:
    """The ids of the jobs of a kind, the newest first."""
    return [one.job_id for one in desk.jobs.newest(JobQuery(kind))]


def test_a_backfill_is_begun_once_for_its_key(desk: IngestionDesk) -> None:
    first = desk.start("AAPL", "IBM")
    desk.clock.pass_by(3600)

    assert desk.start("AAPL", "IBM") == first
    assert len(planned(desk, JobKind.BACKFILL)) == 1
    with pytest.raises(KeyReusedError):
        desk.start("AAPL")


def test_no_instrument_named_means_all_that_are_listed(desk: IngestionDesk) -> None:
    job = desk.start()

    assert [one.instrument for one in desk.jobs.items(job, after=0, limit=10)] == ["AAPL", "IBM"]


def test_everything_wrong_with_a_backfill_is_named_at_once(desk: IngestionDesk) -> None:
    with pytest.raises(InvalidInputError) as refused:
        desk.start(
            "AAPL",
            "NOPE",
            timeframe=Timeframe.H1,
            first=date(2027, 1, 4),
            last=date(2026, 1, 4),
        )

    fields = [problem.field for problem in refused.value.problems]
    assert fields == ["from", "from", "timeframe", "instruments"]
    assert planned(desk, JobKind.BACKFILL) == []


@pytest.mark.parametrize(
    ("timeframe", "oldest"),
    [(Timeframe.D1, date(1900, 1, 1)), (Timeframe.M1, date(1990, 1, 1))],
)
def test_no_month_is_asked_for_from_before_any_vendors(
    desk: IngestionDesk, timeframe: Timeframe, oldest: date
) -> None:
    with pytest.raises(InvalidInputError, match=f"before any vendor's, {oldest}"):
        desk.start("AAPL", timeframe=timeframe, first=date(1, 1, 1), last=oldest)

    assert desk.start("AAPL", timeframe=timeframe, first=oldest, last=oldest)


def test_a_job_is_what_its_items_are(desk: IngestionDesk) -> None:
    job = desk.start("AAPL", "IBM")
    assert desk.progress(job).state is JobState.WAITING
    desk.vendor.script.append(RateLimited(30, "429"))

    desk.ingester.work(desk.item(job, 0).number)
    assert desk.progress(job).state is JobState.RUNNING
    desk.vendor.script.append(RateLimited(30, "429"))
    desk.ingester.work(desk.item(job, 1).number)
    assert desk.progress(job).state is JobState.RATE_LIMITED
    desk.clock.pass_by(31)
    desk.vendor.script.extend([desk.vendor.all_of, Absent("delisted")])
    desk.work(job)

    done = desk.progress(job)
    assert (done.state, done.has_ended, done.percent_done) == (JobState.DONE, True, 100)
    assert done.tally.states == {ItemState.DONE: 1, ItemState.ABSENT: 1}


def test_progress_tells_how_much_of_the_range_is_answered_and_how_long_the_rest_takes(
    desk: IngestionDesk,
) -> None:
    job = desk.start("AAPL", timeframe=Timeframe.M1, first=date(2024, 1, 1), last=date(2024, 2, 29))
    desk.vendor.script.extend([desk.vendor.all_of, RateLimited(30, "429")])
    desk.clock.pass_by(60)

    desk.work(job)

    half = desk.progress(job)
    assert half.percent_done == 51
    assert half.eta is not None
    assert timedelta(seconds=50) < half.eta < timedelta(seconds=60)


def test_each_item_is_sent_and_what_was_not_accepted_is_sent_by_the_next_sweep(
    desk: IngestionDesk,
) -> None:
    desk.queue.down = True
    with pytest.raises(UnavailableError):
        desk.start("AAPL", "IBM")
    assert desk.queue.sent == []
    desk.queue.down = False

    assert desk.dispatcher.sweep() == 2
    assert desk.dispatcher.sweep() == 0, "they are on their way"
    assert len(desk.queue.sent) == 2


def test_a_message_that_brought_nothing_is_sent_again_after_a_while(desk: IngestionDesk) -> None:
    desk.start("AAPL")
    assert len(desk.queue.sent) == 1
    desk.clock.pass_by(UNHEARD_AFTER.total_seconds() + 1)

    assert desk.dispatcher.sweep() == 1


def test_a_sweep_that_trusts_no_message_sends_each_item_once(
    desk: IngestionDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatching, "_SENT_AT_ONCE", 2)
    desk.start("AAPL", "IBM")
    desk.clock.pass_by(1)

    assert desk.dispatcher.sweep(timedelta(0)) == 2


def test_an_item_whose_ingester_died_is_sent_again_once_its_lease_has_ended(
    desk: IngestionDesk,
) -> None:
    def die(_: BarRequest) -> Found[object]:
        raise KeyboardInterrupt

    job = desk.start("AAPL")
    desk.vendor.script.append(die)
    with pytest.raises(KeyboardInterrupt):
        desk.work(job)
    assert desk.dispatcher.sweep() == 0
    desk.clock.pass_by(121)

    assert desk.dispatcher.sweep() == 1
    assert desk.work(job)[0].state is ItemState.DONE


def test_what_is_left_of_an_item_is_sent_to_be_seen_when_it_is_due(desk: IngestionDesk) -> None:
    job = desk.start("AAPL")
    desk.vendor.script.append(RateLimited(30, "429"))
    (item,) = desk.work(job)
    desk.queue.sent.clear()

    desk.dispatcher.send([item])

    assert desk.queue.sent == [(item.number, 30)]


def test_a_job_that_nobody_has_is_not_found(desk: IngestionDesk) -> None:
    with pytest.raises(NotFoundError):
        desk.backfills.progress("no-such-job")
    with pytest.raises(NotFoundError):
        desk.backfills.cancel("no-such-job")


def test_a_cancelled_job_goes_on_once_it_is_resumed(desk: IngestionDesk) -> None:
    job = desk.start("AAPL", "IBM")
    desk.ingester.work(desk.item(job, 0).number)

    assert desk.backfills.cancel(job).state is JobState.CANCELLED
    assert desk.work(job)[1].state is ItemState.CANCELLED
    assert desk.backfills.resume(job).state is JobState.RUNNING
    desk.work(job)

    assert desk.progress(job).state is JobState.DONE


def test_each_session_has_one_job_after_its_close_however_often_it_is_planned(
    desk: IngestionDesk,
) -> None:
    desk.subscribe("AAPL", since=FRIDAY)
    desk.clock.at = datetime(2026, 11, 20, 20, 59, tzinfo=UTC)
    desk.planner.plan("request-1")
    assert planned(desk, JobKind.SESSION_CLOSE) == []

    desk.clock.at = datetime(2026, 11, 20, 21, 0, 30, tzinfo=UTC)
    for _ in range(3):
        desk.planner.plan("request-1")

    (job,) = planned(desk, JobKind.SESSION_CLOSE)
    assert desk.jobs.find(job).session == FRIDAY


def test_an_early_close_is_planned_when_it_is(desk: IngestionDesk) -> None:
    desk.subscribe("AAPL", since=EARLY_CLOSE.date())
    desk.clock.at = EARLY_CLOSE + timedelta(seconds=20)

    desk.planner.plan("request-1")

    assert len(planned(desk, JobKind.SESSION_CLOSE)) == 1


def test_an_instrument_that_is_subscribed_to_later_comes_into_the_sessions_job(
    desk: IngestionDesk,
) -> None:
    desk.subscribe("AAPL", since=FRIDAY)
    desk.planner.plan("request-1")
    desk.subscribe("IBM", since=FRIDAY)

    desk.planner.plan("request-1")

    (job,) = planned(desk, JobKind.SESSION_CLOSE)
    assert [one.instrument for one in desk.jobs.items(job, after=0, limit=9)] == ["AAPL", "IBM"]


def test_a_close_that_the_vendor_does_not_have_yet_is_awaited_and_is_no_absence(
    desk: IngestionDesk,
) -> None:
    desk.subscribe("AAPL", since=FRIDAY)
    desk.clock.at = datetime(2026, 11, 20, 21, 0, 30, tzinfo=UTC)
    desk.vendor.last_bar_before = datetime(2026, 11, 20, tzinfo=UTC)
    desk.planner.plan("request-1")
    (job,) = planned(desk, JobKind.SESSION_CLOSE)

    (item,) = desk.work(job)
    assert (item.state, item.has_ended) == (ItemState.WAITING, False)
    assert "yet" in item.reason
    desk.vendor.last_bar_before = None
    desk.clock.pass_by(3600)
    (item,) = desk.work(job)

    assert item.state is ItemState.DONE
    assert desk.starts()[-1] == FRIDAY
    assert desk.rows("SELECT * FROM data.absences") == []


def test_minutes_are_asked_for_while_the_session_is_open_from_the_newest_that_is_stored(
    desk: IngestionDesk,
) -> None:
    desk.subscribe("AAPL", Timeframe.M1, since=FRIDAY)
    opens = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
    for minute in (1, 2, 5):
        desk.clock.at = opens + timedelta(minutes=minute, seconds=3)
        desk.planner.plan("request-1")
        desk.work(planned(desk, JobKind.INTRADAY)[0])

    firsts = [asked.first for asked in desk.vendor.asked]
    assert firsts == [opens, opens + timedelta(minutes=1), opens + timedelta(minutes=2)]
    stored = desk.starts("AAPL", Timeframe.M1)
    assert stored == [opens + timedelta(minutes=n) for n in range(5)]


def test_jobs_of_minutes_are_forgotten_after_some_days_and_others_are_not(
    desk: IngestionDesk,
) -> None:
    desk.subscribe("AAPL", Timeframe.M1, since=FRIDAY)
    desk.clock.at = datetime(2026, 11, 20, 15, tzinfo=UTC)
    desk.planner.plan("request-1")
    desk.work(planned(desk, JobKind.INTRADAY)[0])
    desk.clock.at += timedelta(days=4)

    assert desk.planner.plan("request-1")["jobs_forgotten"] == 1
    assert planned(desk, JobKind.SESSION_CLOSE)


def test_sessions_that_are_missing_are_gaps_until_they_are_fetched(desk: IngestionDesk) -> None:
    wanted = [one.session for one in sessions_between(date(2026, 11, 2), FRIDAY)]
    desk.work(desk.start("AAPL", first=date(2026, 11, 2), last=date(2026, 11, 6)))
    desk.work(desk.start("AAPL", first=date(2026, 11, 12), last=FRIDAY, key="key-2"))
    desk.subscribe("AAPL")

    assert desk.gaps.find() == {"gaps_found": 1}
    (gap,) = desk.subscriptions.gaps("AAPL", is_open=True, limit=9)
    assert (gap.first.date(), gap.missing) == (date(2026, 11, 9), 3)
    assert desk.gaps.refill("request-1") == {"gaps_refilled": 1}
    assert desk.gaps.refill("request-1") == {"gaps_refilled": 0}, "a job is about it"
    desk.work(planned(desk, JobKind.GAPS)[0])
    desk.gaps.find()

    assert desk.starts() == wanted
    assert desk.subscriptions.gaps("AAPL", is_open=True, limit=9) == []
    (closed,) = desk.subscriptions.gaps("", is_open=False, limit=9)
    assert closed.closed_at is not None


def test_what_a_vendor_says_it_never_had_is_a_gap_no_more(desk: IngestionDesk) -> None:
    desk.subscribe("AAPL", since=date(2026, 11, 2))
    desk.clock.at += timedelta(days=2)
    desk.gaps.find()
    desk.gaps.refill("request-1")
    desk.vendor.script.append(Absent("halted all month"))
    desk.work(planned(desk, JobKind.GAPS)[0])

    desk.gaps.find()

    assert desk.subscriptions.gaps("AAPL", is_open=True, limit=9) == []


def test_a_minute_without_a_trade_is_no_gap_once_the_vendors_whole_answer_has_come(
    desk: IngestionDesk,
) -> None:
    desk.subscribe("AAPL", Timeframe.M1, since=FRIDAY)

    def thin(asked: BarRequest) -> Found[object]:
        found = desk.vendor.all_of(asked)
        assert isinstance(found, Found)
        return Found(found.data.take(slice(None, None, 2)))

    desk.vendor.script.append(thin)
    desk.planner.plan("request-1")
    desk.work(planned(desk, JobKind.SESSION_CLOSE)[0])

    assert desk.gaps.find() == {"gaps_found": 0}
    assert len(desk.starts("AAPL", Timeframe.M1)) == 195


def test_a_gap_names_the_stretch_and_how_many_bars_it_lacks(desk: IngestionDesk) -> None:
    desk.subscribe("AAPL", Timeframe.M1, since=FRIDAY)

    desk.gaps.find()

    opens = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
    gaps: list[Gap] = desk.subscriptions.gaps("AAPL", is_open=True, limit=9)
    assert [(one.first, one.before, one.missing) for one in gaps] == [
        (opens, opens + timedelta(minutes=390), 390)
    ]
