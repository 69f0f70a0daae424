"""Once a session's jobs have ended its live bars go out as the desk's feed: each once, in order,
market time only forward, never while a replay runs; what the gate kept apart does not go out.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.market.feeds import PostgresFeeds
from bifrost.data.ingest.feeding import WAITS_AT_MOST, DailyFeed
from bifrost.data.ingest.jobs import JobKind
from bifrost.data.ingest.ports import JobQuery
from bifrost.data.providers.answers import Answer, Failed, Found, RateLimited
from bifrost.data.providers.ports import BarRequest
from bifrost.data.series.columns import BarColumns
from bifrost.events import BarClosed
from tests.data_desk import bar_file
from tests.ingestion_desk import IngestionDesk

MakeDatabase = Callable[[str], Database]
THURSDAY, FRIDAY = date(2026, 11, 19), date(2026, 11, 20)
AFTER_FRIDAY = datetime(2026, 11, 20, 21, 1, tzinfo=UTC)


class FeedDesk(IngestionDesk):
    """A desk whose live subscriptions are fetched and published by itself."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.feed = DailyFeed(PostgresFeeds(database), self.clock)
        self.clock.at = AFTER_FRIDAY

    def run(self) -> int:
        """Plan, work on everything, publish; return how many bars went out."""
        self.planner.plan("request-1")
        for job in reversed(self.jobs.newest(JobQuery(JobKind.SESSION_CLOSE))):
            self.work(job.job_id)
        return self.feed.publish("request-1")["bars_published"]

    def told(self) -> list[tuple[str, date, int]]:
        """Every bar that went out: instrument, session, place in its stream."""
        return [
            (event.bar.instrument, event.bar.session, event.sequence)
            for event in self.data.published()
            if isinstance(event, BarClosed)
        ]


def away(desk: FeedDesk, *, minutes: int) -> None:
    """Let every item be tried, twice a minute, while the vendor does not answer."""
    desk.planner.plan("request-1")
    for _ in range(minutes * 2):
        desk.vendor.script.extend([Failed("connection refused", retryable=True)] * 4)
        for job in desk.jobs.newest(JobQuery(JobKind.SESSION_CLOSE)):
            desk.work(job.job_id)
        desk.vendor.script.clear()
        desk.feed.publish("request-1")
        desk.clock.pass_by(30)


def refill(desk: FeedDesk) -> None:
    """Find gaps and work on the jobs that fill them."""
    desk.gaps.find()
    desk.gaps.refill("request-1")
    for job in desk.jobs.newest(JobQuery(JobKind.GAPS)):
        desk.work(job.job_id)


@pytest.fixture
def desk(make_database: MakeDatabase) -> FeedDesk:
    return FeedDesk(make_database("data"))


def test_a_session_goes_out_once_its_job_has_ended_and_never_again(desk: FeedDesk) -> None:
    desk.subscribe("AAPL", since=FRIDAY, live=True)
    desk.subscribe("IBM", since=FRIDAY, live=True)

    assert desk.run() == 2
    assert desk.run() == 0

    assert desk.told() == [("AAPL", FRIDAY, 1), ("IBM", FRIDAY, 1)]
    assert desk.data.service.market_time() == datetime(2026, 11, 20, 21, tzinfo=UTC)


def test_a_subscription_that_is_not_live_moves_no_market_time(desk: FeedDesk) -> None:
    desk.subscribe("AAPL", since=FRIDAY)

    assert desk.run() == 0

    assert desk.told() == []
    assert desk.data.service.market_time() is None


def test_sessions_go_out_in_their_order_each_after_the_one_before(desk: FeedDesk) -> None:
    desk.subscribe("AAPL", since=THURSDAY, live=True)

    assert desk.run() == 2

    assert desk.told() == [("AAPL", THURSDAY, 1), ("AAPL", FRIDAY, 2)]


def test_a_session_waits_for_an_item_that_goes_on_but_not_for_ever(desk: FeedDesk) -> None:
    desk.subscribe("AAPL", since=FRIDAY, live=True)
    desk.subscribe("IBM", since=FRIDAY, live=True)
    desk.vendor.script.extend([desk.vendor.all_of, RateLimited(86_400, "429")])

    assert desk.run() == 0
    desk.clock.pass_by(WAITS_AT_MOST.total_seconds())

    assert desk.feed.publish("request-1") == {"bars_published": 1}
    (fed,) = desk.rows("SELECT * FROM data.feed_sessions")
    assert (fed["bars"], fed["left_out"]) == (1, ["IBM"])


