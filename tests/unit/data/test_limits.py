"""The bucket of a vendor's calls: never more than its rate, each waiter behind the one before."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifrost.data.providers.limits import Rate, full, left, paused, take

RATE = Rate.per_minute(60, burst=3)
NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)


def test_a_burst_goes_at_once_and_the_next_ones_wait_one_behind_the_other() -> None:
    bucket, waits = full(RATE, NOW), []
    for _ in range(5):
        bucket, wait = take(bucket, RATE, NOW, wait_max_seconds=10)
        waits.append(wait)

    assert waits == [0, 0, 0, pytest.approx(1), pytest.approx(2)]


def test_a_call_that_would_wait_too_long_takes_nothing() -> None:
    bucket = full(RATE, NOW)
    for _ in range(3):
        bucket, _ = take(bucket, RATE, NOW, 0)

    refused, wait = take(bucket, RATE, NOW, 0.5)

    assert wait == pytest.approx(1)
    assert refused.tokens == bucket.tokens


def test_a_pause_that_the_vendor_asks_for_holds_for_everybody() -> None:
    bucket = paused(paused(full(RATE, NOW), NOW, 30), NOW, 5)

    _, wait = take(bucket, RATE, NOW, 60)
    _, over = take(bucket, RATE, NOW + timedelta(seconds=30), 60)

    assert (wait, over) == (30, 0)
    assert left(bucket, RATE, NOW) == 0


def test_a_clock_that_goes_back_fills_nothing() -> None:
    bucket, _ = take(full(RATE, NOW), RATE, NOW, 0)

    earlier, _ = take(bucket, RATE, NOW - timedelta(hours=1), 0)
    again, _ = take(earlier, RATE, NOW, 0)

    assert again.tokens == 0


def test_a_rate_that_lets_nothing_pass_is_none() -> None:
    with pytest.raises(ValueError, match="per_second was 0"):
        Rate(0, 1)


@given(st.lists(st.floats(0, 5), min_size=1, max_size=200), st.floats(0, 3))
def test_in_no_stretch_of_time_more_calls_go_than_rate_and_burst_allow(
    gaps: list[float], patience: float
) -> None:
    bucket, now, gone = full(RATE, NOW), NOW, []
    for gap in gaps:
        now += timedelta(seconds=gap)
        bucket, wait = take(bucket, RATE, now, patience)
        if wait <= patience:
            gone.append((now - NOW).total_seconds() + wait)

    for first, begins in enumerate(gone):
        for last in range(first, len(gone)):
            seconds = gone[last] - begins
            assert last - first + 1 <= RATE.burst + seconds * RATE.per_second + 1e-3
