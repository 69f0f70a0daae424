"""An item's states follow each other by one table of answers, its tries are bounded, and a slice is
a month of minutes; a job is never done over an item that is not.
"""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifrost.adapters.calendars import xnys
from bifrost.data.ingest.expected import bars_expected, outside, stretches
from bifrost.data.ingest.jobs import (
    LEASE,
    TRIES_MAX,
    Item,
    ItemState,
    JobKind,
    JobState,
    Scope,
    cancelled,
    cut_short,
    ended,
    failed,
    moved,
    new_item,
    paused,
    resumed,
    state_of,
    taken,
    turned_away,
    wait_after,
)
from bifrost.data.ingest.slices import is_settled, slice_end, waits_for_more
from bifrost.data.series.columns import micros
from bifrost.data.series.kinds import Series
from bifrost.data.series.timeframes import Timeframe

NOW = datetime(2026, 11, 20, 21, tzinfo=UTC)
SCOPE = Scope(
    "alpaca",
    Timeframe.M1,
    datetime(2023, 11, 15, tzinfo=UTC),
    datetime(2024, 2, 10, tzinfo=UTC),
)


def fresh() -> Item:
    return new_item("job-1", "AAPL", "AAPL", SCOPE, NOW)


def test_a_range_that_ends_before_it_begins_is_none() -> None:
    with pytest.raises(ValueError, match="ends after it begins"):
        replace(SCOPE, before=SCOPE.first)


def test_slices_of_minutes_end_with_the_month_and_the_last_with_the_range() -> None:
    item, ends = fresh(), []
    while not item.is_complete:
        ends.append(slice_end(item).date())
        item = moved(item, slice_end(item), NOW)

    assert ends == [date(2023, 12, 1), date(2024, 1, 1), date(2024, 2, 1), date(2024, 2, 10)]


def test_a_slice_of_days_is_some_years() -> None:
    scope = Scope("yahoo", Timeframe.D1, datetime(1999, 5, 3, tzinfo=UTC), NOW)

    assert slice_end(new_item("j", "A", "A", scope, NOW)).date() == date(2004, 1, 1)


def test_a_slice_of_ticks_is_the_rest_of_a_day_in_new_york() -> None:
    first, before = datetime(2024, 3, 8, 5, tzinfo=UTC), datetime(2024, 3, 11, 18, tzinfo=UTC)
    scope = Scope("alpaca", None, first, before, Series.QUOTES)
    item, ends = new_item("j", "A", "A", scope, NOW), []
    while not item.is_complete:
        ends.append(slice_end(item))
        item = moved(item, slice_end(item), NOW)

    days = [(9, 5), (10, 5), (11, 4)]
    assert ends == [*(datetime(2024, 3, *day, tzinfo=UTC) for day in days), before]
    inside = moved(new_item("j", "A", "A", scope, NOW), first + timedelta(hours=10), NOW)
    assert slice_end(inside) == ends[0]


@pytest.mark.parametrize(
    ("timeframe", "series"), [(None, Series.BARS), (Timeframe.M1, Series.TRADES)]
)
def test_bars_alone_have_a_timeframe(timeframe: Timeframe | None, series: Series) -> None:
    with pytest.raises(ValueError, match="bars alone"):
        replace(SCOPE, timeframe=timeframe, series=series)


def test_waits_double_up_to_a_quarter_of_an_hour() -> None:
    waits = [wait_after(tries).total_seconds() for tries in (1, 2, 3, 8, 9, 50)]

    assert waits == [5, 10, 20, 640, 900, 900]


def test_a_lease_is_taken_over_only_once_it_has_ended() -> None:
    held = taken(fresh(), NOW)

    assert not held.may_be_taken(NOW + LEASE - timedelta(microseconds=1))
    assert held.may_be_taken(NOW + LEASE)
    assert taken(held, NOW + LEASE).lease == held.lease + 1


@pytest.mark.parametrize(
    ("now_in", "wanted"),
    [
        (ended(moved(fresh(), SCOPE.before, NOW)), ItemState.ABSENT),
        (ended(replace(moved(fresh(), SCOPE.before, NOW), rows_read=1)), ItemState.DONE),
        (cut_short(fresh(), "half", NOW), ItemState.PARTIAL),
        (turned_away(fresh(), NOW, "429"), ItemState.RATE_LIMITED),
        (failed(fresh(), "503", NOW, retryable=True), ItemState.FAILED),
        (failed(fresh(), "shape", NOW, retryable=False), ItemState.FAILED),
        (paused(fresh(), NOW), ItemState.WAITING),
    ],
)
def test_each_answer_leads_to_its_state(now_in: Item, wanted: ItemState) -> None:
    assert now_in.state is wanted
    assert now_in.leased_until is None