def test_a_session_that_is_caught_up_with_days_later_waits_for_its_items_too(
    desk: FeedDesk,
) -> None:
    desk.subscribe("AAPL", since=FRIDAY, live=True)
    desk.clock.at += timedelta(days=2)
    desk.planner.plan("request-1")

    assert desk.feed.publish("request-1") == {"bars_published": 0}
    assert desk.run() == 1

    assert desk.told() == [("AAPL", FRIDAY, 1)]


def test_a_session_goes_out_once_a_vendor_that_was_away_for_a_quarter_of_an_hour_is_back(
    desk: FeedDesk,
) -> None:
    desk.subscribe("AAPL", since=FRIDAY, live=True)
    away(desk, minutes=15)
    desk.clock.pass_by(3600)
    refill(desk)

    assert desk.feed.publish("request-1") == {"bars_published": 1}

    assert desk.told() == [("AAPL", FRIDAY, 1)]


def test_an_item_is_tried_for_as_long_as_the_feed_waits_for_it(desk: FeedDesk) -> None:
    desk.subscribe("AAPL", since=FRIDAY, live=True)
    away(desk, minutes=300)

    assert desk.feed.publish("request-1") == {"bars_published": 0}
    desk.clock.pass_by(900)

    assert desk.run() == 1


def test_what_was_refused_at_the_close_is_waited_for_until_it_was_asked_for_once_more(
    desk: FeedDesk,
) -> None:
    desk.subscribe("AAPL", since=FRIDAY, live=True)
    desk.subscribe("IBM", since=FRIDAY, live=True)
    refused = Failed("403: no recent SIP data", retryable=False)
    desk.vendor.script.extend([desk.vendor.all_of, refused])
    assert desk.run() == 0
    desk.clock.pass_by(1800)
    desk.vendor.script.append(refused)
    refill(desk)

    assert desk.feed.publish("request-1") == {"bars_published": 1}

    (fed,) = desk.rows("SELECT * FROM data.feed_sessions")
    assert (fed["left_out"], fed["reason"]) == (["IBM"], "could not be fetched: IBM")


def test_a_desk_that_was_down_for_a_week_goes_on_with_the_session_that_it_missed(
    desk: FeedDesk,
) -> None:
    desk.subscribe("AAPL", since=date(2026, 11, 2), live=True)
    desk.clock.at = datetime(2026, 11, 9, 22, tzinfo=UTC)
    desk.run()
    told = len(desk.told())
    desk.clock.at = AFTER_FRIDAY

    desk.run()

    assert [session.day for _, session, _ in desk.told()[told:]] == [*range(10, 14), *range(16, 21)]


def test_a_new_desk_begins_with_the_sessions_of_the_last_four_days(desk: FeedDesk) -> None:
    desk.subscribe("AAPL", since=date(2026, 11, 2), live=True)

    desk.run()

    assert [session.day for _, session, _ in desk.told()] == [17, 18, 19, 20]


def test_a_bar_that_the_gate_kept_apart_does_not_go_out_and_that_is_said(desk: FeedDesk) -> None:
    def bad(asked: BarRequest) -> Answer[BarColumns]:
        found = desk.vendor.all_of(asked)
        assert isinstance(found, Found)
        found.data.low[-1] = found.data.high[-1] + 1
        return found

    desk.subscribe("AAPL", since=FRIDAY, live=True)
    desk.subscribe("IBM", since=FRIDAY, live=True)
    desk.vendor.script.append(bad)

    assert desk.run() == 1

    assert desk.told() == [("IBM", FRIDAY, 1)]
    (fed,) = desk.rows("SELECT * FROM data.feed_sessions")
    assert fed["left_out"] == ["AAPL"]


def test_nothing_goes_out_while_a_replay_runs_and_all_of_it_after(desk: FeedDesk) -> None:
    desk.data.put("bars/daily/AAPL.csv", bar_file(date(2012, 1, 3), date(2012, 1, 4)))
    replay = desk.data.start("AAPL", last=date(2012, 1, 4))
    desk.subscribe("IBM", since=FRIDAY, live=True)

    assert desk.run() == 0
    while not desk.data.service.publish_sessions(replay.replay_id).done:
        pass
    assert desk.feed.publish("request-1") == {"bars_published": 1}

    assert desk.told()[-1] == ("IBM", FRIDAY, 1)


def test_a_session_that_market_time_has_passed_is_left_out_and_the_reason_is_kept(
    desk: FeedDesk,
) -> None:
    desk.subscribe("AAPL", since=FRIDAY, live=True)
    assert desk.run() == 1
    desk.database.fetch_all("DELETE FROM data.feed_sessions RETURNING session")
    desk.clock.at += timedelta(minutes=1)

    assert desk.run() == 0

    (fed,) = desk.rows("SELECT * FROM data.feed_sessions")
    assert "market time was" in fed["reason"]
    assert len(desk.told()) == 1
