"""A backfill of quotes or trades is kept part by part: no slice is longer than a day or larger than
a Lambda holds, each is stored together with the point inside the day from which the item goes on,
and a session of which the vendor has none is remembered as its word, where a failure is not.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from bifrost.adapters.ids import RandomIds
from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.market.items import PostgresItems
from bifrost.adapters.postgres.market.ticks import PostgresTickReader
from bifrost.core.errors import InvalidInputError
from bifrost.data.ingest import working
from bifrost.data.ingest.backfilling import Asking, BackfillRequest, Backfills
from bifrost.data.ingest.jobs import LEASE, ItemState, JobState
from bifrost.data.ingest.working import ItemIngester, LeaseLostError
from bifrost.data.providers.answers import Absent, Failed, Found, Partial, RateLimited
from bifrost.data.providers.ports import TickRequest
from bifrost.data.series.columns import instant_of
from bifrost.data.series.kinds import Series
from bifrost.data.series.ticks import TickQuery, taken
from bifrost.data.series.timeframes import Timeframe
from tests.ingestion_desk import IngestionDesk, tick_times, trades_at

MakeDatabase = Callable[[str], Database]
# A Friday and the Monday after it.
FIRST, BEFORE = datetime(2024, 6, 7, 4, tzinfo=UTC), datetime(2024, 6, 11, 4, tzinfo=UTC)
MONDAY = datetime(2024, 6, 10, 4, tzinfo=UTC)
TIMES = tick_times(FIRST, BEFORE).tolist()
FRIDAY_MANY = 40


@pytest.fixture
def desk(make_database: MakeDatabase) -> IngestionDesk:
    return IngestionDesk(make_database("data"))


def stored(desk: IngestionDesk, series: Series = Series.TRADES) -> list[int]:
    """When each stored message was, as readers see them."""
    reader, asked = PostgresTickReader(desk.database), TickQuery("AAPL", FIRST, BEFORE)
    found = reader.trades(asked) if series is Series.TRADES else reader.quotes(asked)
    return found.occurred_at.tolist()


def absences(desk: IngestionDesk) -> list[tuple[str, datetime]]:
    rows = desk.rows("SELECT timeframe, first_at FROM data.absences ORDER BY first_at")
    return [(row["timeframe"], row["first_at"]) for row in rows]


@pytest.mark.parametrize("series", [Series.TRADES, Series.QUOTES])
def test_each_session_is_a_slice_and_closed_days_are_not_asked_for(
    desk: IngestionDesk, series: Series
) -> None:
    job = desk.start_ticks(series)

    (item,) = desk.work(job)

    assert (item.state, item.rows_read, item.rows_written) == (ItemState.DONE, 80, 80)
    assert stored(desk, series) == TIMES
    asked = [(one.first, one.before) for one in desk.vendor.asked_ticks]
    assert asked == [(FIRST, FIRST + timedelta(days=1)), (MONDAY, BEFORE)]
    assert desk.progress(job).state is JobState.DONE
    assert absences(desk) == []


def test_a_day_of_more_than_fits_at_once_goes_on_from_inside_it(
    desk: IngestionDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "TICKS_AT_ONCE", 15)

    (item,) = desk.work(desk.start_ticks(Series.QUOTES))

    assert (item.state, item.slices) == (ItemState.DONE, 12)
    assert (item.rows_read, item.rows_written) == (80, 80)
    begins = [one.first for one in desk.vendor.asked_ticks]
    assert begins[1] == instant_of(TIMES[5]), "the ten after these say whether they are right"
    assert stored(desk, Series.QUOTES) == TIMES
    (flags,) = desk.rows("SELECT count(*) AS n FROM data.quality_flags")
    assert flags["n"] == 2, "the last quote of each day, and none at a slice's end"


def test_the_same_again_writes_nothing_whatever_the_slices(
    desk: IngestionDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.work(desk.start_ticks(Series.TRADES))
    monkeypatch.setattr(working, "TICKS_AT_ONCE", 7)

    (item,) = desk.work(desk.start_ticks(Series.TRADES, key="key-2"))

    assert (item.state, item.rows_read, item.rows_written) == (ItemState.DONE, 80, 0)
    assert len(desk.rows("SELECT FROM data.trades")) == 80


def test_a_session_of_which_there_is_none_is_the_vendors_word_and_a_failure_is_not(
    desk: IngestionDesk,
) -> None:
    desk.vendor.script.append(Absent("no trading"))
    desk.vendor.script.append(Failed("403: not of this plan", retryable=False))
    job = desk.start_ticks(Series.TRADES)

    (item,) = desk.work(job)

    assert (item.state, item.resume_at) == (ItemState.FAILED, MONDAY)
    assert absences(desk) == [("trades", FIRST)]
    desk.backfills.resume(job)
    (item,) = desk.work(job)
    assert (item.state, item.rows_read) == (ItemState.DONE, FRIDAY_MANY)
    assert item.reason == "alpaca says that it has no trades of 2024-06-07"
    assert absences(desk) == [("trades", FIRST)]
    assert desk.rows("SELECT FROM data.gaps") == []
    (item,) = desk.work(desk.start_ticks(Series.TRADES, key="key-2"))
    assert (item.rows_written, item.reason) == (FRIDAY_MANY, ""), "it has some by now"


def test_an_item_is_absent_where_no_session_had_any(desk: IngestionDesk) -> None:
    desk.vendor.script.extend([Absent("unknown symbol")] * 2)
    job = desk.start_ticks(Series.QUOTES)

    (item,) = desk.work(job)

    assert (item.state, item.reason) == (ItemState.ABSENT, "unknown symbol")
    assert desk.progress(job).state is JobState.ABSENT


def test_a_rate_limit_is_waited_for_and_costs_no_try(desk: IngestionDesk) -> None:
    desk.vendor.script.append(RateLimited(30, "429"))
    job = desk.start_ticks(Series.TRADES)

    (item,) = desk.work(job)

    assert (item.state, item.tries, absences(desk)) == (ItemState.RATE_LIMITED, 0, [])
    desk.clock.pass_by(31)
    assert desk.work(job)[0].state is ItemState.DONE


def test_half_a_page_is_kept_up_to_there_and_gone_on_from(desk: IngestionDesk) -> None:
    def half(asked: TickRequest) -> Any:
        times = tick_times(asked.first, asked.before)
        return Partial(trades_at(times[:10]), instant_of(int(times[10])), "cut off")

    desk.vendor.script.append(half)
    job = desk.start_ticks(Series.TRADES)

    (item,) = desk.work(job)

    assert (item.state, item.rows_written) == (ItemState.PARTIAL, 10)
    assert (item.resume_at, stored(desk)) == (instant_of(TIMES[10]), TIMES[:10])
    (item,) = desk.work(job)
    assert (item.state, stored(desk)) == (ItemState.DONE, TIMES)


def test_what_the_gate_blocks_is_kept_apart(desk: IngestionDesk) -> None:
    def one_free(asked: TickRequest) -> Any:
        found = trades_at(tick_times(asked.first, asked.before))
        found.price[7] = 0
        return Found(found)

    desk.vendor.script.append(one_free)

    (item,) = desk.work(desk.start_ticks(Series.TRADES))

    assert (item.state, item.rows_read) == (ItemState.DONE, 80)
    assert (item.rows_written, item.rows_kept_apart) == (79, 1)
    assert stored(desk) == TIMES[:7] + TIMES[8:]


@pytest.mark.parametrize("place", [4, 5, 14, 15])
def test_where_a_slice_ends_says_nothing_of_what_passes_the_gate(
    desk: IngestionDesk, monkeypatch: pytest.MonkeyPatch, place: int
) -> None:
    monkeypatch.setattr(working, "TICKS_AT_ONCE", 15)

    def misprinted(asked: TickRequest) -> Any:
        found = desk.vendor.all_ticks_of(asked, trades_at)
        assert isinstance(found, Found)
        found.data.price[found.data.occurred_at == TIMES[place]] *= 13
        found.data.price[found.data.occurred_at == TIMES[place]] //= 10
        return found

    desk.vendor.script.extend([misprinted] * 12)

    (item,) = desk.work(desk.start_ticks(Series.TRADES))

    assert (item.rows_written, item.rows_kept_apart) == (79, 1)
    assert stored(desk) == TIMES[:place] + TIMES[place + 1 :]


def test_who_was_taken_for_dead_or_cancelled_writes_nothing(
    desk: IngestionDesk, make_database: MakeDatabase
) -> None:
    job = desk.start_ticks(Series.TRADES)
    number = desk.item(job).number
    other = ItemIngester(PostgresItems(make_database("data")), desk.vendor, desk.clock, RandomIds())

    def slow(asked: TickRequest) -> Any:
        desk.clock.pass_by(LEASE.total_seconds() + 1)
        assert other.work(number) is not None
        found = trades_at(tick_times(asked.first, asked.before))
        found.price[3] += 10_000
        return Found(taken(found, slice(0, 9)))

    def cancelled(asked: TickRequest) -> Any:
        desk.backfills.cancel(again)
        return Found(trades_at(tick_times(asked.first, asked.before) + 1))

    desk.vendor.script.append(slow)
    with pytest.raises(LeaseLostError):
        desk.ingester.work(number)
    again = desk.start_ticks(Series.TRADES, key="key-2")
    desk.vendor.script.append(cancelled)
    with pytest.raises(LeaseLostError):
        desk.work(again)

    assert desk.item(again).state is ItemState.CANCELLED
    assert stored(desk) == TIMES
    assert len(desk.rows("SELECT FROM data.trades")) == 80


def test_the_newest_quarter_of_an_hour_is_left_alone(desk: IngestionDesk) -> None:
    desk.clock.at = datetime(2024, 6, 7, 14, 0, 20, tzinfo=UTC)

    desk.work(desk.start_ticks(Series.TRADES))

    (asked,) = desk.vendor.asked_ticks
    assert asked.before == datetime(2024, 6, 7, 13, 45, tzinfo=UTC)


@pytest.mark.parametrize(
    ("series", "timeframe", "provider", "field", "says"),
    [
        (Series.TRADES, Timeframe.M1, "alpaca", "timeframe", "trades have none, was 1m"),
        (Series.BARS, None, "alpaca", "timeframe", "bars have one"),
        (Series.QUOTES, None, "yahoo", "provider", "yahoo has no quotes"),
        (Series.QUOTES, None, "nobody", "provider", "no provider is called nobody"),
    ],
)
def test_what_cannot_be_fetched_is_refused_by_name(
    desk: IngestionDesk,
    series: Series,
    timeframe: Timeframe | None,
    provider: str,
    field: str,
    says: str,
) -> None:
    parts = (desk.jobs, desk.subscriptions, ("alpaca", "yahoo"), desk.dispatcher, desk.clock)
    backfills = Backfills(*parts, RandomIds(), ("alpaca",))
    day = date(2024, 6, 7)
    request = BackfillRequest(("AAPL",), timeframe, day, day, provider, series)

    with pytest.raises(InvalidInputError, match=says) as refused:
        backfills.start(request, Asking("owner-1", "key-1", "request-1"))

    assert [problem.field for problem in refused.value.problems] == [field]
