"""Each of a vendor's answers leads to a state of its own, nothing wrong is stored, a slice and its
resume point are kept together, and of two ingesters one works.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from bifrost.adapters.ids import RandomIds
from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.market.items import PostgresItems
from bifrost.data.ingest.jobs import LEASE, TRIES_MAX, ItemState, JobState
from bifrost.data.ingest.working import ItemIngester, LeaseLostError
from bifrost.data.providers.answers import Absent, Answer, Failed, Found, Partial, RateLimited
from bifrost.data.providers.ports import BarRequest
from bifrost.data.series.columns import BarColumns, instant_of
from bifrost.data.series.timeframes import Timeframe
from tests.ingestion_desk import SESSIONS, IngestionDesk, sessions_between

MakeDatabase = Callable[[str], Database]
JANUARY = [one.session for one in sessions_between(date(2024, 1, 2), date(2024, 1, 31))]


@pytest.fixture
def desk(make_database: MakeDatabase) -> IngestionDesk:
    return IngestionDesk(make_database("data"))


def test_found_makes_an_item_done_and_its_bars_are_stored(desk: IngestionDesk) -> None:
    job = desk.start("AAPL")

    (item,) = desk.work(job)

    assert (item.state, item.rows_read, item.rows_written) == (ItemState.DONE, 21, 21)
    assert desk.starts() == JANUARY
    assert desk.progress(job).state is JobState.DONE
    assert desk.progress(job).percent_done == 100


def test_absent_is_a_state_of_its_own_and_remembered_as_the_vendors_word(
    desk: IngestionDesk,
) -> None:
    desk.vendor.script.append(Absent("unknown symbol"))
    job = desk.start("AAPL")

    (item,) = desk.work(job)

    assert (item.state, item.reason) == (ItemState.ABSENT, "unknown symbol")
    assert desk.progress(job).state is JobState.ABSENT
    assert [row["reason"] for row in desk.rows("SELECT * FROM data.absences")] == ["unknown symbol"]
    assert desk.starts() == []


def test_a_rate_limit_is_no_absence_and_no_failure_and_the_item_goes_on_after_it(
    desk: IngestionDesk,
) -> None:
    desk.vendor.script.append(RateLimited(30, "429"))
    job = desk.start("AAPL")

    (item,) = desk.work(job)
    assert (item.state, item.tries) == (ItemState.RATE_LIMITED, 0)
    assert desk.progress(job).state is JobState.RATE_LIMITED
    assert desk.ingester.work(item.number) is None, "it is not due yet"
    desk.clock.pass_by(31)
    (item,) = desk.work(job)

    assert item.state is ItemState.DONE
    assert desk.starts() == JANUARY


def test_half_a_page_is_kept_with_its_resume_point_and_asked_for_from_there(
    desk: IngestionDesk,
) -> None:
    def half(asked: BarRequest) -> Answer[BarColumns]:
        found = desk.vendor.all_of(asked)
        assert isinstance(found, Found)
        kept = found.data.take(slice(0, 10))
        return Partial(kept, instant_of(int(found.data.starts_at[10])), "cut off")

    desk.vendor.script.append(half)
    job = desk.start("AAPL")

    (item,) = desk.work(job)
    assert (item.state, item.rows_written) == (ItemState.PARTIAL, 10)
    assert item.resume_at.date() == JANUARY[10]
    assert desk.starts() == JANUARY[:10]
    (item,) = desk.work(job)

    assert (item.state, item.rows_read) == (ItemState.DONE, 21)
    assert desk.vendor.asked[-1].first.date() == JANUARY[10]
    assert desk.starts() == JANUARY


def test_a_part_that_brings_nothing_new_again_and_again_has_failed(desk: IngestionDesk) -> None:
    desk.vendor.script.extend(
        lambda asked: Partial(BarColumns.empty(), asked.first, "cut off") for _ in range(TRIES_MAX)
    )
    job = desk.start("AAPL")

    for _ in range(TRIES_MAX):
        desk.clock.pass_by(3600)
        desk.work(job)

    assert desk.item(job).state is ItemState.FAILED
    assert desk.progress(job).state is JobState.FAILED


def test_a_failure_that_may_pass_is_tried_again_and_one_that_cannot_is_not(
    desk: IngestionDesk,
) -> None:
    desk.vendor.script.append(Failed("503", retryable=True))
    desk.vendor.script.append(Failed("a field is missing", retryable=False))
    job = desk.start("AAPL")

    (item,) = desk.work(job)
    assert (item.state, item.tries, item.has_ended) == (ItemState.FAILED, 1, False)
    assert desk.progress(job).state is JobState.RUNNING
    desk.clock.pass_by(60)
    (item,) = desk.work(job)

    assert (item.state, item.reason, item.has_ended) == (
        ItemState.FAILED,
        "a field is missing",
        True,
    )
    assert desk.progress(job).state is JobState.FAILED
    assert desk.starts() == []


def test_a_failed_item_goes_on_from_its_resume_point_once_it_is_resumed(
    desk: IngestionDesk,
) -> None:
    job = desk.start("AAPL", timeframe=Timeframe.M1, first=date(2024, 1, 29), last=date(2024, 2, 2))
    desk.vendor.script.append(desk.vendor.all_of)
    desk.vendor.script.append(Failed("gone", retryable=False))
    (item,) = desk.work(job)
    assert (item.state, item.slices) == (ItemState.FAILED, 1)

    desk.backfills.resume(job)
    (item,) = desk.work(job)

    assert item.state is ItemState.DONE
    assert desk.vendor.asked[-1].first == datetime(2024, 2, 1, tzinfo=UTC)
    assert len(desk.starts("AAPL", Timeframe.M1)) == 5 * 390


def test_an_item_that_comes_twice_or_late_writes_nothing_the_second_time(
    desk: IngestionDesk,
) -> None:
    job = desk.start("AAPL")
    number = desk.item(job).number

    first, second = desk.ingester.work(number), desk.ingester.work(number)

    assert first is not None
    assert second is None
    assert desk.starts() == JANUARY


def test_the_same_range_fetched_by_another_job_stores_no_second_row(desk: IngestionDesk) -> None:
    desk.work(desk.start("AAPL"))

    (item,) = desk.work(desk.start("AAPL", key="key-2"))

    assert (item.state, item.rows_read, item.rows_written) == (ItemState.DONE, 21, 0)
    assert desk.starts() == JANUARY


def test_of_two_ingesters_at_once_one_works(
    desk: IngestionDesk, make_database: MakeDatabase
) -> None:
    job = desk.start("AAPL")
    number = desk.item(job).number
    other = ItemIngester(PostgresItems(make_database("data")), desk.vendor, desk.clock, RandomIds())
    heard = []

    def meanwhile(asked: BarRequest) -> Answer[BarColumns]:
        heard.append(other.work(number))
        return desk.vendor.all_of(asked)

    desk.vendor.script.append(meanwhile)
    (item,) = desk.work(job)

    assert heard == [None]
    assert (item.state, item.lease) == (ItemState.DONE, 1)


def test_an_ingester_that_was_taken_for_dead_writes_nothing(
    desk: IngestionDesk, make_database: MakeDatabase
) -> None:
    job = desk.start("AAPL")
    number = desk.item(job).number
    other = ItemIngester(PostgresItems(make_database("data")), desk.vendor, desk.clock, RandomIds())

    def slow(asked: BarRequest) -> Answer[BarColumns]:
        desk.clock.pass_by(LEASE.total_seconds() + 1)
        assert other.work(number) is not None
        return Found(desk.vendor.all_of(asked).data.take(slice(0, 3)))  # type: ignore[union-attr]

    desk.vendor.script.append(slow)
    with pytest.raises(LeaseLostError):
        desk.ingester.work(number)

    assert desk.item(job).state is ItemState.DONE
    assert desk.starts() == JANUARY


def test_a_cancelled_item_keeps_no_slice_that_was_under_way(desk: IngestionDesk) -> None:
    job = desk.start("AAPL")

    def cancelled_meanwhile(asked: BarRequest) -> Answer[BarColumns]:
        desk.backfills.cancel(job)
        return desk.vendor.all_of(asked)

    desk.vendor.script.append(cancelled_meanwhile)
    with pytest.raises(LeaseLostError):
        desk.work(job)

    assert desk.item(job).state is ItemState.CANCELLED
    assert desk.progress(job).state is JobState.CANCELLED
    assert desk.starts() == []


def test_a_bar_that_the_gate_blocks_is_kept_apart_and_not_stored(desk: IngestionDesk) -> None:
    def one_bad(asked: BarRequest) -> Answer[BarColumns]:
        found = desk.vendor.all_of(asked)
        assert isinstance(found, Found)
        found.data.high[5] = found.data.low[5] - 1
        return found

    desk.vendor.script.append(one_bad)
    job = desk.start("AAPL")

    (item,) = desk.work(job)

    assert (item.state, item.rows_read) == (ItemState.DONE, 21)
    assert (item.rows_written, item.rows_kept_apart) == (20, 1)
    assert desk.starts() == JANUARY[:5] + JANUARY[6:]


def test_an_ingester_whose_time_is_over_leaves_the_rest_to_another_message(
    desk: IngestionDesk,
) -> None:
    def slow(asked: BarRequest) -> Answer[BarColumns]:
        desk.clock.pass_by(timedelta(minutes=5).total_seconds())
        return desk.vendor.all_of(asked)

    job = desk.start("AAPL", timeframe=Timeframe.M1, first=date(2024, 1, 29), last=date(2024, 2, 2))
    ingester = ItemIngester(
        PostgresItems(desk.database),
        desk.vendor,
        desk.clock,
        RandomIds(),
        lease=timedelta(minutes=10),
    )
    desk.vendor.script.append(slow)

    item = ingester.work(desk.item(job).number)

    assert item is not None
    assert (item.state, item.slices) == (ItemState.WAITING, 1)
    assert item.resume_at == datetime(2024, 2, 1, tzinfo=UTC)
    assert item.due_at == desk.clock.now()


def test_an_item_whose_every_ingester_dies_has_failed(desk: IngestionDesk) -> None:
    def die(_: BarRequest) -> Answer[BarColumns]:
        raise KeyboardInterrupt

    desk.vendor.script.extend([die] * TRIES_MAX)
    job = desk.start("AAPL")
    number = desk.item(job).number
    for _ in range(TRIES_MAX):
        with pytest.raises(KeyboardInterrupt):
            desk.ingester.work(number)
        desk.clock.pass_by(LEASE.total_seconds() + 1)

    desk.ingester.work(number)

    assert desk.item(job).state is ItemState.FAILED
    assert "died" in desk.item(job).reason


def test_all_sessions_of_the_calendar_are_known(desk: IngestionDesk) -> None:
    stored = desk.rows("SELECT count(*) AS n FROM data.sessions WHERE calendar = 'XNYS'")

    assert stored[0]["n"] == len(SESSIONS)
