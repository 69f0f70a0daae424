"""What `as_of` means, and when an answer to it can change no more."""

from datetime import UTC, date, datetime, timedelta

import pytest

from bifrost.data.series.asked import Knowledge, is_settled, known_until

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def test_a_date_means_its_end_in_new_york() -> None:
    assert known_until(date(2012, 1, 3)) == datetime(2012, 1, 4, 1, tzinfo=UTC)
    assert known_until(date(2012, 7, 3)) == datetime(2012, 7, 4, 0, tzinfo=UTC)


@pytest.mark.parametrize("day", [date.min, date.max])
def test_the_first_and_the_last_day_have_an_end_too(day: date) -> None:
    found = known_until(day)

    assert found is not None
    assert found.utcoffset() == timedelta(0)


def test_an_instant_means_itself_and_nothing_is_no_bound() -> None:
    assert known_until(NOW) == NOW
    assert known_until(None) is None


@pytest.mark.parametrize(
    ("knowledge", "as_of", "settled"),
    [
        (Knowledge.RECORDED, NOW - timedelta(minutes=16), True),
        # A transaction that began before may still be under way, and its rows are of then.
        (Knowledge.RECORDED, NOW - timedelta(minutes=15), False),
        (Knowledge.RECORDED, NOW + timedelta(minutes=1), False),
        (Knowledge.RECORDED, None, False),
        (Knowledge.EFFECTIVE, NOW - timedelta(days=999), False),
    ],
)
def test_only_what_was_recorded_by_an_instant_long_gone_changes_no_more(
    knowledge: Knowledge, as_of: datetime | None, settled: bool
) -> None:
    assert is_settled(knowledge, as_of, NOW) is settled