def test_an_item_that_failed_is_tried_so_often_and_no_more() -> None:
    item = fresh()
    for tries in range(1, TRIES_MAX + 1):
        assert not item.has_ended, tries
        item = failed(item, "503", NOW, retryable=True)

    assert item.has_ended
    assert (item.state, item.tries) == (ItemState.FAILED, TRIES_MAX)


def test_an_outage_is_no_end_before_the_time_that_a_feed_waits_for_it() -> None:
    item, until = fresh(), NOW + timedelta(hours=6)
    for _ in range(2 * TRIES_MAX):
        item = failed(item, "503", NOW, retryable=True, until=until)
    assert item.due_at == NOW + timedelta(minutes=15)

    assert failed(item, "503", until, retryable=True, until=until).has_ended


def test_a_slice_that_came_forgives_the_tries_before_it() -> None:
    item = failed(fresh(), "503", NOW, retryable=True)

    assert moved(taken(item, NOW), slice_end(item), NOW).tries == 0


def test_what_has_ended_well_is_neither_cancelled_nor_resumed() -> None:
    done = ended(replace(moved(fresh(), SCOPE.before, NOW), rows_read=1))

    assert cancelled(done) == done
    assert resumed(done, NOW) == done
    assert resumed(cancelled(fresh()), NOW).state is ItemState.WAITING


STATES = st.dictionaries(st.sampled_from(ItemState), st.integers(1, 5), min_size=1)


@given(STATES)
def test_a_job_is_done_only_where_every_item_is_done_or_absent(
    states: dict[ItemState, int],
) -> None:
    over = {ItemState.DONE, ItemState.ABSENT, ItemState.FAILED, ItemState.CANCELLED}

    found = state_of(states, unended=set(states) - over)

    good = set(states) <= {ItemState.DONE, ItemState.ABSENT}
    assert (found in (JobState.DONE, JobState.ABSENT)) == good
    assert (found is JobState.ABSENT) == (set(states) == {ItemState.ABSENT})


@given(STATES)
def test_a_job_with_an_item_that_goes_on_has_no_state_of_an_end(
    states: dict[ItemState, int],
) -> None:
    found = state_of(states, unended={next(iter(states))})

    assert found in (JobState.WAITING, JobState.RUNNING, JobState.RATE_LIMITED)


def test_a_silence_is_believed_late_and_of_a_minute_sooner_than_of_a_day() -> None:
    just_now = NOW - timedelta(minutes=20)

    assert is_settled(Timeframe.M1, just_now, NOW)
    assert not is_settled(Timeframe.D1, just_now, NOW)
    assert is_settled(Timeframe.D1, NOW - timedelta(hours=13), NOW)


def test_the_newest_minute_is_asked_for_a_few_times_and_then_left_to_the_next() -> None:
    item = fresh()

    asked = [
        waits_for_more(replace(item, tries=tries), JobKind.INTRADAY, NOW, NOW) for tries in range(5)
    ]

    assert asked == [True, True, True, False, False]


def test_an_early_close_expects_fewer_minutes_and_a_daily_bar_begins_at_the_open() -> None:
    (session,) = xnys.sessions(date(2024, 11, 29), date(2024, 11, 29))
    whole = (session.opens_at, session.closes_at)

    assert len(bars_expected([session], Timeframe.M1, *whole)) == 210
    assert list(bars_expected([session], Timeframe.D1, *whole)) == [micros(session.opens_at)]


def test_a_gap_reaches_over_a_weekend_and_ends_at_a_bar_that_is_there() -> None:
    sessions = list(xnys.sessions(date(2024, 5, 30), date(2024, 6, 6)))
    starts = bars_expected(sessions, Timeframe.D1, sessions[0].opens_at, sessions[-1].closes_at)

    found = stretches(starts, starts[[0, 3]])

    assert found == [(starts[1], starts[2], 2), (starts[4], starts[5], 2)]
    assert stretches(starts, starts) == []
    assert list(outside(starts, [(starts[1], starts[4])])) == [starts[0], *starts[4:]]
    assert stretches(np.empty(0, np.int64), starts) == []
